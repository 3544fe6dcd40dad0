"""The objects of a file, looked up once for all checks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from reconciler.agents.conventions import AgentPlane, Convention
from reconciler.compose import conventions_of
from reconciler.config.model import Configuration
from reconciler.core.finding import has_errors
from reconciler.core.objects import Desired, Fields, covers
from reconciler.core.values import References, TextList
from reconciler.sip.era import Era
from reconciler.sip.rooms import room_names
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, OUTBOUND_TRUNK

NOBODY: frozenset[str] = frozenset()


class Facts:
    """What the checks ask for. Nothing is computed before somebody asks."""

    def __init__(self, configuration: Configuration, era: Era) -> None:
        sip = configuration.sip
        self.era = era
        self.inbound: Sequence[Desired] = sip.get(INBOUND_TRUNK.name, ())
        self.outbound: Sequence[Desired] = sip.get(OUTBOUND_TRUNK.name, ())
        self.rules: Sequence[Desired] = sip.get(DISPATCH_RULE.name, ())
        self.manages_trunks = INBOUND_TRUNK.name in sip
        self.manages_rules = DISPATCH_RULE.name in sip
        self.plane: AgentPlane | None = configuration.agents
        self.lines = configuration.lines
        # What could not be read may be just what seems to be missing.
        self.is_whole = not has_errors(configuration.findings)
        self._unmanaged = configuration.project.unmanaged
        self._listed: dict[tuple[str, str], frozenset[str]] = {}
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

    def listed(self, one: Desired, path: str) -> frozenset[str]:
        """The entries of a trunk's list, as they are written and in normal form; none means any."""
        key = (one.name, path)
        found = self._listed.get(key)
        if found is None:
            value = one.fields.get(path)
            found = frozenset((*value.written, *value.key)) if isinstance(value, TextList) else NOBODY
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
