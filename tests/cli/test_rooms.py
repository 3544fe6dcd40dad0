"""`reconcile rooms` and `--rooms` of plan, apply and drift, against an emulated project."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from livekit.protocol import agent_dispatch

from tests.support.cli import COMMAND, Shell
from tests.support.raw_client import RawClient
from tests.support.schemas import problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.emulator.server import Emulator

CONFIGURATION = """\
version: 1
project: {name: acme}
sip:
  inbound_trunks:
    carrier: {numbers: ["+15550100001"], allowed_addresses: ["203.0.113.0/24"]}
agents:
  names:
    telephony: {agent_name: SW Telephony Agent}
    avatar: {agent_name: ornina-avatar-agent}
  rooms:
    - {prefix: call-, agents: [telephony], dispatch: sip}
    - {prefix: ornina-, agents: [avatar], dispatch: controller}
"""
AVATAR = "ornina-avatar-agent"
TELEPHONY = agent_dispatch.RoomAgentDispatch(agent_name="SW Telephony Agent")


@pytest.fixture
def live(shell: Shell, livekit_emulator: Emulator) -> Shell:
    """A folder with a configuration, connected to an empty emulated project."""
    shell.connect(livekit_emulator)
    shell.write("config/dispatch.yaml", CONFIGURATION)
    return shell


@pytest.fixture
def client(livekit_emulator: Emulator) -> Iterator[RawClient]:
    """Somebody else."""
    made = RawClient(livekit_emulator.url, livekit_emulator.api_key, livekit_emulator.api_secret)
    yield made
    made.close()


def take_jobs(emulator: Emulator, client: RawClient, name: str, times: int = 1) -> None:
    """Workers take the jobs of all dispatches of a room."""
    wanted = agent_dispatch.ListAgentDispatchRequest(room=name)
    found = client.call("AgentDispatchService", "ListDispatch", wanted).answer.agent_dispatches
    for made in found:
        for _ in range(times):
            emulator.take_job(name, made.id)


def document(shell: Shell, *arguments: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    loaded: dict[str, Any] = json.loads(shell.run(*arguments, "--format", "json").out)
    return loaded


# --- rooms


def test_no_room_lives(live: Shell) -> None:
    """Nothing is bad about that."""
    ran = live.run("rooms")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("No live rooms.\n")


def test_verdicts(live: Shell, livekit_emulator: Emulator, client: RawClient) -> None:
    """Each room has its verdict; one bad one makes the exit code 2, and it stands first."""
    livekit_emulator.join("call-good", "alice", agents=[TELEPHONY])
    take_jobs(livekit_emulator, client, "call-good")
    livekit_emulator.join("call-twice", "alice", agents=[TELEPHONY])
    take_jobs(livekit_emulator, client, "call-twice", times=2)
    livekit_emulator.join("call-plain", "alice")
    livekit_emulator.join("call-stranger", "alice")
    take_jobs(livekit_emulator, client, "call-stranger")
    livekit_emulator.join("call-soon", "alice", agents=[TELEPHONY])
    livekit_emulator.join("lobby", "alice")
    livekit_emulator.join("call-empty", "alice")
    livekit_emulator.leave("call-empty", "alice")
    ran = live.run("rooms", "--format", "json")
    assert ran.code == 2
    found = json.loads(ran.out)
    assert problems("rooms", found) == []
    assert {one["room"]: one["verdict"] for one in found["rooms"]} == {
        "call-good": "ok",
        "call-twice": "duplicate agent",
        "call-plain": "missing dispatch",
        "call-stranger": "unexpected agent",
        "call-soon": "waiting",
        "lobby": "no convention",
        "call-empty": "ok",
    }
    assert found["counts"]["ok"] == 2
    assert found["bad"] == 4
    assert [one["bad"] for one in found["rooms"]] == [True] * 4 + [False] * 3
    by_name = {one["room"]: one for one in found["rooms"]}
    assert by_name["lobby"]["convention"] is None
    (dispatch,) = by_name["call-good"]["dispatches"]
    assert (dispatch["agent"], dispatch["taken"]) == ("SW Telephony Agent", True)
    assert by_name["call-stranger"]["present"][0]["agent"] == "(unnamed)"
    assert by_name["call-plain"]["expected"] == ["SW Telephony Agent"]


def test_text_says_the_same(live: Shell, livekit_emulator: Emulator) -> None:
    """Bad rooms first, with who was asked for and who is there; the counts at the end."""
    livekit_emulator.join("call-1", "alice")
    livekit_emulator.join("call-2", "bob", agents=[TELEPHONY])
    ran = live.run("rooms")
    assert ran.code == 2
    lines = re.sub(r"\d+ s old", "young", ran.out).splitlines()
    assert lines[2:7] == [
        "Bad",
        '  - "call-1": "call-", missing dispatch - nobody dispatched SW Telephony Agent (1 person, young)',
        lines[4],
        "      in the room no agent",
        "",
    ]
    assert lines[4].startswith("      dispatched  (unnamed) (AD_")
    assert lines[-1] == "2 rooms: 1 waiting, 1 missing dispatch."


@pytest.mark.parametrize("form", ["markdown", "github"])
def test_markdown(live: Shell, livekit_emulator: Emulator, form: str) -> None:
    """A page for a job summary; a name cannot break out of it."""
    livekit_emulator.join("call-`<b>\n```", "alice")
    ran = live.run("rooms", "--format", form)
    assert ran.code == 2
    assert ran.out.startswith("## Rooms of `acme` on `127.0.0.1:")
    assert "**1 room: 1 missing dispatch.**" in ran.out
    assert '- "call-`<b>\\n```"' in ran.out


def test_strangers_are_ignored_where_the_file_says_so(
    live: Shell, livekit_emulator: Emulator
) -> None:
    """`unlisted: ignore`: a room that no convention covers is shown and not counted."""
    livekit_emulator.join("lobby", "alice")
    assert live.run("rooms").code == 2
    live.write("config/dispatch.yaml", CONFIGURATION.replace("acme}", "acme, unlisted: ignore}"))
    ran = live.run("rooms")
    assert ran.code == 0
    assert '"lobby": no convention' in ran.out


def test_a_plane_that_is_not_managed_minds_nothing(live: Shell, livekit_emulator: Emulator) -> None:
    """A file without an `agents` section says nothing about rooms."""
    live.write("config/dispatch.yaml", "version: 1\nproject: {name: acme}\n")
    livekit_emulator.join("lobby", "alice")
    assert live.run("rooms").code == 0


def test_some_rooms_only(live: Shell, livekit_emulator: Emulator) -> None:
    """Names filter on the server; one that does not live is told."""
    for name in ("call-1", "call-2", "lobby"):
        livekit_emulator.join(name, "alice")
    ran = live.run("rooms", "call-2", "call-9", "--format", "json")
    assert [one["room"] for one in json.loads(ran.out)["rooms"]] == ["call-2"]
    assert ran.err == 'no room "call-9" lives now\n'


def test_names_that_begin_alike(live: Shell, livekit_emulator: Emulator) -> None:
    """A star at the end, beside whole names; what nobody is called is a note."""
    for name in ("call-1", "call-2", "other-1", "lobby"):
        livekit_emulator.join(name, "alice")
    ran = live.run("rooms", "call-*", "lobby", "studio-*", "--format", "json")
    assert sorted(one["room"] for one in json.loads(ran.out)["rooms"]) == [
        "call-1",
        "call-2",
        "lobby",
    ]
    assert ran.err == 'no room that begins with "studio-" lives now\n'


@pytest.mark.livekit_emulator(clock=lambda: time.time() - 60.0)
def test_few_calls(live: Shell, livekit_emulator: Emulator) -> None:
    """One list; of rooms that are not young only those with a convention in which somebody waits are looked into."""
    for index in range(5):
        livekit_emulator.join(f"call-{index}", "alice")
        livekit_emulator.join(f"lobby-{index}", "alice")
        livekit_emulator.join(f"call-left-{index}", "alice")
        livekit_emulator.leave(f"call-left-{index}", "alice")
    found = document(live, "rooms")
    inside = {one["room"] for one in found["rooms"] if one["dispatches"] is not None}
    assert inside == {f"call-{index}" for index in range(5)}
    counts = {name: livekit_emulator.count(name) for name in ("ListRooms", "ListDispatch")}
    assert counts == {"ListRooms": 1, "ListDispatch": 5}
    assert livekit_emulator.count() == 11


def test_young_rooms_are_looked_into(live: Shell, livekit_emulator: Emulator) -> None:
    """LiveKit's list counts people seconds late: of a room that has just been made it says nothing."""
    livekit_emulator.join("call-1", "alice")
    livekit_emulator.leave("call-1", "alice")
    (room,) = document(live, "rooms")["rooms"]
    assert room["dispatches"] is not None
    assert room["verdict"] == "ok"


