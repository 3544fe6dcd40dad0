"""JSON files of the `lk` command line become a configuration.

The files are read as objects (`gateway.lk_files`), brought into the form of live ones, and written by `export`. What
stands between is identity: files that were created have names and no ids, lists that `lk` prints have both, and one
object may stand in both. Nothing is guessed: two objects that could be one and are not alike are an error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from reconciler.core.diff import diff_fields
from reconciler.core.objects import Live, Snapshot
from reconciler.core.schema import FieldType
from reconciler.core.values import Metadata, References, Secret
from reconciler.errors import FileError
from reconciler.export.keys import Unique, is_key, slug
from reconciler.export.sip import TRUNK_ID, is_reserved
from reconciler.gateway.decode import live_object, with_unknown_passwords
from reconciler.gateway.lk_files import read_lk_files
from reconciler.render.escape import quote
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, KINDS, OUTBOUND_TRUNK

if TYPE_CHECKING:
    from reconciler.export import Exported

_LISTS = {
    INBOUND_TRUNK.name: "lk sip inbound list --json",
    OUTBOUND_TRUNK.name: "lk sip outbound list --json",
    DISPATCH_RULE.name: "lk sip dispatch list --json",
}


@dataclass(frozen=True, slots=True)
class _Found:
    """An object and where it stands. Without an id it was to be created; `live.id` is then empty."""

    live: Live
    place: str
    source: str

    @property
    def title(self) -> str:
        """The object as messages call it."""
        name = f" {quote(self.live.name)}" if self.live.name else ""
        return f"{KIND_BY_NAME[self.live.kind].title}{name}"


def import_lk(
    files: Iterable[tuple[str, bytes]], *, name: str, server_version: str | None
) -> Exported:
    """The objects of some files as a configuration. Raises `FileError` with every problem, one a line."""
    from reconciler.export import export_project

    era = Era.of(server_version) if server_version else Era.NEW
    files = list(files)
    read = read_lk_files(files)
    problems = list(read.problems)
    found = [
        _Found(live_object(KIND_BY_NAME[one.kind], one.message, era), one.place, one.source)
        for one in read.objects
    ]
    notes = [f"{source}: there is no trunk and no dispatch rule in it" for source in read.bare]
    settled = _identified(found, problems, notes)
    if problems:
        raise FileError(*problems)
    if not settled:
        names = ", ".join(name for name, _ in files)
        raise FileError(f"{names}: there is no trunk and no dispatch rule in it")
    exported = export_project(
        Snapshot("", _by_kind(settled)), name=name, era=era, server=server_version
    )
    if exported.left_out:
        places = {one.live.id: one for one in settled}
        raise FileError(
            *(
                f"{places[one.live.id].place}: {places[one.live.id].title}: {one.reason}"
                for one in exported.left_out
            )
        )
    notes += _unknown_trunks(settled)
    return replace(exported, notes=(*exported.notes, *notes))


def _by_kind(settled: Sequence[_Found]) -> dict[str, list[Live]]:
    """The objects of the kinds that there are: a kind of which nothing stands in the files is left alone."""
    listed = {
        kind.name: [one.live for one in settled if one.live.kind == kind.name] for kind in KINDS
    }
    return {kind: objects for kind, objects in listed.items() if objects}


# ---------------------------------------------------------------------------------------------------------------------
# Which objects are one
# ---------------------------------------------------------------------------------------------------------------------


def _identified(found: Sequence[_Found], problems: list[str], notes: list[str]) -> list[_Found]:
    """Each object once, with an id: the server's, or where it has none its place."""
    listed = _doubted(_once([one for one in found if one.live.id], problems))
    homonyms: dict[tuple[str, str], _Homonyms] = defaultdict(_Homonyms)
    for one in listed.values():
        homonyms[one.live.kind, one.live.name].add(one)
    created: dict[tuple[str, str], _Found] = {}
    unnamed: list[_Found] = []
    for one in (one for one in found if not one.live.id):
        identity = (one.live.kind, one.live.name)
        candidates = homonyms.get(identity)
        live = _partner(one, candidates, problems) if candidates is not None else None
        if live is not None:
            listed[live.live.id] = _with_secrets(live, one)
        elif not one.live.name:
            unnamed.append(one)
        elif candidates is None:
            first = created.setdefault(identity, one)
            if first is not one:
                problems.append(_twice(one, first))
            elif (reason := _no_key(one)) is not None:
                problems.append(f"{one.place}: {one.title}: {reason}")
    named = _named([*listed.values(), *created.values()], unnamed, notes)
    fresh = [_with_id(one, one.place) for one in (*created.values(), *named)]
    return [*listed.values(), *fresh]


def _once(found: Sequence[_Found], problems: list[str]) -> dict[str, _Found]:
    """Objects with an id, by it. One may stand in several lists, if it is the same in all."""
    listed: dict[str, _Found] = {}
    for one in found:
        first = listed.setdefault(one.live.id, one)
        if first is not one and (told := _differences(first, one)):
            problems.append(
                f"{one.place}: {one.live.id} stands in {first.place} as well, with {told}: keep the newer of the two"
            )
    return listed


def _doubted(listed: dict[str, _Found]) -> dict[str, _Found]:
    """Passwords that a server did not tell are unknown, as they are where a server is asked."""
    by_kind: dict[str, list[Live]] = defaultdict(list)
    for one in listed.values():
        by_kind[one.live.kind].append(one.live)
    seen = with_unknown_passwords(by_kind)
    return {
        live.id: replace(listed[live.id], live=live) for found in seen.values() for live in found
    }


