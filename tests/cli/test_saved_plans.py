"""Saved plans: exactly what was shown, or nothing."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest
from livekit.protocol.sip import SIPDispatchRuleInfo

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Shell

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator


def _save(shell: Shell) -> None:
    ran = shell.run("plan", "--out", "plan.json")
    assert ran.code == 0, ran.err


def test_a_saved_plan_does_what_was_shown(project: Shell) -> None:
    """Without configuration and approval, the saved plan is carried out."""
    _save(project)
    assert stat.S_IMODE((project.folder / "plan.json").stat().st_mode) == 0o600
    for arguments in ([], ["-v"], *(["--format", name] for name in ("json", "markdown", "github"))):
        shown, planned = (
            project.run("show", "plan.json", *arguments),
            project.run("plan", *arguments),
        )
        assert (shown.out, shown.err) == (planned.out, planned.err)
    (project.folder / "config/dispatch.yaml").rename(project.folder / "elsewhere.yaml")
    assert project.run("apply", "plan.json").code == 0
    (project.folder / "elsewhere.yaml").rename(project.folder / "config/dispatch.yaml")
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_plan_is_applied_once(project: Shell) -> None:
    """The second time there is nothing left of it to do: refused with 3."""
    _save(project)
    assert project.run("apply", "plan.json").code == 0
    ran = project.run("apply", "plan.json")
    assert ran.code == 3
    assert "applied already" in ran.err
    assert project.run("show", "plan.json").code == 0


def test_a_stale_plan_is_refused_and_still_shown(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """An object that the plan touches was changed by hand since: 3, and nothing is written."""
    applied.write(
        "config/dispatch.yaml", CONFIGURATION.replace("prefix: call-}", "prefix: phone-}")
    )
    _save(applied)
    (rule,) = livekit_emulator.dispatch_rules
    rule.metadata = "by hand"
    livekit_emulator.put(rule)
    ran = applied.run("apply", "plan.json")
    assert ran.code == 3
    assert "inbound" in ran.err
    assert "plan again" in ran.err
    assert applied.run("show", "plan.json").code == 0


def test_changes_elsewhere_do_not_make_a_plan_stale(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """Only the objects that the plan touches count."""
    applied.write(
        "config/dispatch.yaml", CONFIGURATION.replace("prefix: call-}", "prefix: phone-}")
    )
    _save(applied)
    (trunk,) = livekit_emulator.outbound_trunks
    trunk.metadata = "by hand"
    livekit_emulator.put(trunk)
    assert applied.run("apply", "plan.json").code == 0


def test_a_new_conflict_makes_a_plan_stale(project: Shell, livekit_emulator: Emulator) -> None:
    """An object that appeared since, and would collide with what the plan creates, stops it."""
    _save(project)
    rule = SIPDispatchRuleInfo(name="by hand")
    rule.rule.dispatch_rule_individual.room_prefix = "hand-"
    livekit_emulator.put(rule)
    assert project.run("show", "plan.json").code == 0
    other = CONFIGURATION.replace("trunks: [carrier]", "trunks: any")
    project.write("config/dispatch.yaml", other)
    livekit_emulator.clear()
    project.run("plan", "--out", "any.json")
    livekit_emulator.put(rule)
    ran = project.run("apply", "any.json")
    assert ran.code == 3
    assert "conflict" in ran.err


def test_a_damaged_plan_is_refused(project: Shell) -> None:
    """The digest is computed anew from the file, never believed."""
    _save(project)
    path = project.folder / "plan.json"
    path.write_text(path.read_text().replace("call-", "hack-"))
    ran = project.run("apply", "plan.json")
    assert ran.code == 3
    assert "changed after it was saved" in ran.err
    path.write_text(path.read_text()[:200])
    assert project.run("apply", "plan.json").code == 1
    assert project.run("show", "plan.json").code == 1
    path.write_text("{}")
    assert "not a" in project.run("show", "plan.json").err


def test_a_plan_for_another_project_is_refused(project: Shell) -> None:
    """The host is part of the plan."""
    _save(project)
    port = project.environ["LIVEKIT_URL"].rsplit(":", 1)[1]
    project.environ["LIVEKIT_URL"] = f"ws://localhost:{port}"
    ran = project.run("apply", "plan.json")
    assert ran.code == 3
    assert "localhost" in ran.err


def test_a_saved_plan_holds_no_secret_and_reads_it_anew(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """Passwords are looked up where the plan says they come from, when it is applied."""
    _save(project)
    assert "not-a-real-one" not in (project.folder / "plan.json").read_text()
    del project.environ["CARRIER_PASSWORD"]
    ran = project.run("apply", "plan.json")
    assert ran.code == 1
    assert "CARRIER_PASSWORD" in ran.err
    project.environ["CARRIER_PASSWORD"] = "another"
    assert project.run("apply", "plan.json").code == 0
    assert livekit_emulator.inbound_trunks[0].auth_password == "another"


def test_headers_in_clear_come_from_the_configuration_again(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """A header's value is hidden in any case: the saved plan only says where it stands."""
    text = CONFIGURATION.replace(
        "      numbers:", "      headers: {X-Site: site-header-value}\n      numbers:", 1
    )
    project.write("config/dispatch.yaml", text)
    _save(project)
    assert "site-header-value" not in (project.folder / "plan.json").read_text()
    assert project.run("apply", "plan.json").code == 0
    assert livekit_emulator.inbound_trunks[0].headers["X-Site"] == "site-header-value"


