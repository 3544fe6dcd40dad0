"""Accepts the agents that live in dispatch rules: in the conventions, which is where the file names them.

A convention changes only where every rule that it speaks for now has the same agents. Anything else cannot be said by
the convention as it is, and who reads the file has to decide: a line, another prefix. Rooms that a rule makes since it
was changed by hand, and that no convention covers, get one of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from reconciler.agents.conventions import AgentPlane, Convention, Conventions, Mechanism
from reconciler.compose import Compiled, compile_rule
from reconciler.config.model import Configuration
from reconciler.core.finding import Mark
from reconciler.core.objects import Desired, Live, Snapshot, covers
from reconciler.core.plan import Plan, Plane
from reconciler.core.values import AgentDispatch, AgentList
from reconciler.export.agents import agent_node, convention_node, is_expressible
from reconciler.export.conventions import Derivation, Source, derive
from reconciler.export.document import Map, Node, Word
from reconciler.export.keys import Unique, slug
from reconciler.planning import Options, matches
from reconciler.planning.differences import title
from reconciler.planning.targets import AGENTS_PATH, trunk_fields
from reconciler.sip.spec import DISPATCH_RULE
from reconciler.writeback.book import Book
from reconciler.writeback.draft import Draft
from reconciler.writeback.editor import Editor
from reconciler.writeback.fields import metadata_node
from reconciler.writeback.notes import Done, Left, Outcome
from reconciler.writeback.patch import Change, Gone, Kept, Listing, Patch
from reconciler.writeback.places import Items, Keys, Place, Scalar, Unwritable, resolved

_BY_HAND = "change the file or the live rule by hand"


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule of the file that lives, what the conventions say of it, and the agents that it has."""

    desired: Desired
    line: str | None
    compiled: Compiled
    live: tuple[AgentDispatch, ...]


def accept_agents(
    book: Book,
    configuration: Configuration,
    plan: Plan,
    live: Snapshot,
    options: Options,
    touched: Collection[str],
) -> Outcome:
    """Makes the edits of one pass; `touched` are the rules that were added, or changed by hand in the SIP plane."""
    if options.only is Plane.SIP or configuration.agents is None:
        return Outcome()
    return _Pass(book, configuration, configuration.agents, live, options).run(plan, touched)


