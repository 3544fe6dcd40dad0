"""The mixed project on one server: a first apply that nothing disturbs, and what every disturbed one is held against.

`Field.cuts(…)` are the calls of such an apply, each a place at which something can break. `Field.judge(…)` says what is
wrong after the second run: it knows what lives now, what was there when the first run had broken, and the reference.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from tests.boundaries.ground import Ground, State, contents, names
from tests.boundaries.mixed import AFTER, BEFORE, CHANGES, SECRETS, make_foreign
from tests.support.effort import SOAK
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from reconciler.emulator.faults import Faults


@dataclass(frozen=True, slots=True)
class Cut:
    """The nth call of an apply, counted over all methods, and what happens there."""

    nth: int
    method: str
    loss: str

    def arm(self, faults: Faults) -> None:
        """Makes it happen at the next apply."""
        getattr(faults, self.loss)("*", nth=self.nth)

    def __str__(self) -> str:
        return f"{self.loss} of call {self.nth} ({self.method})"


LOSSES = ("lose_request", "lose_answer")


class Field:
    """`before` and `after` are the states around an undisturbed apply, `methods` its calls one after another."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self.ground = ground
        self.project = Project(ground.server, folder, concurrency=1)
        self.project.environ |= SECRETS
        self.client = self.project.client()
        make_foreign(self.client)
        self.project.apply(yaml.safe_dump(BEFORE))
        self.before = ground.state()
        self.project.write(yaml.safe_dump(AFTER))
        self.use_breaking()
        ground.put_back(self.before)
        prepared = self.project.prepare()
        assert len(prepared.plan.changes) == CHANGES
        assert self.project.carry_out(prepared).is_complete
        self.after = ground.state()
        self.methods = [call.method for call in ground.calls]
        living = names(self.before)
        self._foreign = {key for key, (_, name) in living.items() if not name.startswith("acme-")}
        self._kept = living.keys() & names(self.after).keys()

    def close(self) -> None:
        """Close what was opened."""
        self.client.close()

    def use_breaking(self) -> None:
        """Runs go where calls get lost."""
        self.project.environ["LIVEKIT_URL"] = self.ground.breaking[0]

    def use_proxy(self) -> None:
        """Runs go through the proxy, on both servers."""
        self.project.environ["LIVEKIT_URL"] = self.ground.proxy.url

    def cuts(self, losses: Sequence[str] = LOSSES) -> Iterator[Cut]:
        """Every call with every loss in the long run; else each method once, with one loss after the other."""
        if SOAK:
            for nth, method in enumerate(self.methods, 1):
                yield from (Cut(nth, method, loss) for loss in losses)
            return
        # The last call of a method is the one that finds most of the work done.
        places = {method: nth for nth, method in enumerate(self.methods, 1)}
        for number, (method, nth) in enumerate(places.items()):
            yield Cut(nth, method, losses[number % len(losses)])

    def again(self) -> list[str]:
        """What is wrong with a plain second run, and with what it leaves."""
        broken = self.ground.state()
        report = self.project.apply()
        wrong = [] if report.is_complete else [f"the second run: {report.differences}"]
        if not self.project.plan().is_empty:
            wrong.append("the plan is not empty")
        return wrong + self.judge(broken)

    def judge(self, broken: State) -> list[str]:
        """What is wrong with what lives; `broken` is what lived between the two runs."""
        now = self.ground.state()
        wrong = []
        if contents(now) != contents(self.after):
            wrong.append("the objects are not as after an undisturbed apply")
        for when, state in (("between the runs", broken), ("in the end", now)):
            twice = [one for one, count in Counter(names(state).values()).items() if count > 1]
            # Of the foreign ones two have one name from the beginning.
            wrong += [f"twice {when}: {one}" for one in twice if one[1].startswith("acme-")]
            lost = self._kept - names(state).keys()
            wrong += [f"lost its id {when}: {names(self.before)[one]}" for one in sorted(lost)]
        for identifier in names(broken).keys() - names(self.before).keys() - names(now).keys():
            wrong.append(f"made twice: {names(broken)[identifier]}")
        for kind, objects in self.before.items():
            for identifier in objects.keys() & self._foreign:
                if now[kind].get(identifier) != objects[identifier]:
                    wrong.append(f"touched: {kind} {identifier}")
        return wrong

    def each(self, cuts: Iterator[Cut], disturb: Callable[[Cut], list[str]]) -> int:
        """Puts the project back before each cut, disturbs an apply there, and runs it again; returns how many."""
        wrong, count = [], 0
        for cut in cuts:
            self.ground.put_back(self.before)
            found = disturb(cut)
            self.ground.breaking[1].clear()
            self.ground.proxy.faults.clear()
            found += self.again()
            wrong += [f"{cut}: {one}" for one in found]
            count += 1
        assert not wrong, "\n".join(wrong)
        return count