def test_plan_against_a_snapshot_needs_no_key(applied: Shell) -> None:
    """A snapshot file stands for the live project; its secrets are unknown, which is no change."""
    assert applied.run("snapshot", "live.json").code == 0
    snapshot = (applied.folder / "live.json").read_text()
    assert "not-a-real-one" not in snapshot
    assert json.loads(snapshot)["format"] == "livekit-reconciler/snapshot"
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "CARRIER_PASSWORD"):
        del applied.environ[name]
    assert applied.run("plan", "--live", "live.json", "--detailed-exitcode").code == 0
    applied.write(
        "config/dispatch.yaml", CONFIGURATION.replace("prefix: call-}", "prefix: phone-}")
    )
    ran = applied.run("plan", "--live", "live.json", "--detailed-exitcode")
    assert ran.code == 2
    assert "phone-" in ran.out


def test_a_bad_snapshot_says_what_is_wrong(project: Shell) -> None:
    """A file that is no snapshot is one clear line."""
    future = {
        "format": "livekit-reconciler/snapshot",
        "format_version": 2,
        "host": "h",
        "objects": {},
    }
    for text in ("", "[]", "{}", json.dumps(future)):
        project.write("live.json", text)
        ran = project.run("plan", "--live", "live.json")
        assert ran.code == 1
        assert "live.json" in ran.err
        assert len(ran.err.splitlines()) == 1


def test_a_saved_plan_that_writes_only_a_new_password_is_applied_once(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """The object has a password before and after, so only its digest tells that the plan is still to be done."""
    applied.environ["CARRIER_PASSWORD"] = "another-one"
    _save(applied)
    assert applied.run("apply", "plan.json").code == 0
    (trunk,) = livekit_emulator.inbound_trunks
    assert trunk.auth_password == "another-one"
    again = applied.run("apply", "plan.json")
    assert again.code == 3
    assert "applied already" in again.err


def test_a_plan_nested_without_end_is_damaged(project: Shell) -> None:
    """One line, and no traceback of the reader."""
    deep = "[" * 100_000 + "]" * 100_000
    project.write("plan.json", f'{{"format": "livekit-reconciler/plan", "x": {deep}}}')
    ran = project.run("apply", "plan.json")
    assert ran.code == 1
    assert ran.err.startswith("error: plan.json: the plan is damaged")


def test_a_plan_is_written_through_links_and_into_pipes(project: Shell) -> None:
    """A link stays a link, and what is no file (`/dev/null`, a pipe) is never replaced by one."""
    (project.folder / "plan.json").symlink_to("real.json")
    _save(project)
    assert (project.folder / "plan.json").is_symlink()
    assert (project.folder / "real.json").is_file()
    pipe = project.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert project.run("plan", "--out", "pipe").code == 0
        assert pipe.is_fifo()
        assert os.read(reader, 1 << 16).startswith(b"{")
    finally:
        os.close(reader)


@pytest.mark.livekit_emulator(returns_passwords=False)
def test_a_snapshot_of_a_server_that_tells_no_passwords_plans_like_the_server(
    applied: Shell,
) -> None:
    """What the server does not tell is unknown in the file as well: no change, live or offline."""
    assert applied.run("plan", "--detailed-exitcode").code == 0
    assert applied.run("snapshot", "live.json").code == 0
    ran = applied.run("plan", "--live", "live.json", "--detailed-exitcode")
    assert ran.code == 0, ran.out


@pytest.mark.livekit_emulator(returns_passwords=False)
def test_a_saved_plan_writes_a_password_that_nobody_tells(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """`--write-secrets` in a saved plan: nothing that lives tells that it is still to be done, so it is done."""
    applied.environ["CARRIER_PASSWORD"] = "another-one"
    assert applied.run("plan", "--write-secrets", "carrier", "--out", "plan.json").code == 0
    assert applied.run("apply", "plan.json").code == 0
    (trunk,) = livekit_emulator.inbound_trunks
    assert trunk.auth_password == "another-one"
