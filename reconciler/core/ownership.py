"""Who owns which live object, settled before anything is compared.

Desired and live objects are paired by identity: the name, unless `id` pins another or `renamed_from` says what it
was called. What is left on the live side is unlisted: reported, ignored or deleted. The differ then needs no
exception for any of this.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired, Live, Pair


class UnlistedPolicy(enum.StrEnum):
    """What to do with live objects that the file does not list."""

    REPORT = "report"
    IGNORE = "ignore"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Matched:
    """The outcome for one kind: pairs in the order of the file, and live objects that no pair uses."""

    pairs: tuple[Pair, ...]
    unlisted: tuple[Live, ...]
    findings: tuple[Finding, ...]


def match(
    desired: Sequence[Desired], live: Sequence[Live], owns: Sequence[str], section: str
) -> Matched:
    """Pairs the objects of one kind.

    `owns` are name globs: an unlisted object outside them is somebody else's and not even reported. Two live objects
    with a listed name, or both names of a rename live, are errors that name the ids.
    """
    by_name: dict[str, list[Live]] = defaultdict(list)
    for lives in live:
        by_name[lives.name].append(lives)
    by_id = {lives.id: lives for lives in live}
    pinned = {one.id for one in desired if one.id is not None}
    findings: list[Finding] = []
    pairs: list[Pair] = []
    taken: set[str] = set()

    def error(one: Desired, code: str, message: str, fix: str) -> None:
        path = f"{section}.{one.name}"
        findings.append(Finding(code, Severity.ERROR, path, message, fix, one.origin.mark()))

    for one in desired:
        found: Live | None = None
        if one.id is not None:
            found = by_id.get(one.id)
            if found is None:
                error(
                    one,
                    "id-not-found",
                    f"no live object has the id {one.id}",
                    "correct the id, or remove it to create the object",
                )
                continue
        else:
            candidates = [c for c in by_name.get(one.name, ()) if c.id not in pinned]
            if one.renamed_from is not None:
                former = [c for c in by_name.get(one.renamed_from, ()) if c.id not in pinned]
                if candidates and former:
                    error(
                        one,
                        "rename-both-live",
                        f'both "{one.renamed_from}" ({_ids(former)}) and "{one.name}" ({_ids(candidates)}) are live',
                        "delete one of them, or pin the right one with id",
                    )
                    continue
                candidates = candidates or former
            if len(candidates) > 1:
                error(
                    one,
                    "ambiguous-name",
                    f'{len(candidates)} live objects are named "{candidates[0].name}": {_ids(candidates)}',
                    "pin the right one with id, and delete or list the others",
                )
                taken.update(c.id for c in candidates)
                continue
            found = candidates[0] if candidates else None
        if found is not None:
            taken.add(found.id)
        pairs.append(Pair(one, found))
    unlisted = tuple(one for one in live if one.id not in taken and is_owned(one.name, owns))
    return Matched(tuple(pairs), unlisted, tuple(findings))


def match_former(
    desired: Sequence[Desired],
    live: Sequence[Live],
    ids: Mapping[str, str],
    created: Collection[str],
    section: str,
) -> Matched:
    """Pairs objects that lived once with what lives now: by the id that they had, by name where that one is gone.

    `ids` are those by name. What an apply `created` is unlisted, as far as it lives and is in no pair; nothing else is.
    A name that somebody else has by now, or that several have, is an error.
    """
    by_id = {lives.id: lives for lives in live}
    found = {one.name: by_id.get(ids[one.name]) for one in desired}
    taken = {lives.id for lives in found.values() if lives is not None}
    by_name: dict[str, list[Live]] = defaultdict(list)
    for lives in live:
        if lives.id not in taken:
            by_name[lives.name].append(lives)
    findings: list[Finding] = []
    pairs: list[Pair] = []
    for one in desired:
        was, named_so = found[one.name], by_name.get(one.name, [])
        rivals: list[Live] = []
        if was is None and len(named_so) == 1:
            was = named_so[0]
            taken.add(was.id)
        elif was is None:
            rivals = named_so
        elif one.id is None and was.name != one.name:
            rivals = [other for other in named_so if other.id not in created]
        if rivals:
            message = f'"{one.name}" cannot have its name back: {_ids(rivals)} has it by now'
            fix = "delete or rename what has it, and roll back then"
            path = f"{section}.{one.name}"
            findings.append(Finding("ambiguous-name", Severity.ERROR, path, message, fix))
            continue
        pairs.append(Pair(one, was))
    unlisted = tuple(one for one in live if one.id in created and one.id not in taken)
    return Matched(tuple(pairs), unlisted, tuple(findings))


def is_owned(name: str, owns: Iterable[str]) -> bool:
    """Whether a live object of this name is this project's; without globs every one is."""
    globs = tuple(owns)
    return not globs or any(fnmatchcase(name, glob) for glob in globs)


def _ids(objects: Iterable[Live]) -> str:
    return ", ".join(sorted(one.id for one in objects))
