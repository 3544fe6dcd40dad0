"""Somebody edits an object at a dashboard while an apply runs: at each of its calls, the object that is written next.

An edit that the apply can still see stops the write, or survives it and is reported. One that falls between the list
and the write (docs/architecture.md, "The window") may be overwritten by what the file says. In no case does an apply
call itself complete while what it has looked at last differs from the file.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

import pytest

from reconciler.apply import Outcome
from reconciler.core.plan import Action
from reconciler.gateway.messages import ID_FIELD
from tests.boundaries.field import Field
from tests.boundaries.ground import MESSAGES, contents, names
from tests.support.effort import effort

if TYPE_CHECKING:
    from reconciler.apply import Report
    from reconciler.core.plan import Call
    from tests.support.figures import FigureTeller

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

THEIRS = "theirs"
_LISTS = {
    "inbound_trunk": "ListSIPInboundTrunk",
    "outbound_trunk": "ListSIPOutboundTrunk",
    "dispatch_rule": "ListSIPDispatchRule",
}


@dataclasses.dataclass(slots=True)
class _Edit:
    """What somebody does to the object of a call, before the nth call of an apply goes to the server.

    `calls` are the methods in the order in which they came, `place` is where the edit stands among them.
    """

    field: Field
    how: str
    nth: int
    target: Call
    calls: list[str] = dataclasses.field(default_factory=list)
    place: int | None = None
    id: str = ""
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def hear(self, method: str) -> None:
        """One call is on its way; lists come several at a time."""
        with self.lock:
            if len(self.calls) + 1 == self.nth:
                self.place = len(self.calls)
                self._do()
            self.calls.append(method)

    def _do(self) -> None:
        ground, kind = self.field.ground, self.target.kind
        if self.target.action is Action.CREATE:
            # A twin that leaves numbers and trunks alone, so that no server refuses ours for it.
            self.id = f"{'SDR' if kind == 'dispatch_rule' else 'ST'}_theirs"
            message = MESSAGES[kind](name=self.target.name)
            setattr(message, ID_FIELD[kind], self.id)
            if kind == "dispatch_rule":
                message.trunk_ids.append("ST_theirs")
                message.rule.dispatch_rule_direct.room_name = THEIRS
            else:
                message.numbers.append("+15550199999")
            ground.put(kind, self.id, message)
            return
        self.id = self.target.id or ""
        raw = ground.state()[kind].get(self.id)
        if self.how == "delete":
            ground.drop(kind, self.id)
        elif raw is not None:
            message = MESSAGES[kind].FromString(raw)
            message.metadata = THEIRS
            ground.put(kind, self.id, message)

    @property
    def is_seen_before_the_write(self) -> bool:
        """Whether the kind was listed between the edit and the write, or there was no write."""
        assert self.place is not None
        rest = self.calls[self.place :]
        return _LISTS[self.target.kind] in rest[: self._written(rest)]

    @property
    def is_seen_at_the_end(self) -> bool:
        """Whether the closing look came after it."""
        assert self.place is not None
        return _LISTS[self.target.kind] in self.calls[self.place :]

    @staticmethod
    def _written(rest: list[str]) -> int:
        writes = (n for n, method in enumerate(rest) if not method.startswith("List"))
        return next(writes, len(rest))

    def __str__(self) -> str:
        return f"{self.how} of {self.target.kind} {self.target.name} before call {self.nth}"


def test_an_edit_at_any_call_stops_the_apply_or_is_told(
    field: Field, figure: FigureTeller, server: str
) -> None:
    """It stops its write, survives and is reported, or was in the window and is overwritten: none goes under unseen."""
    field.use_proxy()
    field.ground.put_back(field.before)
    prepared = field.project.prepare()
    wrong: list[str] = []
    came_to: dict[str, int] = {}
    for edit in _edits(field):
        field.ground.put_back(field.before)
        field.ground.proxy.before = edit.hear
        report = field.project.carry_out(prepared)
        field.ground.proxy.before = None
        outcome, found = _judged(edit, report)
        came_to[outcome] = came_to.get(outcome, 0) + 1
        wrong += [f"{edit}: {one}" for one in (*found, *_second_run(edit))]
    assert not wrong, "\n".join(wrong)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(came_to.items()))
    figure(f"edits-{server}", f"{sum(came_to.values())} edits: {told}")


def _edits(field: Field) -> list[_Edit]:
    """An edit of each sort at each call of an apply, of the object that is written next; the last for closing looks."""
    left = list(field.writes)
    found = []
    for nth, method in enumerate(field.methods[field.planning :], 1):
        target = left[0] if left else field.writes[-1]
        sorts = ["change"] if target.action is Action.CREATE else ["change", "delete"]
        found += [_Edit(field, how, nth, target) for how in sorts]
        if not method.startswith("List") and left:
            left.pop(0)
    return found[:: effort(5, 1)]


def _judged(edit: _Edit, report: Report) -> tuple[str, list[str]]:
    """What came of an edit, and what is wrong with that."""
    field = edit.field
    now = field.ground.state()
    wrong = field.touched(now)
    as_wanted = contents(now) == contents(field.after)
    if report.is_complete and not as_wanted and edit.is_seen_at_the_end:
        wrong.append("it is not told")
    failed = [one for one in report.results if one.outcome is Outcome.FAILED]
    reasons = ("somebody", "deleted since")
    if any(word in one.message for one in failed for word in reasons):
        outcome = "stopped the write"
    elif failed:
        outcome = "made the server refuse the write"
    elif as_wanted:
        outcome = "were overwritten in the window or done already"
        is_deletion = edit.target.action is Action.DELETE
        if edit.is_seen_before_the_write and not is_deletion:
            wrong.append("it was overwritten although it could be seen")
    elif report.is_complete:
        outcome = "came behind the last look"
    else:
        outcome = "survived and were reported"
    return outcome, wrong


def _second_run(edit: _Edit) -> list[str]:
    """The next apply brings what the file says; of two of one name somebody has to delete one."""
    field = edit.field
    if edit.id.endswith("_theirs") and edit.id in field.ground.state()[edit.target.kind]:
        field.ground.drop(edit.target.kind, edit.id)
    broken = field.ground.state()
    gone = set(names(field.before)) - set(names(broken))
    return [*field.again(), *field.judge(broken, gone)]
