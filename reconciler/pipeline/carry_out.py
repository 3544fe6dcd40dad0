"""Applies a plan, and looks at the live project again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.apply import Progress, Report, apply_plan
from reconciler.core.finding import Severity
from reconciler.core.plan import Plan
from reconciler.errors import ReconcileError, Refused
from reconciler.pipeline.prepare import draft_against
from reconciler.pipeline.request import Prepared, Request

if TYPE_CHECKING:
    from reconciler.core.objects import Snapshot
    from reconciler.pipeline.room_writes import RoomResult


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did, and the live project after it; None where it was not looked at again.

    `rooms` is what became of the live rooms; nothing where they were not asked for.
    """

    report: Report
    live: Snapshot | None
    rooms: tuple[RoomResult, ...] = ()


def carry_out(
    request: Request,
    prepared: Prepared,
    progress: Progress,
    room_progress: Callable[[RoomResult], None] | None = None,
    *,
    stopping: threading.Event | None = None,
) -> Applied:
    """Applies the plan and looks at the live project again: what differs afterwards is in the report.

    Objects come first, and live rooms follow: what a rule brings by itself need not be dispatched. `stopping` is for
    who applies in a thread, as in `apply_plan`.
    """
    server = prepared.server
    if server is None:
        raise Refused("a plan made against a file cannot be applied: plan against the live project")
    report = apply_plan(
        prepared.plan,
        server,
        request.concurrency,
        progress,
        seen=prepared.live,
        stopping=stopping,
    )
    rooms: tuple[RoomResult, ...] = ()
    if prepared.rooms is not None:
        from reconciler.pipeline.room_writes import carry_out_rooms

        rooms, interrupted = carry_out_rooms(
            request, prepared.rooms, room_progress, is_stopped=report.interrupted
        )
        report = replace(report, interrupted=interrupted)
    if report.interrupted:
        return Applied(report, None, rooms)
    try:
        live = server.snapshot(server.observe())
    except ReconcileError as error:
        # What was done is known, whatever became of the server since.
        unread = f"the project could not be read again: {error}"
        return Applied(replace(report, differences=(unread,)), None, rooms)
    return Applied(replace(report, differences=_differences(request, prepared, live)), live, rooms)


def _differences(request: Request, prepared: Prepared, live: Snapshot) -> tuple[str, ...]:
    """What is not as planned, a line for each object."""
    if prepared.saved is not None:
        from reconciler.planfile import unsettled

        return unsettled(prepared.plan, live)
    # A password that the server does not tell was written: it does not differ because it was asked for.
    asked = replace(request, write_secrets=frozenset())
    after = draft_against(asked, prepared.configuration, live, prepared.era).plan()
    # Two applies at once can make two objects of one name: an error that was not there before, and no change.
    known = {finding.message for finding in prepared.plan.findings}
    new = (
        one for one in after.findings if one.severity is Severity.ERROR and one.message not in known
    )
    return (*remaining(after), *(str(one) for one in new))


def remaining(after: Plan) -> tuple[str, ...]:
    """What still differs, a line for each object."""
    return tuple(
        f'{change.kind.replace("_", " ")} "{change.name}" still differs: '
        + (", ".join(one.path for one in change.fields) or change.action)
        for change in after.changes
    )
