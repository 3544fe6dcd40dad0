"""`reconcile rollback FILE`: back to what lived before an apply, that and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo

from tests.cli.conftest import CONFIGURATION
from tests.cli.rolling_back import (
    CHANGED,
    DELETING,
    PHONE,
    apply,
    backups,
    everything,
    last_backup,
    roll_back,
)
from tests.support.schemas import problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.emulator.server import Emulator
    from tests.support.cli import Shell


def test_what_lived_lives_again(applied: Shell, livekit_emulator: Emulator) -> None:
    """Updates, renames, deletions and creations are taken back, and by the backup of that brought about again."""
    before = everything(livekit_emulator)
    (rule,) = livekit_emulator.dispatch_rules
    (trunk,) = livekit_emulator.inbound_trunks
    apply(applied, CHANGED)
    after = everything(livekit_emulator)
    assert before != after
    ran = roll_back(applied)
    assert ran.code == 0, ran.err
    assert everything(livekit_emulator) == before
    (back,) = livekit_emulator.dispatch_rules
    assert back.sip_dispatch_rule_id == rule.sip_dispatch_rule_id
    assert list(back.trunk_ids) == [trunk.sip_trunk_id]
    applied.write("config/dispatch.yaml", CONFIGURATION)
    assert applied.run("plan", "--detailed-exitcode").code == 0
    ran = roll_back(applied)
    assert ran.code == 0, ran.err
    assert everything(livekit_emulator) == after
    applied.write("config/dispatch.yaml", CHANGED)
    assert applied.run("plan", "--detailed-exitcode").code == 0


def test_a_second_rollback_has_nothing_to_do(applied: Shell) -> None:
    """Exit code 0, no call, no backup; what the project matches is the backup, and no file."""
    apply(applied, PHONE)
    file = last_backup(applied)
    roll_back(applied, file=file)
    number = len(backups(applied))
    ran = applied.run("rollback", file)
    assert ran.code == 0
    taken_at = json.loads((applied.folder / file).read_text())["taken_at"]
    assert f"No changes. The live project matches the backup of {taken_at}.\n" in ran.out
    assert "the file" not in ran.out
    assert len(backups(applied)) == number
    document = json.loads(applied.run("rollback", file, "--plan-only", "--format", "json").out)
    assert problems("plan", document) == []
    assert document["backup"] == taken_at


def test_the_plan_stands_under_both_headings(applied: Shell) -> None:
    """A rule is written back in both planes by one call, and shown under each."""
    apply(applied, CHANGED)
    ran = applied.run("rollback", last_backup(applied), "--plan-only", "--format", "json")
    plan = json.loads(ran.out)
    planes = {change["plane"] for change in plan["changes"] if change["name"] == "inbound"}
    assert planes == {"sip", "agents"}
    assert len([call for call in plan["order"] if call["name"] == "inbound"]) == 1


def test_plan_only_writes_nothing(applied: Shell, livekit_emulator: Emulator) -> None:
    """The plan is shown and the exit code is 0; without it, and without anybody to ask, it is 3."""
    apply(applied, PHONE)
    before, number = everything(livekit_emulator), len(backups(applied))
    for options, code, told in ((["--plan-only"], 0, ""), ([], 3, "pass --auto-approve")):
        ran = applied.run("rollback", last_backup(applied), *options)
        assert ran.code == code
        assert told in ran.err
        assert '"phone-" → "call-"' in ran.out
        assert everything(livekit_emulator) == before
        assert len(backups(applied)) == number


def test_it_needs_no_configuration(applied: Shell, livekit_emulator: Emulator) -> None:
    """The file may be gone, or be what broke everything; the backup knows the prefix of the key's variables."""
    for name in ("URL", "API_KEY", "API_SECRET"):
        applied.environ[f"STAGING_LIVEKIT_{name}"] = applied.environ.pop(f"LIVEKIT_{name}")
    apply(applied, PHONE.replace("{name: acme}", "{name: acme, env_prefix: STAGING_}"))
    applied.write("config/dispatch.yaml", "version: [")
    ran = roll_back(applied)
    assert ran.code == 0, ran.err
    (rule,) = livekit_emulator.dispatch_rules
    assert rule.rule.dispatch_rule_individual.room_prefix == "call-"


