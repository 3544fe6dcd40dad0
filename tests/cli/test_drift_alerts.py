"""`drift --notify`: people are told, once, by each target, and every exit code is what it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from livekit.protocol import room

from tests.cli.conftest import CONFIGURATION
from tests.cli.drifting import change_by_hand, figures, memory, messages, pass_time, titles
from tests.support.cli import Shell
from tests.support.raw_client import RawClient
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

ROOMS = """\
version: 1
project: {name: acme}
agents:
  names:
    avatar: {agent_name: avatar}
  rooms:
    - {prefix: ornina-, agents: [avatar], dispatch: controller}
"""


def test_drift_is_told_once_and_when_it_is_over(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """Nothing at first, one alert, silence, one all-clear, silence; the exit codes are those of drift."""
    codes = [told.run("drift").code]
    change_by_hand(livekit_emulator)
    codes += [told.run("drift").code for _ in range(3)]
    change_by_hand(livekit_emulator, "")
    codes += [told.run("drift").code for _ in range(2)]
    assert codes == [0, 2, 2, 2, 0, 0]
    assert titles(receiver) == ["acme: the live project has drifted", "acme: the drift is over"]


def test_the_alert_says_what_since_when_and_what_to_do(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """With the options of this run in the two commands, and with a receipt who did it."""
    told.write("b.yaml", CONFIGURATION)
    assert told.run("apply", "-c", "b.yaml", "--auto-approve", "--receipt", "r 1.json").code == 0
    change_by_hand(livekit_emulator)
    told.run("drift", "-c", "b.yaml", "--receipt", "r 1.json", "--only", "sip")
    (message,) = messages(receiver)
    assert 'dispatch rule "inbound": differs\n    metadata: now "by hand", the file says' in message
    assert "First seen by this look, at 20" in message
    assert "It was changed by hand" in message
    assert "take it into the file: reconcile drift --write-back -c b.yaml --only sip\n" in message
    assert "apply it: reconcile apply --receipt 'r 1.json' -c b.yaml --only sip" in message


def test_what_is_not_applied_yet_is_drift_as_well(told: Shell, receiver: Receiver) -> None:
    """A difference that the file made since the last apply is told as that."""
    assert told.run("apply", "--auto-approve", "--receipt", "r.json").code == 0
    more = "      metadata: from file\n      trunks:"
    told.write("config/dispatch.yaml", CONFIGURATION.replace("      trunks:", more))
    assert told.run("drift", "--receipt", "r.json").code == 2
    (message,) = messages(receiver)
    assert "It is not applied yet" in message


def test_it_is_told_again_after_a_period(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """24 hours by default, or what --repeat says."""
    change_by_hand(livekit_emulator)
    told.run("drift")
    pass_time(told, 23)
    told.run("drift")
    assert len(titles(receiver)) == 1
    told.run("drift", "--repeat", "22h")
    assert titles(receiver) == ["acme: the live project is still adrift"]
    pass_time(told, 24)
    told.run("drift")
    assert titles(receiver) == ["acme: the live project is still adrift"]


def test_several_runs_in_a_row_may_be_needed(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """--after 3: the third look speaks; the exit code of the first is 2 all the same."""
    change_by_hand(livekit_emulator)
    ran = [told.run("drift", "--after", "3") for _ in range(2)]
    assert [one.code for one in ran] == [2, 2]
    assert titles(receiver) == []
    told.run("drift", "--after", "3")
    (message,) = messages(receiver)
    assert "by 3 looks in a row" in message


def test_a_message_that_was_not_sent_is_sent_by_the_next_run(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """It is told on stderr, with -q too, without the URL, and changes no exit code; the all-clear likewise."""
    change_by_hand(livekit_emulator)
    receiver.status = 500
    ran = told.run("drift", "-q")
    assert ran.code == 2
    assert ran.err == (
        "warning: the alert could not be sent to json 1: the answer was 500; the next run tries again\n"
    )
    receiver.take()
    receiver.status = 200
    told.run("drift")
    assert titles(receiver) == ["acme: the live project has drifted"]
    change_by_hand(livekit_emulator, "")
    receiver.status = 403
    assert told.run("drift").code == 0
    receiver.take()
    receiver.status = 200
    told.run("drift")
    told.run("drift")
    assert titles(receiver) == ["acme: the drift is over"]


def test_each_target_is_told_by_itself(
    applied: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """One of two that cannot be reached is tried again alone."""
    change_by_hand(livekit_emulator)
    both = ["--notify", "json://127.0.0.1:9", "--notify", f"json://{receiver.host}"]
    for expected in (1, 0):
        ran = applied.run("drift", *both)
        assert ran.err.count("could not be sent to json 1") == 1
        assert "json 2" not in ran.err
        assert len(titles(receiver)) == expected


def test_a_run_that_cannot_look_is_neither_drift_nor_all_clear(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """The drift stands meanwhile; the third such run in a row says so, once; the next look says that it can see."""
    change_by_hand(livekit_emulator)
    told.run("drift")
    assert len(titles(receiver)) == 1
    url = told.environ["LIVEKIT_URL"]
    told.environ["LIVEKIT_URL"] = "ws://127.0.0.1:9"
    assert [told.run("drift").code for _ in range(4)] == [1, 1, 1, 1]
    (message,) = messages(receiver)
    assert message.startswith("acme: cannot look for drift\n")
    assert "3 runs in a row could not look" in message
    assert "127.0.0.1:9" in message
    assert memory(told)["drift"]["runs"] == 1
    told.environ["LIVEKIT_URL"] = url
    assert told.run("drift").code == 2
    (one,) = receiver.take()
    told_again = json.loads(one.body)
    assert told_again["title"] == "acme: looking for drift works again"
    assert told_again["type"] == "warning"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("version: 1\nsip: {inbound_trunk: {}}\nagent: {}\n", 1, "unknown-key"),
        (CONFIGURATION.replace("CARRIER_PASSWORD", "NOT_SET"), 1, "NOT_SET"),
        (CONFIGURATION.replace("{name: acme}", "{name: acme, host: a.example}"), 3, "a.example"),
    ],
)
def test_an_error_of_the_file_is_told_as_one_that_keeps_from_looking(
    told: Shell, receiver: Receiver, text: str, code: int, words: str
) -> None:
    """A broken file, a variable that is not set, another host: with the reason, and with the exit code as before."""
    told.run("drift")
    told.write("config/dispatch.yaml", text)
    ran = told.run("drift", "--after-errors", "1")
    assert ran.code == code
    (message,) = messages(receiver)
    assert message.startswith("acme: cannot look for drift")
    assert words in message


def test_a_failing_routing_test_is_no_failed_look(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """The project was read: exit code 1, as it is for drift, and the drift is told all the same."""
    wrong = 'tests:\n  - {from: "+15550100099", to: "+15550100001", room: elsewhere-}\n'
    told.write("config/dispatch.yaml", CONFIGURATION + wrong)
    change_by_hand(livekit_emulator)
    assert told.run("drift").code == 1
    assert titles(receiver) == ["acme: the live project has drifted"]


def test_rooms_that_cannot_be_read_are_no_all_clear(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """Nobody knows whether they lack an agent; objects that differ are told all the same."""
    client = RawClient(livekit_emulator.url, livekit_emulator.api_key, livekit_emulator.api_secret)
    named = CONFIGURATION.replace("names:", "names:\n    avatar: {agent_name: avatar}")
    told.write("config/dispatch.yaml", named + ROOMS[ROOMS.index("    - {prefix") :])
    assert client.call("RoomService", "CreateRoom", room.CreateRoomRequest(name="ornina-1")).ok
    livekit_emulator.faults.answer("ListDispatch", status=503, code="unavailable", times=99)
    arguments = ["drift", "--rooms", "--timeout", "1s", "--after-errors", "1"]
    assert told.run(*arguments).code == 1
    (message,) = messages(receiver)
    assert "The last one said: 1 room could not be read" in message
    change_by_hand(livekit_emulator)
    assert told.run(*arguments).code == 1
    assert titles(receiver) == ["acme: the live project has drifted"]
    client.close()


def test_a_sign_of_life(told: Shell, receiver: Receiver) -> None:
    """At most once in a period, through the same targets."""
    for expected in (1, 0):
        told.run("drift", "--heartbeat", "12h")
        assert titles(receiver) == ["acme: still looking for drift"] * expected
    pass_time(told, 12)
    told.run("drift", "--heartbeat", "12h")
    (message,) = messages(receiver)
    assert "No drift since " in message


def test_it_works_with_a_snapshot(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """Without a key; the commands are those for the live project."""
    change_by_hand(livekit_emulator)
    assert told.run("snapshot", "s.json").code == 0
    for name in [name for name in told.environ if name.startswith("LIVEKIT_")]:
        del told.environ[name]
    assert told.run("drift", "--live", "s.json").code == 2
    (message,) = messages(receiver)
    assert message.endswith("apply it: reconcile apply")


def test_rooms_without_their_agent_are_part_of_the_drift(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """With --rooms; another room of the same convention is no other drift, and figures count rooms."""
    told.write("config/dispatch.yaml", ROOMS)
    arguments = ["drift", "--rooms", "--metrics-file", "m.prom"]
    assert told.run(*arguments).code == 0
    assert figures(told)["reconcile_drift_objects agents room missing"] == 0
    client = RawClient(livekit_emulator.url, livekit_emulator.api_key, livekit_emulator.api_secret)
    for number, expected in ((1, 1), (2, 0)):
        request = room.CreateRoomRequest(name=f"ornina-{number}")
        assert client.call("RoomService", "CreateRoom", request).ok
        assert told.run(*arguments).code == 2
        assert figures(told)["reconcile_drift_objects agents room missing"] == number
        told_now = messages(receiver)
        assert len(told_now) == expected
        for message in told_now:
            assert 'room "ornina-1" has no agent avatar' in message
            assert "reconcile apply --rooms" in message
    client.close()
