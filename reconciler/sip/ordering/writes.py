"""Writes as moments, and moments as writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from reconciler.core.plan import Action
from reconciler.sip.ordering.moments import Moment, entries_of
from reconciler.sip.ordering.operation import Operation, Stage
from reconciler.sip.ordering.replay import Move
from reconciler.sip.ordering.steps import Ordered

_ANEW = "nothing would be left of its list while another object takes over"


def moments_of(parts: Sequence[Operation]) -> list[Moment]:
    """What an object is before, between and after its writes."""
    found = [Moment(parts[0].before, frozenset(), parts[0].key, is_old=True)]
    found += [Moment(one.after, frozenset(), one.key, is_new=one is parts[-1]) for one in parts]
    return found


def moves_of(ordered: Ordered) -> Iterator[Move]:
    """The steps as moves: the first write of an object makes its second moment."""
    written: Counter[int] = Counter()
    for owner in ordered.owners:
        written[owner] += 1
        yield owner, written[owner]


def writes_of(whole: Operation, way: Sequence[Moment]) -> Iterator[Operation]:
    """The writes that make one moment out of the other."""
    if len(way) == 2:
        yield whole
        return
    for before, after in pairwise(way):
        action = _action(before, after)
        yield replace(
            whole,
            action=action,
            id=None if action is Action.CREATE else whole.id,
            before=before.fields,
            after=after.fields,
            reason=_reason(whole, before, after),
            stage=Stage.LAST if after is way[-1] else Stage.EARLIER,
        )


def _reason(whole: Operation, before: Moment, after: Moment) -> str:
    if after.fields is None and not after.is_new:
        return f"{_ANEW}: deleted here"
    if before.fields is None:
        return f"{_ANEW}: created here, with a new id"
    if after.is_new:
        return whole.reason
    told = []
    if after.gone - before.gone:
        told.append("lets go of what another object takes over")
    if come := after.come - before.come:
        before_that = whole.before or {}
        narrows = all(not entries_of(whole.kind, one.path, before_that) for one in come)
        told.append(
            "is for a few until another object is for all the others"
            if narrows
            else "takes on what it will have beside what it has, so that no call is lost"
        )
    return f"{' and '.join(told)}, before it gets the rest" if told else ""


def _action(before: Moment, after: Moment) -> Action:
    if after.fields is None:
        return Action.DELETE
    return Action.CREATE if before.fields is None else Action.UPDATE
