"""Files of this program in other hands: what who steals one learns, and what who forges one can do with it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from reconciler.core.values import Secret
from reconciler.fingerprint import Fingerprints
from reconciler.planfile import SavedPlan
from tests.cli.conftest import CONFIGURATION
from tests.cli.drifting import change_by_hand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.emulator.server import Emulator
    from tests.support.cli import Shell
    from tests.support.receiver import Receiver

PIN = "4711"
WITH_PIN = CONFIGURATION.replace(
    "individual: {prefix: call-}", "individual: {prefix: call-, pin: {env: PIN}}"
)
KEYS = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "CARRIER_PASSWORD")


def _writes(emulator: Emulator) -> list[str]:
    return [call.method for call in emulator.calls if not call.method.startswith("List")]


def _forged(text: str, **changes: Any) -> str:
    """A saved plan with other contents, and with the digest that anybody can compute."""
    saved = msgspec.json.decode(text, type=SavedPlan)
    forged = msgspec.structs.replace(saved, **changes, digest="")
    digest = hashlib.sha256(msgspec.json.encode(forged, order="sorted")).hexdigest()
    return msgspec.json.encode(msgspec.structs.replace(forged, digest=digest)).decode()


def _with_other_room(text: str) -> str:
    """The plan with another prefix in its calls, its seal left as it was."""
    assert '"call-"' in text
    return text.replace('"call-"', '"theirs-"')


@pytest.mark.parametrize("keyed", [True, False])
def test_a_forged_plan_is_not_applied(
    project: Shell, livekit_emulator: Emulator, keyed: bool
) -> None:
    """With a plain digest it is no plan of ours; where it says that it never had a seal, somebody has to say yes."""
    assert project.run("plan", "--out", "plan.json").code == 0
    text = (project.folder / "plan.json").read_text()
    touched: Mapping[str, str] = {}
    project.write("plan.json", _forged(_with_other_room(text), keyed=keyed, touched=touched))
    livekit_emulator.forget_calls()
    ran = project.run("apply", "plan.json")
    assert ran.code == 3, ran.err
    assert ("changed after it was saved" if keyed else "nobody to ask") in ran.err
    assert _writes(livekit_emulator) == []


def test_a_plan_of_another_key_is_refused(project: Shell, livekit_emulator: Emulator) -> None:
    """A seal is the project's: somebody with a key of their own makes none that counts here."""
    secret = project.environ["LIVEKIT_API_SECRET"]
    assert project.run("plan", "--out", "plan.json").code == 0
    saved = msgspec.json.decode((project.folder / "plan.json").read_bytes(), type=SavedPlan)
    body = msgspec.json.encode(msgspec.structs.replace(saved, digest=""), order="sorted")
    assert saved.digest == Fingerprints(Secret(secret)).seal(body)
    theirs = Fingerprints(Secret(secret + "x")).seal(body)
    sealed = msgspec.structs.replace(saved, digest=theirs)
    project.write("plan.json", msgspec.json.encode(sealed).decode())
    livekit_emulator.forget_calls()
    ran = project.run("apply", "plan.json")
    assert ran.code == 3
    assert "made with another API secret" in ran.err
    assert _writes(livekit_emulator) == []


def test_a_plan_made_without_the_key_needs_a_yes(applied: Shell) -> None:
    """Nothing proves who made it, so it is no approval; with one it is applied as always."""
    assert applied.run("snapshot", "live.json").code == 0
    kept = {name: applied.environ.pop(name) for name in KEYS}
    changed = CONFIGURATION.replace("prefix: call-}", "prefix: phone-}")
    applied.write("config/dispatch.yaml", changed)
    assert applied.run("plan", "--live", "live.json", "--out", "plan.json").code == 0
    applied.environ |= kept
    assert applied.run("apply", "plan.json").code == 3
    assert applied.run("apply", "plan.json", "--auto-approve").code == 0
    assert applied.run("plan", "--detailed-exitcode").code == 0


