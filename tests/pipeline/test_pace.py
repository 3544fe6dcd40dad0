"""How long requests take is told where somebody would wait for it, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.console import tell_pace
from reconciler.cli.options import Output
from reconciler.config.load import load
from reconciler.core.objects import Snapshot
from reconciler.core.plan import Action, Call, Plan, Plane
from reconciler.core.values import Secret
from reconciler.gateway.endpoint import Endpoint
from reconciler.gateway.rate import limit_of
from reconciler.pipeline.event_loop import run
from reconciler.pipeline.pace import Pace, pace_of_applies, pace_of_reading, requests_of
from reconciler.pipeline.probe import Probe, probe_project
from reconciler.pipeline.projects import ProjectRead
from reconciler.pipeline.request import Prepared, Request
from reconciler.pipeline.rooms import open_project
from reconciler.sip.era import Era
from tests.support.cli import Shell

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

HOSTED = "acme.livekit.cloud"
CONFIGURATION = """\
version: 1
project: {name: acme}
sip:
  inbound_trunks: {}
agents:
  names: {avatar: {agent_name: acme-avatar}}
  rooms: [{prefix: web-, agents: [avatar], dispatch: controller}]
"""


@pytest.fixture
def slow(tmp_path: Path, livekit_emulator: Emulator) -> Shell:
    """A project whose commands may send one request a minute, and yet wait for none."""
    shell = Shell(tmp_path).connect(livekit_emulator)
    shell.write("config/dispatch.yaml", CONFIGURATION)
    shell.environ["RECONCILE_MAX_REQUESTS_PER_MINUTE"] = "1"
    limit = limit_of(_host(livekit_emulator), 1)
    assert limit is not None
    limit.hurry()
    return shell


def _host(emulator: Emulator) -> str:
    return emulator.url.partition("://")[2]


def _told(emulator: Emulator, requests: int) -> str:
    """The line about so many requests, of which the first waits for nothing."""
    return f"{_host(emulator)}: {requests} requests, at most 1 a minute: about {requests - 1} min\n"


def plan(host: str, calls: int) -> Prepared:
    """A plan of so many creations in two batches."""
    made = tuple(
        Call(step, Action.CREATE, "inbound_trunk", f"t{step}", None, (Plane.SIP,), (), batch=batch)
        for batch, steps in ((1, range(calls // 2)), (2, range(calls // 2, calls)))
        for step in steps
    )
    configuration = load({}, {})
    return Prepared(
        configuration, Snapshot(host, {}), Plan("p", host, (), made), Era.NEW, server=None
    )


def test_the_lists_count_as_well() -> None:
    """A call each, a list for each kind of a batch, and three at the end."""
    assert requests_of(plan(HOSTED, 10).plan) == 10 + 2 + 3


def test_ten_thousand_objects_of_the_hosted_product() -> None:
    """About twelve minutes, with no option at all; the same on another server is not slowed."""
    (pace,) = pace_of_applies(Request(), [plan(HOSTED, 10_000)])
    assert (pace.host, pace.requests, pace.per_minute) == (HOSTED, 10_005, 900)
    assert 11 * 60 < pace.seconds < 13 * 60
    assert pace_of_applies(Request(), [plan("127.0.0.1:7880", 10_000)]) == []
    assert pace_of_applies(Request(max_requests_per_minute=0), [plan(HOSTED, 10_000)]) == []


def test_what_takes_no_time_is_not_told() -> None:
    """A handful of calls, and an empty plan."""
    assert pace_of_applies(Request(), [plan(HOSTED, 100), plan(HOSTED, 0)]) == []


def test_projects_on_one_host_wait_together() -> None:
    """Their requests are counted in one line; other hosts have lines of their own."""
    request = Request(max_requests_per_minute=60)
    paces = pace_of_applies(
        request, [plan("a.example", 20), plan("b.example", 4), plan("a.example", 20)]
    )
    assert [(one.host, one.requests) for one in paces] == [("a.example", 50)]


def test_reading_many_projects_of_one_host_is_told_as_well() -> None:
    """Three lists each, as far as their server is known."""
    endpoint = Endpoint(f"https://{HOSTED}", HOSTED, "key", Secret("secret"))
    projects = [ProjectRead(Path(f"{n}.yaml"), f"p{n}", None, endpoint) for n in range(200)]
    projects.append(ProjectRead(Path("x.yaml"), "x", None))
    (pace,) = pace_of_reading(Request(), projects)
    assert (pace.requests, pace.per_minute) == (600, 900)
    assert 30 < pace.seconds < 60


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (41.2, "41 s"),
        (89.4, "89 s"),
        (740.0, "12 min"),
        (5_999.0, "1 h 40 min"),
        (86_400.0, "24 h 0 min"),
    ],
)
def test_the_words(seconds: float, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody needs seconds of an hour; the host stands as harmless text; -q says nothing."""
    pace = Pace("a\nb", 1_000, 60, seconds)
    tell_pace([pace], Output("text", color=False, verbose=False, quiet=False))
    tell_pace([pace], Output("text", color=False, verbose=False, quiet=True))
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"a\\nb: 1,000 requests, at most 60 a minute: about {words}\n"


