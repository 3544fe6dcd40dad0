"""Many projects at the same time: all servers are asked at once, and no question twice."""

from __future__ import annotations

from tests.cli.many import Folder, project
from tests.support.barrier_server import BarrierServer
from tests.support.cli import Shell


def test_all_servers_are_asked_at_once(shell: Shell) -> None:
    """A server that answers only when 64 projects wait for it is answered by 64 projects."""
    count = 64
    with BarrierServer(count) as server:
        folder = Folder(shell, {})
        for number in range(count):
            folder.write(f"p{number}.yaml", project(f"p{number}", number))
            folder.connect(f"p{number}", server, key=f"key-{number}")
        assert set(folder.states("plan").values()) == {"changes"}


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
