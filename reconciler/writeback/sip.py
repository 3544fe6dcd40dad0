"""Accepts what lives in the SIP plane: listed objects as they live, unlisted ones listed, those that are gone removed.

An object that a plan would create is one that somebody deleted by hand, so it goes from the file. A rename that was
never applied is taken back. What the file leaves to others (`unmanaged`, `owns`, kinds without a section) stays so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set

from reconciler.config.model import Configuration
from reconciler.core.objects import Desired, Fields, Snapshot, covers
from reconciler.core.plan import Action, Plan, Plane
from reconciler.core.schema import Kind
from reconciler.core.values import References
from reconciler.export.keys import is_key
from reconciler.export.leaves import Inexpressible
from reconciler.export.sip import LeftOut, is_reserved
from reconciler.export.variables import Variables
from reconciler.planning import Options
from reconciler.planning.differences import NAME_PATH, title
from reconciler.planning.targets import Trunks, trunk_fields
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, KINDS
from reconciler.writeback.additions import Addition, finish, keys_for, list_objects
from reconciler.writeback.book import Book, object_of
from reconciler.writeback.draft import Draft
from reconciler.writeback.editor import Editor
from reconciler.writeback.fields import FieldWriter, parts_of, place_of
from reconciler.writeback.judge import require_free
from reconciler.writeback.listed import TRUNKS, Key, ListedObjects, Wanted
from reconciler.writeback.notes import Done, Left, Outcome
from reconciler.writeback.patch import Gone, Patch
from reconciler.writeback.places import Keys, Unwritable, variables_in
from reconciler.writeback.sections import change_section
from reconciler.writeback.trunks import TrunkNames

_BY_HAND = "change the file or the live object by hand"
_NAMED = "a rule names it whose trunks cannot be written"


def accept_sip(
    book: Book, configuration: Configuration, plan: Plan, live: Snapshot, options: Options
) -> Outcome:
    """Makes the edits of one pass."""
    if options.only is Plane.AGENTS:
        return Outcome()
    return _Pass(book, configuration, plan, live, options).run()


class _Pass:
    def __init__(
        self, book: Book, configuration: Configuration, plan: Plan, live: Snapshot, options: Options
    ) -> None:
        self.book = book
        self.configuration = configuration
        self.plan = plan
        self.live = live
        self.options = options
        self.outcome = Outcome()
        self.variables = Variables()
        self.listed = ListedObjects(configuration, plan, live)

    def run(self) -> Outcome:
        removed = self.listed.removed()
        wanted = self.listed.wanted()
        self._hold_trunks(removed, wanted)
        keys, added = self._additions(removed, wanted)
        names = TrunkNames(
            Trunks(self.live, self.listed.matched.get(INBOUND_TRUNK.name)),
            keys,
            is_managed=INBOUND_TRUNK.name in self.configuration.sip,
        )
        self._follow_trunks(wanted, removed, frozenset(keys.values()))
        patches = [(one, self._patch(one, names)) for one in wanted.values()]
        taken = self.book.variables() if len(self.variables) else ()
        variables = [one.name for one in self.variables.settle(taken)]
        for one, patch in patches:
            self._change(one, patch, variables)
        stuck = {(one.kind, one.name) for one in self.outcome.left if one.path == TRUNKS}
        self._keep_trunks(removed, stuck)
        self._change_sections(removed, added, variables)
        for key, desired in self.listed.all.items():
            if key not in self.listed.paired and key not in removed and key not in wanted:
                reason = "it is not clear which live object it is"
                fix = "see the error of the plan, and pin the right one with id"
                self._leave(Wanted(desired, None), "", reason, fix)
        return self.outcome

    # --- what is to happen

    def _hold_trunks(
        self,
        removed: dict[Key, Desired],
        wanted: dict[Key, Wanted],
    ) -> None:
        """Leaves alone the trunks of rules of which it is not clear, or not in this pass, what they are."""
        rules = {
            key
            for key in self.listed.all
            if key[0] == DISPATCH_RULE.name
            and key not in removed
            and self.listed.paired.get(key) is None
        }
        later = rules & wanted.keys()
        self._keep_trunks(removed, rules - later)
        for name in self.listed.trunks_of(rules):
            removed.pop((INBOUND_TRUNK.name, name), None)
            one = wanted.get((INBOUND_TRUNK.name, name))
            if one is not None and one.former:
                del wanted[INBOUND_TRUNK.name, name]
                if name in self.listed.trunks_of(rules - later):
                    self._leave(one, NAME_PATH, _NAMED, _BY_HAND)

    def _keep_trunks(self, removed: dict[Key, Desired], rules: Set[Key]) -> None:
        """Trunks that a rule goes on naming cannot go: the file would not load."""
        for name in self.listed.trunks_of(rules):
            gone = removed.pop((INBOUND_TRUNK.name, name), None)
            if gone is not None:
                self._leave(Wanted(gone, None), "", _NAMED, _BY_HAND)

    def _additions(
        self,
        removed: Mapping[Key, Desired],
        wanted: Mapping[Key, Wanted],
    ) -> tuple[dict[str, str], dict[str, list[Addition]]]:
        """The keys of all inbound trunks from now on, by id, and the new objects of each kind."""
        ids = {one.id for one in self.plan.unlisted}
        ids |= {one.id or "" for one in self.plan.changes if one.action is Action.DELETE}
        trunks = {
            lives.id: wanted[key].former if key in wanted and wanted[key].former else key[1]
            for key, lives in self.listed.paired.items()
            if lives is not None and key[0] == INBOUND_TRUNK.name
        }
        fields = trunk_fields(self.configuration)
        added: dict[str, list[Addition]] = {}
        for kind in KINDS:
            unclear = {
                name
                for key, one in wanted.items()
                if key[0] == kind.name and one.live is None
                for name in (one.desired.name, one.desired.renamed_from)
            }
            found = [
                one for one in self.live.of(kind.name) if one.id in ids and one.name not in unclear
            ]
            taken = {name for of, name in self.listed.all if of == kind.name}
            taken -= {name for of, name in removed if of == kind.name}
            taken |= {one.former for key, one in wanted.items() if key[0] == kind.name}
            keys = keys_for(found, kind, taken, self.live.of(kind.name))
            era = self.options.era
            added[kind.name] = []
            for listed in list_objects(found, kind, keys, trunks, self.variables, era):
                if isinstance(listed, LeftOut):
                    self._left_out(kind, listed)
                    continue
                if kind is INBOUND_TRUNK:
                    trunks[listed.live.id] = listed.key
                    fields[listed.key] = listed.desired.fields
                added[kind.name].append(finish(listed, self.configuration, fields, era))
        return trunks, added

    def _follow_trunks(
        self,
        wanted: dict[Key, Wanted],
        removed: Mapping[Key, Desired],
        names: frozenset[str],
    ) -> None:
        """Rules that name a trunk which goes, or goes by another name, are written whoever manages their trunks."""
        listed = {name for kind, name in self.listed.all if kind == INBOUND_TRUNK.name}
        for key, rule in self.listed.all.items():
            references = rule.fields.get(TRUNKS)
            lives = self.listed.paired.get(key)
            if key in removed or lives is None or not isinstance(references, References):
                continue
            if any(one.name in listed and one.name not in names for one in references.entries):
                one = wanted.setdefault(key, Wanted(rule, lives))
                if TRUNKS not in one.paths:
                    one.paths.append(TRUNKS)

    # --- listed objects

    def _patch(self, one: Wanted, names: TrunkNames) -> Patch:
        """What becomes of a listed object; what the file cannot say is noted."""
        desired = one.desired
        kind = KIND_BY_NAME[desired.kind]
        draft = self.book.draft(desired.origin.mark().file)
        try:
            body = _body(draft, kind, desired.name)
        except Unwritable as error:
            self._unwritable(one, one.paths or [""], error)
            return Patch()
        writer = FieldWriter(
            kind,
            one.former or desired.name,
            desired.fields,
            names,
            self.variables,
            lambda place: draft.text[place.start : place.end],
        )
        live = one.live.fields if one.live is not None else {}
        before = len(self.variables)
        try:
            patch = writer.patch(one.paths, live, body)
        except Inexpressible:
            bad = self._inexpressible(one, writer, live, body)
            self.variables.forget_from(before)
            for path, reason in bad.items():
                self._leave(one, path, reason, _BY_HAND)
            patch = writer.patch([path for path in one.paths if path not in bad], live, body)
        if one.identifier:
            patch.entries["id"] = one.identifier
        elif one.former or one.live is None:
            patch.entries["renamed_from"] = Gone()
        if one.former and one.live is not None and not _may_be_key(kind, one.former):
            patch.entries["id"] = one.live.id
        return patch

    def _inexpressible(
        self, one: Wanted, writer: FieldWriter, live: Fields, body: Keys
    ) -> dict[str, str]:
        """The leaves that the file cannot say, and why; of a group such as `rooms` all, if not which one lives."""
        bad: dict[str, str] = {}
        for path in one.paths:
            try:
                writer.patch([path], live, body)
            except Inexpressible as error:
                bad[path] = str(error)
        for group in writer.kind.one_of:
            if group in bad:
                bad |= {path: bad[group] for path in one.paths if covers(group, path)}
        return bad

    def _change(self, one: Wanted, patch: Patch, variables: list[str]) -> None:
        """Carries out a patch; what its place does not allow is noted, and the rest is done."""
        desired, kind = one.desired, KIND_BY_NAME[one.desired.kind]
        file = desired.origin.mark().file
        draft = self.book.draft(file)
        before = len(draft)
        editor = Editor(draft, variables)
        try:
            _, _, entry = object_of(draft, kind, desired.name)
            body = _body(draft, kind, desired.name)
        except Unwritable:
            return  # told when the patch was made
        bad = editor.try_change(body, patch)
        for key, error in bad.items():
            paths = [path for path in one.paths if parts_of(kind.field(path), path)[0] == key]
            self._unwritable(one, paths or [key], error)
        if one.former and "id" not in patch.entries and not bad.get("renamed_from"):
            editor.rename(entry.key, one.former)
        if len(draft) > before:
            written = [path for path in one.paths if parts_of(kind.field(path), path)[0] not in bad]
            if one.live is None:
                written = ["id" if one.identifier else "renamed_from"]
            what = title(desired) + (f' is "{one.former}" again' if one.former else "")
            self.outcome.done.append(Done(file, what, tuple(written)))
        else:
            self._tell_secrets(one, body, bad)

    def _tell_secrets(self, one: Wanted, body: Keys, told: Iterable[str]) -> None:
        """Nothing is left to write: what differs are values behind references."""
        kind = KIND_BY_NAME[one.desired.kind]
        known = {left.path for left in self.outcome.left if left.name == one.desired.name}
        for path in one.paths:
            parts = parts_of(kind.field(path), path)
            if path in known or parts[0] in told:
                continue
            place = place_of(body, parts)
            names = sorted(set(variables_in(place))) if place is not None else []
            what = f"variable {' or '.join(names)}" if names else "file that the reference names"
            self._leave(
                one,
                path,
                "the live value is not the one that the file refers to",
                f"change the value of the {what}",
                is_error=False,
            )

    # --- sections

    def _change_sections(
        self,
        removed: Mapping[Key, Desired],
        added: Mapping[str, list[Addition]],
        variables: list[str],
    ) -> None:
        for kind in KINDS:
            files: dict[str, list[str]] = defaultdict(list)
            for (of, name), one in removed.items():
                if of == kind.name:
                    files[one.origin.mark().file].append(name)
            home = self.book.section("sip", kind.section) if added.get(kind.name) else None
            if home is not None:
                files[home[0].file] += ()
            for file, names in files.items():
                draft = self.book.draft(file)
                new = added[kind.name] if home is not None and home[0] is draft else []
                self._change_section(draft, kind, names, new, variables)

    def _change_section(
        self,
        draft: Draft,
        kind: Kind,
        removed: list[str],
        added: list[Addition],
        variables: list[str],
    ) -> None:
        found = self.book.section_in(draft, "sip", kind.section)
        before = len(draft)
        try:
            if found is None:
                raise Unwritable("its section is not where it is read from", _BY_HAND)
            for name in removed:
                require_free(object_of(draft, kind, name)[2].value)
            bodies = [(one.key, one.body) for one in added]
            change_section(draft, Editor(draft, variables), *found, removed, bodies)
        except Unwritable as error:
            draft.forget_from(before)
            for name in removed:
                one = Wanted(self.listed.all[kind.name, name], None)
                self._unwritable(one, [""], error)
            for new in added:
                what = f'{kind.title} "{new.live.label}"'
                self.outcome.left.append(
                    Left(kind.name, new.live.id, "", what, error.reason, error.fix)
                )
            return
        for name in removed:
            self.outcome.done.append(Done(draft.file, f'{kind.title} "{name}" removed'))
        for new in added:
            what = f'{kind.title} "{new.key}" added'
            self.outcome.done.append(Done(draft.file, what))
            self.outcome.notes += (f'{kind.title} "{new.key}": {note}' for note in new.notes)

    # --- what stays

    def _left_out(self, kind: Kind, one: LeftOut) -> None:
        what = f'{kind.title} "{one.live.label}"'
        self.outcome.left.append(Left(kind.name, one.live.id, "", what, one.reason, _BY_HAND))

    def _unwritable(self, one: Wanted, paths: Iterable[str], error: Unwritable) -> None:
        for path in paths:
            self._leave(one, path, error.reason, error.fix)

    def _leave(
        self, one: Wanted, path: str, reason: str, fix: str, *, is_error: bool = True
    ) -> None:
        desired = one.desired
        mark = desired.origin.mark(path)
        self.outcome.left.append(
            Left(desired.kind, desired.name, path, title(desired), reason, fix, mark, is_error)
        )


def _body(draft: Draft, kind: Kind, name: str) -> Keys:
    value = object_of(draft, kind, name)[2].value
    if not isinstance(value, Keys):
        raise Unwritable("it stands at an anchor", "write it out without anchors")
    return value


def _may_be_key(kind: Kind, name: str) -> bool:
    return is_key(name) and not is_reserved(kind, name)