def test_long_lists_are_cut(live: Shell, livekit_emulator: Emulator) -> None:
    """What is in order is not printed a thousand times, unless somebody asks for it."""
    for index in range(30):
        livekit_emulator.join(f"call-{index:02d}", "alice")
        livekit_emulator.leave(f"call-{index:02d}", "alice")
    assert "… and 10 more rooms (-v shows all)" in live.run("rooms").out
    assert "more rooms" not in live.run("rooms", "-v").out


def test_a_room_that_ends_meanwhile_is_left_out(
    live: Shell, livekit_emulator: Emulator, client: RawClient
) -> None:
    """It was in the list, and then nobody served it: no error, and no verdict."""
    from livekit.protocol import room

    livekit_emulator.join("call-1", "alice", agents=[TELEPHONY])
    livekit_emulator.join("call-2", "alice", agents=[TELEPHONY])
    livekit_emulator.faults.delay("ListDispatch", 0.4, times=2)
    process = _start(live, "rooms", "--format", "json")
    _wait_for(livekit_emulator, "ListParticipants", 2)
    assert client.call("RoomService", "DeleteRoom", room.DeleteRoomRequest(room="call-1")).ok
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert [one["room"] for one in json.loads(out)["rooms"]] == ["call-2"]


def test_a_server_that_is_down_for_one_room_is_not_its_end(
    live: Shell, livekit_emulator: Emulator
) -> None:
    """503 for a room that is still in the list: it is shown as not known, and the exit code is 1."""
    livekit_emulator.join("call-1", "alice", agents=[TELEPHONY])
    livekit_emulator.faults.answer("ListDispatch", status=503, code="unavailable", times=99)
    ran = live.run("rooms", "--format", "json")
    assert ran.code == 1
    found = json.loads(ran.out)
    assert problems("rooms", found) == []
    assert found["unread"] == 1
    assert "no machine answers for it" in found["rooms"][0]["reason"]
    assert found["rooms"][0]["verdict"] == "waiting"


