"""Many projects at the same time: all servers are asked at once, and no question twice."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import cycle

import pytest

from tests.cli.many import Folder, project
from tests.support.barrier_server import BarrierServer
from tests.support.cli import COMMAND, Shell


def test_all_servers_are_asked_at_once(shell: Shell) -> None:
    """A server that answers only when 64 projects wait for it is answered by 64 projects."""
    count = 64
    with BarrierServer(count) as server:
        folder = Folder(shell, {})
        for number in range(count):
            folder.write(f"p{number}.yaml", project(f"p{number}", number))
            folder.connect(f"p{number}", server, key=f"key-{number}")
        assert set(folder.states("plan").values()) == {"changes"}


@pytest.mark.skipif(sys.platform != "linux", reason="work is split over cores on Linux only")
@pytest.mark.parametrize("form", ["json", "github"])
def test_the_number_of_cores_changes_no_answer(folder: Folder, form: str) -> None:
    """Forty projects on two servers, of which some fail in every way, on one core and on all of them."""
    servers = cycle(folder.emulators.values())
    for number in range(40):
        name = f"p{number}"
        folder.connect(name, next(servers))
        folder.write(f"{name}.yaml", project(name, number % 38, f", owns: [{name}]"))
    folder.write("p7.yaml", "version: 1\nproject: {env_prefix: P7_}\nsip: {trunks: {}}\n")
    folder.write("p8.yaml", "version: [\n")
    folder.shell.environ["P9_LIVEKIT_URL"] = "ftp://p9.example"
    whole = os.sched_getaffinity(0)
    one, several = (_planned(folder, form, cores) for cores in ({min(whole)}, whole))
    assert one.returncode == 1
    assert (one.returncode, one.stdout, one.stderr) == (
        several.returncode,
        several.stdout,
        several.stderr,
    )


def _planned(folder: Folder, form: str, cores: set[int]) -> subprocess.CompletedProcess[bytes]:
    """`plan` in a process of its own that may use some cores."""
    return subprocess.run(
        [*COMMAND, "plan", "--projects", "projects", "--format", form],
        cwd=folder.shell.folder,
        env={**os.environ, **folder.shell.environ},
        capture_output=True,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )


def test_projects_on_one_server_ask_once_how_old_it_is(folder: Folder) -> None:
    """Twelve projects make their three lists each, and one of them the request that tells the version."""
    emulator = folder.emulators["a"]
    names: list[str] = []
    for number in range(12):
        name = f"p{number}"
        text = project(name, number, f", owns: [{name}]")
        folder.write(
            f"{name}.yaml", text.replace("{numbers:", "{media: {media_timeout: 30s}, numbers:")
        )
        folder.connect(name, emulator)
        names += ("--project", name)
    assert folder.run("apply", "--auto-approve", *names).code == 0
    emulator.forget_calls()
    assert folder.run("plan", *names).code == 0
    lists = {
        method: emulator.count(method) for method in ("ListSIPOutboundTrunk", "ListSIPInboundTrunk")
    }
    assert lists == {"ListSIPOutboundTrunk": 12, "ListSIPInboundTrunk": 13}
