"""Differences as they are shown, and steps as they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.core.diff import diff_fields
from reconciler.core.objects import Live
from reconciler.core.plan import Action, Call, Change, FieldChange, Gap, Plane
from reconciler.core.values import Hidden, Secret, Unknown
from reconciler.planning.differences import NAME_PATH, PASSWORD_PATH, Difference, plane_of
from reconciler.sip.ordering import Operation, Ordered, Silence, Stage, Step
from reconciler.sip.spec import KINDS

_PLANE_RANK = {plane: rank for rank, plane in enumerate(Plane)}
_KIND_RANK = {kind.name: rank for rank, kind in enumerate(KINDS)}
_SHOWN = 5
_ACTIONS = (Action.CREATE, Action.RENAME, Action.UPDATE, Action.DELETE)
_ACTION_RANK = {action: rank for rank, action in enumerate(_ACTIONS)}


def changes(differences: Iterable[Difference], deletions: Iterable[Live]) -> tuple[Change, ...]:
    """What differs, plane by plane and object by object, in the order in which it is shown."""
    shown = [change for one in differences for change in _changes_of(one)]
    shown.extend(Change(Plane.SIP, one.kind, one.name, one.id, Action.DELETE) for one in deletions)
    return tuple(sorted(shown, key=_change_key))


def _changes_of(one: Difference) -> Iterator[Change]:
    desired, live = one.desired, one.live
    for plane in Plane:
        fields = tuple(change for change in one.changes if plane_of(change, desired.kind) is plane)
        former: str | None = None
        if not fields and not (live is None and plane is Plane.SIP):
            continue
        if live is None:
            # Both planes of a rule that does not exist yet: one call creates it with all they want.
            action = Action.CREATE
        elif fields[0].path == NAME_PATH:
            action, former = Action.RENAME, live.name
        else:
            action = Action.UPDATE
        identifier = live.id if live is not None else None
        yield Change(plane, desired.kind, desired.name, identifier, action, fields, former)


def _change_key(one: Change) -> tuple[int, int, int, str, str]:
    return (
        _PLANE_RANK[one.plane],
        _KIND_RANK[one.kind],
        _ACTION_RANK[one.action],
        one.name,
        one.id or "",
    )


def operations(differences: Iterable[Difference], deletions: Iterable[Live]) -> Iterator[Operation]:
    """The writes that are wanted, in no order yet."""
    for one in differences:
        live = one.live
        if live is None:
            yield Operation(
                one.desired.kind, one.desired.name, None, Action.CREATE, None, one.after
            )
        else:
            yield Operation(
                one.desired.kind, one.desired.name, live.id, Action.UPDATE, one.before, one.after
            )
    for gone in deletions:
        yield Operation(gone.kind, gone.name, gone.id, Action.DELETE, gone.fields, None)


def calls(ordered: Ordered, differences: Iterable[Difference]) -> tuple[Call, ...]:
    """The steps as they are sent."""
    by_name = {(one.desired.kind, one.desired.name): one for one in differences}
    return tuple(
        _call(position, step, _difference_of(step.operation, by_name))
        for position, step in enumerate(ordered.steps, start=1)
    )


def _difference_of(
    operation: Operation, by_name: Mapping[tuple[str, str], Difference]
) -> Difference | None:
    """The difference that an operation is made of; None for the writes of an object that goes, whatever its name."""
    one = by_name.get((operation.kind, operation.name))
    if one is None or operation.id is None or operation.takes_over is not None:
        return one
    return one if one.live is not None and one.live.id == operation.id else None


def _call(position: int, step: Step, one: Difference | None) -> Call:
    operation = step.operation
    fields, new_name = _written(operation, one)
    planes = tuple(
        plane
        for plane in Plane
        if any(plane_of(change, operation.kind) is plane for change in fields)
    )
    return Call(
        step=position,
        action=operation.action,
        kind=operation.kind,
        name=operation.name,
        id=operation.id,
        planes=planes or (Plane.SIP,),
        fields=fields,
        new_name=new_name,
        after=tuple(earlier + 1 for earlier in step.after),
        batch=step.batch,
        lane=step.lane,
        reason=operation.reason,
    )


def _written(
    operation: Operation, one: Difference | None
) -> tuple[tuple[FieldChange, ...], str | None]:
    """The leaves that a call writes, and the new name if it renames. For a whole operation that is what is shown."""
    if operation.action is Action.DELETE:
        return (), None
    fields = diff_fields(operation.before or {}, operation.after or {})
    if one is None:
        return fields, None
    is_last = operation.stage is not Stage.EARLIER
    if operation.takes_over is not None:
        return fields, operation.name if is_last else None
    renames = operation.action is Action.UPDATE and any(
        change.path == NAME_PATH for change in one.changes
    )
    new_name = one.desired.name if renames and is_last else None
    if operation.stage is Stage.WHOLE:
        return tuple(change for change in one.changes if change.path != NAME_PATH), new_name
    return (*fields, *_untold_password(operation, one)), new_name


def _untold_password(operation: Operation, one: Difference) -> Iterator[FieldChange]:
    """The password that the server does not tell, for the half of a split write that has to say it.

    It equals anything, so no comparison finds it; and an object that is created anew would be without it.
    """
    live, secret = one.before.get(PASSWORD_PATH), one.wanted.get(PASSWORD_PATH)
    if operation.stage is Stage.LAST and isinstance(live, Unknown) and isinstance(secret, Secret):
        ref = secret.ref or Hidden()
        if operation.action is Action.CREATE:
            yield FieldChange(PASSWORD_PATH, None, ref, sensitive=True)
        elif any(change.path == PASSWORD_PATH for change in one.changes):
            yield FieldChange(PASSWORD_PATH, live, ref, sensitive=True)


def gaps(silences: Iterable[Silence], steps: Sequence[Step]) -> Iterator[Gap]:
    """Calls that are answered before and after, and by nobody between two steps."""
    for one in silences:
        former, latter = (steps[index].operation for index in (one.since, one.until))
        yield Gap(
            one.since + 1,
            one.until + 1,
            f"calls to {_told(one.numbers, 'any other number')} from {_told(one.callers, 'anybody')}"
            f"{' with a PIN' if one.needs_pin else ''} are answered by nobody from step {one.since + 1} "
            f"({former.action} {former.name}) to step {one.until + 1} ({latter.action} {latter.name})",
            one.numbers,
            one.callers,
            one.needs_pin,
        )


def _told(numbers: Sequence[str], unnamed: str) -> str:
    """Numbers in words; the empty one is all that are not mentioned anywhere."""
    if "" in numbers and unnamed == "anybody":
        return unnamed
    told = [number or unnamed for number in sorted(numbers, key=lambda one: (one == "", one))]
    if len(told) > _SHOWN:
        told = [*told[:_SHOWN], f"{len(told) - _SHOWN:,} more"]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