def test_a_server_that_asks_for_fewer_requests_is_obeyed(
    live: Shell, livekit_emulator: Emulator
) -> None:
    """429 with `Retry-After`, over and over: every room is looked into in the end."""
    for index in range(20):
        livekit_emulator.join(f"call-{index}", "alice", agents=[TELEPHONY])
    livekit_emulator.faults.answer(
        "List*", status=429, code="resource_exhausted", headers={"Retry-After": "0.1"}, times=40
    )
    ran = live.run("rooms", "--concurrency", "16")
    assert (ran.code, ran.err) == (0, ""), ran.err
    assert "20 rooms: 20 waiting." in ran.out
    assert livekit_emulator.count("List*") == 81


def test_a_server_that_asks_for_too_much_patience(live: Shell, livekit_emulator: Emulator) -> None:
    """A `Retry-After` beyond the time-out of a call ends it with the reason, and nobody waits for it."""
    livekit_emulator.join("call-1", "alice", agents=[TELEPHONY])
    livekit_emulator.faults.answer(
        "ListDispatch", status=429, headers={"Retry-After": "3600"}, times=99
    )
    ran = live.run("rooms", "--timeout", "2s")
    assert ran.code == 1
    assert "asks for fewer requests" in ran.err


def test_errors_are_one_line(live: Shell, livekit_emulator: Emulator) -> None:
    """No file, another host, a refused key: exit codes as everywhere, and no traceback."""
    refused = live.run("rooms", "-c", "none.yaml")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    live.write("other.yaml", CONFIGURATION.replace("acme}", "acme, host: other.example}"))
    assert live.run("rooms", "-c", "other.yaml").code == 3
    live.environ["LIVEKIT_API_SECRET"] = "another-secret-of-32-characters-at-least"
    ran = live.run("rooms")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert livekit_emulator.count("ListRooms") == 1


def test_passwords_need_not_be_set(live: Shell, livekit_emulator: Emulator) -> None:
    """Rooms need no secret of the SIP plane: a monitor need not have them."""
    text = CONFIGURATION.replace(
        '"203.0.113.0/24"]', '"203.0.113.0/24"], auth: {username: a, password: {env: NOT_SET}}'
    )
    live.write("config/dispatch.yaml", text)
    assert live.run("rooms").code == 0


# --- watching


