"""How long requests take is told where somebody would wait for it, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.console import tell_pace
from reconciler.cli.options import Output
from reconciler.config.load import load
from reconciler.core.objects import Snapshot
from reconciler.core.plan import Action, Call, Plan, Plane
from reconciler.core.values import Secret
from reconciler.gateway.endpoint import Endpoint
from reconciler.pipeline.pace import Pace, pace_of_applies, pace_of_reading, requests_of
from reconciler.pipeline.projects import ProjectRead
from reconciler.pipeline.request import Prepared, Request
from reconciler.sip.era import Era

HOSTED = "acme.livekit.cloud"


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