class _Pass:
    def __init__(
        self,
        book: Book,
        configuration: Configuration,
        plane: AgentPlane,
        live: Snapshot,
        options: Options,
    ) -> None:
        self.book = book
        self.configuration = configuration
        self.plane = plane
        self.options = options
        self.outcome = Outcome()
        self.keys = {(one.agent_name, one.deployment): key for key, one in plane.names.items()}
        self.unique = Unique(plane.names)
        self.new_keys: dict[str, AgentDispatch] = {}
        self.asked: set[tuple[str, str]] = set()
        self.missing: dict[str, Node] = {}
        self.rules = list(self._rules(live))

    def run(self, plan: Plan, touched: Collection[str]) -> Outcome:
        changed = {one.name for one in plan.changes if one.plane is Plane.AGENTS}
        slots: dict[tuple[int, str | None], list[_Rule]] = defaultdict(list)
        for rule in self.rules:
            if rule.compiled.convention is not None and rule.compiled.agents is not None:
                slots[id(rule.compiled.convention), rule.line].append(rule)
        for rules in slots.values():
            differing = [rule for rule in rules if rule.desired.name in changed]
            if differing:
                self._accept(rules, differing)
        self._cover([rule for rule in self.rules if rule.desired.name in touched])
        self._write_names()
        self._write_missing()
        return self.outcome

    def _rules(self, live: Snapshot) -> Iterable[_Rule]:
        matched = matches(self.configuration, live).get(DISPATCH_RULE.name)
        for desired, lives in matched.pairs if matched is not None else ():
            foreign = (*desired.unmanaged, *self.configuration.project.unmanaged)
            if lives is None or any(covers(one, AGENTS_PATH) for one in foreign):
                continue
            line = self.configuration.lines.get(desired.name)
            yield _Rule(desired, line, self._compile(desired, line), _agents_of(lives))

    def _compile(
        self, rule: Desired, line: str | None, conventions: Conventions | None = None
    ) -> Compiled:
        known = conventions or self.plane.conventions
        return compile_rule(rule, line, known, trunk_fields(self.configuration), self.options.era)

    # --- conventions that change

    def _accept(self, rules: Sequence[_Rule], differing: Sequence[_Rule]) -> None:
        """Makes the convention of some rules name the agents that live, where they agree."""
        first = differing[0]
        convention = first.compiled.convention
        assert convention is not None  # noqa: S101  # that is what they have in common
        where = convention.label if first.line is None else f"{convention.label}, line {first.line}"
        mark = convention.origin.mark("agents" if first.line is None else f"lines.{first.line}")
        if Mechanism.SIP not in convention.dispatch:
            reason = (
                f"the convention {where} leaves its agents to {' and '.join(convention.dispatch)}"
            )
            fix = "add sip to its dispatch, or take the agents off the live rule"
            self._leave(differing, reason, fix, mark)
            return
        if any(AgentList(rule.live) != AgentList(first.live) for rule in rules):
            names = " and ".join(f'"{rule.desired.name}"' for rule in rules[:3])
            more = f" and {len(rules) - 3} more" if len(rules) > 3 else ""
            reason = f"the rules {names}{more} share the convention {where} and no longer have the same agents"
            fix = "give rules a line: each, and the convention lines: with the agents of each"
            self._leave(differing, reason, fix, mark)
            return
        if not is_expressible(first.live):
            self._leave(differing, "no convention can name these agents", _BY_HAND, mark)
            return
        try:
            self._write(convention, first)
        except Unwritable as error:
            self._leave(differing, error.reason, error.fix, mark)
            return
        self.outcome.done.append(Done(mark.file, f"convention {where}", (AGENTS_PATH,)))
        others = [one.value for one in convention.dispatch if one is not Mechanism.SIP]
        if others:
            self.outcome.notes.append(
                f"convention {where}: its agents are those of rooms that {' and '.join(others)} serves as well"
            )

    def _write(self, convention: Convention, rule: _Rule) -> None:
        mark = convention.origin.mark()
        draft = self.book.draft(mark.file)
        place, old = _convention_at(draft, convention, mark), convention.agents or ()
        path = [AGENTS_PATH]
        if rule.line is not None:
            path, old = ["lines", rule.line, AGENTS_PATH], convention.lines[rule.line]
        patch = Patch()
        patch.put(path, self._listing(_at(place, path), old, rule.live))
        before = len(draft)
        try:
            Editor(draft, ()).change(place, patch)
        except Unwritable:
            draft.forget_from(before)
            raise
        self.asked.update(map(_name, rule.live))

    def _listing(
        self, place: Place | None, old: Sequence[AgentDispatch], live: Sequence[AgentDispatch]
    ) -> Change:
        """The agents that live: those that stand there stay, one that is told something else is changed inside."""
        whole: list[Node] = [self._agent(one) for one in live]
        if not isinstance(place, Items) or len(place.items) != len(old):
            return whole
        rest = list(live)
        same = {number for number, one in enumerate(old) if _take(rest, one)}
        items: list[Kept | Node] = []
        for number, one in enumerate(old):
            other = next((new for new in rest if _name(new) == _name(one)), None)
            if number in same:
                items.append(Kept(number))
            elif other is not None:
                rest.remove(other)
                patch = self._told(one, other, place.items[number])
                items.append(Kept(number, self._agent(other) if patch is None else patch))
        return Listing((*items, *(self._agent(one) for one in rest)), whole)

    def _told(self, old: AgentDispatch, new: AgentDispatch, place: Place) -> Patch | None:
        """What changes inside one agent of a list; None where a mere name becomes a mapping."""
        if not isinstance(place, Keys):
            return None
        patch = Patch()
        if old.metadata != new.metadata:
            entry = place.get("metadata")
            node = metadata_node(new.metadata.text, entry.value if entry is not None else None)
            patch.entries["metadata"] = node if new.metadata.text else Gone()
        if old.attributes != new.attributes:
            before, after = dict(old.attributes), dict(new.attributes)
            below = patch.below(["attributes"])
            below.entries.update({key: Gone() for key in before if key not in after})
            below.entries.update({k: text for k, text in after.items() if before.get(k) != text})
        if old.restart_policy != new.restart_policy:
            policy = new.restart_policy
            patch.entries["restart_policy"] = Word(policy) if policy else Gone()
        return patch

    def _agent(self, one: AgentDispatch) -> Node:
        return agent_node(one, self._key(one))

    # --- agents by name

    def _key(self, one: AgentDispatch) -> str:
        """The key of an agent in the file, which is a new one where none has its name."""
        known = self.keys.get(_name(one))
        if known is None:
            readable = slug(one.agent_name) or ("agent" if one.agent_name else "unnamed")
            known = self.unique(readable)
            self.keys[_name(one)] = known
            self.new_keys[known] = one
        return known

    def _write_names(self) -> None:
        entries: dict[str, Node] = {}
        for key, one in self.new_keys.items():
            if _name(one) not in self.asked:
                continue  # what would have named it could not be written
            body = Map({"agent_name": one.agent_name})
            if one.deployment:
                body.entries["deployment"] = one.deployment
            entries[key] = body
        if not entries:
            return
        found = self.book.section("agents", "names")
        if found is None:
            self.missing["names"] = Map(entries, open=True)
        else:
            draft, holder, entry = found
            Editor(draft, ()).change(holder, Patch({entry.key.text: Patch(dict(entries))}))
        self._tell([f'agent "{key}" added' for key in entries], "names")

    def _write_missing(self) -> None:
        """Puts the parts of the section that are missing there, names first."""
        found = self.book.section("agents")
        if not self.missing or found is None:
            return
        draft, holder, entry = found
        order = ["names", "rooms"]
        parts: dict[str, Node] = {key: self.missing[key] for key in order if key in self.missing}
        editor = Editor(draft, ())
        if isinstance(entry.value, Keys) and not entry.value.entries:
            editor.put(holder, entry, Map(parts, open=True))
        else:
            editor.change(holder, Patch({entry.key.text: Patch(dict(parts))}))

    def _tell(self, what: Iterable[str], part: str) -> None:
        found = self.book.section("agents", part) or self.book.section("agents")
        if found is not None:
            self.outcome.done += (Done(found[0].file, one) for one in what)

    # --- rooms that no convention covers

    def _cover(self, rules: Sequence[_Rule]) -> None:
        """Conventions for rules that were added or changed, and whose rooms fall under none."""
        sources = [
            Source(rule.desired.name, rule.compiled.names, rule.live)
            for rule in rules
            if rule.compiled.convention is None
            and rule.compiled.names is not None
            and rule.live
            and is_expressible(rule.live)
            and all(one.code == "no-convention" for one in rule.compiled.findings)
        ]
        if not sources:
            return
        derivation = derive(sources)
        if derivation.lines or not self._is_harmless(derivation, {one.key for one in sources}):
            return  # the plan goes on to say that no convention covers them
        nodes: list[Node] = [convention_node(one, self._agent) for one in derivation.conventions]
        found = self.book.section("agents", "rooms")
        if found is None:
            self.missing["rooms"] = nodes
        else:
            draft, holder, entry = found
            before = len(draft)
            try:
                change = _appended(entry.value, nodes)
                Editor(draft, ()).change(holder, Patch({entry.key.text: change}))
            except Unwritable:
                draft.forget_from(before)
                return
        self.asked.update(_name(agent) for rule in sources for agent in rule.agents)
        labels = (one.rooms for one in derivation.conventions)
        self._tell(
            [f"convention {one.text}{'' if one.is_room else '*'} added" for one in labels], "rooms"
        )

    def _is_harmless(self, derivation: Derivation, covered: Collection[str]) -> bool:
        """Whether new conventions say nothing of the rules that they are not made for."""
        new = [
            Convention(
                one.agents or (),
                (Mechanism.SIP,),
                prefix=None if one.rooms.is_room else one.rooms.text,
                room=one.rooms.text if one.rooms.is_room else None,
            )
            for one in derivation.conventions
        ]
        conventions = Conventions((*self.plane.conventions.all, *new))
        for rule in self.rules:
            again = self._compile(rule.desired, rule.line, conventions)
            if rule.desired.name in covered:
                if again.agents != AgentList(rule.live):
                    return False
            elif again.convention is not rule.compiled.convention:
                return False
        return True

    # --- what stays

    def _leave(self, rules: Iterable[_Rule], reason: str, fix: str, mark: Mark) -> None:
        for rule in rules:
            self.outcome.left.append(
                Left(
                    DISPATCH_RULE.name,
                    rule.desired.name,
                    AGENTS_PATH,
                    title(rule.desired),
                    reason,
                    fix,
                    mark,
                )
            )


