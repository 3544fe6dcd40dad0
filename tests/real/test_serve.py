"""The agent plane at run time, with nothing made up: livekit-server, Redis, `serve`, and real livekit-agents workers.

Rooms come to be in each of the ways in which they do, and what counts is how often an agent of which name joined, from
the room's start to long after the last retry, by the workers' own word and by LiveKit's.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from livekit.protocol import sip

from reconciler.tokens import Conventions
from tests.support.agent_project import AgentProject, agent_project
from tests.support.effort import effort
from tests.support.joining import caller, token
from tests.support.missing import ServerMissing, missing
from tests.support.serving import Serving
from tests.support.workers import Worker

pytestmark = [pytest.mark.real, pytest.mark.slow]

CONFIGURATION = """\
version: 1
project: {name: acme}
sip:
  inbound_trunks:
    carrier: {numbers: ["+15550100001"], allowed_addresses: ["203.0.113.0/24"]}
  dispatch_rules:
    inbound: {trunks: [carrier], rooms: {individual: {prefix: call-}}}
agents:
  names:
    telephony: {agent_name: acme-telephony}
    avatar: {agent_name: ornina-avatar-agent}
    slow: {agent_name: acme-slow}
    coach: {agent_name: acme-coach}
    late: {agent_name: acme-late}
  rooms:
    - prefix: call-outbound-
      agents: [{agent: telephony, metadata: {direction: outbound}}]
      dispatch: controller
      join_timeout: 3s
    - prefix: call-
      agents: [{agent: telephony, metadata: {direction: inbound}}]
      dispatch: sip
      join_timeout: 3s
    - {prefix: ornina-, agents: [{agent: avatar, metadata: {lang: ar}}], dispatch: controller, join_timeout: 3s}
    - {prefix: slow-, agents: [slow], dispatch: controller, join_timeout: 2s}
    - {prefix: reload-, agents: [coach], dispatch: token, when_agent_leaves: replace, join_timeout: 3s}
    - {prefix: late-, agents: [late], dispatch: controller, join_timeout: 2s}
    - {prefix: app-, agents: [late], dispatch: app, join_timeout: 2s}
    - {prefix: either-, agents: [avatar], dispatch: [app, controller], join_timeout: 10s}
"""
# After the last retry; agents that leave again are counted as well.
AFTERWARDS = 30.0
AVATAR = "ornina-avatar-agent"


def _project(
    stack: ExitStack, folder: Path, controllers: int = 1, *, configuration: str = CONFIGURATION
) -> AgentProject:
    """A real project of its own, with the objects of its file applied."""
    try:
        made = stack.enter_context(agent_project(folder, configuration, controllers))
    except ServerMissing as error:
        missing(error)
    applied = made.serving().command("apply", "--auto-approve")
    assert applied.returncode == 0, applied.stderr
    return made


class Stage:
    """Who plays: the project, its controller, and its workers by their agents' names."""

    def __init__(self, project: AgentProject, serving: Serving, workers: dict[str, Worker]) -> None:
        self.project = project
        self.serving = serving
        self.workers = workers

    def joins(self, room: str) -> Counter[str]:
        """How often which agent joined a room, by the workers' own word."""
        return Counter(
            name
            for name, worker in self.workers.items()
            for one in worker.joined()
            if one["room"] == room
        )

    async def until(self, condition: Callable[[], Any], why: str, patience: float = 40.0) -> None:
        """Waits for something that has to come true."""
        deadline = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < deadline, f"{why}\n{self.serving.log()}"
            await asyncio.sleep(0.1)

    async def served(self, room: str, agent: str) -> None:
        """Waits until the agent is there, and long enough for another one to come."""
        await self.until(lambda: self.joins(room)[agent], f"{agent} never joined {room}")
        await asyncio.sleep(AFTERWARDS)
        self.expect(room, Counter({agent: 1}))

    def expect(self, room: str, joins: Counter[str]) -> None:
        """Just these agents joined, as the workers and LiveKit say."""
        assert self.joins(room) == joins, self.serving.history(room)
        assert self.project.witness.joins(room) == joins, self.serving.history(room)