class _Homonyms:
    """The listed objects of one kind and one name, which may well be none: those like another are found at once.

    They are alike by all that is no password. A password (a trunk has one, a rule one PIN) tells them apart only where
    both tell theirs.
    """

    def __init__(self) -> None:
        self.first: _Found | None = None
        self._alike: dict[object, dict[str | None, list[_Found]]] = {}

    def add(self, one: _Found) -> None:
        """Takes in a listed object."""
        self.first = self.first or one
        key, password = _told(one.live)
        self._alike.setdefault(key, {}).setdefault(password, []).append(one)

    def like(self, one: _Found) -> list[_Found]:
        """Those that do not differ from an object."""
        key, password = _told(one.live)
        found = self._alike.get(key, {})
        if password is None:
            return [other for group in found.values() for other in group]
        return [*found.get(password, ()), *found.get(None, ())]


def _told(live: Live) -> tuple[object, str | None]:
    """What an object tells without its password, as something that a dictionary finds quickly; and the password."""
    kind = KIND_BY_NAME[live.kind]
    password: str | None = None
    told: list[tuple[str, object]] = []
    for path, value in live.fields.items():
        if kind.field(path).type is FieldType.PASSWORD:
            password = value.reveal() if isinstance(value, Secret) else None
        elif isinstance(value, Secret):
            told.append((path, value.reveal()))
        else:
            # Texts of live objects are compared as they stand; as metadata they would all have the same hash.
            told.append((path, value.text if isinstance(value, Metadata) else value))
    return frozenset(told), password


def _partner(one: _Found, candidates: _Homonyms, problems: list[str]) -> _Found | None:
    """The listed object that was made from what stands here."""
    alike = candidates.like(one)
    if len(alike) == 1:
        return alike[0]
    if one.live.name and alike:
        ids = ", ".join(other.live.id for other in alike)
        problems.append(
            f"{one.place}: {one.title} is several live objects: {ids}: leave this file out, they are listed"
        )
    elif one.live.name and (other := candidates.first) is not None:
        problems.append(
            f"{one.place}: {one.title} stands in {other.place} as well, with {_differences(other, one)}: "
            "leave out the one that does not hold"
        )
    return None


def _differences(first: _Found, second: _Found) -> str:
    """The names of the fields that differ. A secret that one side does not tell is none of them."""
    kind = KIND_BY_NAME[first.live.kind]
    told = []
    for change in diff_fields(first.live.fields, second.live.fields):
        both = change.path in first.live.fields and change.path in second.live.fields
        if both or kind.field(change.path).type is not FieldType.PASSWORD:
            told.append(change.path)
    names = ", ".join(told[:6]) + (", …" if len(told) > 6 else "")
    if first.live.name != second.live.name:
        names = f"name, {names}" if names else "name"
    return f"another {names}" if names else ""


def _with_secrets(listed: _Found, created: _Found) -> _Found:
    """The listed object with the secrets that only the file to create it tells."""
    kind = KIND_BY_NAME[listed.live.kind]
    secrets = {
        path: value
        for path, value in created.live.fields.items()
        if kind.field(path).type is FieldType.PASSWORD
    }
    fields = {**listed.live.fields, **secrets}
    return replace(listed, live=replace(listed.live, fields=fields))


def _twice(one: _Found, first: _Found) -> str:
    return (
        f"{one.place}: {one.title} stands in {first.place} as well: a name is an identity; "
        "rename one of them, or leave it out"
    )


def _no_key(one: _Found) -> str | None:
    """Why the name of an object that has no id cannot stand in the file."""
    name = one.live.name
    if not is_key(name):
        return "this name cannot be a key of the file: rename it"
    if is_reserved(KIND_BY_NAME[one.live.kind], name):
        return "rules would take this name for something else: rename it"
    return None


def _named(taken: Sequence[_Found], unnamed: Sequence[_Found], notes: list[str]) -> list[_Found]:
    """Objects without a name, named after their files."""
    unique = {
        kind.name: Unique(one.live.name for one in taken if one.live.kind == kind.name)
        for kind in KINDS
    }
    named = []
    for one in unnamed:
        kind = one.live.kind
        base = slug(PurePath(one.source).stem) or slug(kind)
        if is_reserved(KIND_BY_NAME[kind], base):
            base = f"named-{base}"
        name = unique[kind](base)
        notes.append(
            f"{one.place}: the {one.title} has no name and is called {quote(name)} here; if it lives already, import "
            f"the output of `{_LISTS[kind]}` along with it, or the plan would create another"
        )
        named.append(replace(one, live=replace(one.live, name=name)))
    return named


def _with_id(one: _Found, identifier: str) -> _Found:
    return replace(one, live=replace(one.live, id=identifier))


def _unknown_trunks(settled: Sequence[_Found]) -> Iterator[str]:
    """Trunks that rules name by ids that none of the files has."""
    known = {one.live.id for one in settled if one.live.kind == INBOUND_TRUNK.name}
    users: dict[str, list[str]] = defaultdict(list)
    for one in settled:
        trunks = one.live.fields.get("trunks")
        if isinstance(trunks, References):
            for entry in trunks.entries:
                if entry.id and entry.id not in known and entry.id.startswith(TRUNK_ID):
                    users[entry.id].append(quote(one.live.name))
    for identifier, rules in users.items():
        yield (
            f"{identifier}, a trunk of {', '.join(rules)}, stays an id: no file has a trunk with it; to get its name, "
            f"import the output of `{_LISTS[INBOUND_TRUNK.name]}` along"
        )
