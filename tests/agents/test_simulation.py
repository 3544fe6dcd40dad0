"""The controller's decisions in a simulated LiveKit where everything goes wrong that can.

Workers drop jobs, take them late, join late, quit, are killed; webhooks are lost, late, doubled and in the wrong order;
controllers are killed at every point of a write; answers are lost; clocks differ. Whatever happens, no second agent is
asked for, no job that was taken is restarted within a minute, and in the end whoever waits has each agent once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from hypothesis import event, given, note, settings
from hypothesis import strategies as st

from reconciler.agents.conventions import Convention, Mechanism, WhenAgentLeaves
from reconciler.agents.healing import Act
from reconciler.core.values import AgentDispatch
from tests.agents.simulated_controller import Fate, SimulatedController
from tests.agents.simulated_room import Dispatch, Job, SimulatedRoom, Told

RESYNC = 30.0
# More than all tries of an agent take together, and a job that never becomes an agent.
LONG = 900.0
STRANGER = AgentDispatch("somebody else")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How webhooks arrive: after so many seconds each, none for one that is lost."""

    delays: tuple[float, ...]


@dataclass(slots=True)
class World:
    """A room, a controller and the webhooks between them."""

    room: SimulatedRoom
    controller: SimulatedController
    deliveries: list[Delivery]
    next_resync: float = 0.0
    _delivered: int = field(default=0)

    def run(self, seconds: float) -> None:
        """Lets time pass; the controller looks when it wants to, and at every resync."""
        until = self.room.now + seconds
        while True:
            self._deliver()
            wanted = self.controller.look_at
            # Sums of times are rounded: a moment later it is surely due.
            late = 0.001 - self.controller.ahead
            due = inf if wanted is None else max(wanted + late, self.room.now)
            soonest = min(due, self.next_resync, until, self.room.next_at)
            self.room.advance(max(soonest - self.room.now, 0.0))
            self._deliver()
            looks = wanted is not None and self.room.now >= due
            if self.room.now >= self.next_resync:
                self.next_resync = self.room.now + RESYNC
                looks = True
            if looks:
                self.controller.look()
            if self.room.now >= until:
                return

    def _deliver(self) -> None:
        for told in self.room.told[self._delivered :]:
            delivery = self.deliveries.pop(0) if self.deliveries else Delivery((0.0,))
            for delay in delivery.delays:
                self.room.after(delay, self._hearing(told))
        self._delivered = len(self.room.told)
        self.room.advance(0.0)

    def _hearing(self, told: Told) -> Callable[[], None]:
        return lambda: self.controller.hear(told)


# --- what can happen

SECONDS = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, 5.0, 6.0, 10.0, 12.0, 30.0, 60.0, 61.0]),
    st.floats(0.0, 120.0),
)
JOBS = st.builds(
    Job,
    shows_after=st.sampled_from([0.0, 2.5, 5.0]),
    joins_after=st.one_of(st.none(), st.sampled_from([0.2, 1.0, 5.5, 14.0, 50.0])),
    stays=st.one_of(st.none(), st.sampled_from([0.5, 3.0, 59.0, 61.0, 200.0])),
    lingers=st.sampled_from([0.0, 20.0]),
)
DELIVERIES = st.builds(
    Delivery,
    st.lists(st.sampled_from([0.0, 0.1, 3.0, 40.0, 200.0]), max_size=2).map(tuple),
)
STEPS = st.one_of(
    st.tuples(st.just("wait"), SECONDS),
    st.tuples(st.just("workers"), st.booleans()),
    st.tuples(st.just("waiting"), st.integers(0, 2)),
    st.tuples(st.just("quit"), st.sampled_from([0.0, 20.0])),
    st.tuples(st.just("app"), st.sampled_from(["a", "b", STRANGER.agent_name])),
    st.tuples(st.just("app deletes"), st.integers(0, 3)),
    st.tuples(st.just("look"), st.just(0)),
)


