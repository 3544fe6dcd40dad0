"""Who is told what, and when: stories line by line, and what holds in every story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from reconciler.alerting.decide import EARLY, Kind, Need, Policy, heard, needs, remember
from reconciler.alerting.found import Looked, NotLooked
from reconciler.alerting.memory import Memory

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One run of a story: hours after its start, what it finds, what it has to say, whether that is delivered."""

    hours: float
    finds: str
    says: str = ""
    delivered: bool = True


def found(text: str) -> Looked | NotLooked:
    """`-` is no drift, `x` no look, anything else the fingerprint of a drift."""
    if text == "x":
        return NotLooked("no connection", "unreachable")
    return Looked("acme", "acme.livekit.example", "" if text == "-" else text, ())


STORIES: dict[str, tuple[Policy, list[Step]]] = {
    "nothing to tell": (Policy(), [Step(0, "-"), Step(100, "-")]),
    "once, again after a period, and an all-clear": (
        Policy(),
        [
            Step(0, "A", "drift"),
            Step(1, "A"),
            Step(23, "A"),
            Step(24, "A", "reminder"),
            Step(25, "A"),
            Step(26, "-", "clear"),
            Step(27, "-"),
            Step(28, "A", "drift"),
        ],
    ),
    "another drift is told at once": (
        Policy(),
        [Step(0, "A", "drift"), Step(1, "B", "changed"), Step(2, "B"), Step(25, "B", "reminder")],
    ),
    "one that comes back within the period is not": (
        Policy(),
        [Step(0, "A", "drift"), Step(1, "B", "changed"), Step(2, "A"), Step(3, "B"), Step(4, "A")],
    ),
    "one that comes back later is": (
        Policy(),
        [Step(0, "A", "drift"), Step(1, "B", "changed"), Step(24.5, "A", "changed")],
    ),
    "three in a row": (
        Policy(after=3),
        [
            Step(0, "A"),
            Step(1, "A"),
            Step(2, "-"),
            Step(3, "A"),
            Step(4, "B"),
            Step(5, "A", "drift"),
            Step(6, "A"),
        ],
    ),
    "gone before anybody heard of it": (Policy(after=2), [Step(0, "A"), Step(1, "-")]),
    "a failed run is neither drift nor all-clear": (
        Policy(after=2),
        [Step(0, "A"), Step(1, "x"), Step(2, "A", "drift"), Step(3, "x"), Step(4, "-", "clear")],
    ),
    "a failed run does not count as a look": (
        Policy(after=2),
        [Step(0, "A"), Step(1, "x"), Step(2, "x"), Step(3, "-")],
    ),
    "not sent is not told": (
        Policy(),
        [
            Step(0, "A", "drift", delivered=False),
            Step(1, "A", "drift", delivered=False),
            Step(2, "A", "drift"),
            Step(3, "-", "clear", delivered=False),
            Step(4, "-", "clear"),
            Step(5, "-"),
        ],
    ),
    "an alert that was never sent needs no all-clear": (
        Policy(),
        [Step(0, "A", "drift", delivered=False), Step(1, "-")],
    ),
    "back before the all-clear was sent": (
        Policy(),
        [Step(0, "A", "drift"), Step(1, "-", "clear", delivered=False), Step(2, "A")],
    ),
    "blind": (
        Policy(),
        [
            Step(0, "-"),
            Step(1, "x"),
            Step(2, "x"),
            Step(3, "x", "blind"),
            Step(4, "x"),
            Step(27, "x", "blind"),
            Step(28, "-", "seeing"),
            Step(29, "-"),
        ],
    ),
    "blind for less than that": (Policy(), [Step(0, "x"), Step(1, "x"), Step(2, "-")]),
    "seeing drift again": (
        Policy(after_errors=1),
        [Step(0, "A", "drift"), Step(1, "x", "blind"), Step(2, "A", "seeing"), Step(3, "A")],
    ),
    "seeing that it is over": (
        Policy(after_errors=1),
        [Step(0, "A", "drift"), Step(1, "x", "blind"), Step(2, "-", "clear"), Step(3, "-")],
    ),
    "a sign of life": (
        Policy(heartbeat=DAY, after_errors=1),
        [
            Step(0, "-", "heartbeat"),
            Step(23, "-"),
            Step(24, "-", "heartbeat"),
            Step(30, "A", "drift"),
            Step(31, "-", "clear"),
            Step(48, "-"),
            Step(55, "-", "heartbeat"),
            Step(56, "x", "blind"),
            Step(57, "-", "seeing"),
        ],
    ),
    "a sign of life in the middle of a drift": (
        Policy(heartbeat=6 * HOUR),
        [Step(0, "A", "drift"), Step(5, "A"), Step(6, "A", "heartbeat"), Step(24, "A", "reminder")],
    ),
    "a cron that is never exact": (
        Policy(heartbeat=DAY),
        [Step(0, "-", "heartbeat"), Step(23.99, "-", "heartbeat"), Step(47.9, "-", "heartbeat")],
    ),
    "a clock that was a year ahead": (
        Policy(),
        [Step(8760, "A", "drift"), Step(0, "A", "reminder"), Step(1, "A")],
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_is_told_as_it_should_be(name: str) -> None:
    """Each run says what its line says, and nothing else."""
    policy, steps = STORIES[name]
    memory = Memory()
    for step in steps:
        now = START + timedelta(hours=step.hours)
        memory = remember(memory, found(step.finds), now)
        said = needs(memory, policy, ["slack 1"], now)
        assert [one.kind.value for one in said] == ([step.says] if step.says else []), step
        for need in said if step.delivered else ():
            memory = heard(memory, need, now)


def test_each_target_has_its_own_memory() -> None:
    """One that got the message is not told again because another one did not."""
    memory = remember(Memory(), found("A"), START)
    for need in needs(memory, Policy(), ["slack 1", "json 1"], START):
        memory = heard(memory, need, START) if need.target == "slack 1" else memory
    later = START + HOUR
    memory = remember(memory, found("A"), later)
    assert needs(memory, Policy(), ["slack 1", "json 1"], later) == (Need("json 1", Kind.DRIFT),)
    cleared = remember(memory, found("-"), later)
    assert needs(cleared, Policy(), ["slack 1", "json 1"], later) == (Need("slack 1", Kind.CLEAR),)


def test_since_when_and_how_often_outlive_failed_runs() -> None:
    """The time a drift was first seen, the count of looks, and the last good run stay as they were."""
    memory = remember(Memory(), found("A"), START)
    failed = remember(memory, found("x"), START + HOUR)
    assert (failed.drift, failed.looked_at) == (memory.drift, START)
    assert failed.api_errors == {"unreachable": 1}
    again = remember(failed, found("B"), START + 2 * HOUR)
    assert again.drift is not None
    assert (again.drift.since, again.drift.runs) == (START, 2)


def test_many_drifts_are_not_remembered_for_ever() -> None:
    """A project that drifts in a new way every minute does not make the state grow without end."""
    memory = Memory()
    for number in range(100):
        now = START + timedelta(minutes=number)
        memory = remember(memory, found(f"drift {number}"), now)
        for need in needs(memory, Policy(), ["slack 1"], now):
            memory = heard(memory, need, now)
    drifts = memory.heard["slack 1"].drifts
    assert len(drifts) == 32
    assert list(drifts)[-1] == "drift 99"


class AnyStory(RuleBasedStateMachine):
    """Runs in any order, messages that are lost at will, and a listener who keeps the books."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory()
        self.now = START
        self.policy = Policy(after=2, after_errors=2, repeat=DAY, heartbeat=3 * DAY)
        self.told: dict[str, datetime] = {}
        self.blind_told: datetime | None = None
        self.spoken: datetime | None = None
        self.looks: list[str] = []
        self.failures = 0

    @rule(
        hours=st.floats(0.1, 60),
        finds=st.sampled_from("AAABC--xx"),
        delivered=st.booleans(),
    )
    def run(self, hours: float, finds: str, delivered: bool) -> None:
        """One more run."""
        self.now += timedelta(hours=hours)
        self.memory = remember(self.memory, found(finds), self.now)
        if finds == "x":
            self.failures += 1
        else:
            self.failures = 0
            self.looks = [*self.looks, finds] if finds != "-" else []
        said = needs(self.memory, self.policy, ["t"], self.now)
        assert len(said) <= 1
        if said:
            self._allowed(said[0].kind, finds)
            if delivered:
                self._hear(said[0], finds)
        else:
            self._nothing_lost(finds)

    def _allowed(self, kind: Kind, finds: str) -> None:
        """What must hold for each kind of message."""
        early = self.now + min(EARLY, DAY / 100)
        if kind in (Kind.DRIFT, Kind.CHANGED, Kind.REMINDER):
            assert len(self.looks) >= self.policy.after
            assert finds not in self.told or early - self.told[finds] >= DAY
            assert (kind is Kind.DRIFT) == (not self.told)
        elif kind is Kind.CLEAR:
            assert finds == "-"
            assert self.told
        elif kind is Kind.BLIND:
            assert self.failures >= self.policy.after_errors
            assert self.blind_told is None or early - self.blind_told >= DAY
        elif kind is Kind.SEEING:
            assert finds != "x"
            assert self.blind_told is not None
        else:
            assert finds != "x"
            assert self.spoken is None or self.now + EARLY - self.spoken >= 3 * DAY

    def _hear(self, need: Need, finds: str) -> None:
        self.memory = heard(self.memory, need, self.now)
        self.spoken = self.now
        if need.kind is Kind.BLIND:
            self.blind_told = self.now
            return
        self.blind_told = None
        if need.kind is Kind.CLEAR:
            self.told = {}
        elif need.kind in (Kind.DRIFT, Kind.CHANGED, Kind.REMINDER):
            self.told[finds] = self.now

    def _nothing_lost(self, finds: str) -> None:
        """Silence means that there is nothing that the listener does not know."""
        if finds == "x":
            assert self.failures < self.policy.after_errors or self.blind_told is not None
        elif finds == "-":
            assert not self.told
            assert self.blind_told is None
        else:
            assert len(self.looks) < self.policy.after or finds in self.told
            assert self.blind_told is None


AnyStory.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyStory = AnyStory.TestCase
