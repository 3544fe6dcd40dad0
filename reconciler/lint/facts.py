"""The objects of a file, looked up once for all checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from reconciler.agents.conventions import AgentPlane
from reconciler.compose import Compiled, compile_rule
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding, Severity, has_errors
from reconciler.core.objects import Desired, Fields, covers
from reconciler.core.values import References, TextList
from reconciler.lint.bringers import is_token_only
from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, OUTBOUND_TRUNK


class Listed(NamedTuple):
    """The entries of a list of numbers as they are written, and in normal form; none means any."""

    written: frozenset[str]
    normal: frozenset[str]


ANY: Final = Listed(frozenset(), frozenset())


class Facts:
    """What the checks ask for. Nothing is computed before somebody asks.

    An object with an error of its own is left out: what is missing there may be what could not be read.
    """

    def __init__(self, configuration: Configuration, era: Era) -> None:
        sip = configuration.sip
        faulty = _faulty(configuration.findings)
        self.era = era
        self.inbound = _sound(sip.get(INBOUND_TRUNK.name, ()), faulty)
        self.outbound = _sound(sip.get(OUTBOUND_TRUNK.name, ()), faulty)
        self.rules = _sound(sip.get(DISPATCH_RULE.name, ()), faulty)
        self.manages_rules = DISPATCH_RULE.name in sip
        self.plane: AgentPlane | None = configuration.agents
        self.lines = configuration.lines
        # What could not be read may be just what seems to be missing.
        self.is_whole = not has_errors(configuration.findings)
        # Where a part of the project belongs to others, what is missing here may stand there.
        self.knows_all = self.is_whole and not configuration.project.owns
        self.knows_rules = self.manages_rules and self.knows_all
        self._unmanaged = configuration.project.unmanaged
        self._listed: dict[tuple[str, str], Listed] = {}
        self._let_in: dict[tuple[tuple[str, ...], str], Listed] = {}
        self._compiled: dict[str, Compiled] = {}

    @cached_property
    def trunks(self) -> dict[str, Desired]:
        """The listed inbound trunks by name."""
        return {one.name: one for one in self.inbound}

    @cached_property
    def trunk_fields(self) -> dict[str, Fields]:
        """Their fields."""
        return {one.name: one.fields for one in self.inbound}

    @cached_property
    def numbers_called(self) -> frozenset[str]:
        """Every number of an inbound trunk, in normal form."""
        return frozenset().union(*(self.listed(one, "numbers").normal for one in self.inbound))

    @cached_property
    def own_numbers(self) -> frozenset[str]:
        """Every number that is called here, in normal form, as far as it is told.

        Where a trunk is for any number, those that rules are for and those that calls go out from tell some of them.
        """
        found = set(self.numbers_called)
        if self.has_default_trunk:
            for one in (*self.outbound, *self.rules):
                found.update(self.listed(one, "numbers").normal)
        return frozenset(found)

    @cached_property
    def has_default_trunk(self) -> bool:
        """Whether some trunk takes calls to any number, or may."""
        return any(not self.listed(one, "numbers").written for one in self.inbound)

    @cached_property
    def holders(self) -> dict[str, list[Desired]]:
        """The inbound trunks that have a number, by its normal form."""
        found: dict[str, list[Desired]] = {}
        for one in self.inbound:
            for number in dict.fromkeys(map(normalize, texts_of(one, "numbers"))):
                if number in self.listed(one, "numbers").normal:
                    found.setdefault(number, []).append(one)
        return found

    @cached_property
    def prefixes(self) -> Sequence[str]:
        """The prefixes of all rules, sorted."""
        found = set()
        for rule in self.rules:
            prefix = rule.fields.get(f"rooms.{rule.fields.get('rooms')}.prefix")
            if isinstance(prefix, str):
                found.add(prefix)
        return sorted(found)

    @cached_property
    def direct_rooms(self) -> frozenset[str]:
        """The rooms of all direct rules."""
        names = (rule.fields.get("rooms.direct.room") for rule in self.rules)
        return frozenset(name for name in names if isinstance(name, str))

    @cached_property
    def has_token_only(self) -> bool:
        """Whether some convention leaves its agents to tokens alone."""
        return self.plane is not None and any(map(is_token_only, self.plane.conventions.all))

    def owns(self, one: Desired, path: str) -> bool:
        """Whether the file decides about a field, rather than somebody else."""
        return not any(covers(parent, path) for parent in (*one.unmanaged, *self._unmanaged))

    def decides(self, one: Desired, *groups: str) -> bool:
        """Whether the file decides about all of some fields, whatever stands below them."""
        unmanaged = (*one.unmanaged, *self._unmanaged)
        return not any(parent.partition(".")[0] in groups for parent in unmanaged)

    def trunks_of(self, rule: Desired) -> Sequence[Desired] | None:
        """The trunks that a rule names; None for any, or where one of them is not known."""
        references = rule.fields.get("trunks")
        if not isinstance(references, References) or not self.owns(rule, "trunks"):
            return None
        found = [self.trunks.get(entry.name) for entry in references.entries]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def listed(self, one: Desired, path: str) -> Listed:
        """What an object lists, or any where somebody else decides about the list."""
        key = (f"{one.kind} {one.name}", path)
        found = self._listed.get(key)
        if found is None:
            value = one.fields.get(path)
            found = ANY
            if isinstance(value, TextList) and self.owns(one, path):
                # Trunks are compared in normal form anyway; rules are not.
                normal = value.key if one.kind != DISPATCH_RULE.name else map(normalize, value.key)
                found = Listed(frozenset(value.written), frozenset(normal))
            self._listed[key] = found
        return found

    def let_in(self, trunks: Sequence[Desired], path: str) -> Listed:
        """What several trunks let in; any where one of them lets in anybody, or where there are none."""
        if len(trunks) == 1:
            return self.listed(trunks[0], path)
        key = (tuple([one.name for one in trunks]), path)
        found = self._let_in.get(key)
        if found is None:
            lists = [self.listed(one, path) for one in trunks]
            found = ANY
            if all(one.written for one in lists):
                found = Listed(
                    frozenset().union(*(one.written for one in lists)),
                    frozenset().union(*(one.normal for one in lists)),
                )
            self._let_in[key] = found
        return found

    def compiled(self, rule: Desired) -> Compiled | None:
        """What the agent plane says of a rule; None where the file has no such plane."""
        if self.plane is None:
            return None
        found = self._compiled.get(rule.name)
        if found is None:
            line = self.lines.get(rule.name)
            found = compile_rule(rule, line, self.plane.conventions, self.trunk_fields, self.era)
            self._compiled[rule.name] = found
        return found


def texts_of(one: Desired, path: str) -> tuple[str, ...]:
    """A list as it is written; none means any."""
    value = one.fields.get(path)
    return value.written if isinstance(value, TextList) else ()


def _faulty(findings: Iterable[Finding]) -> set[str]:
    """The paths at which something is wrong, and all above them."""
    found: set[str] = set()
    for one in findings:
        if one.severity is Severity.ERROR:
            parts = one.path.split(".")
            found.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return found


def _sound(objects: Sequence[Desired], faulty: set[str]) -> Sequence[Desired]:
    if not faulty:
        return objects
    return [
        one for one in objects if f"sip.{KIND_BY_NAME[one.kind].section}.{one.name}" not in faulty
    ]
