"""Two applies of one project that run at the same time, of the same file and of two different ones.

LiveKit has no lock and no compare-and-swap, so nothing can keep them apart (docs/architecture.md, "The window"). What
holds all the same: whoever ends complete has seen its file live; what is there twice is told, with both ids; nothing
foreign is touched; and one more apply, once somebody has deleted the twins, ends as the file says.

Which apply sends its next call is drawn by lot, call by call, so that a round does not depend on the machine's load.
"""

from __future__ import annotations

import copy
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.boundaries.field import Field
from tests.boundaries.ground import MESSAGES, State, contents, names
from tests.boundaries.mixed import AFTER
from tests.support.effort import effort
from tests.support.project import Project
from tests.support.recording import RecordingProxy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reconciler.apply import Report
    from tests.support.figures import FigureTeller

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

PATIENCE = 60.0


def _other() -> dict[str, Any]:
    """Another desired state: other values, another new trunk, and one that is not deleted."""
    document = copy.deepcopy(AFTER)
    trunks, rules = (document["sip"][kind] for kind in ("inbound_trunks", "dispatch_rules"))
    trunks["acme-patched20"]["metadata"] = "other"
    trunks["acme-gone1"] = {"numbers": ["+15550100060"], "allowed_addresses": ["203.0.113.0/24"]}
    trunks["acme-new95"] = {"numbers": ["+15550100095"], "allowed_addresses": ["203.0.113.0/24"]}
    rules["acme-r-patched"]["metadata"] = "other"
    del rules["acme-r-waits"]
    return document


class _Turns:
    """Lets two applies go on call by call; who is next is drawn by lot among those who wait.

    The first one is `ahead` by so many calls, and `share` is how likely it is drawn afterwards.
    """

    def __init__(self, lot: random.Random, ahead: int, share: float) -> None:
        self._lot, self._ahead, self._share = lot, ahead, share
        self._waiting, self._granted = [0, 0], [0, 0]
        self._running = {0, 1}
        self._changed = threading.Condition()

    def wait(self, side: int) -> None:
        """Waits for the turn of one call."""
        with self._changed:
            self._waiting[side] += 1
            self._draw()
            assert self._changed.wait_for(lambda: self._granted[side] > 0, PATIENCE)
            self._granted[side] -= 1

    def leave(self, side: int) -> None:
        """One of them has come to its end."""
        with self._changed:
            self._running.discard(side)
            self._draw()

    def _draw(self) -> None:
        while self._running and all(self._waiting[side] for side in self._running):
            first = self._ahead > 0 or self._lot.random() < self._share
            side = (0 if first else 1) if len(self._running) == 2 else min(self._running)
            self._ahead -= side == 0
            self._waiting[side] -= 1
            self._granted[side] += 1
            self._changed.notify_all()


@pytest.mark.parametrize("sort", ["same", "different"])
def test_two_applies_at_once_are_whole_or_tell(
    field: Field, figure: FigureTeller, server: str, sort: str, tmp_path: Path
) -> None:
    """In the end one file lives, or somebody said why not."""
    field.use_proxy()
    texts = [yaml.safe_dump(AFTER), yaml.safe_dump(AFTER if sort == "same" else _other())]
    wanted = []
    for text in reversed(texts):
        field.ground.put_back(field.before)
        assert field.project.apply(text).is_complete
        wanted.append(contents(field.ground.state()))
    wrong: list[str] = []
    came_to: Counter[str] = Counter()
    rounds = effort(4, 100)
    for seed in range(rounds):
        field.ground.put_back(field.before)
        lot = random.Random(seed)  # the same lots every time
        ahead = lot.randrange(len(field.methods)) if seed % 2 else 0
        reports = _race(field, texts, _Turns(lot, ahead, lot.uniform(0.3, 0.7)), tmp_path)
        outcome, found = _judged(field, reports, wanted)
        came_to[outcome] += 1
        wrong += [f"round {seed}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(came_to.items()))
    figure(f"at-once-{sort}-{server}", f"{rounds} rounds: {told}")


def _race(field: Field, texts: list[str], turns: _Turns, folder: Path) -> list[Report]:
    """Plans and applies two files at the same time, each by a proxy of its own."""

    def run(side: int) -> Report:
        with RecordingProxy(field.ground.server.url) as proxy:
            proxy.before = lambda method: turns.wait(side)
            place = folder / str(side)
            place.mkdir(exist_ok=True)
            project = Project(field.ground.server, place, url=proxy.url, concurrency=1)
            project.environ = {**field.project.environ, "LIVEKIT_URL": proxy.url}
            try:
                return project.apply(texts[side])
            finally:
                turns.leave(side)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, (0, 1)))


def _judged(field: Field, reports: list[Report], wanted: Sequence[object]) -> tuple[str, list[str]]:
    """What came of a round, and what is wrong with that."""
    state = field.ground.state()
    wrong = field.touched(state)
    complete = [report.is_complete for report in reports]
    told = [line for report in reports for line in report.differences]
    twins = _twins(state)
    for one in twins:
        if not any(all(key in line for key in one) for line in told):
            wrong.append(f"there twice, and the ids are not told: {one} {told}")
    if all(complete) and contents(state) not in wanted:
        wrong.append("both ended complete, and neither file lives")
    for one in twins:
        for key in one[1:]:
            field.ground.drop(names(state)[key][0], key)
    report = field.project.apply()
    if not report.is_complete or contents(field.ground.state()) != contents(field.after):
        wrong.append(f"one more apply does not end as the file says: {report.differences}")
    if twins:
        return "with an object twice, told", wrong
    if all(complete):
        return "both complete", wrong
    return ("one complete" if any(complete) else "both stopped, told"), wrong


def _twins(state: State) -> list[list[str]]:
    """The ids of objects of ours that are there twice, those first that rules name."""
    named = {
        trunk
        for raw in state["dispatch_rule"].values()
        for trunk in MESSAGES["dispatch_rule"].FromString(raw).trunk_ids
    }
    groups: dict[tuple[str, str], list[str]] = {}
    for key, one in names(state).items():
        if one[1].startswith("acme-"):
            groups.setdefault(one, []).append(key)
    return [
        sorted(keys, key=lambda key: (key not in named, key))
        for keys in groups.values()
        if len(keys) > 1
    ]
