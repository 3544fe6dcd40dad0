"""What `drift` with alerts leaves behind: a state, figures, and no trace of a secret; and how it is used wrongly."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.cli.drifting import STATE, change_by_hand, figures, memory, messages, pass_time, titles
from tests.support.cli import COMMAND, Ran, Shell
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator


# ---------------------------------------------------------------------------------------------------------------------
# State
# ---------------------------------------------------------------------------------------------------------------------


def test_without_alerts_nothing_is_written(applied: Shell) -> None:
    """A plain drift leaves no file behind."""
    before = sorted(applied.folder.rglob("*"))
    applied.run("drift")
    assert sorted(applied.folder.rglob("*")) == before


def test_the_state_is_where_it_was_asked_to_be(told: Shell, livekit_emulator: Emulator) -> None:
    """One file that a cache of a CI job can carry from one machine to the next."""
    change_by_hand(livekit_emulator)
    told.run("drift", "--state", "cache/s.json")
    assert (told.folder / "cache" / "s.json").exists()
    assert not (told.folder / STATE).exists()


@pytest.mark.parametrize(
    "text",
    ["{", '{"format": "livekit-reconciler/drift-state", "format_version": 99}', "\x00" * 9],
)
def test_a_damaged_state_is_one_line_and_no_failed_run(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator, text: str
) -> None:
    """It counts as empty, and is written anew."""
    told.write(STATE, text)
    change_by_hand(livekit_emulator)
    ran = told.run("drift")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert STATE in ran.err
    assert len(titles(receiver)) == 1
    assert told.run("drift").err == ""


def test_a_place_that_cannot_be_written_is_told(told: Shell, livekit_emulator: Emulator) -> None:
    """State and figures: a line each, and the exit code is the drift's."""
    told.write("file", "")
    change_by_hand(livekit_emulator)
    ran = told.run("drift", "--state", "file/s.json", "--metrics-file", "file/m.prom")
    assert ran.code == 2
    assert [line.split(":")[0] for line in ran.err.splitlines()] == ["warning"] * 2
    assert "the next run knows nothing of this one" in ran.err


