"""The end of a run: remembers what it found, tells whom it has to tell, and leaves the figures behind.

Nothing that goes wrong here fails the run, whose exit code says what was found: it is said in a line each. What was
delivered is remembered even where the run is interrupted right after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.alerting.decide import Policy, heard, needs, remember
from reconciler.alerting.found import Looked, NotLooked
from reconciler.alerting.memory import Heard, Memory, moment, of_this_host
from reconciler.alerting.message import Advice, News, letter
from reconciler.alerting.metrics import Run, write_metrics
from reconciler.alerting.send import Target
from reconciler.alerting.state import StateFile, turn
from reconciler.errors import FileError
from reconciler.render.shapes import PlanDocument

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """Who is told and when, and where things are kept. `watch` names what is watched among others in one state file."""

    watch: str
    state: Path
    targets: tuple[Target, ...]
    policy: Policy
    advice: Advice
    metrics: Path | None = None


def conclude(
    setup: Setup,
    found: Looked | NotLooked,
    document: PlanDocument | None,
    *,
    ended: datetime,
    seconds: float,
    note: Note,
) -> None:
    """Ends a run that took some seconds; `document` is what it saw, `note` gets a line for each thing that fails."""
    now = moment(ended)
    with turn(setup.state):
        state = StateFile(setup.state)
        if state.problem:
            note(state.problem)
        memory = _known(state, setup.watch, found, note)
        telling = _Telling(setup, remember(memory, found, now), now, note)
        try:
            telling.tell(document, found.reason if isinstance(found, NotLooked) else "")
        finally:
            try:
                state.write(setup.watch, telling.memory)
            except FileError as error:
                note(f"{error}; the next run knows nothing of this one")
    if setup.metrics is not None:
        try:
            write_metrics(setup.metrics, telling.memory, Run(ended, seconds, telling.unsent))
        except FileError as error:
            note(str(error))


def _known(state: StateFile, watch: str, found: Looked | NotLooked, note: Note) -> Memory:
    before = state.watches.get(watch, Memory())
    if isinstance(found, NotLooked):
        return before
    memory = of_this_host(before, found.host)
    if before.host not in ("", memory.host):
        note(
            f"{state.path}: the state of alerts is of {before.host}, this is {memory.host}: it begins anew; "
            "name another file with --state"
        )
    return memory


class _Telling:
    """Delivers what the targets lack; `memory` is what is remembered after each delivery."""

    def __init__(self, setup: Setup, memory: Memory, now: datetime, note: Note) -> None:
        self.memory = memory
        self.unsent = 0
        self._setup = setup
        self._now = now
        self._note = note

    def tell(self, document: PlanDocument | None, reason: str) -> None:
        """One message at most for each target."""
        setup = self._setup
        by_name = {target.name: target for target in setup.targets}
        news = News(self.memory, setup.policy, self._now, setup.advice, document, reason)
        for need in needs(self.memory, setup.policy, by_name, self._now):
            before = self.memory.heard.get(need.target, Heard())
            words = letter(need.kind, news, before)
            failed = by_name[need.target].send(need.kind, words, adrift=bool(before.drifts))
            if failed:
                self.unsent += 1
                self._note(
                    f"the alert could not be sent to {need.target}: {failed}; the next run tries again"
                )
            else:
                self.memory = heard(self.memory, need, self._now)
