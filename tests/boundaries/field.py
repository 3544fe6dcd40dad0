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
from tests.boundaries.running import killed_at
from tests.support.cli import Shell
from tests.support.effort import SOAK
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from reconciler.core.plan import Call
    from reconciler.emulator.faults import Faults


LOSSES = ("lose_request", "lose_answer")


@dataclass(frozen=True, slots=True)
class Cut:
    """The nth call of a method, and what happens there."""

    method: str
    nth: int
    loss: str

    def arm(self, faults: Faults) -> None:
        """Makes it happen in the next run."""
        getattr(faults, self.loss)(self.method, nth=self.nth)

    def __str__(self) -> str:
        return f"{self.loss} of {self.method} {self.nth}"


def cuts(methods: Sequence[str], losses: Sequence[str] = LOSSES) -> Iterator[Cut]:
    """Every call with every loss in the long run; else each method once, with one loss after the other."""
    if SOAK:
        count: Counter[str] = Counter()
        for method in methods:
            count[method] += 1
            yield from (Cut(method, count[method], loss) for loss in losses)
        return
    # The last call of a method is the one that finds most of the work done.
    for number, (method, nth) in enumerate(Counter(methods).items()):
        yield Cut(method, nth, losses[number % len(losses)])


class Field:
    """`before` and `after` are the states around a run that nothing disturbs, `methods` its calls one after another.

    `writes` are the calls of its plan in the order in which they were sent, `planning` is how many of `methods` came
    before the apply itself.
    """

    def __init__(self, ground: Ground, folder: Path) -> None:
        self.ground = ground
        self.project = Project(ground.server, folder, concurrency=1)
        self.project.environ |= SECRETS
        self.client = self.project.client()
        self.writes: list[Call] = []
        self.planning = 0
        make_foreign(self.client)
        self.project.apply(yaml.safe_dump(BEFORE))
        self.project.write(yaml.safe_dump(AFTER))
        self.use_breaking()
        self.refer(self._undisturbed)
        assert self.project.plan().is_empty

    def refer(self, run: Callable[[], None]) -> None:
        """Takes what lives and a run that nothing disturbs for the reference."""
        self.before = self.ground.state()
        self.ground.put_back(self.before)
        run()
        self.after = self.ground.state()
        self.methods = [call.method for call in self.ground.calls]
        living = names(self.before)
        self._foreign = {key for key, (_, name) in living.items() if not name.startswith("acme-")}
        self._kept = living.keys() & names(self.after).keys()

    def _undisturbed(self) -> None:
        prepared = self.project.prepare()
        assert len(prepared.plan.changes) == CHANGES
        self.planning = len(self.ground.calls)
        self.writes.clear()
        report = self.project.carry_out(
            prepared, progress=lambda result: self.writes.append(result.call)
        )
        assert report.is_complete

    def close(self) -> None:
        """Close what was opened."""
        self.client.close()

    def use_breaking(self) -> None:
        """Runs go where calls get lost."""
        self.project.environ["LIVEKIT_URL"] = self.ground.breaking[0]

    def use_proxy(self) -> None:
        """Runs go through the proxy, on both servers."""
        self.project.environ["LIVEKIT_URL"] = self.ground.proxy.url

    @property
    def shell(self) -> Shell:
        """Commands in this process, in the folder of the file."""
        return Shell(self.project.file.parent, dict(self.project.environ))

    def again(self) -> list[str]:
        """What is wrong with a plain second apply."""
        report = self.project.apply()
        return [] if report.is_complete else [f"the second run: {report.differences}"]

    def judge(self, broken: State, gone: Collection[str] = ()) -> list[str]:
        """What is wrong with what lives; `broken` is what lived between the two runs, `gone` what others deleted."""
        now = self.ground.state()
        wrong = []
        if contents(now) != contents(self.after):
            wrong.append("the objects are not as after an undisturbed run")
        for when, state in (("between the runs", broken), ("in the end", now)):
            twice = [one for one, count in Counter(names(state).values()).items() if count > 1]
            # Of the foreign ones two have one name from the beginning.
            wrong += [f"twice {when}: {one}" for one in twice if one[1].startswith("acme-")]
            lost = self._kept - names(state).keys() - set(gone)
            wrong += [f"lost its id {when}: {names(self.before)[one]}" for one in sorted(lost)]
        for identifier in names(broken).keys() - names(self.before).keys() - names(now).keys():
            wrong.append(f"made twice: {names(broken)[identifier]}")
        return wrong + self.touched(now)

    def touched(self, now: State) -> list[str]:
        """The foreign objects that are not byte for byte what they were."""
        return [
            f"touched: {kind} {identifier}"
            for kind, objects in self.before.items()
            for identifier in objects.keys() & self._foreign
            if now[kind].get(identifier) != objects[identifier]
        ]

    def each(
        self,
        cuts: Iterable[Cut],
        disturb: Callable[[Cut], list[str]],
        again: Callable[[], list[str]] | None = None,
    ) -> int:
        """Puts the project back before each cut, disturbs a run there, and runs it again; returns how many."""
        wrong, count = [], 0
        for cut in cuts:
            self.ground.put_back(self.before)
            found = disturb(cut)
            self.ground.breaking[1].clear()
            self.ground.proxy.faults.clear()
            broken = self.ground.state()
            found += (again or self.again)()
            wrong += [f"{cut}: {one}" for one in (*found, *self.judge(broken))]
            count += 1
        assert not wrong, "\n".join(wrong)
        return count

    def killed_at(self, cut: Cut, *arguments: str) -> list[str]:
        """Kills a command at a call, by way of the proxy; says what is wrong where it had ended by itself."""
        return killed_at(self.project, self.ground.proxy, cut, *arguments)
