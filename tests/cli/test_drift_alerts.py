"""`drift --notify`, `--metrics-file` and `--state`: people are told, and every exit code is what it was."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import COMMAND, Ran, Shell
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

STATE = ".reconcile/drift.json"
WATCH = "config/dispatch.yaml"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook that keeps what it is sent."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def told(applied: Shell, receiver: Receiver) -> Shell:
    """An applied project whose drift is told to a webhook, by the variable."""
    applied.environ["RECONCILE_NOTIFY"] = f"json://user:hunter2@{receiver.host}/hunter2"
    return applied


def change_by_hand(emulator: Emulator, metadata: str = "by hand") -> None:
    """Somebody else changes the rule."""
    (rule,) = emulator.dispatch_rules
    rule.metadata = metadata
    emulator.put(rule)


def messages(receiver: Receiver) -> list[str]:
    """The titles and texts that came since the last time."""
    arrived = [json.loads(one.body) for one in receiver.take()]
    return [f"{one['title']}\n{one['message']}" for one in arrived]


def titles(receiver: Receiver) -> list[str]:
    """The titles that came since the last time, without what they count."""
    return [one.split("\n")[0].split(" (")[0] for one in messages(receiver)]


def memory(shell: Shell) -> dict[str, Any]:
    """What is remembered."""
    loaded: dict[str, Any] = json.loads((shell.folder / STATE).read_text())["watches"][WATCH]
    return loaded


def pass_time(shell: Shell, hours: float) -> None:
    """Makes everything that is remembered so much older."""
    path = shell.folder / STATE

    def older(value: Any) -> Any:
        match value:
            case dict():
                return {key: older(one) for key, one in value.items()}
            case list():
                return [older(one) for one in value]
            case str() if value.endswith("Z") and value[:2] == "20":
                return (datetime.fromisoformat(value) - timedelta(hours=hours)).isoformat()
        return value

    path.write_text(json.dumps(older(json.loads(path.read_text()))))


def figures(shell: Shell, name: str = "m.prom") -> dict[str, float]:
    """The figures of drift, by name, and by plane and kind where they have one."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families((shell.folder / name).read_text()):
        for sample in family.samples:
            labels = [sample.labels.get(key, "") for key in ("plane", "kind", "action", "error")]
            found[" ".join(filter(None, [sample.name, *labels]))] = sample.value
    return found