# --- what commands say


@pytest.mark.parametrize(
    "command",
    [
        ("plan",),
        ("plan", "--only", "sip"),
        ("drift",),
        ("export",),
        ("snapshot",),
        ("ids",),
        ("explain", "--live", "--from", "+15550100001", "--to", "+15550100002"),
        ("graph", "--live"),
        ("graph", "--plan"),
        ("init", "--from-live", "-c", "new.yaml"),
    ],
)
def test_every_command_that_reads_a_project_tells_of_the_wait(
    command: tuple[str, ...], slow: Shell, livekit_emulator: Emulator
) -> None:
    """Once, on stderr, before the three lists."""
    ran = slow.run(*command)
    assert ran.code == 0, ran.err
    assert ran.err.startswith(_told(livekit_emulator, 3))
    assert ran.err.count("a minute") == 1
    assert "a minute" not in ran.out


def test_an_apply_tells_of_both_waits(slow: Shell, livekit_emulator: Emulator) -> None:
    """Before it reads, and before it writes; of a saved plan, of an empty one and of a rollback, too."""
    reading = _told(livekit_emulator, 3)
    trunk = "carrier: {numbers: ['+15550100001']}"
    slow.write("config/dispatch.yaml", CONFIGURATION.replace("trunks: {}", f"trunks: {{{trunk}}}"))
    ran = slow.run("plan", "--out", "plan.json")
    assert ran.err.count("a minute") == 1
    ran = slow.run("apply", "plan.json")
    # A list of the kind, a creation, and three lists at the end.
    writing = _told(livekit_emulator, 5)
    assert [line for line in ran.err.splitlines(True) if "a minute" in line] == [reading, writing]
    ran = slow.run("apply", "--auto-approve")
    assert ran.err == reading + reading
    (backup,) = (slow.folder / ".reconcile/backups").iterdir()
    ran = slow.run("rollback", "--auto-approve", "--max-deletes", "1", str(backup))
    assert ran.code == 0, ran.err
    assert [line for line in ran.err.splitlines(True) if "a minute" in line] == [reading, writing]


def test_live_rooms_are_told_of_as_well(slow: Shell, livekit_emulator: Emulator) -> None:
    """Two requests for each room that is looked into, once they are known; more for one that is written to."""
    for number in range(3):
        livekit_emulator.join(f"web-{number}", "alice")
    rooms = _told(livekit_emulator, 6)
    assert slow.run("rooms").err == rooms
    ran = slow.run("plan", "--rooms")
    assert sorted(ran.err.splitlines(True)) == sorted([_told(livekit_emulator, 3), rooms])
    ran = slow.run("apply", "--rooms", "--auto-approve")
    assert ran.code == 0
    # Each room is looked for, looked into and given an agent; three lists at the end.
    assert _told(livekit_emulator, 15) in ran.err


def test_many_projects_are_told_of_together(slow: Shell, livekit_emulator: Emulator) -> None:
    """One line for their host, none for each of them, with live rooms or without."""
    for name in ("one", "two"):
        slow.write(f"projects/{name}.yaml", CONFIGURATION.replace("acme}", f"{name}}}"))
        livekit_emulator.join(f"web-{name}", "alice")
    for rooms in ((), ("--rooms",)):
        ran = slow.run("plan", "--projects", "projects", *rooms)
        waits = [line for line in ran.err.splitlines(keepends=True) if "a minute" in line]
        assert waits == [_told(livekit_emulator, 6)]


def test_a_probe_is_told_of_as_well(slow: Shell, livekit_emulator: Emulator) -> None:
    """A room is made, looked into and deleted for each question."""
    told: list[Pace] = []
    request = Request(
        (slow.folder / "config/dispatch.yaml",),
        slow.environ,
        max_requests_per_minute=1,
        tell_pace=told.append,
    )
    run(probe_project(request, open_project(request), Probe(("acme-avatar",), 0.1, count=2)))
    assert [(one.host, one.requests) for one in told] == [(_host(livekit_emulator), 6)]


def test_silence_where_nobody_waits_or_wants_to_know(slow: Shell) -> None:
    """With -q nothing is, and without a limit nobody waits."""
    assert slow.run("plan", "-q").err == ""
    slow.environ["RECONCILE_MAX_REQUESTS_PER_MINUTE"] = "0"
    assert slow.run("plan").err == ""
