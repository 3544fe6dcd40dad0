"""Projects that claim the same objects of one server: what each would do to the other, told before it is done.

Two files for one server and key are right where each `owns` its part by names. Where what one of them claims takes in
objects that the other lists, those are unlisted to it: it would report them for ever, or with `unlisted: delete` delete
them. One object that both list, by its name or by its id, would go back and forth between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from reconciler.config.model import Configuration
from reconciler.core.ownership import UnlistedPolicy, is_owned
from reconciler.errors import ReconcileError, Refused
from reconciler.gateway.endpoint import Endpoint
from reconciler.sip.spec import KIND_BY_NAME


class Claimant(NamedTuple):
    """A project: its name, its file or folder, what stands there, and its server."""

    name: str
    place: Path
    configuration: Configuration
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Claim:
    """What the neighbours of a project mean for it: `error` where it must not be written."""

    error: ReconcileError | None
    notes: tuple[str, ...]


def overlaps(projects: Iterable[Claimant]) -> dict[Path, Claim]:
    """For every project that shares a server and a key with others what that means, by file or folder."""
    neighbours: dict[tuple[str, str], list[Claimant]] = {}
    for one in projects:
        neighbours.setdefault((one.endpoint.host, one.endpoint.api_key), []).append(one)
    found: dict[Path, Claim] = {}
    for (host, _), group in neighbours.items():
        if len(group) > 1:
            claimed = _claimed(group)
            found |= {one.place: _claim(one, group, claimed, host) for one in group}
    return found


_Key = tuple[str, str, str]
"""Kind, `name` or `id`, and which one."""


def _keys(configuration: Configuration) -> Iterator[tuple[_Key, str]]:
    """What the objects of a project are found by on the server, each with its name in the file."""
    for kind, objects in configuration.sip.items():
        for listed in objects:
            yield (kind, "name", listed.name), listed.name
            if listed.renamed_from is not None:
                yield (kind, "name", listed.renamed_from), listed.name
            if listed.id is not None:
                yield (kind, "id", listed.id), listed.name


def _claimed(group: Iterable[Claimant]) -> dict[_Key, list[Claimant]]:
    """Who lists which object."""
    claimed: dict[_Key, list[Claimant]] = {}
    for one in group:
        for key in dict.fromkeys(key for key, _ in _keys(one.configuration)):
            claimed.setdefault(key, []).append(one)
    return claimed


def _claim(
    one: Claimant, group: Sequence[Claimant], claimed: Mapping[_Key, Sequence[Claimant]], host: str
) -> Claim:
    configuration = one.configuration
    for key, name in _keys(configuration):
        for other in claimed[key]:
            if other.place != one.place:
                told = f'{KIND_BY_NAME[key[0]].title} "{name}"'
                by = _label(other, host)
                return Claim(Refused(f"{told} is listed by {by}, too: keep one of the two"), ())
    notes = []
    for other in group:
        shared = _at_stake(configuration, other.configuration) if other.place != one.place else ""
        if not shared:
            continue
        match configuration.project.unlisted:
            case UnlistedPolicy.DELETE:
                error = f"it would delete {shared} of {_label(other, host)}"
                return Claim(Refused(f"{error}: {_REMEDY}, the names of its own objects"), ())
            case UnlistedPolicy.REPORT:
                notes.append(f"it takes {shared} of {_label(other, host)}, for unlisted: {_REMEDY}")
    return Claim(None, tuple(notes))


_REMEDY = "give each project.owns"


def _label(other: Claimant, host: str) -> str:
    return f'"{other.name}" ({other.place}), which is on {host} with the same key'


def _at_stake(one: Configuration, other: Configuration) -> str:
    """What of another project is unlisted to this one, in words: whole kinds, or what its globs take in."""
    owns = one.project.owns
    shared = [kind for kind in one.sip if kind in other.sip]
    if not owns:
        return " and ".join(f"the {KIND_BY_NAME[kind].title}s" for kind in shared)
    for kind in shared:
        for listed in other.sip[kind]:
            if is_owned(listed.name, owns):
                return f'what owns takes in, such as the {KIND_BY_NAME[kind].title} "{listed.name}"'
    return ""
