"""Carries out a plan, batch by batch, and says what became of every call.

Before each batch the kinds it touches are listed once, and a call goes out only if the fields it changes are still
what the plan saw: LiveKit has no compare-and-swap, so this is as close as one can get. One failing call stops those
that wait for it and nothing else. An interrupt lets calls in flight finish. A second run after any failure finishes
the work, because the plan is always made from what lives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import Any, Protocol, assert_never

from reconciler.core.objects import Live
from reconciler.core.plan import Action, Call, FieldChange, Plan
from reconciler.core.values import Reference, Unknown, Value
from reconciler.errors import ReconcileError
from reconciler.interrupts import noticed
from reconciler.sip.spec import INBOUND_TRUNK


class Outcome(StrEnum):
    """What became of a call."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "not tried"


@dataclass(frozen=True, slots=True)
class Result:
    """One call and what became of it; `id` is the object's, as far as it is known."""

    call: Call
    outcome: Outcome
    message: str = ""
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did: every call of the plan, and what the closing snapshot showed."""

    results: tuple[Result, ...]
    interrupted: bool = False
    differences: tuple[str, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many calls ended that way."""
        return sum(result.outcome is outcome for result in self.results)

    @property
    def is_complete(self) -> bool:
        """Whether everything was done and nothing else changed meanwhile."""
        return (
            not self.interrupted
            and not self.differences
            and all(result.outcome is Outcome.DONE for result in self.results)
        )


class Server(Protocol):
    """The writes that an apply needs; the gateway implements them."""

    def read(self, kinds: Iterable[str]) -> Mapping[str, dict[str, Any]]:
        """The live messages of some kinds by id."""
        ...

    def live(self, kind: str, message: Any) -> Live:
        """A message in normal form."""
        ...

    def create(
        self, call: Call, ids: Callable[[Reference], str], known: Collection[str], former: Any
    ) -> str:
        """Creates an object and returns its id. `former` is the message of the one that it takes the place of."""
        ...

    def update(self, call: Call, live: Any, ids: Callable[[Reference], str]) -> Any:
        """Changes an object and returns its new message."""
        ...

    def delete(self, call: Call) -> None:
        """Deletes an object."""
        ...

    def hurry(self) -> None:
        """Ends all waiting for a turn: no more calls are begun."""
        ...


Progress = Callable[[Result], None]


