"""The objects of a file, looked up once for all checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from reconciler.agents.conventions import AgentPlane, Convention, Mechanism
from reconciler.compose import conventions_of
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding, Severity, has_errors
from reconciler.core.objects import Desired, Fields, covers
from reconciler.core.values import References, TextList
from reconciler.sip.era import Era
from reconciler.sip.rooms import room_names
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, OUTBOUND_TRUNK


class Listed(NamedTuple):
    """The entries of a trunk's list as they are written, and in normal form; none means any."""

    written: frozenset[str]
    normal: frozenset[str]


ANY = Listed(frozenset(), frozenset())


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
        self.manages_trunks = INBOUND_TRUNK.name in sip
        self.manages_rules = DISPATCH_RULE.name in sip
        self.plane: AgentPlane | None = configuration.agents
        self.lines = configuration.lines
        # What could not be read may be just what seems to be missing.
        self.is_whole = not has_errors(configuration.findings)
        self._unmanaged = configuration.project.unmanaged
        self._listed: dict[tuple[str, str], Listed] = {}
        self._conventions: dict[str, Convention | None] = {}

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
        return frozenset(
            number
            for one in self.inbound
            if isinstance(listed := one.fields.get("numbers"), TextList)
            for number in listed.key
        )

    @cached_property
    def has_default_trunk(self) -> bool:
        """Whether some trunk takes calls to any number."""
        return any("numbers" not in one.fields for one in self.inbound)

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
    def has_token_only(self) -> bool:
        """Whether some convention leaves its agents to tokens alone."""
        only = (Mechanism.TOKEN,)
        return self.plane is not None and any(
            one.dispatch == only for one in self.plane.conventions.all
        )

    def owns(self, one: Desired, path: str) -> bool:
        """Whether the file decides about a field, rather than somebody else."""
        return not any(covers(parent, path) for parent in (*one.unmanaged, *self._unmanaged))

    def trunks_of(self, rule: Desired) -> Sequence[Desired] | None:
        """The trunks that a rule names; None for any, or where one of them is not in the file."""
        references = rule.fields.get("trunks")
        if not isinstance(references, References):
            return None
        found = [self.trunks.get(entry.name) for entry in references.entries]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def listed(self, one: Desired, path: str) -> Listed:
        """What a trunk lists."""
        key = (one.name, path)
        found = self._listed.get(key)
        if found is None:
            value = one.fields.get(path)
            found = ANY
            if isinstance(value, TextList):
                found = Listed(frozenset(value.written), frozenset(value.key))
            self._listed[key] = found
        return found

    def convention(self, rule: Desired) -> Convention | None:
        """The one convention that all rooms of a rule fall under, or None."""
        if self.plane is None:
            return None
        if rule.name not in self._conventions:
            trunks = self.trunks_of(rule)
            names = room_names(
                rule.fields, None if trunks is None else [one.fields for one in trunks], self.era
            )
            found = conventions_of(names, self.plane.conventions) if names is not None else []
            self._conventions[rule.name] = found[0] if len(found) == 1 else None
        return self._conventions[rule.name]


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
