"""A real server and the emulator side by side: every call goes to both, and every difference is an assertion.

The emulator is given the ids that the real server made, so answers can be compared whole; rooms and dispatches have
ids that cannot be known beforehand and are compared without them.
"""

from __future__ import annotations

from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.message import Message
from livekit.protocol import agent_dispatch, room, sip

from reconciler.emulator.server import Emulator
from reconciler.emulator.state import new_id
from tests.contract.steps import Step, Steps
from tests.support.raw_client import RawClient, Result, answer_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.livekit_server import LiveKitServer

_VOLATILE = ("sid", "creation_time", "creation_time_ms", "turn_password")


class Ids:
    """Makes the ids of the emulator: the one just given, else a random one."""

    def __init__(self) -> None:
        self._next = ""

    def give(self, key: str) -> None:
        """The next id of this kind is to be this one."""
        self._next = key

    def __call__(self, prefix: str) -> str:
        key, self._next = self._next, ""
        return key if key.startswith(prefix) else new_id(prefix)


class Pair:
    """Runs sequences against both servers."""

    def __init__(self, server: LiveKitServer, emulated_version: str = "") -> None:
        self._ids = Ids()
        self.emulator = Emulator(
            emulated_version or server.version,
            api_key=server.api_key,
            api_secret=server.api_secret,
            missing_room_delay=0.0,
            new_id=self._ids,
        )
        self._started = ExitStack()
        self._started.enter_context(self.emulator)
        self.real = RawClient(server.url, server.api_key, server.api_secret)
        self.emulated = RawClient(self.emulator.url, server.api_key, server.api_secret)
        self._started.callback(self.real.close)
        self._started.callback(self.emulated.close)
        self._dispatches: tuple[list[str], list[str]] = ([], [])

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *problem: object) -> None:
        """Stop the emulator and close both connections."""
        self._started.close()

    def sequences(self, seeds: Iterable[int]) -> None:
        """One random sequence for each seed."""
        for seed in seeds:
            self.sequence(seed)

    def sequence(self, seed: int) -> int:
        """One random sequence against empty servers; returns the number of calls."""
        random = Random(seed)
        steps = Steps(random)
        self._dispatches = ([], [])
        count = random.randint(10, 30)
        with_rooms = random.random() < 0.25
        for number in range(count):
            step = steps.room_call() if with_rooms and random.random() < 0.4 else steps.sip_call()
            self.step(step, steps, f"seed {seed}, call {number}")
        for method in ("ListSIPInboundTrunk", "ListSIPOutboundTrunk", "ListSIPDispatchRule"):
            request = getattr(sip, method + "Request")()
            for as_json in (False, True):
                self.step(Step("SIP", method, request, as_json), steps, f"seed {seed}, at the end")
        self.clean(steps)
        return count + 6

    def step(self, step: Step, steps: Steps, where: str) -> None:
        """One call to both servers."""
        real = self._send(self.real, step, 0)
        if real.ok and step.method.startswith("CreateSIP"):
            get = real.answer.get if step.as_json else lambda name: getattr(real.answer, name)
            name = "sip_dispatch_rule_id" if "Rule" in step.method else "sip_trunk_id"
            self._ids.give(get(name))
        emulated = self._send(self.emulated, step, 1)
        self._ids.give("")
        compare(step, real, emulated, where)
        if not real.ok:
            return
        if step.service == "SIP":
            steps.learn(step, real.answer)
            return
        name = getattr(step.request, "room", "") or getattr(step.request, "name", "")
        match step.method:
            case "CreateDispatch":
                for known, result in zip(self._dispatches, (real, emulated), strict=True):
                    known.append(result.answer["id"] if step.as_json else result.answer.id)
                steps.dispatches.append(name)
                steps.rooms.add(name)
            case "CreateRoom":
                steps.rooms.add(name)
            case "DeleteRoom":
                steps.rooms.discard(name)
            case _:
                pass

    def _send(self, client: RawClient, step: Step, side: int) -> Result:
        request = step.request
        if step.dispatch is not None:
            known = self._dispatches[side][step.dispatch]
            request = agent_dispatch.DeleteAgentDispatchRequest(
                room=getattr(request, "room", ""), dispatch_id=known
            )
        if step.as_json:
            return client.call_json(
                step.service, step.method, request, step.extra, camel_case=step.camel_case
            )
        return client.call(step.service, step.method, request)

    def clean(self, steps: Steps) -> None:
        """Empty both servers again."""
        for key in (*steps.inbound, *steps.outbound):
            self.real.call("SIP", "DeleteSIPTrunk", sip.DeleteSIPTrunkRequest(sip_trunk_id=key))
        for key in steps.rules:
            request = sip.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=key)
            self.real.call("SIP", "DeleteSIPDispatchRule", request)
        for name in steps.rooms:
            self.real.call("RoomService", "DeleteRoom", room.DeleteRoomRequest(room=name))
        self.emulator.clear()


def compare(step: Step, real: Result, emulated: Result, where: str) -> None:
    """Equal status, code, message and answer, or an assertion that shows both."""
    told = (real.status, real.code, _stable(real.text))
    assert told == (emulated.status, emulated.code, _stable(emulated.text)), (
        f"{where}: {step.method} of\n{step.request}real: {real}\nemulated: {emulated}"
    )
    if real.ok:
        expected, got = _comparable(step, real.answer), _comparable(step, emulated.answer)
        assert expected == got, (
            f"{where}: {step.method} of\n{step.request}real:\n{expected}\nemulated:\n{got}"
        )


def _stable(text: str) -> str:
    """A message without what differs from run to run: which of several bad headers is named, how Go words a codec."""
    for beginning in ("invalid header", "failed to marshal json response"):
        if text.startswith(beginning):
            return beginning
    return text


def _comparable(step: Step, answer: Any) -> Any:
    """The answer without what differs between two runs of one server, too."""
    if step.service == "SIP":
        return answer
    message = answer
    if not isinstance(answer, Message):
        message = json_format.ParseDict(answer, answer_type(step.service, step.method)())
        keys = _keys(answer)
        return keys, _comparable(Step(step.service, step.method, step.request), message)
    match step.method:
        case "CreateRoom" | "UpdateRoomMetadata":
            return _room(message)
        case "ListRooms":
            return sorted(map(_room, message.rooms))
        case "CreateDispatch" | "DeleteDispatch":
            return _dispatch(message)
        case "ListDispatch":
            return sorted(map(_dispatch, message.agent_dispatches))
        case _:
            return message


def _keys(document: Any) -> Any:
    """The shape of a JSON document: its keys, without values."""
    if isinstance(document, dict):
        return {key: _keys(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_keys(document[0])] if document else []
    return None


def _room(info: Any) -> str:
    shown = type(info)()
    shown.CopyFrom(info)
    for name in _VOLATILE:
        assert getattr(shown, name), f"a room without {name}"
        shown.ClearField(name)
    return str(shown)


def _dispatch(made: agent_dispatch.AgentDispatch) -> str:
    shown = agent_dispatch.AgentDispatch()
    shown.CopyFrom(made)
    assert shown.id.startswith("AD_")
    assert shown.state.created_at > 0
    shown.id = ""
    shown.state.ClearField("created_at")
    return str(shown)