async def _call_in(stage: Stage) -> None:
    """A call by a SIP rule: livekit-sip joins with the rule's own room configuration."""
    rules = stage.project.call("SIP", "ListSIPDispatchRule", sip.ListSIPDispatchRuleRequest())
    configuration = MessageToDict(rules.answer.items[0].room_config)
    room = "call-_+15550100099_Zx8kQw"
    called = token(
        stage.project.server, room, "sip_+15550100099", kind="sip", roomConfig=configuration
    )
    async with caller(stage.project.server, called):
        await stage.served(room, "acme-telephony")
        (told,) = [
            one["metadata"]
            for one in stage.workers["acme-telephony"].joined()
            if one["room"] == room
        ]
        assert json.loads(told) == {"direction": "inbound"}
    assert "retried" not in stage.serving.steps(room)


async def _call_out(stage: Stage) -> None:
    """A call that an application starts: the callee joins a room that nobody configured."""
    room = f"call-outbound-u7-{int(time.time())}"
    called = token(stage.project.server, room, "sip_+15550100098", kind="sip")
    async with caller(stage.project.server, called):
        await stage.served(room, "acme-telephony")
        (told,) = [
            one["metadata"]
            for one in stage.workers["acme-telephony"].joined()
            if one["room"] == room
        ]
        assert json.loads(told) == {"direction": "outbound"}
    assert stage.serving.steps(room)[:2] == ["room started", "convention"]


async def _room_by_anybody(stage: Stage) -> None:
    """A room made by `CreateRoom`, and somebody who joins it later."""
    room = f"ornina-{int(time.time())}"
    stage.project.create_room(room)
    await asyncio.sleep(1.0)
    async with caller(stage.project.server, token(stage.project.server, room, "mona")):
        await stage.served(room, AVATAR)


async def _slow_worker(stage: Stage) -> None:
    """A worker that takes 14 s to join is left alone, whatever the time-out."""
    room = "slow-1"
    async with caller(stage.project.server, token(stage.project.server, room, "mona")):
        await stage.served(room, "acme-slow")
        assert len(stage.workers["acme-slow"].jobs()) == 1
    steps = stage.serving.steps(room)
    assert "retried" not in steps
    assert steps.index("job taken") < steps.index("joined")


async def _page_reload(stage: Stage) -> None:
    """The agent quits with the user, and the user comes back while the room still lives: another agent comes."""
    room = "reload-1"
    configuration = {"agents": [{"agentName": "acme-coach"}]}
    first = token(stage.project.server, room, "mona", roomConfig=configuration)
    async with caller(stage.project.server, first):
        await stage.until(lambda: stage.joins(room)["acme-coach"] == 1, "the first agent")
        await asyncio.sleep(2.0)
    await asyncio.sleep(2.0)
    async with caller(stage.project.server, first):
        await stage.until(lambda: stage.joins(room)["acme-coach"] == 2, "the second agent")
        await asyncio.sleep(AFTERWARDS)
        stage.expect(room, Counter({"acme-coach": 2}))
    steps = stage.serving.steps(room)
    assert steps.count("joined") == 2
    assert "replaced" in steps


async def _worker_away(stage: Stage) -> None:
    """Rooms that come to be while no worker is registered are healed when one is."""
    server, worker = stage.project.server, stage.workers["acme-late"]
    async with (
        caller(server, token(server, "late-1", "mona")),
        caller(server, token(server, "app-1", "mona")),
        caller(server, token(server, "app-2", "mona")),
    ):
        stage.project.dispatch("app-1", "acme-late", "from the application")
        await stage.until(lambda: "retried" in stage.serving.steps("late-1"), "the first retry")
        await asyncio.to_thread(worker.start)
        await stage.until(lambda: stage.joins("late-1") and stage.joins("app-1"), "healed", 90.0)
        await asyncio.sleep(AFTERWARDS)
        stage.expect("late-1", Counter({"acme-late": 1}))
        stage.expect("app-1", Counter({"acme-late": 1}))
        # What the application told its agent is told again; where it dispatched nobody, nobody is dispatched.
        (told,) = [one["metadata"] for one in worker.joined() if one["room"] == "app-1"]
        assert told == "from the application"
        stage.expect("app-2", Counter())
    stage.project.delete_room("app-2")
    await stage.until(lambda: "nobody came" in stage.serving.steps("app-2"), "the story of app-2")