def test_everything_else_is_left_alone(applied: Shell, livekit_emulator: Emulator) -> None:
    """Objects that the apply did not touch stay as they are by now, listed or not."""
    apply(applied, PHONE)
    livekit_emulator.put(SIPInboundTrunkInfo(name="by hand", numbers=["+15550100009"]))
    (trunk,) = livekit_emulator.outbound_trunks
    trunk.metadata = "by hand"
    livekit_emulator.put(trunk)
    assert roll_back(applied).code == 0
    assert {one.name for one in livekit_emulator.inbound_trunks} == {"carrier", "by hand"}
    assert livekit_emulator.outbound_trunks[0].metadata == "by hand"


# --- what others did meanwhile


def test_changes_of_others_are_told(applied: Shell, livekit_emulator: Emulator) -> None:
    """An object that is not as the apply left it: the plan shows what would be lost, and a note says so."""
    apply(applied, PHONE)
    file = last_backup(applied)
    assert "changed since" not in applied.run("rollback", file, "--plan-only").out
    (rule,) = livekit_emulator.dispatch_rules
    rule.metadata = "by hand"
    livekit_emulator.put(rule)
    ran = applied.run("rollback", file, "--plan-only")
    assert 'changed since that apply, and taken back with it: dispatch rule "inbound"' in ran.out
    assert 'metadata: "by hand"' in ran.out


def test_only_what_the_apply_created_is_deleted(project: Shell, livekit_emulator: Emulator) -> None:
    """An object that somebody deleted and created anew under the same name is another one."""
    apply(project, CONFIGURATION)
    (trunk,) = livekit_emulator.outbound_trunks
    livekit_emulator.clear()
    trunk.sip_trunk_id = ""
    livekit_emulator.put(trunk)
    ran = project.run("rollback", last_backup(project))
    assert ran.code == 0
    assert "No changes." in ran.out
    assert len(livekit_emulator.outbound_trunks) == 1


def test_what_was_deleted_since_comes_back(applied: Shell, livekit_emulator: Emulator) -> None:
    """An object that the apply changed and somebody deleted is created as it was before the apply."""
    apply(applied, PHONE)
    (rule,) = livekit_emulator.dispatch_rules
    inbound, outbound = livekit_emulator.inbound_trunks, livekit_emulator.outbound_trunks
    livekit_emulator.clear()
    for trunk in inbound:
        livekit_emulator.put(trunk)
    for trunk_out in outbound:
        livekit_emulator.put(trunk_out)
    ran = roll_back(applied)
    assert ran.code == 0, ran.err
    assert "deleted since that apply" in ran.out
    (back,) = livekit_emulator.dispatch_rules
    assert back.sip_dispatch_rule_id != rule.sip_dispatch_rule_id
    assert back.rule.dispatch_rule_individual.room_prefix == "call-"


def test_a_conflict_writes_nothing(applied: Shell, livekit_emulator: Emulator) -> None:
    """What would be live afterwards is checked: another rule has taken the place of the former one."""
    with_caller = CONFIGURATION.replace(
        "      trunks: [carrier]\n", '      trunks: [carrier]\n      callers: ["+15550100011"]\n'
    )
    apply(applied, with_caller)
    (trunk,) = livekit_emulator.inbound_trunks
    rule = SIPDispatchRuleInfo(name="by hand", trunk_ids=[trunk.sip_trunk_id])
    rule.rule.dispatch_rule_individual.room_prefix = "hand-"
    livekit_emulator.put(rule)
    before = everything(livekit_emulator)
    ran = roll_back(applied)
    assert ran.code == 1
    assert "conflict" in ran.out
    assert everything(livekit_emulator) == before


def test_a_name_that_somebody_has_by_now(applied: Shell, livekit_emulator: Emulator) -> None:
    """Two objects of one name would be an error for ever after: both are told, and nothing is written."""
    apply(applied, CHANGED)
    rule = SIPDispatchRuleInfo(name="inbound", inbound_numbers=["+15550100011"])
    rule.rule.dispatch_rule_individual.room_prefix = "hand-"
    livekit_emulator.put(rule)
    ran = roll_back(applied)
    assert ran.code == 1
    assert "cannot have its name back" in ran.out
    assert {one.name for one in livekit_emulator.dispatch_rules} == {"lines", "inbound"}


