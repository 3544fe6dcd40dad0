"""Canaries: a marker in each place that can hold a secret, and all that comes out of every command searched for it.

The commands, their formats and their variables are taken from the program itself: a command without a case fails here.
Secrets are searched for in all their forms (`tests/support/canaries.py`), on stdout and stderr, in every file that was
written, on the command lines of all processes, and in what goes to others. A user name may come from a variable as
well, but it is no secret: LiveKit shows it, and so does an export.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.main import COMMANDS
from reconciler.emulator.server import Emulator
from tests.support.canaries import CONFIGURATION, World
from tests.support.cli import Shell
from tests.support.effort import effort
from tests.support.every_command import (
    RUNS_ON,
    Case,
    cases_of,
    formats_of,
    line_of,
)

if TYPE_CHECKING:
    from tests.support.figures import FigureTeller

SAYING = ((), ("-v",), ("-q",))


def _live_secrets(emulator: Emulator, made: World) -> None:
    """Every secret is changed by hand: the old values must not show up either (they are `before` in a plan)."""
    names = ("LIVE_PASSWORD", "LIVE_HEADER", "LIVE_S3")
    password, header, s3 = (
        made.canaries.values.get(name) or made.canaries.text(name, "") for name in names
    )
    pin = made.canaries.values.get("LIVE_PIN") or made.canaries.digits("LIVE_PIN")
    for inbound in emulator.inbound_trunks:
        inbound.auth_password = password
        inbound.headers["X-Literal"] = inbound.headers["X-Referenced"] = header
        emulator.put(inbound)
    for outbound in emulator.outbound_trunks:
        outbound.auth_password, outbound.headers["X-Out"] = password, header
        emulator.put(outbound)
    for rule in emulator.dispatch_rules:
        getattr(rule.rule, rule.rule.WhichOneof("rule")).pin = pin
        for output in rule.room_config.egress.room.file_outputs:
            output.s3.secret = s3
        emulator.put(rule)


def _ways(name: str) -> list[tuple[Case, tuple[str, ...]]]:
    """Every case of a command in every format, and in one of the levels of talking (all of them in the long run)."""
    formats: list[tuple[str, ...]] = [("--format", one) for one in formats_of(name)] or [()]
    found = []
    for number, (case, form) in enumerate(product(cases_of(name), formats)):
        levels = effort((SAYING[number % len(SAYING)],), SAYING)
        found += [(case, (*form, *level)) for level in levels]
    return found


@pytest.mark.soak
@pytest.mark.timeout(effort(900, 3600))
def test_no_command_shows_a_secret(
    canaries: World, emulator: Emulator, figure: FigureTeller
) -> None:
    """Every command in every format: while all is as the file says, and after every secret was changed by hand."""
    ended = [name for name in COMMANDS if name not in RUNS_ON]
    count = 0
    for name, is_changed in product(ended, (False, True)):
        for case, options in _ways(name):
            if is_changed:
                _live_secrets(emulator, canaries)
            line = (*line_of(case, canaries.shell), *options)
            ran = canaries.shell.run(*line)
            assert ran.code in (0, 1, 2, 3), (line, ran)
            assert canaries.problems(ran.out, ran.err, but=case.shows) == [], line
            count += 1
    figure(
        "secrets",
        f"{count:,} runs of {len(ended)} commands, {len(canaries.canaries.cores)} secrets in 6 forms: none came out",
    )


@pytest.mark.parametrize("name", list(COMMANDS))
def test_no_help_shows_a_variable(canaries: World, name: str) -> None:
    """Defaults out of the environment are not printed: there may be a password in them."""
    ran = canaries.shell.run(name, "--help")
    assert canaries.problems(ran.out, ran.err) == []


def test_no_error_shows_a_secret(canaries: World, emulator: Emulator) -> None:
    """Refusals of the server, wrong keys and values that the server cannot take."""
    shell = canaries.shell
    for method, status in product(("List*", "Create*"), (400, 401, 403, 404, 429, 500, 503)):
        emulator.faults.answer(method, status, code="invalid_argument", times=50)
        ran = shell.run("apply", "-c", "other", "--auto-approve", "--timeout", "1s")
        assert canaries.problems(ran.out, ran.err) == [], (method, status)
        emulator.faults.clear()
    shell.environ["LIVEKIT_API_SECRET"] = canaries.canaries.text("WRONG")
    ran = shell.run("plan")
    assert ran.code == 1
    assert canaries.problems(ran.out, ran.err) == []


def test_a_secret_in_clear_is_refused_and_not_repeated(shell: Shell) -> None:
    """Passwords and PINs in clear are errors, whose message does not show them."""
    text = CONFIGURATION.replace("{env: IN_PASSWORD}", "canary-in-clear").replace(
        "{env: PIN_SINGLE}", '"99901"'
    )
    shell.write("config/dispatch.yaml", text)
    for format_ in formats_of("validate"):
        ran = shell.run("validate", "--format", format_)
        assert ran.code == 1
        assert (ran.out + ran.err).count("secret-in-clear") >= 2
        assert "canary-in-clear" not in ran.out + ran.err
        assert "99901" not in ran.out + ran.err


def test_a_secret_in_clear_in_an_overlay_is_refused_and_not_repeated(shell: Shell) -> None:
    """The same error as in the file, at its place in the overlay, for one project and for many."""
    clear = "sip: {inbound_trunks: {in: {auth: {password: canary-in-clear}}}}\n"
    shell.write("config/dispatch.yaml", CONFIGURATION)
    shell.write("overlay.yaml", clear)
    for which, format_ in product(([], ["--projects", "config"]), formats_of("plan")):
        ran = shell.run("plan", *which, "--overlay", "overlay.yaml", "--format", format_)
        assert ran.code == 1
        assert "secret-in-clear" in ran.out + ran.err
        assert "canary-in-clear" not in ran.out + ran.err


def test_short_secrets_do_not_mask_other_text(canaries: World) -> None:
    """Masking is by type, never by searching the text: a PIN of one digit hides nothing else."""
    canaries.shell.environ["PIN_SINGLE"] = "1"
    ran = canaries.shell.run("plan", "-c", "other")
    assert "+15550100002" in ran.out
    assert "1 to create" in ran.out