async def _application_first(stage: Stage) -> None:
    """Where the application may dispatch as well, it is left the time to; where it does not, the controller does."""
    server = stage.project.server
    async with (
        caller(server, token(server, "either-1", "mona")),
        caller(server, token(server, "either-2", "mona")),
    ):
        stage.project.dispatch("either-1", AVATAR)
        await asyncio.gather(
            stage.served("either-1", AVATAR),
            stage.served("either-2", AVATAR),
        )


async def test_every_room_gets_its_agent_once(tmp_path: Path) -> None:
    """Phone calls in and out, rooms by anybody, slow and absent workers, page reloads: exactly one right agent."""
    with ExitStack() as stack:
        project = _project(stack, tmp_path)
        server = project.server
        serving = stack.enter_context(project.serving("--resync", "5s"))
        workers = {
            "acme-telephony": Worker(server, "acme-telephony", tmp_path),
            AVATAR: Worker(server, AVATAR, tmp_path),
            "acme-slow": Worker(server, "acme-slow", tmp_path, "--delay", "14"),
            "acme-coach": Worker(server, "acme-coach", tmp_path, "--leave-with-caller"),
        }
        await asyncio.gather(
            *(asyncio.to_thread(stack.enter_context, worker) for worker in workers.values())
        )
        late = Worker(server, "acme-late", tmp_path)
        stack.callback(late.stop)
        stage = Stage(project, serving, {**workers, "acme-late": late})
        stories = (
            _call_in,
            _call_out,
            _room_by_anybody,
            _slow_worker,
            _page_reload,
            _worker_away,
            _application_first,
        )
        async with asyncio.TaskGroup() as group:
            for story in stories:
                group.create_task(story(stage))
        failed = serving.command("history", "--failed", "--since", "1h", "--format", "json")
        assert [one["room"] for one in json.loads(failed.stdout)["sessions"]] == ["app-2"]
        assert serving.stop() == 0


@dataclass(frozen=True, slots=True)
class Setting:
    """Controllers that run at the same time, what they share, and through how many rooms they are killed."""

    controllers: int
    rooms: int
    shares: str = ""
    kills: bool = True

    def options(self, project: AgentProject) -> tuple[str, ...]:
        """How they are started."""
        return ("--queue", project.server.redis_url) if self.shares == "Redis" else ()


SETTINGS = {
    "one": Setting(1, effort(60, 500)),
    "two over Redis": Setting(2, 60, "Redis"),
    "two with one journal": Setting(2, 60, "a journal", kills=False),
}