# --- ids and names


def test_rules_follow_a_trunk_that_comes_back(applied: Shell, livekit_emulator: Emulator) -> None:
    """A trunk that was deleted gets another id: the rules of the backup name it by that, untouched ones too."""
    (trunk,) = livekit_emulator.inbound_trunks
    unlisted = SIPDispatchRuleInfo(
        name="by hand", trunk_ids=[trunk.sip_trunk_id], inbound_numbers=["+15550100011"]
    )
    unlisted.rule.dispatch_rule_individual.room_prefix = "hand-"
    livekit_emulator.put(unlisted)
    gone = DELETING[: DELETING.index("sip:")] + "sip: {inbound_trunks: {}}\n"
    apply(applied, gone)
    assert not livekit_emulator.inbound_trunks
    applied.environ["CARRIER_AUTH_PASSWORD"] = "not-a-real-one"
    ran = roll_back(applied)
    assert ran.code == 0, ran.err
    assert "back with another id than before" in ran.out
    (back,) = livekit_emulator.inbound_trunks
    assert back.sip_trunk_id != trunk.sip_trunk_id
    assert back.auth_password == "not-a-real-one"
    for rule in livekit_emulator.dispatch_rules:
        assert list(rule.trunk_ids) == [back.sip_trunk_id], rule.name


def test_objects_without_a_name_come_back(applied: Shell, livekit_emulator: Emulator) -> None:
    """LiveKit lets rules live without one, several at a time: they come back under names that tell them apart."""
    numbers = ("+15550100011", "+15550100012")
    for number in numbers:
        rule = SIPDispatchRuleInfo(inbound_numbers=[number])
        rule.rule.dispatch_rule_individual.room_prefix = "hand-"
        livekit_emulator.put(rule)
    apply(applied, DELETING)
    assert len(livekit_emulator.dispatch_rules) == 1
    ran = roll_back(applied)
    assert ran.code == 0, ran.err
    assert "had no name: it comes back as restored-SDR_" in ran.out
    back = {tuple(one.inbound_numbers): one.name for one in livekit_emulator.dispatch_rules}
    assert {(number,) for number in numbers} < set(back)


def test_hostile_names_break_nothing(applied: Shell, livekit_emulator: Emulator) -> None:
    """Names with newlines, backticks and escapes are deleted, shown and brought back as they were."""
    name = "a\n::error::`x`\x1b[31m"
    rule = SIPDispatchRuleInfo(name=name, inbound_numbers=["+15550100011"])
    rule.rule.dispatch_rule_direct.room_name = "lobby"
    livekit_emulator.put(rule)
    apply(applied, DELETING)
    for format_ in ("text", "markdown", "github"):
        for command in (["show"], ["rollback", "--plan-only"]):
            ran = applied.run(*command, last_backup(applied), "--format", format_)
            assert ran.code == 0, ran.err
            assert "\x1b" not in ran.out + ran.err
            assert "\n::error::" not in ran.out + ran.err
    assert roll_back(applied).code == 0
    assert name in {one.name for one in livekit_emulator.dispatch_rules}


# --- refusals


def test_another_host_is_refused(
    rotated: Shell, livekit_emulator: Emulator, change_backup: Callable[[dict[str, Any]], str]
) -> None:
    """3, and not a single call."""
    file = change_backup({"host": "elsewhere.livekit.example"})
    livekit_emulator.forget_calls()
    ran = roll_back(rotated, file=file)
    assert ran.code == 3
    assert "the backup is of elsewhere.livekit.example" in ran.err
    assert not livekit_emulator.calls