@dataclass(slots=True)
class _Run:
    """The state of one apply.

    `seen` are the live objects that the plan was made of, by id, and as this run has left them. `created` grows as
    objects get their ids, `deleted` has the last message of what a step deleted.
    """

    server: Server
    progress: Progress
    seen: dict[str, Live]
    results: dict[int, Result] = field(default_factory=dict)
    created: dict[tuple[str, str], str] = field(default_factory=dict)
    deleted: dict[int, Any] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        """No more calls are begun, and those in flight shall not wait for their turn."""
        self.stopping.set()
        self.server.hurry()

    def note(self, result: Result) -> None:
        with self.lock:
            self.results[result.call.step] = result
            if result.id is not None:
                self.created[(result.call.kind, result.call.name)] = result.id
            self.progress(result)

    def id_of(self, reference: Reference) -> str:
        """The id of an object that a call names, known before or made by an earlier call."""
        return reference.id or self.created[(INBOUND_TRUNK.name, reference.name)]


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read just before a batch: messages by kind and id, and by kind and name the id of what is new."""

    messages: Mapping[str, dict[str, Any]]
    strangers: Mapping[tuple[str, str], str]


def apply_plan(
    plan: Plan,
    server: Server,
    concurrency: int,
    progress: Progress,
    seen: Iterable[Live] = (),
    stopping: threading.Event | None = None,
) -> Report:
    """Sends the calls of a plan, at most `concurrency` at a time. Raises nothing that a call can cause.

    In a thread nobody is interrupted: `stopping` is set by whoever is.
    `seen` are the live objects that the plan was made of. The plan itself holds no secrets, so only they show that
    somebody changed one since.
    """
    run = _Run(server, progress, {one.id: one for one in seen})
    if stopping is not None:
        run.stopping = stopping
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="write")
    try:
        for _, calls in groupby(plan.calls, key=lambda call: call.batch):
            if run.stopping.is_set():
                break
            _run_batch(run, pool, list(calls))
    except KeyboardInterrupt:
        run.stop()
    finally:
        # Calls in flight finish, however the loop ended: their outcome belongs to the report.
        pool.shutdown(wait=True)
    for call in plan.calls:
        if call.step not in run.results:
            run.note(Result(call, Outcome.SKIPPED, "interrupted"))
    return Report(
        tuple(run.results[call.step] for call in plan.calls), interrupted=run.stopping.is_set()
    )


def _run_batch(run: _Run, pool: ThreadPoolExecutor, batch: Sequence[Call]) -> None:
    ready = [call for call in batch if not _waits_in_vain(run, call)]
    if not ready:
        return
    try:
        fresh = run.server.read(sorted({call.kind for call in ready}))
    except ReconcileError as error:
        for call in ready:
            run.note(
                Result(call, Outcome.FAILED, f"could not be read again before the write: {error}")
            )
        return
    lanes: dict[int, list[Call]] = {}
    for call in ready:
        lanes.setdefault(call.lane, []).append(call)
    found = _Found(fresh, _strangers(run, fresh))
    with noticed(run.stop):
        pending = [pool.submit(_run_lane, run, lane, found) for lane in lanes.values()]
        for future in pending:
            future.result()


def _waits_in_vain(run: _Run, call: Call) -> bool:
    """Whether something that the call waits for was not done; then that is its outcome."""
    for step in call.after:
        earlier = run.results.get(step)
        if earlier is not None and earlier.outcome is not Outcome.DONE:
            reason = f"it waits for step {step}, which was not done"
            run.note(Result(call, Outcome.SKIPPED, reason))
            return True
    return False


def _strangers(run: _Run, fresh: Mapping[str, dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {
        (kind, message.name): identifier
        for kind, messages in fresh.items()
        for identifier, message in messages.items()
        if identifier not in run.seen
    }


def _run_lane(run: _Run, lane: Sequence[Call], found: _Found) -> None:
    for place, call in enumerate(lane):
        # What was deleted to be created anew is created first: only this process still knows all of it.
        if run.stopping.is_set() and not any(_makes_anew(run, one) for one in lane[place:]):
            return
        if not _waits_in_vain(run, call):
            run.note(_send(run, call, found))


def _send(run: _Run, call: Call, found: _Found) -> Result:
    """One call, or the reason why it was not sent."""
    fresh = found.messages[call.kind]
    try:
        match call.action:
            case Action.CREATE:
                return _create(run, call, found)
            case Action.UPDATE | Action.RENAME:
                return _update(run, call, fresh)
            case Action.DELETE:
                return _delete(run, call, fresh)
            case _ as never:
                assert_never(never)
    except ReconcileError as error:
        lost = "; it was deleted to be created anew: what only LiveKit had of it is gone"
        return Result(call, Outcome.FAILED, f"{error}{lost if _makes_anew(run, call) else ''}")


def _create(run: _Run, call: Call, found: _Found) -> Result:
    former = _former(run, call)
    twin = found.strangers.get((call.kind, call.name))
    if twin is not None and former is None:
        reason = f"somebody created one of that name ({twin}) since the plan was made: plan again"
        return Result(call, Outcome.FAILED, reason)
    identifier = run.server.create(call, run.id_of, found.messages[call.kind].keys(), former)
    return Result(call, Outcome.DONE, id=identifier)


def _former(run: _Run, call: Call) -> Any:
    """The message of the object that the call makes anew, which an earlier step deleted; None for a new one."""
    for step in call.after:
        earlier = run.results[step].call if step in run.deleted else None
        if earlier is not None and (earlier.kind, earlier.name) == (call.kind, call.name):
            return run.deleted[step]
    return None


def _makes_anew(run: _Run, call: Call) -> bool:
    """Whether the call makes an object anew that this run has deleted."""
    return call.action is Action.CREATE and _former(run, call) is not None


def _update(run: _Run, call: Call, fresh: dict[str, Any]) -> Result:
    identifier = call.id or ""
    message = fresh.get(identifier)
    if message is None:
        return Result(call, Outcome.FAILED, "it was deleted since the plan was made: plan again")
    foreign = _foreign_change(call, run.server.live(call.kind, message), run.seen.get(identifier))
    if foreign is not None:
        reason = f"{foreign} was changed by somebody else since the plan was made: plan again"
        return Result(call, Outcome.FAILED, reason)
    # A later write of the same object starts from what this one left.
    fresh[identifier] = run.server.update(call, message, run.id_of)
    with run.lock:
        run.seen[identifier] = run.server.live(call.kind, fresh[identifier])
    return Result(call, Outcome.DONE, id=call.id)


def _delete(run: _Run, call: Call, fresh: Mapping[str, Any]) -> Result:
    identifier = call.id or ""
    message, seen = fresh.get(identifier), run.seen.get(identifier)
    if message is not None and seen is not None:
        changed = _first_difference(run.server.live(call.kind, message), seen)
        if changed is not None:
            reason = f"{changed} was changed by somebody else since the plan was made: plan again"
            return Result(call, Outcome.FAILED, reason)
    run.server.delete(call)
    run.deleted[call.step] = message
    return Result(call, Outcome.DONE, id=call.id)


def _first_difference(now: Live, seen: Live) -> str | None:
    if now.name != seen.name:
        return "name"
    paths = sorted(now.fields.keys() | seen.fields.keys())
    return next((path for path in paths if seen.fields.get(path) != now.fields.get(path)), None)


def _foreign_change(call: Call, live: Live, seen: Live | None) -> str | None:
    """The first of the fields that a call changes which is not what the plan saw."""
    if call.new_name is not None and seen is not None and live.name != seen.name:
        return "name"
    for change in call.fields:
        if not _is_as_planned(change, live.fields.get(change.path), seen):
            return change.path
    return None


def _is_as_planned(change: FieldChange, now: Value | None, seen: Live | None) -> bool:
    if not change.sensitive:
        return change.before == now
    if isinstance(change.before, Unknown):
        return True  # the server does not tell, so nobody can see a change
    if seen is not None:
        return seen.fields.get(change.path) == now
    return (change.before is None) == (now is None)


__all__ = ["Outcome", "Report", "Result", "apply_plan"]
