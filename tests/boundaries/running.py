"""Commands as processes of their own that are killed at a certain call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.boundaries.field import Cut
    from tests.support.fault_proxy import FaultProxy
    from tests.support.project import Project


def killed_at(project: Project, proxy: FaultProxy, cut: Cut, *arguments: str) -> list[str]:
    """Kills a command whose calls go through the proxy; says what is wrong where it had ended by itself."""
    cut.arm(proxy.faults)
    process = project.start(*arguments)

    def kill() -> None:
        process.kill()
        process.wait()

    proxy.on_loss = kill
    out, err = process.communicate(timeout=60)
    # What the process had sent beside that call still gets to the server.
    proxy.settle()
    proxy.on_loss = lambda: None
    if process.returncode != -9:
        return [f"it was not killed but ended with {process.returncode}: {out} {err}"]
    return []
