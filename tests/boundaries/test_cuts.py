"""An apply of 40 mixed changes that is cut at each of its API calls: lost requests, lost answers, and killed processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.boundaries.field import Cut, Field
    from tests.support.figures import FigureTeller

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


def test_a_lost_call_is_made_up_for_by_the_apply_itself(
    field: Field, figure: FigureTeller, request: pytest.FixtureRequest
) -> None:
    """Whichever request or answer gets lost, lists included: the same run ends complete, and a second one has nothing to do."""

    def lose(cut: Cut) -> list[str]:
        cut.arm(field.ground.breaking[1])
        report = field.project.apply()
        return [] if report.is_complete else [f"the first run: {report}"]

    count = field.each(field.cuts(), lose)
    figure(f"lost-{_server(request)}", f"{count} of {count} lost calls made up for in the same run")


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_second_run_finishes_what_a_killed_one_began(
    field: Field, figure: FigureTeller, request: pytest.FixtureRequest, concurrency: int
) -> None:
    """SIGKILL before or behind the effect of each call: nothing doubled, nothing lost, nothing foreign touched."""
    field.use_proxy()

    def kill(cut: Cut) -> list[str]:
        return killed_at(field, cut, "apply", "-c", str(field.project.file), "--auto-approve", "--concurrency", str(concurrency))

    count = field.each(field.cuts(), kill)
    figure(
        f"killed-{_server(request)}-{concurrency}",
        f"{count} of {count} kills finished by a second run",
    )


def killed_at(field: Field, cut: Cut, *arguments: str) -> list[str]:
    """Kills a command at a call; says what is wrong where it had ended by itself."""
    proxy = field.ground.proxy
    process = field.project.start(*arguments)

    def kill() -> None:
        process.kill()
        process.wait()

    proxy.on_loss = kill
    cut.arm(proxy.faults)
    out, err = process.communicate(timeout=60)
    proxy.settle()
    proxy.on_loss = lambda: None
    return [] if process.returncode == -9 else [f"it was not killed: {process.returncode} {out} {err}"]


def _server(request: pytest.FixtureRequest) -> str:
    return "real" if "real" in request.node.name else "emulated"
