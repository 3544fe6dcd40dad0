"""Runs that are cut at each of their API calls, lists included: lost requests, lost answers, and killed processes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.boundaries.field import Cut, Field, cuts
from tests.boundaries.ground import contents
from tests.boundaries.mixed import FORMER
from tests.support.effort import SOAK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.figures import FigureTeller

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

APPLY = ("apply", "-c", "dispatch.yaml", "--auto-approve", "--no-backup")
DELETING = ("--max-deletes", "99")
# One call at a time, and as many as usual: then others are on their way when the process ends.
CONCURRENCIES = ("1", "8")


def _kills(methods: list[str]) -> Iterable[tuple[Cut, str]]:
    """Cuts, each with how many calls are made at the same time: both in the long run, else in turns."""
    found = cuts(methods)
    return (
        itertools.product(found, CONCURRENCIES)
        if SOAK
        else zip(found, itertools.cycle(CONCURRENCIES), strict=False)
    )


def test_a_lost_call_is_made_up_for_by_the_same_run(
    field: Field, figure: FigureTeller, server: str
) -> None:
    """Whichever request or answer gets lost: the apply of 40 changes ends complete, and a second one finds nothing."""

    def lose(cut: Cut) -> list[str]:
        cut.arm(field.ground.breaking[1])
        report = field.project.apply()
        return [] if report.is_complete else [f"the first run: {report}"]

    count = field.each(cuts(field.methods), lose)
    figure(f"lost-{server}", f"{count} of {count}")


def test_a_second_run_finishes_what_a_killed_one_began(
    field: Field, figure: FigureTeller, server: str
) -> None:
    """SIGKILL before and behind the effect of each call: nothing doubled, nothing lost, nothing foreign touched."""
    field.use_proxy()
    count = 0
    for cut, concurrency in _kills(field.methods):
        options = (*DELETING, "--concurrency", concurrency)

        def kill(cut: Cut, options: tuple[str, ...] = options) -> list[str]:
            return field.killed_at(cut, *APPLY, *options)

        count += field.each([cut], kill)
    figure(f"killed-{server}", f"{count} of {count}")


def test_a_saved_plan_that_was_killed_is_stale_and_the_file_finishes(
    field: Field, figure: FigureTeller, server: str
) -> None:
    """The saved plan does what is left only where nothing was done; the plain apply finishes in any case."""
    field.use_proxy()
    field.ground.put_back(field.before)
    assert field.shell.run("plan", "-c", "dispatch.yaml", "--out", "plan.json").code == 0
    apply = ("apply", "plan.json", "-c", "dispatch.yaml", "--no-backup", *DELETING)

    def kill(cut: Cut) -> list[str]:
        found = field.killed_at(cut, *apply)
        is_untouched = field.ground.state() == field.before
        ran = field.shell.run(*apply)
        if is_untouched == (ran.code == 0) and ran.code in (0, 3):
            return found
        return [*found, f"the saved plan again, untouched {is_untouched}: {ran}"]

    found = list(cuts(field.methods))
    count = field.each(found if SOAK else found[::3], kill)
    figure(f"killed-saved-{server}", f"{count} of {count}")


def test_a_rollback_that_was_killed_is_finished_by_another(
    field: Field, figure: FigureTeller, server: str
) -> None:
    """The same backup leads back from wherever the first rollback was killed."""
    field.use_proxy()
    field.ground.put_back(field.before)
    former = contents(field.before)
    apply = ("apply", "-c", "dispatch.yaml", "--auto-approve", "--backup-dir", "kept", *DELETING)
    ran = field.shell.run(*apply)
    assert ran.code == 0, ran
    (backup,) = (field.project.file.parent / "kept").iterdir()
    # A backup holds no secret: the variables have the former values again.
    field.project.environ |= FORMER
    command = ("rollback", str(backup), "--auto-approve", "--no-backup", *DELETING)

    def roll_back() -> list[str]:
        ran = field.shell.run(*command, "--concurrency", "1")
        return [] if ran.code == 0 else [f"the rollback: {ran}"]

    def first() -> None:
        assert roll_back() == []

    # Calls are counted where they break, and a rollback goes through the proxy on both servers.
    field.refer(first)
    assert contents(field.after) == former
    found = list(cuts([call.method for call in field.ground.proxy.calls]))
    count = field.each(
        found if SOAK else found[1::3], lambda cut: field.killed_at(cut, *command), roll_back
    )
    figure(f"killed-rollback-{server}", f"{count} of {count}")