@st.composite
def conventions(draw: st.DrawFn, mechanisms: list[Mechanism] | None = None) -> Convention:
    """A convention of one or two agents."""
    names = draw(st.sampled_from([("a",), ("a", "b"), ("",)]))
    ways = mechanisms or draw(
        st.lists(st.sampled_from(list(Mechanism)), min_size=1, max_size=2, unique=True)
    )
    return Convention(
        tuple(AgentDispatch(name) for name in names),
        tuple(ways),
        prefix="call-",
        join_timeout=draw(st.sampled_from([1, 10, 90])) * 1_000_000_000,
        when_agent_leaves=draw(st.sampled_from(list(WhenAgentLeaves))),
    )


@st.composite
def worlds(draw: st.DrawFn, mechanisms: list[Mechanism] | None = None) -> World:
    """A world before anything happened in it."""
    room = SimulatedRoom(
        jobs=draw(st.lists(JOBS, max_size=6)),
        registered=draw(st.booleans()),
        whole_seconds=draw(st.booleans()),
    )
    controller = SimulatedController(
        room,
        draw(conventions(mechanisms)),
        max_tries=draw(st.integers(1, 5)),
        ahead=draw(st.sampled_from([0.0, 0.0, 1.9, -1.9])),
        fates=draw(st.lists(st.sampled_from(list(Fate)), max_size=6)),
    )
    return World(room, controller, draw(st.lists(DELIVERIES, max_size=8)))


def happen(world: World, step: tuple[str, float | int | str | bool]) -> None:
    """One step of a story."""
    room = world.room
    match step:
        case ("wait", float() | int() as seconds):
            world.run(seconds)
        case ("workers", bool() as registered):
            room.registered = registered
        case ("waiting", int() as waiting):
            room.waiting = waiting
        case ("quit", float() as lingers):
            room.quit(lingers=lingers)
        case ("app", str() as name):
            room.create(AgentDispatch(name), "app")
        case ("app deletes", int() as number):
            for identifier in list(room.dispatches)[number : number + 1]:
                room.delete(identifier, "app")
        case _:
            world.controller.look()


def is_excused(world: World, name: str) -> bool:
    """Whether an agent may be away although somebody waits: given up, gone for good, or nobody's to bring."""
    known = world.controller.memory.of(name)
    convention = world.controller.convention
    if known.gave_up:
        return True
    is_ignored = convention.when_agent_leaves is WhenAgentLeaves.IGNORE
    if is_ignored and any(one.joined_at for one in of(world, name)):
        return True
    listed = [one for one in world.room.dispatches.values() if one.asked.agent_name == name]
    is_own = Mechanism.CONTROLLER in convention.dispatch or name in world.controller.taken_away
    return not is_own and not listed


def of(world: World, name: str) -> list[Dispatch]:
    """All dispatches that there ever were for a name."""
    return [one for one in world.room.past if one.asked.agent_name == name]


@settings(max_examples=400, deadline=None)
@given(worlds(), st.lists(STEPS, max_size=14))
def test_whatever_happens(world: World, steps: list[tuple[str, float | int | str | bool]]) -> None:
    """No mistake is made on the way (the room raises), and in the end everybody is served, or it is known why not."""
    for step in steps:
        happen(world, step)
    world.room.registered, world.room.waiting = True, max(world.room.waiting, 1)
    world.run(LONG)
    controller = world.controller
    note(f"{controller.acts} {controller.memory}")
    for name in names_of(controller.convention):
        there = world.room.present(name)
        if not is_excused(world, name):
            assert there, f"{name} never came"
        mine = [one for one in there if one.by == "controller"]
        assert len(mine) <= 1
        assert controller.tries[name] <= controller.max_tries + controller.deaths
        event(f"{name or 'unnamed'} {'is there' if there else 'is excused'}")
    check_acts(controller)


def names_of(convention: Convention) -> set[str]:
    """Which agents it wants."""
    return {agent.agent_name for agent in convention.agents or ()}


def check_acts(controller: SimulatedController) -> None:
    """Nobody is asked for who is not wanted, and only the controller's own conventions are begun by it."""
    convention = controller.convention
    for act, name in controller.acts:
        assert name in names_of(convention)
        if Mechanism.CONTROLLER not in convention.dispatch:
            assert act is not Act.DISPATCH
        if convention.when_agent_leaves is WhenAgentLeaves.IGNORE:
            assert act is not Act.REPLACE
