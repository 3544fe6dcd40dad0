"""Carries out a plan, batch by batch, and says what became of every call.

Before each batch the kinds it touches are listed once, and a call goes out only if the fields it changes are still
what the plan saw: LiveKit has no compare-and-swap, so this is as close as one can get. One failing call stops those
that wait for it and nothing else. An interrupt lets calls in flight finish. A second run after any failure finishes
the work, because the plan is always made from what lives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import Any, Protocol

from reconciler.core.finding import Finding
from reconciler.core.objects import Live
from reconciler.core.plan import Action, Call, FieldChange, Plan
from reconciler.core.values import Reference, References, without_secret
from reconciler.errors import ReconcileError


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

    def read(self, kinds: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
        """The live messages of some kinds by id."""
        ...

    def live(self, kind: str, message: Any) -> Live:
        """A message in normal form."""
        ...

    def create(self, call: Call, ids: Callable[[Reference], str], known: Collection[str]) -> str:
        """Creates an object and returns its id."""
        ...

    def update(self, call: Call, live: Any, ids: Callable[[Reference], str]) -> None:
        """Changes an object."""
        ...

    def delete(self, call: Call) -> None:
        """Deletes an object."""
        ...


Progress = Callable[[Result], None]


@dataclass(slots=True)
class _Run:
    """The state of one apply; `created` grows as objects get their ids."""

    server: Server
    progress: Progress
    results: dict[int, Result] = field(default_factory=dict)
    created: dict[tuple[str, str], str] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, result: Result) -> None:
        with self.lock:
            self.results[result.call.step] = result
            if result.id is not None:
                self.created[(result.call.kind, result.call.name)] = result.id
            self.progress(result)


def apply_plan(plan: Plan, server: Server, concurrency: int, progress: Progress) -> Report:
    """Sends the calls of a plan, at most `concurrency` at a time. Raises nothing that a call can cause."""
    run = _Run(server, progress)
    interrupted = False
    with ThreadPoolExecutor(concurrency, thread_name_prefix="write") as pool:
        for _, calls in groupby(plan.calls, key=lambda call: call.batch):
            batch = list(calls)
            if not run.stopping.is_set():
                try:
                    _run_batch(run, pool, batch)
                except KeyboardInterrupt:
                    interrupted = True
                    run.stopping.set()
            for call in batch:
                if call.step not in run.results:
                    run.note(
                        Result(
                            call,
                            Outcome.SKIPPED,
                            "interrupted" if run.stopping.is_set() else "not reached",
                        )
                    )
    return Report(tuple(run.results[call.step] for call in plan.calls), interrupted)


def _run_batch(run: _Run, pool: ThreadPoolExecutor, batch: Sequence[Call]) -> None:
    try:
        fresh = run.server.read(sorted({call.kind for call in batch}))
    except ReconcileError as error:
        for call in batch:
            run.note(
                Result(call, Outcome.FAILED, f"could not be read again before the write: {error}")
            )
        return
    lanes: dict[int, list[Call]] = {}
    for call in batch:
        lanes.setdefault(call.lane, []).append(call)
    pending: set[Future[None]] = {
        pool.submit(_run_lane, run, lane, fresh) for lane in lanes.values()
    }
    try:
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
    except KeyboardInterrupt:
        run.stopping.set()
        wait(pending)
        raise


def _run_lane(run: _Run, lane: Sequence[Call], fresh: Mapping[str, Mapping[str, Any]]) -> None:
    for call in lane:
        if run.stopping.is_set():
            return
        run.note(_send(run, call, fresh[call.kind]))


def _send(run: _Run, call: Call, fresh: Mapping[str, Any]) -> Result:
    """One call, or the reason why it was not sent."""
    missing = [step for step in call.after if run.results[step].outcome is not Outcome.DONE]
    if missing:
        return Result(call, Outcome.SKIPPED, f"it waits for step {missing[0]}, which was not done")
    ids = _ids(run)
    try:
        match call.action:
            case Action.CREATE:
                return _create(run, call, fresh, ids)
            case Action.UPDATE | Action.RENAME:
                live = fresh.get(call.id or "")
                if live is None:
                    return Result(
                        call, Outcome.FAILED, "it was deleted since the plan was made: plan again"
                    )
                # The second half of a split follows the first, which was made after this was read.
                stale = (
                    None
                    if _is_second_half(run, call)
                    else _stale(call, run.server.live(call.kind, live))
                )
                if stale is not None:
                    return Result(call, Outcome.FAILED, stale)
                run.server.update(call, live, ids)
            case Action.DELETE:
                run.server.delete(call)
    except ReconcileError as error:
        return Result(call, Outcome.FAILED, str(error))
    return Result(call, Outcome.DONE, id=call.id)


def _create(
    run: _Run, call: Call, fresh: Mapping[str, Any], ids: Callable[[Reference], str]
) -> Result:
    twin = next((message for message in fresh.values() if message.name == call.name), None)
    if twin is not None and not any(
        run.results[step].call.name == call.name for step in call.after
    ):
        return Result(
            call,
            Outcome.FAILED,
            "somebody created one of that name since the plan was made: plan again",
        )
    identifier = run.server.create(call, ids, fresh.keys())
    return Result(call, Outcome.DONE, id=identifier)


def _is_second_half(run: _Run, call: Call) -> bool:
    return any(run.results[step].call.id == call.id for step in call.after)


def _ids(run: _Run) -> Callable[[Reference], str]:
    def look_up(reference: Reference) -> str:
        if reference.id is not None:
            return reference.id
        return run.created[("inbound_trunk", reference.name)]

    return look_up


def _stale(call: Call, live: Live) -> str | None:
    """Why a call must not be sent: a field that it changes is not what the plan saw."""
    for change in call.fields:
        now = live.fields.get(change.path)
        if not _same(change, now):
            return f"{change.path} was changed by somebody else since the plan was made: plan again"
    return None


def _same(change: FieldChange, now: Any) -> bool:
    if change.sensitive:
        return (now is None) == (change.before is None)
    if isinstance(now, References) and isinstance(change.before, References):
        return now.key == change.before.key
    return (None if now is None else without_secret(now)) == change.before


__all__ = ["Finding", "Outcome", "Report", "Result", "apply_plan"]