def test_a_name_that_no_file_can_have_fails_no_run(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """Nobody can look there: the drift is found and told all the same."""
    change_by_hand(livekit_emulator)
    ran = told.run("drift", "--state", "x" * 300)
    assert ran.code == 2
    assert "Drift of acme" in ran.out
    assert all(line.startswith("warning: ") for line in ran.err.splitlines())
    assert titles(receiver) == ["acme: the live project has drifted"]


def test_two_watches_share_a_file(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """Another plane is another drift, with a memory of its own."""
    change_by_hand(livekit_emulator)
    for _ in range(2):
        assert told.run("drift", "--only", "sip").code == 2
        assert told.run("drift", "--only", "agents").code == 0
    assert titles(receiver) == ["acme: the live project has drifted"]


def test_another_host_begins_anew_and_says_so(told: Shell, livekit_emulator: Emulator) -> None:
    """A state of staging says nothing of production."""
    told.run("drift")
    path = told.folder / STATE
    host = memory(told)["host"]
    path.write_text(path.read_text().replace(host, "staging.example"))
    ran = told.run("drift")
    assert ran.code == 0
    assert "staging.example" in ran.err
    assert "--state" in ran.err


def test_runs_at_the_same_time_tell_once(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """Four crons that start at once: one alert, four looks, one whole file."""
    change_by_hand(livekit_emulator)
    environ = {**os.environ, **told.environ}
    runs = [
        subprocess.Popen(
            [*COMMAND, "drift", "-q"], cwd=told.folder, env=environ, stdout=subprocess.DEVNULL
        )
        for _ in range(4)
    ]
    assert [one.wait() for one in runs] == [2, 2, 2, 2]
    assert len(titles(receiver)) == 1
    assert memory(told)["drift"]["runs"] == 4


# ---------------------------------------------------------------------------------------------------------------------
# Secrets and usage
# ---------------------------------------------------------------------------------------------------------------------


def test_urls_and_secrets_appear_nowhere(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """Neither in output, state and figures, nor what is secret in a message."""
    (trunk,) = livekit_emulator.inbound_trunks
    trunk.auth_password = "canary-live"
    livekit_emulator.put(trunk)
    receiver.status = 500
    runs = [told.run("drift", "-v", "--metrics-file", "m.prom")]
    receiver.status = 200
    runs.append(told.run("drift", "-v", "--metrics-file", "m.prom"))
    kept = (told.folder / STATE).read_text() + (told.folder / "m.prom").read_text()
    said = "".join(one.out + one.err for one in runs) + kept
    for text in ("hunter2", receiver.host):
        assert text not in said
    (_, message) = messages(receiver)
    assert "auth.password differs (hidden)" in message
    for text in ("not-a-real-one", "canary-live", told.environ["LIVEKIT_API_SECRET"]):
        assert text not in said + message


def _usage(shell: Shell, *arguments: str) -> Ran:
    ran = shell.run("drift", *arguments)
    assert ran.code == 64
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    return ran


def test_a_bad_url_is_wrong_usage_and_not_repeated(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """By option or by variable: named by its place, before anything is looked at."""
    calls = len(livekit_emulator.calls)
    ran = _usage(applied, "--notify", "json://localhost", "--notify", "slack://hunter2")
    assert "number 2 (slack://…)" in ran.err
    assert "hunter2" not in ran.err
    applied.environ["RECONCILE_NOTIFY"] = "hunter2:// json://localhost"
    assert "hunter2" not in _usage(applied).err
    assert len(livekit_emulator.calls) == calls


@pytest.mark.parametrize(
    "arguments",
    [
        ("--after", "0"),
        ("--after-errors", "x"),
        ("--repeat", "0s"),
        ("--heartbeat", "daily"),
        ("--heartbeat", ""),
        ("--metrics-file", "config"),
    ],
)
def test_wrong_options_are_wrong_usage(applied: Shell, arguments: tuple[str, ...]) -> None:
    """Never 2, which pipelines read as drift."""
    _usage(applied, *arguments)


def test_an_empty_variable_is_said(applied: Shell) -> None:
    """In CI that is a secret which is not there: nobody would be told, and nobody would know."""
    applied.environ["RECONCILE_NOTIFY"] = ""
    assert "RECONCILE_NOTIFY is empty" in applied.run("drift").err


def test_options_that_say_when_and_nobody_whom_are_said(applied: Shell) -> None:
    """With -q, too; the look is made and its exit code stays. Where somebody is told, or nothing is asked, silence."""
    ran = applied.run("drift", "-q", "--after", "2")
    assert (ran.code, ran.err) == (
        0,
        "nobody is told of drift: --after says when, and no --notify whom\n",
    )
    applied.environ["RECONCILE_REPEAT"] = "12h"
    ran = applied.run(
        "drift", "--heartbeat", "24h", "--after-errors", "3", "--metrics-file", "m.prom"
    )
    told = "nobody is told of drift: --after-errors, --repeat, --heartbeat say when, and no --notify whom\n"
    assert (ran.code, ran.err) == (0, told)
    assert figures(applied)
    ran = applied.run("drift", "--heartbeat", "24h", "--notify", "json://127.0.0.1:9/")
    assert "nobody is told" not in ran.err
    del applied.environ["RECONCILE_REPEAT"]
    assert applied.run("drift").err == ""
    applied.environ["RECONCILE_NOTIFY"] = ""
    assert applied.run("drift", "--after", "2").err.count("nobody is told") == 1


def test_options_of_alerts_are_for_one_project(applied: Shell) -> None:
    """With many, a word about when is as wrong as one about whom."""
    for option, value in (
        ("--notify", "json://127.0.0.1:9/"),
        ("--after", "2"),
        ("--repeat", "1h"),
    ):
        ran = applied.run("drift", "--projects", "config", option, value)
        assert ran.code == 64
        assert f"{option} and --projects do not go together" in ran.err


# ---------------------------------------------------------------------------------------------------------------------
# Figures
# ---------------------------------------------------------------------------------------------------------------------


def test_figures_are_written_for_good_and_for_failed_runs(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """A failed run tells no zero, and leaves the time of the last good one where it was."""
    change_by_hand(livekit_emulator)
    assert applied.run("drift", "--metrics-file", "m.prom").code == 2
    good = figures(applied)
    assert good["reconcile_drift_objects sip dispatch_rule update"] == 1
    assert good["reconcile_drift_last_run_success"] == 1
    assert good["reconcile_drift_last_run_duration_seconds"] > 0
    pass_time(applied, 1)
    applied.environ["LIVEKIT_URL"] = "ws://127.0.0.1:9"
    assert applied.run("drift", "--metrics-file", "m.prom").code == 1
    failed = figures(applied)
    last = "reconcile_drift_last_success_timestamp_seconds"
    assert failed["reconcile_drift_objects sip dispatch_rule update"] == 1
    assert failed["reconcile_drift_last_run_success"] == 0
    assert failed["reconcile_drift_api_errors_total unreachable"] == 1
    assert failed[last] == good[last] - 3600
    assert (
        abs(failed["reconcile_drift_last_run_timestamp_seconds"] - datetime.now(UTC).timestamp())
        < 60
    )


def test_a_folder_that_is_not_there_is_not_made(applied: Shell) -> None:
    """A typo in the name of node_exporter's folder is a line on stderr, with -q too, and leaves nothing behind."""
    ran = applied.run("drift", "-q", "--metrics-file", "node_exportr/acme.prom")
    assert ran.code == 0
    assert ran.err == (
        "warning: node_exportr/acme.prom: the metrics file cannot be written: No such file or directory\n"
    )
    assert not (applied.folder / "node_exportr").exists()


def test_the_first_run_of_all_may_fail(applied: Shell) -> None:
    """No figure of drift, where nobody ever looked."""
    applied.environ["LIVEKIT_URL"] = "ws://127.0.0.1:9"
    assert applied.run("drift", "--metrics-file", "m.prom").code == 1
    assert not any("objects" in name for name in figures(applied))
    assert (
        'reconcile_drift_last_run_success{project="acme"} 0.0'
        in (applied.folder / "m.prom").read_text()
    )
    assert (applied.folder / "m.prom").stat().st_mode & 0o777 == 0o644