def _agents_of(live: Live) -> tuple[AgentDispatch, ...]:
    agents = live.fields.get(AGENTS_PATH)
    return agents.entries if isinstance(agents, AgentList) else ()


def _name(one: AgentDispatch) -> tuple[str, str]:
    return one.agent_name, one.deployment


def _take(rest: list[AgentDispatch], one: AgentDispatch) -> bool:
    if one not in rest:
        return False
    rest.remove(one)
    return True


def _appended(place: Place, nodes: list[Node]) -> Change:
    if isinstance(place, Items) and place.items:
        return Listing((*map(Kept, range(len(place.items))), *nodes), nodes)
    return nodes


def _convention_at(draft: Draft, convention: Convention, mark: Mark) -> Keys:
    """Where a convention stands: the item of `agents.rooms` that starts at its place."""
    found = _at(draft.root, ["agents", "rooms"])
    for item in found.items if isinstance(found, Items) else ():
        which = "prefix" if convention.room is None else "room"
        entry = item.get(which) if isinstance(item, Keys) else None
        text = resolved(entry.value) if entry is not None else None
        if isinstance(text, Scalar) and text.text == (convention.room or convention.prefix):
            assert isinstance(item, Keys)  # noqa: S101  # only keys have an entry
            return item
    raise Unwritable("the convention is not written where it is read from", "write it out")


def _at(place: Place, path: Sequence[str]) -> Place | None:
    for key in path:
        entry = place.get(key) if isinstance(place, Keys) else None
        if entry is None:
            return None
        place = entry.value
    return place
