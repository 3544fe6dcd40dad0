"""`apply --rooms` that is cut at each of its calls: whatever is lost or killed, each live room has each agent once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from livekit.protocol import agent_dispatch, room

from tests.boundaries.field import Cut, cuts
from tests.boundaries.running import killed_at
from tests.support.cli import Shell
from tests.support.effort import effort
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boundaries.ground import Ground
    from tests.support.figures import FigureTeller

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

# Nobody comes, as no worker is there: a dispatch that is waited for is all there is to see.
CONFIGURATION = """\
version: 1
project: {name: acme}
agents:
  names:
    first: {agent_name: first}
    second: {agent_name: second}
  rooms:
    - {prefix: call-, agents: [first, second], dispatch: controller, join_timeout: 5m}
"""
ROOMS = 3
APPLY = ("apply", "-c", "dispatch.yaml", "--rooms", "--auto-approve", "--concurrency", "1")


class _Rooms:
    """Rooms that come and go: each run has new ones, so that none is mistaken for one that was."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self.ground = ground
        self.project = Project(ground.server, folder)
        self.project.write(CONFIGURATION)
        self.client = self.project.client()
        self._round = 0
        self.use(ground.breaking[0])

    def use(self, url: str) -> None:
        """Runs go there."""
        self.project.environ["LIVEKIT_URL"] = url

    def open(self) -> None:
        """Some rooms, one of which has one of its agents; and somebody else's with an agent of ours."""
        self._round += 1
        for name in (*self.ours(), self.theirs()):
            assert self.client.call(
                "RoomService", "CreateRoom", room.CreateRoomRequest(name=name)
            ).ok
        self._dispatch(self.ours()[0], "first")
        self._dispatch(self.theirs(), "first")

    def close(self) -> None:
        """All of them are over."""
        for name in (*self.ours(), self.theirs()):
            self.client.call("RoomService", "DeleteRoom", room.DeleteRoomRequest(room=name))

    def ours(self) -> list[str]:
        return [f"call-{self._round}-{number}" for number in range(ROOMS)]

    def theirs(self) -> str:
        return f"theirs-{self._round}"

    def agents(self, name: str) -> Counter[str]:
        """How often which agent is dispatched to a room."""
        wanted = agent_dispatch.ListAgentDispatchRequest(room=name)
        found = self.client.call("AgentDispatchService", "ListDispatch", wanted).answer
        return Counter(one.agent_name for one in found.agent_dispatches if one.agent_name)

    def _dispatch(self, name: str, agent: str) -> None:
        wanted = agent_dispatch.CreateAgentDispatchRequest(room=name, agent_name=agent)
        assert self.client.call("AgentDispatchService", "CreateDispatch", wanted).ok

    def again(self) -> list[str]:
        """What is wrong with a plain run, and with what it leaves."""
        shell = Shell(self.project.file.parent, self.project.environ)
        ran = shell.run(*APPLY)
        wrong = [] if ran.code == 0 else [f"the run: {ran}"]
        wanted = {name: {"first": 1, "second": 1} for name in self.ours()}
        wanted[self.theirs()] = {"first": 1}
        found = {name: dict(self.agents(name)) for name in wanted}
        return wrong if found == wanted else [*wrong, f"agents by rooms: {found}"]


@pytest.mark.parametrize("way", ["lost", "killed"])
def test_no_agent_is_brought_twice(
    ground: Ground, tmp_path: Path, figure: FigureTeller, server: str, way: str
) -> None:
    """A dispatch is never sent twice blindly: LiveKit would bring two agents."""
    rooms = _Rooms(ground, tmp_path)
    rooms.open()
    start = len(ground.calls)
    assert rooms.again() == []
    calls = ground.calls[start:]
    methods = [call.method for call in calls if call.service != "SIP"]
    # Those of the test itself go past the proxy, but not past the emulator.
    methods = methods[: len(methods) - (ROOMS + 1)] if server == "emulated" else methods
    rooms.close()
    rooms.use(ground.proxy.url if way == "killed" else ground.breaking[0])
    shell = Shell(tmp_path, rooms.project.environ)
    wrong, count = [], 0
    for cut in list(cuts(methods))[:: effort(1 if way == "killed" else 2, 1)]:
        rooms.open()
        found = _disturbed(rooms, shell, cut, way)
        ground.breaking[1].clear()
        ground.proxy.faults.clear()
        wrong += [f"{cut}: {one}" for one in (*found, *rooms.again())]
        rooms.close()
        count += 1
    rooms.client.close()
    assert not wrong, "\n".join(wrong)
    figure(f"rooms-{way}-{server}", f"{count} of {count}")


def _disturbed(rooms: _Rooms, shell: Shell, cut: Cut, way: str) -> list[str]:
    if way == "killed":
        return killed_at(rooms.project, rooms.ground.proxy, cut, *APPLY)
    cut.arm(rooms.ground.breaking[1])
    ran = shell.run(*APPLY)
    return [] if ran.code == 0 else [f"the first run: {ran}"]