def test_drift_is_told_once_and_when_it_is_over(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """Nothing at first, one alert, silence, one all-clear, silence; the exit codes are those of drift."""
    codes = [told.run("drift").code]
    change_by_hand(livekit_emulator)
    codes += [told.run("drift").code for _ in range(3)]
    change_by_hand(livekit_emulator, "")
    codes += [told.run("drift").code for _ in range(2)]
    assert codes == [0, 2, 2, 2, 0, 0]
    assert titles(receiver) == ["acme: the live project has drifted", "acme: the drift is over"]


def test_the_alert_says_what_since_when_and_what_to_do(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """With the options of this run in the two commands, and with a receipt who did it."""
    told.write("b.yaml", CONFIGURATION)
    assert told.run("apply", "-c", "b.yaml", "--auto-approve", "--receipt", "r 1.json").code == 0
    change_by_hand(livekit_emulator)
    told.run("drift", "-c", "b.yaml", "--receipt", "r 1.json", "--only", "sip")
    (message,) = messages(receiver)
    assert 'dispatch rule "inbound": differs\n    metadata: now "by hand", the file says' in message
    assert "First seen by this look, at 20" in message
    assert "It was changed by hand" in message
    assert "take it into the file: reconcile drift --write-back -c b.yaml --only sip\n" in message
    assert "apply it: reconcile apply --receipt 'r 1.json' -c b.yaml --only sip" in message


def test_what_is_not_applied_yet_is_drift_as_well(told: Shell, receiver: Receiver) -> None:
    """A difference that the file made since the last apply is told as that."""
    assert told.run("apply", "--auto-approve", "--receipt", "r.json").code == 0
    more = "      metadata: from file\n      trunks:"
    told.write("config/dispatch.yaml", CONFIGURATION.replace("      trunks:", more))
    assert told.run("drift", "--receipt", "r.json").code == 2
    (message,) = messages(receiver)
    assert "It is not applied yet" in message


def test_it_is_told_again_after_a_period(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """24 hours by default, or what --repeat says."""
    change_by_hand(livekit_emulator)
    told.run("drift")
    pass_time(told, 23)
    told.run("drift")
    assert len(titles(receiver)) == 1
    told.run("drift", "--repeat", "22h")
    assert titles(receiver) == ["acme: the live project is still adrift"]
    pass_time(told, 24)
    told.run("drift")
    assert titles(receiver) == ["acme: the live project is still adrift"]


def test_several_runs_in_a_row_may_be_needed(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """--after 3: the third look speaks; the exit code of the first is 2 all the same."""
    change_by_hand(livekit_emulator)
    ran = [told.run("drift", "--after", "3") for _ in range(2)]
    assert [one.code for one in ran] == [2, 2]
    assert titles(receiver) == []
    told.run("drift", "--after", "3")
    (message,) = messages(receiver)
    assert "by 3 looks in a row" in message


def test_a_message_that_was_not_sent_is_sent_by_the_next_run(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """It is told on stderr, with -q too, without the URL, and changes no exit code; the all-clear likewise."""
    change_by_hand(livekit_emulator)
    receiver.status = 500
    ran = told.run("drift", "-q")
    assert ran.code == 2
    assert ran.err == (
        "warning: the alert could not be sent to json 1: the answer was 500; the next run tries again\n"
    )
    receiver.take()
    receiver.status = 200
    told.run("drift")
    assert titles(receiver) == ["acme: the live project has drifted"]
    change_by_hand(livekit_emulator, "")
    receiver.status = 403
    assert told.run("drift").code == 0
    receiver.take()
    receiver.status = 200
    told.run("drift")
    told.run("drift")
    assert titles(receiver) == ["acme: the drift is over"]


def test_each_target_is_told_by_itself(
    applied: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """One of two that cannot be reached is tried again alone."""
    change_by_hand(livekit_emulator)
    both = ["--notify", "json://127.0.0.1:9", "--notify", f"json://{receiver.host}"]
    for expected in (1, 0):
        ran = applied.run("drift", *both)
        assert ran.err.count("could not be sent to json 1") == 1
        assert "json 2" not in ran.err
        assert len(titles(receiver)) == expected


def test_a_run_that_cannot_look_is_neither_drift_nor_all_clear(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """The drift stands meanwhile; the third such run in a row says so, once; the next look says that it can see."""
    change_by_hand(livekit_emulator)
    told.run("drift")
    assert len(titles(receiver)) == 1
    url = told.environ["LIVEKIT_URL"]
    told.environ["LIVEKIT_URL"] = "ws://127.0.0.1:9"
    assert [told.run("drift").code for _ in range(4)] == [1, 1, 1, 1]
    (message,) = messages(receiver)
    assert message.startswith("acme: cannot look for drift\n")
    assert "3 runs in a row could not look" in message
    assert "127.0.0.1:9" in message
    assert memory(told)["drift"]["runs"] == 1
    told.environ["LIVEKIT_URL"] = url
    assert told.run("drift").code == 2
    assert titles(receiver) == ["acme: looking for drift works again"]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("version: 1\nsip: {inbound_trunk: {}}\nagent: {}\n", 1, "unknown-key"),
        (CONFIGURATION.replace("CARRIER_PASSWORD", "NOT_SET"), 1, "NOT_SET"),
        (CONFIGURATION.replace("{name: acme}", "{name: acme, host: a.example}"), 3, "a.example"),
    ],
)
def test_an_error_of_the_file_is_told_as_one_that_keeps_from_looking(
    told: Shell, receiver: Receiver, text: str, code: int, words: str
) -> None:
    """A broken file, a variable that is not set, another host: with the reason, and with the exit code as before."""
    told.run("drift")
    told.write("config/dispatch.yaml", text)
    ran = told.run("drift", "--after-errors", "1")
    assert ran.code == code
    (message,) = messages(receiver)
    assert message.startswith("acme: cannot look for drift")
    assert words in message


def test_a_sign_of_life(told: Shell, receiver: Receiver) -> None:
    """At most once in a period, through the same targets."""
    for expected in (1, 0):
        told.run("drift", "--heartbeat", "12h")
        assert titles(receiver) == ["acme: still looking for drift"] * expected
    pass_time(told, 12)
    told.run("drift", "--heartbeat", "12h")
    (message,) = messages(receiver)
    assert "No drift since " in message


def test_it_works_with_a_snapshot(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """Without a key; the commands are those for the live project."""
    change_by_hand(livekit_emulator)
    assert told.run("snapshot", "s.json").code == 0
    for name in [name for name in told.environ if name.startswith("LIVEKIT_")]:
        del told.environ[name]
    assert told.run("drift", "--live", "s.json").code == 2
    (message,) = messages(receiver)
    assert message.endswith("apply it: reconcile apply")


ROOMS = """\
version: 1
project: {name: acme}
agents:
  names:
    avatar: {agent_name: avatar}
  rooms:
    - {prefix: ornina-, agents: [avatar], dispatch: controller}
"""


def test_rooms_without_their_agent_are_part_of_the_drift(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """With --rooms; another room of the same convention is no other drift, and figures count rooms."""
    told.write("config/dispatch.yaml", ROOMS)
    arguments = ["drift", "--rooms", "--metrics-file", "m.prom"]
    assert told.run(*arguments).code == 0
    assert figures(told)["reconcile_drift_objects agents room missing"] == 0
    from livekit.protocol import room

    from tests.support.raw_client import RawClient

    client = RawClient(livekit_emulator.url, livekit_emulator.api_key, livekit_emulator.api_secret)
    for number, expected in ((1, 1), (2, 0)):
        request = room.CreateRoomRequest(name=f"ornina-{number}")
        assert client.call("RoomService", "CreateRoom", request).ok
        assert told.run(*arguments).code == 2
        assert figures(told)["reconcile_drift_objects agents room missing"] == number
        told_now = messages(receiver)
        assert len(told_now) == expected
        for message in told_now:
            assert 'room "ornina-1" has no agent avatar' in message
            assert "reconcile apply --rooms" in message
    client.close()


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


def test_the_first_run_of_all_may_fail(applied: Shell) -> None:
    """No figure of drift, where nobody ever looked."""
    applied.environ["LIVEKIT_URL"] = "ws://127.0.0.1:9"
    assert applied.run("drift", "--metrics-file", "m.prom").code == 1
    assert not any("objects" in name for name in figures(applied))
    assert Path(applied.folder / "m.prom").stat().st_mode & 0o777 == 0o644