def _start(shell: Shell, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=shell.folder,
        env={**os.environ, **shell.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for(emulator: Emulator, method: str, count: int) -> None:
    deadline = time.monotonic() + 20
    while emulator.count(method) < count:
        assert time.monotonic() < deadline, emulator.calls
        time.sleep(0.02)


def test_watching_tells_changes(live: Shell, livekit_emulator: Emulator) -> None:
    """Off a terminal: a line for each verdict that changes, and 130 after Ctrl-C."""
    livekit_emulator.join("call-1", "alice")
    livekit_emulator.join("call-quiet", "alice", agents=[TELEPHONY])
    livekit_emulator.leave("call-quiet", "alice")
    process = _start(live, "rooms", "--watch", "--interval", "50ms")
    _wait_for(livekit_emulator, "ListRooms", 4)
    livekit_emulator.leave("call-1", "alice")
    seen = livekit_emulator.count("ListRooms")
    _wait_for(livekit_emulator, "ListRooms", seen + 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err.strip()) == (130, "interrupted")
    told = [line.split(" ", 1)[1] for line in out.splitlines()]
    assert told == [
        '"call-1": missing dispatch - nobody dispatched SW Telephony Agent',
        '"call-1": missing dispatch → ok - nobody waits in it',
    ]


def test_watching_as_json(live: Shell, livekit_emulator: Emulator) -> None:
    """A document a line; a server that is away for a moment is told, and asked again."""
    livekit_emulator.join("call-1", "alice")
    livekit_emulator.faults.answer("ListRooms", status=500, nth=2, times=50)
    process = _start(
        live, "rooms", "--watch", "--interval", "50ms", "--format", "json", "--timeout", "300ms"
    )
    _wait_for(livekit_emulator, "ListRooms", 4)
    livekit_emulator.faults.clear()
    seen = livekit_emulator.count("ListDispatch")
    _wait_for(livekit_emulator, "ListDispatch", seen + 2)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "error: ListRooms: 127.0.0.1" in err
    lines = out.splitlines()
    assert len(lines) >= 2
    for line in lines:
        assert problems("rooms", json.loads(line)) == []


def test_watching_on_a_terminal(live: Shell, livekit_emulator: Emulator) -> None:
    """The page is drawn over and over in place, and the terminal is left as it was."""
    livekit_emulator.join("call-1", "alice")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "rooms", "--watch", "--interval", "50ms"],
        cwd=live.folder,
        env={**os.environ, **live.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    shown, is_told = b"", False
    with contextlib.suppress(OSError):  # the terminal is closed with the last process in it
        while chunk := os.read(ours, 65_536):
            shown += chunk
            if shown.count(b"1 room: 1 missing dispatch.") >= 3 and not is_told:
                is_told = True
                process.send_signal(signal.SIGINT)
    os.close(ours)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert shown.count(b"\x1b[?1049h") == shown.count(b"\x1b[?1049l") == 1


def test_watching_speaks_two_formats(live: Shell) -> None:
    """A page for a pull request is not for watching."""
    assert live.run("rooms", "--watch", "--format", "markdown").code == 64


@pytest.mark.parametrize(
    ("command", "heavy"),
    [
        (("plan",), ["aiohttp", "asyncio"]),
        (("rooms", "--help"), ["aiohttp", "asyncio", "livekit", "rich"]),
        (("probe", "--help"), ["aiohttp", "asyncio", "livekit", "rich"]),
        (("rooms",), ["rich", "jsonschema", "phonenumbers"]),
    ],
)
def test_what_is_not_imported(live: Shell, command: tuple[str, ...], heavy: list[str]) -> None:
    """Who does not ask for rooms does not pay for their client, and help costs next to nothing."""
    program = (
        "import sys; from reconciler.cli.main import run; run(sys.argv[2:]); "
        "print([one for one in sys.argv[1].split() if one in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, " ".join(heavy), *command],
        cwd=live.folder,
        env={**os.environ, **live.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr.splitlines()[-1] == "[]", ran.stderr


# --- plan, apply, drift


def test_plan_apply_and_plan_again(live: Shell, livekit_emulator: Emulator) -> None:
    """What the plan shows is written, objects first, and then there is nothing left to write."""
    livekit_emulator.join("ornina-1", "alice")
    found = document(live, "plan", "--rooms")
    assert problems("plan", found) == []
    assert found["rooms"] == [
        {
            "room": "ornina-1",
            "convention": "ornina-",
            "agents": [AVATAR],
            "missing": [AVATAR],
            "writes": [
                {
                    "action": "dispatch",
                    "agent": AVATAR,
                    "reason": "the convention ornina-* wants it",
                    "replaces": [],
                }
            ],
            "unasked": [],
            "reason": "the convention ornina-* wants it",
        }
    ]
    assert found["summary"]["rooms"] == {"lacking": 1, "dispatch": 1, "retry": 0, "replace": 0}
    ran = live.run("apply", "--rooms", "--auto-approve", "--format", "json")
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    assert problems("report", report) == []
    assert report["complete"]
    (result,) = report["rooms"]
    assert (result["room"], result["agent"], result["outcome"]) == ("ornina-1", AVATAR, "done")
    writes = [one.method for one in livekit_emulator.calls if not one.method.startswith("List")]
    assert writes == ["CreateSIPInboundTrunk", "CreateDispatch"]
    assert live.run("plan", "--rooms", "--detailed-exitcode").code == 0
    assert live.run("drift", "--rooms").code == 0


def test_exit_codes(live: Shell, livekit_emulator: Emulator) -> None:
    """Without --rooms nobody looks at them; with it 2 says that something is to be sent, or is missing."""
    assert live.run("apply", "--auto-approve").code == 0
    livekit_emulator.join("ornina-1", "alice")
    livekit_emulator.forget_calls()
    assert live.run("plan", "--detailed-exitcode").code == 0
    assert live.run("drift").code == 0
    assert livekit_emulator.count("ListRooms") == 0
    assert live.run("plan", "--rooms").code == 0
    assert live.run("plan", "--rooms", "--detailed-exitcode").code == 2
    assert live.run("plan", "--rooms", "--only", "agents", "--detailed-exitcode").code == 2
    ran = live.run("drift", "--rooms")
    assert ran.code == 2
    assert ran.out.endswith("Drift: 1 room without an agent.\n")
    assert document(live, "drift", "--rooms")["drift"] is True


def test_an_approval_is_needed(live: Shell, livekit_emulator: Emulator) -> None:
    """Rooms alone are something to be asked for, too."""
    assert live.run("apply", "--auto-approve").code == 0
    livekit_emulator.join("ornina-1", "alice")
    assert live.run("apply", "--rooms").code == 3
    assert livekit_emulator.count("CreateDispatch") == 0
    assert live.run("apply").code == 0


def test_text(live: Shell, livekit_emulator: Emulator) -> None:
    """A section of its own, and a count in the last line."""
    assert live.run("apply", "--auto-approve").code == 0
    livekit_emulator.join("ornina-1", "alice")
    ran = live.run("plan", "--rooms")
    assert ran.out.splitlines()[2:] == [
        "Live rooms - as they are now, apart from the plan",
        f'  + "ornina-1" under "ornina-": dispatch {AVATAR} - the convention ornina-* wants it',
        "",
        "Plan: 1 to dispatch (rooms).",
    ]
    ran = live.run("apply", "--rooms", "--auto-approve")
    assert "Apply complete: 0 created, 0 updated, 0 deleted; 1 dispatched (rooms)." in ran.out


def test_a_saved_plan_has_no_rooms(live: Shell, livekit_emulator: Emulator) -> None:
    """Rooms come and go: `apply FILE --rooms` reads them anew, and by the file's conventions."""
    livekit_emulator.join("ornina-1", "alice")
    ran = live.run("plan", "--rooms", "--out", "plan.json")
    assert "`reconcile apply plan.json --rooms` reads them anew" in ran.err
    livekit_emulator.join("ornina-2", "bob")
    assert live.run("apply", "plan.json").code == 0
    assert livekit_emulator.count("CreateDispatch") == 0
    ran = live.run("apply", "plan.json", "--rooms", "--format", "json")
    assert ran.code == 3  # it was applied already
    assert live.run("plan", "--out", "again.json").code == 0
    ran = live.run("apply", "again.json", "--rooms", "--format", "json")
    assert ran.code == 0, ran.err
    assert [one["room"] for one in json.loads(ran.out)["rooms"]] == ["ornina-1", "ornina-2"]


def test_a_saved_plan_needs_the_file_for_rooms(live: Shell, livekit_emulator: Emulator) -> None:
    """Conventions stand in no plan."""
    assert live.run("plan", "--out", "plan.json").code == 0
    ran = live.run("apply", "plan.json", "--rooms", "-c", "none.yaml")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert livekit_emulator.inbound_trunks == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--only", "sip", "--rooms"),
        ("plan", "--live", "snapshot.json", "--rooms"),
        ("drift", "--live", "snapshot.json", "--rooms"),
        ("apply", "--only", "sip", "--rooms"),
    ],
)
def test_wrong_usage(live: Shell, arguments: tuple[str, ...]) -> None:
    """Rooms belong to the agent plane, and a snapshot has none."""
    assert live.run(*arguments).code == 64


def test_what_nobody_asked_for_is_shown(
    live: Shell, livekit_emulator: Emulator, client: RawClient
) -> None:
    """A dispatch that no convention names is told, is no reason to write, and stays."""
    assert live.run("apply", "--auto-approve").code == 0
    livekit_emulator.join("ornina-1", "alice")
    assert live.run("apply", "--rooms", "--auto-approve").code == 0
    wanted = agent_dispatch.CreateAgentDispatchRequest(room="ornina-1", agent_name="odd")
    assert client.call("AgentDispatchService", "CreateDispatch", wanted).ok
    ran = live.run("plan", "--rooms", "--detailed-exitcode")
    assert ran.code == 0
    assert "odd was dispatched, and the convention does not name it: left alone" in ran.out
    assert live.run("apply", "--rooms", "--auto-approve").code == 0
    assert livekit_emulator.count("DeleteDispatch") == 0


def test_a_room_that_fails_makes_the_apply_incomplete(
    live: Shell, livekit_emulator: Emulator
) -> None:
    """The others are written, the report says which one failed, and the exit code is 1."""
    for name in ("ornina-1", "ornina-2"):
        livekit_emulator.join(name, "alice")
    livekit_emulator.faults.answer("CreateDispatch", status=400, code="invalid_argument")
    ran = live.run("apply", "--rooms", "--auto-approve", "--concurrency", "1")
    assert ran.code == 1
    assert "Live rooms - failed" in ran.out
    assert "Apply incomplete: 1 created, 0 updated, 0 deleted; 1 dispatched, 1 failed (rooms)" in (
        ran.out
    )
    ran = live.run("apply", "--rooms", "--auto-approve")
    assert ran.code == 0
    assert livekit_emulator.count("CreateDispatch") == 3


def test_ctrl_c_while_rooms_are_read_ends_at_once(live: Shell, livekit_emulator: Emulator) -> None:
    """130, one line, and no waiting for answers that nobody needs any more."""
    livekit_emulator.join("ornina-1", "alice")
    for arguments in (("plan", "--rooms"), ("rooms",)):
        livekit_emulator.faults.delay("ListDispatch", 20.0)
        process = _start(live, *arguments)
        _wait_for(livekit_emulator, "ListParticipants", 1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err.strip()) == (130, "", "interrupted")
        livekit_emulator.forget_calls()


def test_an_unreadable_room_is_an_error(live: Shell, livekit_emulator: Emulator) -> None:
    """What cannot be read for sure is not written, and 1 beats 2."""
    livekit_emulator.join("ornina-1", "alice")
    for command in (
        ("plan", "--detailed-exitcode"),
        ("drift",),
        ("apply", "--auto-approve", "--timeout", "2s"),
    ):
        livekit_emulator.faults.answer("ListDispatch", status=503, code="unavailable", times=9)
        ran = live.run(*command, "--rooms")
        assert ran.code == 1
        assert "room ornina-1: it could not be looked into" in ran.out
        livekit_emulator.faults.clear()
    assert livekit_emulator.count("CreateDispatch") == 0


def test_ctrl_c_lets_rooms_in_flight_finish(live: Shell, livekit_emulator: Emulator) -> None:
    """What was sent is reported, the rest is not tried, and a second run does it."""
    assert live.run("apply", "--auto-approve").code == 0
    for index in range(12):
        livekit_emulator.join(f"ornina-{index}", "alice")
    livekit_emulator.faults.delay("CreateDispatch", 0.5, times=99)
    process = _start(live, "apply", "--rooms", "--auto-approve", "--concurrency", "2")
    _wait_for(livekit_emulator, "CreateDispatch", 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, (out, err)
    assert "Live rooms - not tried" in out
    made = livekit_emulator.count("CreateDispatch")
    assert 0 < made < 12
    assert f"{made} dispatched, {12 - made} not tried (rooms)" in out
    livekit_emulator.faults.clear()
    assert live.run("apply", "--rooms", "--auto-approve").code == 0
    assert livekit_emulator.count("CreateDispatch") == 12
