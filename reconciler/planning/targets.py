"""What every listed object is to be: its fields with references looked up and agents compiled.

The file names trunks, LiveKit knows ids: names are looked up among the listed trunks first, then among the live
ones. A trunk that is still to be created is known by its name alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.compose import compile_rule
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired, Fields, Live, Snapshot
from reconciler.core.ownership import Matched
from reconciler.core.values import AgentList, Reference, References
from reconciler.sip.era import Era
from reconciler.sip.occupancy import PENDING
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS

AGENTS_PATH = "agents"
_ID_PREFIX = "ST_"


def is_id(name: str) -> bool:
    """Whether what stands in place of a trunk's name is its id."""
    return name.startswith(_ID_PREFIX)


@dataclass(frozen=True, slots=True)
class Target:
    """One listed object: the live one that it is (if any), its fields now and as they are to be.

    `unmanaged` are paths that stay as they are, those of the agent plane among them where it says nothing.
    """

    desired: Desired
    live: Live | None
    before: Fields
    after: Fields
    unmanaged: tuple[str, ...]


class Trunks:
    """Inbound trunks by name and by id, for everything that can be named.

    `recreated` trunks get a new id on the way, `replaced` ones are made out of a live one and have its id.
    """

    def __init__(
        self,
        live: Snapshot,
        matched: Matched | None,
        recreated: frozenset[str] = frozenset(),
        replaced: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.names: dict[str, str] = {}
        self._by_name: dict[str, Reference | None] = {}
        for one in live.of(INBOUND_TRUNK.name):
            self.names[one.id] = one.name
            if is_id(one.name):
                continue  # what looks like an id is one, unless the file lists a trunk of that name
            # A name that two live trunks share names neither.
            self._by_name[one.name] = (
                None if one.name in self._by_name else Reference(one.name, one.id)
            )
        for desired, lives in matched.pairs if matched is not None else ():
            identifier = replaced.get(desired.name) if lives is None else lives.id
            if desired.name in recreated:
                identifier = None
            self._by_name[desired.name] = Reference(desired.name, identifier)
            if lives is not None:
                self.names[lives.id] = desired.name

    def key(self, name: str) -> str:
        """The id of a trunk of the file, or what stands in rules for the one that it will get."""
        found = self._by_name.get(name)
        return found.id if found is not None and found.id is not None else f"{PENDING}{name}"

    def named(self, fields: Fields) -> Fields:
        """The fields of a live rule with the names of its trunks."""
        references = fields.get("trunks")
        if not isinstance(references, References):
            return fields
        entries = tuple(Reference(self.names.get(e.id or "", ""), e.id) for e in references.entries)
        return {**fields, "trunks": References(entries)}

    def looked_up(self, rule: Desired, findings: list[Finding]) -> Fields:
        """The fields of a listed rule with the ids of its trunks; what is not to be found is noted."""
        references = rule.fields.get("trunks")
        if not isinstance(references, References):
            return rule.fields
        entries = tuple(self._reference(rule, entry, findings) for entry in references.entries)
        return {**rule.fields, "trunks": References(entries)}

    def _reference(self, rule: Desired, entry: Reference, findings: list[Finding]) -> Reference:
        found = self._by_name.get(entry.name)
        if found is not None:
            return found
        path = f"sip.dispatch_rules.{rule.name}.trunks"
        mark = rule.origin.mark("trunks")
        if is_id(entry.name):
            if entry.name not in self.names:
                message = f"no trunk has the id {entry.name}: the rule takes no call through it"
                fix = "name a trunk of the file instead"
                findings.append(
                    Finding("dangling-trunk", Severity.WARNING, path, message, fix, mark)
                )
            return Reference(self.names.get(entry.name, ""), entry.name)
        if entry.name in self._by_name:
            message, fix = (
                f'several live trunks are named "{entry.name}"',
                "write the id (ST_…) of the right one",
            )
        else:
            message = f'no inbound trunk is named "{entry.name}"'
            fix = "list it in sip.inbound_trunks, or write the id (ST_…) of a live one"
        findings.append(Finding("unknown-trunk", Severity.ERROR, path, message, fix, mark))
        return entry


def targets(
    configuration: Configuration,
    matched: Mapping[str, Matched],
    trunks: Trunks,
    era: Era,
    findings: list[Finding],
) -> list[Target]:
    """All listed objects, in the order of the kinds and of the file."""
    found: list[Target] = []
    for kind in KINDS:
        pairs = matched[kind.name].pairs if kind.name in matched else ()
        if kind is DISPATCH_RULE:
            found.extend(_rules(configuration, pairs, trunks, era, findings))
        else:
            found.extend(
                Target(
                    desired,
                    live,
                    live.fields if live is not None else {},
                    desired.fields,
                    desired.unmanaged,
                )
                for desired, live in pairs
            )
    return found


def _rules(
    configuration: Configuration,
    pairs: Sequence[tuple[Desired, Live | None]],
    trunks: Trunks,
    era: Era,
    findings: list[Finding],
) -> Iterator[Target]:
    plane, former = configuration.agents, configuration.former
    listed = trunk_fields(configuration)
    for desired, live in pairs:
        before = trunks.named(live.fields) if live is not None else {}
        after = trunks.looked_up(desired, findings)
        unmanaged = desired.unmanaged
        agents: AgentList | None = None
        if former is not None:
            agents = former.agents.get(desired.name)
        elif plane is not None:
            compiled = compile_rule(
                desired, configuration.lines.get(desired.name), plane.conventions, listed, era
            )
            findings.extend(compiled.findings)
            agents = compiled.agents
        if agents is None:
            unmanaged = (*unmanaged, AGENTS_PATH)
        elif agents.entries:
            after = {**after, AGENTS_PATH: agents}
        yield Target(desired, live, before, after, unmanaged)


def trunk_fields(configuration: Configuration) -> dict[str, Fields]:
    """The fields of the listed inbound trunks by name."""
    return {one.name: one.fields for one in configuration.sip.get(INBOUND_TRUNK.name, ())}


def offline(one: Desired) -> Fields:
    """The fields of a listed object without a server: trunks are known by name, or by the id that is written."""
    references = one.fields.get("trunks")
    if not isinstance(references, References):
        return one.fields
    entries = tuple(
        Reference("", entry.name) if is_id(entry.name) else entry for entry in references.entries
    )
    return {**one.fields, "trunks": References(entries)}
