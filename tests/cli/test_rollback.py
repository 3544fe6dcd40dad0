"""`reconcile rollback FILE`: back to what lived before an apply, that and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo

from tests.cli.conftest import CONFIGURATION
from tests.cli.test_backups import PHONE, backups, last_backup

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.emulator.server import Emulator
    from tests.support.cli import Ran, Shell

# Of everything something: the rule is renamed and changed in both planes, a trunk goes, two come, one changes.
DELETING = CONFIGURATION.replace("{name: acme}", "{name: acme, unlisted: delete}")
CHANGED = (
    DELETING.replace("    inbound:", "    lines:\n      renamed_from: inbound")
    .replace("prefix: call-", "prefix: phone-")
    .replace("agent_name: acme-telephony", "agent_name: acme-other")
    .replace("203.0.113.0/24", "198.51.100.0/24")
    .replace("    carrier-out:", "    other-out:")
    .replace("    carrier:\n", '    second: {numbers: ["+15550100002"]}\n    carrier:\n', 1)
)


def _named(messages: Any) -> dict[str, str]:
    """The objects of an emulator without ids and times, by name."""
    found = {}
    for message in messages:
        copy = type(message).FromString(message.SerializeToString())
        for field in ("sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"):
            if field in copy.DESCRIPTOR.fields_by_name:
                copy.ClearField(field)
        if "trunk_ids" in copy.DESCRIPTOR.fields_by_name:
            copy.ClearField("trunk_ids")
        found[copy.name] = str(copy)
    return found


def _everything(emulator: Emulator) -> list[dict[str, str]]:
    return [
        _named(emulator.inbound_trunks),
        _named(emulator.outbound_trunks),
        _named(emulator.dispatch_rules),
    ]


def _apply(shell: Shell, text: str, *options: str) -> Ran:
    shell.write("config/dispatch.yaml", text)
    ran = shell.run("apply", "--auto-approve", "--max-deletes", "9", *options)
    assert ran.code == 0, ran.err
    return ran


def _roll_back(shell: Shell, *options: str, file: str = "") -> Ran:
    file = file or last_backup(shell)
    return shell.run("rollback", file, "--auto-approve", "--max-deletes", "9", *options)


def test_what_lived_lives_again(applied: Shell, livekit_emulator: Emulator) -> None:
    """Updates, renames, deletions and creations are taken back, and by the backup of that brought about again."""
    before = _everything(livekit_emulator)
    (rule,) = livekit_emulator.dispatch_rules
    (trunk,) = livekit_emulator.inbound_trunks
    _apply(applied, CHANGED)
    after = _everything(livekit_emulator)
    assert before != after
    ran = _roll_back(applied)
    assert ran.code == 0, ran.err
    assert _everything(livekit_emulator) == before
    (back,) = livekit_emulator.dispatch_rules
    assert back.sip_dispatch_rule_id == rule.sip_dispatch_rule_id
    assert list(back.trunk_ids) == [trunk.sip_trunk_id]
    applied.write("config/dispatch.yaml", CONFIGURATION)
    assert applied.run("plan", "--detailed-exitcode").code == 0
    ran = _roll_back(applied)
    assert ran.code == 0, ran.err
    assert _everything(livekit_emulator) == after
    applied.write("config/dispatch.yaml", CHANGED)
    assert applied.run("plan", "--detailed-exitcode").code == 0


def test_a_second_rollback_has_nothing_to_do(applied: Shell) -> None:
    """Exit code 0, no call, no backup."""
    _apply(applied, PHONE)
    file = last_backup(applied)
    _roll_back(applied, file=file)
    number = len(backups(applied))
    ran = applied.run("rollback", file)
    assert ran.code == 0
    assert "No changes." in ran.out
    assert len(backups(applied)) == number


def test_the_plan_stands_under_both_headings(applied: Shell) -> None:
    """A rule is written back in both planes by one call, and shown under each."""
    _apply(applied, CHANGED)
    ran = applied.run("rollback", last_backup(applied), "--plan-only", "--format", "json")
    plan = json.loads(ran.out)
    planes = {change["plane"] for change in plan["changes"] if change["name"] == "inbound"}
    assert planes == {"sip", "agents"}
    assert len([call for call in plan["order"] if call["name"] == "inbound"]) == 1


def test_plan_only_writes_nothing(applied: Shell, livekit_emulator: Emulator) -> None:
    """The plan is shown and the exit code is 0; without it, and without anybody to ask, it is 3."""
    _apply(applied, PHONE)
    before, number = _everything(livekit_emulator), len(backups(applied))
    for options, code, told in ((["--plan-only"], 0, ""), ([], 3, "pass --auto-approve")):
        ran = applied.run("rollback", last_backup(applied), *options)
        assert ran.code == code
        assert told in ran.err
        assert '"phone-" → "call-"' in ran.out
        assert _everything(livekit_emulator) == before
        assert len(backups(applied)) == number


def test_it_needs_no_configuration(applied: Shell, livekit_emulator: Emulator) -> None:
    """The file may be gone, or be what broke everything; the backup knows the prefix of the key's variables."""
    for name in ("URL", "API_KEY", "API_SECRET"):
        applied.environ[f"STAGING_LIVEKIT_{name}"] = applied.environ.pop(f"LIVEKIT_{name}")
    _apply(applied, PHONE.replace("{name: acme}", "{name: acme, env_prefix: STAGING_}"))
    applied.write("config/dispatch.yaml", "version: [")
    ran = _roll_back(applied)
    assert ran.code == 0, ran.err
    (rule,) = livekit_emulator.dispatch_rules
    assert rule.rule.dispatch_rule_individual.room_prefix == "call-"