@pytest.mark.soak
@pytest.mark.timeout(effort(300, 3600))
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
async def test_controllers_that_are_killed_serve_every_room_once(
    tmp_path: Path, setting: Setting
) -> None:
    """SIGKILL at random moments, while rooms come to be: each gets its agent, and none gets two.

    Each controller gets every webhook, so that all of them act on the same rooms at the same time.
    """
    rooms = [f"ornina-{number}" for number in range(setting.rooms)]
    chance = random.Random(setting.rooms)
    with ExitStack() as stack:
        project = _project(stack, tmp_path, setting.controllers)
        # Agents quit after a while, and their rooms go on: hundreds at once are too many for a small machine.
        agent = Worker(project.server, AVATAR, tmp_path, "--stay", "2")
        worker = stack.enter_context(agent)
        options = ("--resync", "2s", *setting.options(project))
        servings = [
            stack.enter_context(project.serving(*options, which=which))
            for which in range(setting.controllers)
        ]
        stage = Stage(project, servings[0], {AVATAR: worker})
        killing = asyncio.create_task(_kill_and_start(servings, chance, kills=setting.kills))
        try:
            await _make_rooms(stage, rooms, chance)
        finally:
            killing.cancel()
            (kills,) = await asyncio.gather(killing, return_exceptions=True)
        assert isinstance(kills, int), kills
        assert kills >= setting.kills * setting.rooms // 20
        for serving in servings:
            await asyncio.to_thread(serving.kill)
            await asyncio.to_thread(serving.start)
        await asyncio.sleep(AFTERWARDS)
        assert Counter(one["room"] for one in worker.joined()) == Counter(rooms)
        for name in rooms[:: len(rooms) // 15]:
            assert project.witness.joins(name) == Counter({AVATAR: 1})
            entries = stage.serving.history(name)
            steps = [one["step"] for one in entries]
            assert steps.count("joined") <= 1, steps
            # Of an agent that came and went while nobody listened, only the job is known, or that nobody did.
            is_told = {"joined", "job taken"} & set(steps)
            assert is_told or "is not known" in entries[-1]["text"], entries


def _served(worker: Worker) -> set[str]:
    return {one["room"] for one in worker.joined()}


async def _make_rooms(stage: Stage, rooms: list[str], chance: random.Random) -> None:
    """Rooms in bursts, each with somebody who waits until the agent is there."""
    slots = asyncio.Semaphore(12)
    async with asyncio.TaskGroup() as group:
        for name in rooms:
            await slots.acquire()
            group.create_task(_wait_in(stage, name, slots, is_made_before=chance.random() < 0.5))
            if chance.random() < 0.3:
                await asyncio.sleep(chance.uniform(0.0, 0.5))


async def _wait_in(
    stage: Stage, name: str, slots: asyncio.Semaphore, *, is_made_before: bool
) -> None:
    (worker,) = stage.workers.values()
    try:
        if is_made_before:
            await asyncio.to_thread(stage.project.create_room, name, departure_timeout=300)
        async with caller(stage.project.server, token(stage.project.server, name, "mona")):
            await stage.until(lambda: name in _served(worker), f"{name} has no agent", 180.0)
    finally:
        slots.release()


async def _kill_and_start(servings: list[Serving], chance: random.Random, *, kills: bool) -> int:
    """Kills one of the controllers again and again, at once after it was started as well; how often."""
    count = 0
    try:
        while kills:
            await asyncio.sleep(chance.uniform(0.0, 3.0))
            serving = chance.choice(servings)
            await asyncio.to_thread(serving.kill)
            count += 1
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            await asyncio.to_thread(serving.start, wait=False)
    except asyncio.CancelledError:
        pass
    return count


COACH = """\
version: 1
project: {name: hirecoach}
agents:
  names:
    interviewer: {agent_name: ""}
    avatar: {agent_name: ornina-avatar-agent}
  rooms:
    - prefix: interview-
      agents: [interviewer]
      dispatch: token
      required_metadata: [session_id]
      join_timeout: 3s
    - {prefix: ornina-, agents: [avatar], dispatch: controller, join_timeout: 3s}
"""


async def test_browser_rooms_get_the_unnamed_interviewer(tmp_path: Path) -> None:
    """By a token of `reconciler.tokens`, once; in rooms of others the nameless worker is told to be a stranger."""
    with ExitStack() as stack:
        project = _project(stack, tmp_path, configuration=COACH)
        serving = stack.enter_context(project.serving("--resync", "3s"))
        worker = stack.enter_context(Worker(project.server, "", tmp_path))
        stage = Stage(project, serving, {"": worker})
        backend = Conventions.load(tmp_path / "config" / "dispatch.yaml")
        minted = backend.token(
            "interview-42",
            "mona",
            metadata={"session_id": "42"},
            api_key=project.server.api_key,
            api_secret=project.server.api_secret,
        )
        uninvited = token(project.server, "ornina-1", "mona")
        async with caller(project.server, minted), caller(project.server, uninvited):
            await stage.served("interview-42", "")
            rooms = serving.command("rooms", "--format", "json")
            verdicts = {one["room"]: one["verdict"] for one in json.loads(rooms.stdout)["rooms"]}
        assert rooms.returncode == 2
        assert verdicts == {"interview-42": "ok", "ornina-1": "unexpected agent"}
        (told,) = [one for one in worker.joined() if one["room"] == "interview-42"]
        assert json.loads(told["metadata"]) == {"session_id": "42"}
        assert {"joined", "job taken"} <= set(serving.steps("interview-42"))
        assert "alert" in serving.steps("ornina-1")
        probed = serving.command("probe", "avatar", "--timeout", "3s")
        assert probed.returncode == 2
        assert "started without agent_name" in probed.stdout