def test_a_stolen_file_gives_no_pin_away(project: Shell) -> None:
    """All ten thousand PINs, tried without the key on every digest: none fits, and with the key one does."""
    project.environ["PIN"] = PIN
    project.write("config/dispatch.yaml", WITH_PIN)
    assert project.run("apply", "--auto-approve", "--receipt", "receipt.json").code == 0
    project.environ["PIN"] = "0815"
    assert project.run("plan", "--out", "plan.json").code == 0
    assert project.run("apply", "--auto-approve").code == 0
    backups = [one.read_text() for one in (project.folder / ".reconcile/backups").iterdir()]
    stolen = "".join(
        [*((project.folder / name).read_text() for name in ("plan.json", "receipt.json")), *backups]
    )
    for secret in (PIN, "0815", "not-a-real-one"):
        assert f'"{secret}"' not in stolen
    pins = [f"{number:04}" for number in range(10_000)]
    for guess in ("", "devkey", "secret"):
        prints = Fingerprints(Secret(guess))
        assert not [pin for pin in pins if prints.of_value(Secret(pin)) in stolen]
    plain = (hashlib.sha256(json.dumps(pin).encode()).hexdigest() for pin in pins)
    assert not [digest for digest in plain if digest[:32] in stolen]
    ours = Fingerprints(Secret(project.environ["LIVEKIT_API_SECRET"]))
    assert {pin for pin in pins if ours.of_value(Secret(pin)) in stolen} == {PIN}


def test_a_forged_backup_needs_a_yes(applied: Shell, livekit_emulator: Emulator) -> None:
    """What it would do is shown and asked about, like any plan that nobody saved."""
    changed = CONFIGURATION.replace("prefix: call-}", "prefix: phone-}")
    applied.write("config/dispatch.yaml", changed)
    assert applied.run("apply", "--auto-approve").code == 0
    backup = max((applied.folder / ".reconcile/backups").iterdir())
    backup.write_text(_with_other_room(backup.read_text()))
    livekit_emulator.forget_calls()
    ran = applied.run("rollback", str(backup))
    assert ran.code == 3
    assert "theirs-" in ran.out
    assert _writes(livekit_emulator) == []


def test_a_strangers_file_reads_nothing_into_what_is_shown(applied: Shell) -> None:
    """A pull request that names a file of the runner as a secret, planned without a key: not a byte of it is told."""
    canary = "content-of-a-file-that-is-nobodys-business"
    applied.write("private.txt", f"{canary}\n")
    assert applied.run("snapshot", "live.json").code == 0
    for name in KEYS:
        del applied.environ[name]
    poisoned = CONFIGURATION.replace("{env: CARRIER_PASSWORD}", "{file: ../private.txt}").replace(
        "      address: sip", "      headers: {X-Key: {file: ../private.txt}}\n      address: sip"
    )
    applied.write("config/dispatch.yaml", poisoned)
    told = ""
    for command in (
        ("validate",),
        ("plan", "--live", "live.json", "--out", "plan.json"),
        ("plan", "--live", "live.json", "--format", "json"),
        ("plan", "--live", "live.json", "--format", "github"),
        ("graph", "--live", "live.json"),
    ):
        ran = applied.run(*command)
        assert ran.code == 0, ran.err
        told += ran.out + ran.err
    told += (applied.folder / "plan.json").read_text()
    assert "private.txt" in told
    assert canary not in told


def test_what_is_remembered_hides_no_drift(
    told: Shell, receiver: Receiver, livekit_emulator: Emulator
) -> None:
    """A state in which all was told keeps the messages back, and neither the exit code nor what is shown."""
    assert told.run("drift").code == 0
    change_by_hand(livekit_emulator)
    first = told.run("drift")
    assert (first.code, len(receiver.take())) == (2, 1)
    again = told.run("drift")
    assert (again.code, again.out) == (2, first.out)
    assert "by hand" in again.out
    assert receiver.take() == []


NEWER = {
    "plan": ("apply", "plan.json"),
    "shown plan": ("show", "plan.json"),
    "snapshot": ("plan", "--live", "snapshot.json"),
    "backup": ("rollback", "backup.json"),
    "receipt": ("drift", "--receipt", "receipt.json"),
}


@pytest.mark.parametrize("what", NEWER)
def test_a_file_of_a_newer_version_is_refused_in_one_line(
    applied: Shell, livekit_emulator: Emulator, what: str
) -> None:
    """What else stands in it is not looked at: a version to come may have changed all of it."""
    name = what.split()[-1]
    content = {"format": f"livekit-reconciler/{name}", "format_version": 2, "steps": [{"x": 1}]}
    applied.write(f"{name}.json", json.dumps(content))
    livekit_emulator.forget_calls()
    ran = applied.run(*NEWER[what])
    assert (ran.code, ran.out) == (1, "")
    wanted = (
        f"{name}.json: the {name} has format 2, this version reads 1: use the version that wrote it"
    )
    assert ran.err == f"error: {wanted}\n"
    assert _writes(livekit_emulator) == []