def test_everything_else_is_left_alone(applied: Shell, livekit_emulator: Emulator) -> None:
    """Objects that the apply did not touch stay as they are by now, listed or not."""
    _apply(applied, PHONE)
    livekit_emulator.put(SIPInboundTrunkInfo(name="by hand", numbers=["+15550100009"]))
    (trunk,) = livekit_emulator.outbound_trunks
    trunk.metadata = "by hand"
    livekit_emulator.put(trunk)
    assert _roll_back(applied).code == 0
    assert {one.name for one in livekit_emulator.inbound_trunks} == {"carrier", "by hand"}
    assert livekit_emulator.outbound_trunks[0].metadata == "by hand"


# --- what others did meanwhile


def test_changes_of_others_are_told(applied: Shell, livekit_emulator: Emulator) -> None:
    """An object that is not as the apply left it: the plan shows what would be lost, and a note says so."""
    _apply(applied, PHONE)
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
    _apply(project, CONFIGURATION)
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
    _apply(applied, PHONE)
    (rule,) = livekit_emulator.dispatch_rules
    inbound, outbound = livekit_emulator.inbound_trunks, livekit_emulator.outbound_trunks
    livekit_emulator.clear()
    for trunk in inbound:
        livekit_emulator.put(trunk)
    for trunk_out in outbound:
        livekit_emulator.put(trunk_out)
    ran = _roll_back(applied)
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
    _apply(applied, with_caller)
    (trunk,) = livekit_emulator.inbound_trunks
    rule = SIPDispatchRuleInfo(name="by hand", trunk_ids=[trunk.sip_trunk_id])
    rule.rule.dispatch_rule_individual.room_prefix = "hand-"
    livekit_emulator.put(rule)
    before = _everything(livekit_emulator)
    ran = _roll_back(applied)
    assert ran.code == 1
    assert "conflict" in ran.out
    assert _everything(livekit_emulator) == before


def test_a_name_that_somebody_has_by_now(applied: Shell, livekit_emulator: Emulator) -> None:
    """Two objects of one name would be an error for ever after: both are told, and nothing is written."""
    _apply(applied, CHANGED)
    rule = SIPDispatchRuleInfo(name="inbound", inbound_numbers=["+15550100011"])
    rule.rule.dispatch_rule_individual.room_prefix = "hand-"
    livekit_emulator.put(rule)
    ran = _roll_back(applied)
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
    _apply(applied, gone)
    assert not livekit_emulator.inbound_trunks
    applied.environ["CARRIER_AUTH_PASSWORD"] = "not-a-real-one"
    ran = _roll_back(applied)
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
    _apply(applied, DELETING)
    assert len(livekit_emulator.dispatch_rules) == 1
    ran = _roll_back(applied)
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
    _apply(applied, DELETING)
    for format_ in ("text", "markdown", "github"):
        for command in (["show"], ["rollback", "--plan-only"]):
            ran = applied.run(*command, last_backup(applied), "--format", format_)
            assert ran.code == 0, ran.err
            assert "\x1b" not in ran.out + ran.err
            assert "\n::error::" not in ran.out + ran.err
    assert _roll_back(applied).code == 0
    assert name in {one.name for one in livekit_emulator.dispatch_rules}


