"""Projects that claim the same objects of one server: what each would do to the other, told before it is done.

Two files for one server and key are right where each `owns` its part by names. Where one of them claims a whole kind,
the objects of the other are unlisted to it: it would report them for ever, or with `unlisted: delete` delete them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.config.model import Configuration
from reconciler.core.ownership import UnlistedPolicy
from reconciler.errors import EndpointError, ReconcileError, Refused
from reconciler.gateway.endpoint import endpoint_from
from reconciler.sip.spec import KIND_BY_NAME

Claimant = tuple[str, Path, Configuration]
"""The name of a project, its file or folder, and what stands there."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the neighbours of a project mean for it: `error` where it must not be written."""

    error: ReconcileError | None
    notes: tuple[str, ...]


def overlaps(projects: Iterable[Claimant], environ: Mapping[str, str]) -> dict[Path, Claim]:
    """For every project that shares a server and a key with others what that means, by file or folder."""
    neighbours: dict[tuple[str, str], list[Claimant]] = {}
    for one in projects:
        try:
            endpoint = endpoint_from(environ, one[2].project.env_prefix)
        except EndpointError:
            continue  # it is told of the project when its server is to be asked
        neighbours.setdefault((endpoint.host, endpoint.api_key), []).append(one)
    return {
        one[1]: _claim(one, group, host)
        for (host, _), group in neighbours.items()
        if len(group) > 1
        for one in group
    }


def _claim(one: Claimant, group: Sequence[Claimant], host: str) -> Claim:
    _, place, configuration = one
    notes = []
    for other in group:
        if other[1] == place:
            continue
        label = f'"{other[0]}" ({other[1]}), which is on {host} with the same key'
        if twice := _listed_twice(configuration, other[2]):
            return Claim(Refused(f"{twice} is listed by {label}, too: keep one of the two"), ())
        shared = _shared_kinds(configuration, other[2])
        if not shared or configuration.project.owns:
            continue
        match configuration.project.unlisted:
            case UnlistedPolicy.DELETE:
                return Claim(
                    Refused(
                        f"it would delete the {shared} of {label}: give each project.owns, the names of its own objects"
                    ),
                    (),
                )
            case UnlistedPolicy.REPORT:
                notes.append(
                    f"it takes the {shared} of {label}, for unlisted: give each project.owns"
                )
    return Claim(None, tuple(notes))


def _shared_kinds(one: Configuration, other: Configuration) -> str:
    shared = [kind for kind in one.sip if kind in other.sip]
    return " and ".join(f"{KIND_BY_NAME[kind].title}s" for kind in shared)


def _listed_twice(one: Configuration, other: Configuration) -> str:
    """The first object that both list, in words; empty if there is none."""
    for kind, objects in one.sip.items():
        names = {listed.name for listed in other.sip.get(kind, ())}
        for listed in objects:
            if listed.name in names:
                return f'{KIND_BY_NAME[kind].title} "{listed.name}"'
    return ""