def test_a_file_that_is_no_backup(
    rotated: Shell, change_backup: Callable[[dict[str, Any]], str]
) -> None:
    """Missing, damaged, foreign, from a later version, or with something strange in it: 1, and one clear line."""
    text = backups(rotated)[-1].read_text()
    strange = {"inbound_trunk": [{"message": {"numbers": 5}}]}
    nameless: dict[str, Any] = {"inbound_trunk": [{"message": {}}]}
    unknown = {
        "inbound_trunk": [
            {
                "message": {"sip_trunk_id": "ST_1"},
                "secrets": {"beam": {"env": "X", "changed": True}},
            }
        ]
    }
    files = {
        "missing.json": ("cannot be read", None),
        "cut.json": ("it is not JSON", text[: len(text) // 2]),
        "list.json": ("not a backup", "[]"),
        "nested.json": ("not a backup", "[" * 100_000),
        "config/dispatch.yaml": ("not a backup", CONFIGURATION),
        "binary.json": ("not a backup", "\x00\x01"),
        "foreign.json": ("not a backup", '{"format": "livekit-reconciler/plan"}'),
        "later.json": ("has format 2", json.dumps({**json.loads(text), "format_version": 2})),
        "strange.json": ("is not LiveKit's", json.dumps({**json.loads(text), "objects": strange})),
        "nameless.json": ("has no id", json.dumps({**json.loads(text), "objects": nameless})),
        "unknown.json": ("has no beam", json.dumps({**json.loads(text), "objects": unknown})),
    }
    for name, (reason, content) in files.items():
        if content is not None:
            rotated.write(name, content)
        ran = roll_back(rotated, file=name)
        assert ran.code == 1, (name, ran)
        assert reason in ran.err, (name, ran.err)
        assert len(ran.err.strip().splitlines()) == 1, ran.err
        assert ran.out == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"taken_at": 5}, "not a backup: taken_at: 5 is not of type 'string'"),
        ({"taken_at": "yesterday"}, "taken_at is no time with its zone"),
        ({"taken_at": "2025-01-14"}, "taken_at is no time with its zone"),
        ({"applied": {"at": "", "left": None}}, "applied.at is no time with its zone"),
        ({"env_prefix": ["A_"]}, "not a backup: env_prefix: ['A_'] is not of type 'string'"),
        ({"env_prefix": "A B_"}, "no variable can start with env_prefix"),
        ({"env_prefix": "\x1b[31m"}, "no variable can start with env_prefix"),
        ({"server": "banana"}, "server is no version of livekit-server"),
        (
            {"taken_at": "", "env_prefix": "=", "server": ""},
            "taken_at is no time with its zone, no variable can start with env_prefix, "
            "server is no version of livekit-server",
        ),
    ],
)
def test_what_no_apply_has_written_is_refused(
    changes: dict[str, Any],
    reason: str,
    rotated: Shell,
    livekit_emulator: Emulator,
    change_backup: Callable[[dict[str, Any]], str],
) -> None:
    """In one line, before any server is asked; `show` refuses it as well."""
    file = change_backup(changes)
    livekit_emulator.forget_calls()
    for command in ("rollback", "show"):
        ran = rotated.run(command, file)
        end = "" if reason.startswith("not a backup") else ": the backup is damaged"
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == f"error: {file}: {reason}{end}\n"
    assert not livekit_emulator.calls


def test_deletions_have_their_limit(project: Shell, livekit_emulator: Emulator) -> None:
    """To go back to nothing is to delete everything: the guard of `apply` holds here, too."""
    apply(project, CONFIGURATION)
    ran = project.run("rollback", last_backup(project), "--auto-approve")
    assert ran.code == 3
    assert "--max-deletes 3" in ran.err
    assert livekit_emulator.dispatch_rules


def test_a_partial_rollback_is_told_and_finished(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """One call fails: 1, the report says which, and the same rollback finishes the work."""
    before = everything(livekit_emulator)
    apply(applied, CHANGED)
    file = last_backup(applied)
    livekit_emulator.faults.answer("CreateSIPOutboundTrunk", 403, code="permission_denied")
    ran = roll_back(applied, file=file)
    assert ran.code == 1
    assert "carrier-out" in ran.out
    assert everything(livekit_emulator) != before
    ran = roll_back(applied, file=file)
    assert ran.code == 0, ran.err
    assert everything(livekit_emulator) == before