# --- secrets

ROTATED = CONFIGURATION.replace("CARRIER_PASSWORD", "NEW_PASSWORD").replace("call-", "phone-")


@pytest.fixture
def rotated(applied: Shell) -> Shell:
    """A project whose last apply changed a password along with the prefix of a rule."""
    applied.environ["NEW_PASSWORD"] = "another"
    _apply(applied, ROTATED)
    del applied.environ["NEW_PASSWORD"]
    return applied


def test_a_secret_that_did_not_change_is_not_needed(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """It stays where it is: whoever is woken at night need not find it first."""
    _apply(applied, CHANGED)
    del applied.environ["CARRIER_PASSWORD"]
    ran = _roll_back(applied)
    assert ran.code == 0, ran.err
    (trunk,) = livekit_emulator.inbound_trunks
    assert list(trunk.allowed_addresses) == ["203.0.113.0/24"]
    assert trunk.auth_password == "not-a-real-one"


def test_a_changed_secret_is_named(rotated: Shell, livekit_emulator: Emulator) -> None:
    """The variable that the configuration has for it must be set, to the former value: 1, and nothing is written."""
    before = _everything(livekit_emulator)
    place = "sip.inbound_trunks.carrier.auth.password"
    ran = _roll_back(rotated)
    assert ran.code == 1
    assert f"variable NEW_PASSWORD is not set, empty or not UTF-8: needed at {place}" in ran.err
    rotated.environ["NEW_PASSWORD"] = "another"
    ran = _roll_back(rotated)
    assert ran.code == 1
    assert f"variable NEW_PASSWORD has another value than the backup: needed at {place}" in ran.err
    assert _everything(livekit_emulator) == before
    rotated.environ["NEW_PASSWORD"] = "not-a-real-one"
    ran = _roll_back(rotated)
    assert ran.code == 0, ran.err
    (trunk,) = livekit_emulator.inbound_trunks
    assert trunk.auth_password == "not-a-real-one"


def test_secrets_can_stay(rotated: Shell, livekit_emulator: Emulator) -> None:
    """Who does not have the former value any more can bring back everything else."""
    ran = _roll_back(rotated, "--keep-secrets")
    assert ran.code == 0, ran.err
    (trunk,) = livekit_emulator.inbound_trunks
    assert trunk.auth_password == "another"
    (rule,) = livekit_emulator.dispatch_rules
    assert rule.rule.dispatch_rule_individual.room_prefix == "call-"


def test_all_missing_secrets_are_named_at_once(applied: Shell, livekit_emulator: Emulator) -> None:
    """Those of deleted objects as well, by the names that an export would give them."""
    pinned = SIPDispatchRuleInfo(name="by hand", inbound_numbers=["+15550100011"])
    pinned.rule.dispatch_rule_direct.room_name = "lobby"
    pinned.rule.dispatch_rule_direct.pin = "7770"
    livekit_emulator.put(pinned)
    (trunk,) = livekit_emulator.outbound_trunks
    trunk.headers["X-Site"] = "site-1"
    livekit_emulator.put(trunk)
    _apply(applied, CHANGED)
    ran = _roll_back(applied)
    assert ran.code == 1
    assert "variable BY_HAND_PIN" in ran.err
    assert "variable CARRIER_OUT_HEADER_X_SITE" in ran.err
    assert len(ran.err.strip().splitlines()) == 2, ran.err
    ran = _roll_back(applied, "--keep-secrets")
    assert ran.code == 1, "a rule that comes back without its PIN would let everybody in"
    applied.environ |= {"BY_HAND_PIN": "7770", "CARRIER_OUT_HEADER_X_SITE": "site-1"}
    ran = _roll_back(applied)
    assert ran.code == 0, ran.err
    back = {one.name: one for one in livekit_emulator.dispatch_rules}
    assert back["by hand"].rule.dispatch_rule_direct.pin == "7770"


@pytest.mark.livekit_emulator(returns_passwords=False)
def test_a_password_that_nobody_tells(rotated: Shell, livekit_emulator: Emulator) -> None:
    """Where the server keeps passwords to itself they are compared by nobody, and stay."""
    ran = _roll_back(rotated)
    assert ran.code == 0, ran.err
    (rule,) = livekit_emulator.dispatch_rules
    assert rule.rule.dispatch_rule_individual.room_prefix == "call-"


@pytest.mark.livekit_emulator(returns_passwords=False)
def test_a_password_that_was_written_unseen(applied: Shell, livekit_emulator: Emulator) -> None:
    """One that the apply wrote anew is needed, and written, although the server tells neither."""
    applied.environ["CARRIER_PASSWORD"] = "another"
    _apply(applied, CONFIGURATION, "--write-secrets", "carrier")
    assert livekit_emulator.inbound_trunks[0].auth_password == "another"
    del applied.environ["CARRIER_PASSWORD"]
    ran = _roll_back(applied)
    assert ran.code == 1
    assert "variable CARRIER_PASSWORD is not set" in ran.err
    applied.environ["CARRIER_PASSWORD"] = "not-a-real-one"
    ran = _roll_back(applied)
    assert ran.code == 0, ran.err
    assert livekit_emulator.inbound_trunks[0].auth_password == "not-a-real-one"


def test_another_key_makes_digests_useless(
    rotated: Shell, change_backup: Callable[[dict[str, Any]], str]
) -> None:
    """With another API secret nothing can be compared: it is told, and what the apply did not write stays."""
    file = change_backup({"key": "0" * 32})
    rotated.environ["NEW_PASSWORD"] = "not-a-real-one"
    ran = _roll_back(rotated, file=file)
    assert ran.code == 0, ran.err
    assert "the API secret is another one" in ran.out


# --- refusals


@pytest.fixture
def change_backup(rotated: Shell) -> Callable[[dict[str, Any]], str]:
    """Writes the last backup with some keys changed, and returns the new file."""

    def change(changes: dict[str, Any]) -> str:
        document = json.loads(backups(rotated)[-1].read_text())
        rotated.write("changed.json", json.dumps({**document, **changes}))
        return "changed.json"

    return change


def test_another_host_is_refused(
    rotated: Shell, livekit_emulator: Emulator, change_backup: Callable[[dict[str, Any]], str]
) -> None:
    """3, and not a single call."""
    file = change_backup({"host": "elsewhere.livekit.example"})
    livekit_emulator.forget_calls()
    ran = _roll_back(rotated, file=file)
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
        ran = _roll_back(rotated, file=name)
        assert ran.code == 1, (name, ran)
        assert reason in ran.err, (name, ran.err)
        assert len(ran.err.strip().splitlines()) == 1, ran.err
        assert ran.out == ""


def test_deletions_have_their_limit(project: Shell, livekit_emulator: Emulator) -> None:
    """To go back to nothing is to delete everything: the guard of `apply` holds here, too."""
    _apply(project, CONFIGURATION)
    ran = project.run("rollback", last_backup(project), "--auto-approve")
    assert ran.code == 3
    assert "--max-deletes 3" in ran.err
    assert livekit_emulator.dispatch_rules


def test_a_partial_rollback_is_told_and_finished(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """One call fails: 1, the report says which, and the same rollback finishes the work."""
    before = _everything(livekit_emulator)
    _apply(applied, CHANGED)
    file = last_backup(applied)
    livekit_emulator.faults.answer("CreateSIPOutboundTrunk", 403, code="permission_denied")
    ran = _roll_back(applied, file=file)
    assert ran.code == 1
    assert "carrier-out" in ran.out
    assert _everything(livekit_emulator) != before
    ran = _roll_back(applied, file=file)
    assert ran.code == 0, ran.err
    assert _everything(livekit_emulator) == before
