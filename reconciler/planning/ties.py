"""What hangs on the ids of live objects: which of them cannot, or should not, be deleted and created again.

An object that is created anew has another id. Rules of the file follow a trunk to its new id by its name, but nothing
else does. What only the server has of an object is copied from the deleted one, and would be lost if an apply were
stopped in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from reconciler.core.objects import Live, Snapshot, covers
from reconciler.core.values import References, Secret, Unknown
from reconciler.planning.differences import PASSWORD_PATH
from reconciler.planning.targets import Target, is_id
from reconciler.sip.ordering import Operation, Tie
from reconciler.sip.spec import DISPATCH_RULE

_TRUNKS = "trunks"


class Ties:
    """The ties of all live objects, found when somebody asks for the first one."""

    def __init__(self, live: Snapshot, found: Iterable[Target], deletions: Iterable[Live]) -> None:
        self._live = live
        self._targets = list(found)
        self._gone = {one.id for one in deletions}

    def of(self, one: Operation) -> Tie:
        """What hangs on the id of an object."""
        return self._ties.get(one.id or "", (Tie.NONE, ""))[0]

    def reason(self, one: Operation) -> str:
        """Why it has to keep its id, as the end of a sentence; empty where it has not, or where that is told anyway."""
        tie, why = self._ties.get(one.id or "", (Tie.NONE, ""))
        return why if tie is Tie.NEEDED else ""

    @cached_property
    def _ties(self) -> dict[str, tuple[Tie, str]]:
        ties: dict[str, tuple[Tie, str]] = {}
        for identifier, tie, why in (*self._of_targets(), *self._of_rules()):
            if tie > ties.get(identifier, (Tie.NONE, ""))[0]:
                ties[identifier] = tie, why
        return ties

    def _of_targets(self) -> Iterator[tuple[str, Tie, str]]:
        for target in self._targets:
            if target.live is None:
                continue
            identifier = target.live.id
            if target.desired.id is not None:
                yield identifier, Tie.NEEDED, "the file pins its id"
            untold = isinstance(target.before.get(PASSWORD_PATH), Unknown)
            if untold and not isinstance(target.after.get(PASSWORD_PATH), Secret):
                yield identifier, Tie.NEEDED, ""  # password-unknown tells
            if any(
                isinstance(value, Unknown) or any(covers(one, path) for one in target.unmanaged)
                for path, value in target.before.items()
            ):
                yield identifier, Tie.PRECIOUS, ""

    def _of_rules(self) -> Iterator[tuple[str, Tie, str]]:
        """The trunks that rules name which do not follow: nobody writes them, or they name an id themselves."""
        listed: dict[str, Target] = {
            target.live.id: target
            for target in self._targets
            if target.live is not None and target.desired.kind == DISPATCH_RULE.name
        }
        for rule in self._live.of(DISPATCH_RULE.name):
            if rule.id in self._gone:
                continue
            target = listed.get(rule.id)
            named = rule.fields.get(_TRUNKS)
            if not isinstance(named, References):
                continue
            why = f'the rule "{rule.label}", which this plan does not write, names it by its id'
            if target is not None and not any(covers(one, _TRUNKS) for one in target.unmanaged):
                continue
            for entry in named.entries:
                yield entry.id or "", Tie.NEEDED, why
        for target in self._targets:
            named = target.desired.fields.get(_TRUNKS)
            if isinstance(named, References) and target.desired.kind == DISPATCH_RULE.name:
                why = f'the rule "{target.desired.name}" names it by its id, not by its name'
                for entry in named.entries:
                    if is_id(entry.name):
                        yield entry.name, Tie.NEEDED, why
