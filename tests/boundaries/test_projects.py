"""`apply --projects` whose process is killed at a call: a second run finishes all projects, and none is doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.boundaries.field import cuts
from tests.boundaries.ground import contents, names
from tests.boundaries.mixed import make_foreign
from tests.boundaries.running import killed_at
from tests.support.cli import Shell
from tests.support.effort import effort
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boundaries.ground import Ground
    from tests.support.figures import FigureTeller

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

COUNT = 3
APPLY = ("apply", "--projects", "projects", "--auto-approve", "--no-backup", "--concurrency", "1")


def _text(number: int) -> str:
    """Trunks, and rules that wait for them; each project owns what begins with its name."""
    name = f"p{number}"
    trunks = "".join(
        f'    {name}-in{n}: {{numbers: ["+1555010{number}{n:03}"]}}\n' for n in range(2)
    )
    rules = "".join(
        f"    {name}-rule{n}: {{trunks: [{name}-in{n}], rooms: {{individual: {{prefix: call-}}}}}}\n"
        for n in range(2)
    )
    out = f'    {name}-out: {{address: sip.example, numbers: ["+1555011{number:04}"]}}\n'
    return (
        f"version: 1\nproject: {{name: {name}, owns: [{name}-*]}}\nsip:\n"
        f"  inbound_trunks:\n{trunks}  outbound_trunks:\n{out}  dispatch_rules:\n{rules}"
    )


def test_a_second_run_finishes_all_projects(
    ground: Ground, tmp_path: Path, figure: FigureTeller, server: str
) -> None:
    """Three projects on one server, killed at each of the calls that they send beside each other."""
    project = Project(ground.server, tmp_path)
    project.environ["LIVEKIT_URL"] = ground.proxy.url
    client = project.client()
    make_foreign(client)
    client.close()
    before = ground.state()
    shell = Shell(tmp_path, project.environ)
    for number in range(COUNT):
        shell.write(f"projects/p{number}.yaml", _text(number))
    assert shell.run(*APPLY).code == 0
    after = ground.state()
    methods = [call.method for call in ground.proxy.calls]
    wrong, count = [], 0
    for cut in list(cuts(methods))[:: effort(2, 1)]:
        ground.put_back(before)
        found = killed_at(project, ground.proxy, cut, *APPLY)
        ground.proxy.faults.clear()
        broken = ground.state()
        ran = shell.run(*APPLY)
        now = ground.state()
        found += [] if ran.code == 0 else [f"the second run: {ran}"]
        found += (
            [] if contents(now) == contents(after) else ["the objects are not as they are to be"]
        )
        found += [f"made twice: {one}" for one in names(broken).keys() - names(now).keys()]
        for kind, objects in before.items():
            if objects.items() - now[kind].items():
                found.append(f"touched: {kind}")
        wrong += [f"{cut}: {one}" for one in found]
        count += 1
    assert not wrong, "\n".join(wrong)
    figure(f"killed-projects-{server}", f"{count} of {count}")
