"""Files of `lk` as a configuration: every shape in which people keep them, and what is said of those that are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cli import Ran, Shell

TRUNK = {"name": "carrier", "numbers": ["+15550100001"], "allowed_addresses": ["203.0.113.0/24"]}
RULE = {
    "name": "inbound",
    "rule": {"dispatchRuleIndividual": {"roomPrefix": "call-"}},
    "trunk_ids": ["ST_1"],
}
LISTED = {"items": [{"sip_trunk_id": "ST_1", **TRUNK}]}
NO_FIELD = "LiveKit has no such field here;"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder with nothing in it, and no server."""
    return Shell(tmp_path)


def imported(shell: Shell, **files: Any) -> Ran:
    """The command's answer to some files: texts as they are, anything else as JSON."""
    for name, content in files.items():
        shell.write(f"{name}.json", content if isinstance(content, str) else json.dumps(content))
    return shell.run("import-lk", *(f"{name}.json" for name in files))


def document(shell: Shell, **files: Any) -> Any:
    """The configuration that some files become; it is a valid one."""
    ran = imported(shell, **files)
    assert ran.code == 0, ran.err
    shell.write("dispatch.yaml", ran.out)
    checked = shell.run("validate", "-c", "dispatch.yaml")
    assert checked.code == 0, checked.out
    return yaml.safe_load(ran.out)


INDIVIDUAL = {"individual": {"prefix": "call-"}}


@pytest.mark.parametrize(
    "rule",
    [
        {"dispatch_rule": RULE},
        {"dispatchRule": RULE},
        RULE,
        [RULE],
        {"items": [RULE]},
        {**RULE, "trunkIds": RULE["trunk_ids"], "trunk_ids": None},
        {**RULE, "rule": {"dispatch_rule_individual": {"room_prefix": "call-", "pin": ""}}},
        {**RULE, "rule": {"Rule": {"DispatchRuleIndividual": {"room_prefix": "call-"}}}},
    ],
)
def test_a_rule_is_read_in_every_shape(shell: Shell, rule: Any) -> None:
    """Wrapped and not, as a list, in both spellings, and as Go prints it."""
    found = document(shell, rule=rule, trunks=LISTED)
    assert found["sip"]["dispatch_rules"] == {
        "inbound": {"trunks": ["carrier"], "rooms": INDIVIDUAL}
    }


@pytest.mark.parametrize(
    "text",
    [
        f"{json.dumps(RULE)}\n{json.dumps({'trunk': TRUNK})}\n",
        json.dumps(RULE, indent=2) + json.dumps({"trunk": TRUNK}, indent=2),
        f"[{json.dumps(RULE)}, {json.dumps(TRUNK)}]",
        f"Using api-key from environment\nUsing project x\n{json.dumps([RULE, TRUNK])}",
    ],
)
def test_a_file_may_hold_several_documents(shell: Shell, text: str) -> None:
    """One a line, one after the other, a list, and what older releases of `lk` print in front of one."""
    sip = document(shell, all=text)["sip"]
    assert list(sip["inbound_trunks"]) == ["carrier"]
    assert list(sip["dispatch_rules"]) == ["inbound"]


def test_kinds_are_told_by_their_fields(shell: Shell) -> None:
    """A trunk with an address is one for outbound calls; a kind that no file has is not managed."""
    out = {"name": "out", "address": "sip.example", "numbers": ["+15550100001"], "transport": 3}
    sip = document(shell, a={"trunk": out})["sip"]
    assert sip == {
        "outbound_trunks": {
            "out": {"address": "sip.example", "transport": "tls", "numbers": ["+15550100001"]}
        }
    }


@pytest.mark.parametrize("value", ["30s", 30, {"seconds": 30}, "30.000s", 30.0])
def test_durations_are_read_in_every_form(shell: Shell, value: Any) -> None:
    """Text as protobuf has it, seconds, and parts as Go prints them."""
    sip = document(shell, a={**TRUNK, "ringingTimeout": value})["sip"]
    assert sip["inbound_trunks"]["carrier"]["ringing_timeout"] == "30s"


@pytest.mark.parametrize("value", [1, "SIP_X_HEADERS"])
def test_enums_are_read_by_name_and_number(shell: Shell, value: Any) -> None:
    """`lk` takes both, and its lists have had both."""
    sip = document(shell, a={**TRUNK, "include_headers": value})["sip"]
    assert sip["inbound_trunks"]["carrier"]["include_headers"] == "x"


def test_agents_of_rules_become_conventions(shell: Shell) -> None:
    """`room_config.agents` moves to the plane where agents are named."""
    rule = {**RULE, "roomConfig": {"agents": [{"agentName": "desk"}], "emptyTimeout": 60}}
    found = document(shell, rule=rule)
    assert found["agents"]["names"] == {"desk": {"agent_name": "desk"}}
    assert found["agents"]["rooms"] == [{"prefix": "call-_", "agents": ["desk"], "dispatch": "sip"}]
    assert found["sip"]["dispatch_rules"]["inbound"]["room"] == {"empty_timeout": "1m"}


def test_inbound_numbers_stay_callers(shell: Shell) -> None:
    """LiveKit takes them for callers, so does the file; `validate` says what was probably meant."""
    rule = {**RULE, "inbound_numbers": ["+15550100001"]}
    ran = imported(shell, rule=rule, trunks=LISTED)
    shell.write("dispatch.yaml", ran.out)
    found = yaml.safe_load(ran.out)["sip"]["dispatch_rules"]["inbound"]
    assert found["callers"] == ["+15550100001"]
    assert "callers-are-own-numbers" in shell.run("validate", "-c", "dispatch.yaml").out


def test_secrets_become_references_and_are_never_shown(shell: Shell) -> None:
    """Passwords, PINs and headers are variables, whose names are told, and whose values are not."""
    canary = "canary-4711"
    trunk = {**TRUNK, "authUsername": "acme", "authPassword": canary, "headers": {"X-Key": canary}}
    rule = {"name": "pin", "rule": {"dispatchRuleDirect": {"roomName": "desk", "pin": "4711"}}}
    ran = imported(shell, trunk=trunk, rule=rule)
    assert ran.code == 0
    assert "4711" not in ran.out + ran.err
    assert "password: {env: CARRIER_AUTH_PASSWORD}" in ran.out
    assert "set CARRIER_AUTH_PASSWORD: sip.inbound_trunks.carrier.auth.password" in ran.err
    assert "set PIN_PIN: sip.dispatch_rules.pin.rooms.direct.pin" in ran.err


@pytest.mark.parametrize(
    "trunk",
    [
        {**TRUNK, "auth_password": ["canary-4711"]},
        {**TRUNK, "authPassword": 4711},
        {**TRUNK, "auth_pasword": "canary-4711"},
        {**TRUNK, "auth_password": "canary-4711", "krisp_enabled": "4711"},
        {**TRUNK, "auth_password": "canary-4711\ud83d"},
        {**TRUNK, "ringing_timeout": "canary-4711"},
        {**TRUNK, "headers": {"X-Key": 4711}},
        {**TRUNK, "media": {"encryption": "canary-4711"}},
    ],
)
def test_errors_never_repeat_a_value(shell: Shell, trunk: Any) -> None:
    """Whatever is wrong with a field, what stands in it may be a secret."""
    ran = imported(shell, trunk=trunk)
    assert ran.code == 1
    assert "4711" not in ran.out + ran.err
    assert ran.err.startswith("error: trunk.json: ")


# --- rules name trunks by id


def test_ids_of_trunks_become_names_where_a_list_has_them(shell: Shell) -> None:
    """The output of `lk sip inbound list --json` says which trunk an id is."""
    rules = document(shell, rule=RULE, trunks=LISTED)["sip"]["dispatch_rules"]
    assert rules["inbound"]["trunks"] == ["carrier"]


def test_other_ids_stay_and_are_told(shell: Shell) -> None:
    """An id that no file explains is valid in the file, and the note says how to get the name."""
    ran = imported(shell, rule=RULE, trunk=TRUNK)
    assert yaml.safe_load(ran.out)["sip"]["dispatch_rules"]["inbound"]["trunks"] == ["ST_1"]
    assert 'ST_1, a trunk of "inbound", stays an id' in ran.err
    assert "lk sip inbound list --json" in ran.err


def test_a_placeholder_for_an_id_is_an_error(shell: Shell) -> None:
    """What no server can have answered to is not carried over."""
    ran = imported(shell, rule={**RULE, "trunk_ids": ["<your-trunk-id>"]})
    assert ran.code == 1
    assert ran.out == ""
    assert (
        'rule.json: dispatch rule "inbound": trunks: "<your-trunk-id>" is no trunk\'s id' in ran.err
    )


# --- identity


def test_what_was_created_and_is_listed_is_one_object(shell: Shell) -> None:
    """The file that made a trunk and the list with that trunk agree, and the file has the password."""
    created = {"trunk": {**TRUNK, "auth_username": "acme", "auth_password": "not-a-real-one"}}
    listed = {"items": [{"sipTrunkId": "ST_1", **TRUNK, "authUsername": "acme"}]}
    trunks = document(shell, created=created, listed=listed)["sip"]["inbound_trunks"]
    assert trunks["carrier"]["auth"] == {
        "username": "acme",
        "password": {"env": "CARRIER_AUTH_PASSWORD"},
    }


def test_a_file_that_no_longer_holds_is_an_error(shell: Shell) -> None:
    """The live trunk was edited since: which of the two is wanted is not guessed."""
    ran = imported(shell, created={**TRUNK, "numbers": ["+15550100009"]}, listed=LISTED)
    assert ran.code == 1
    assert ran.err == (
        'error: created.json: inbound trunk "carrier" stands in listed.json: items[0] as well, with another '
        "numbers: leave out the one that does not hold\n"
    )


def test_one_name_in_two_files_is_an_error_with_both_places(shell: Shell) -> None:
    """A name is the identity, and two files that would create two objects name one."""
    ran = imported(shell, a=TRUNK, b={"trunk": {**TRUNK, "numbers": ["+15550100002"]}})
    assert ran.code == 1
    assert 'b.json: inbound trunk "carrier" stands in a.json as well' in ran.err


def test_live_objects_of_one_name_are_told_apart_by_their_ids(shell: Shell) -> None:
    """LiveKit allows it, and so the file pins both."""
    items = [
        {"sip_trunk_id": "ST_1", **TRUNK},
        {"sip_trunk_id": "ST_2", **TRUNK, "numbers": ["+15550100002"]},
    ]
    trunks = document(shell, a={"items": items})["sip"]["inbound_trunks"]
    assert {key: one["id"] for key, one in trunks.items()} == {
        "carrier": "ST_1",
        "carrier-2": "ST_2",
    }


def test_a_list_that_is_given_twice_changes_nothing(shell: Shell) -> None:
    """The same object is the same object, in however many files it stands."""
    once = imported(shell, a=LISTED)
    again = imported(shell, a=LISTED, b=LISTED)
    assert again.out == once.out


def test_an_object_without_a_name_is_called_after_its_file(shell: Shell) -> None:
    """The name is told, because the live object has none."""
    nameless = {"numbers": ["+15550100001"], "allowed_addresses": ["203.0.113.7"]}
    ran = imported(shell, **{"my inbound": nameless})
    assert list(yaml.safe_load(ran.out)["sip"]["inbound_trunks"]) == ["my-inbound"]
    assert "has no name and is called" in ran.err


def test_a_live_object_without_a_name_is_pinned(shell: Shell) -> None:
    """Where a list has the object that a file without a name made, its id is the identity."""
    nameless = {"numbers": ["+15550100001"], "allowed_addresses": ["203.0.113.7"]}
    listed = {"items": [{"sip_trunk_id": "ST_7", **nameless}]}
    trunks = document(shell, created={"trunk": nameless}, listed=listed)["sip"]["inbound_trunks"]
    assert [one["id"] for one in trunks.values()] == ["ST_7"]


def test_passwords_tell_objects_without_a_name_apart_where_both_sides_have_one(
    shell: Shell,
) -> None:
    """A PIN that the list leaves out is no difference, another one is; fields that it leaves out are."""

    def rule(room: str, pin: str) -> dict[str, Any]:
        body = {"roomName": room} | ({"pin": pin} if pin else {})
        return {"trunk_ids": ["ST_1"], "rule": {"dispatchRuleDirect": body}}

    listed = [
        {"sip_dispatch_rule_id": f"SDR_{number}", **rule(room, pin)}
        for number, (room, pin) in enumerate([("a", "1"), ("b", ""), ("c", "3"), ("d", "4")])
    ]
    created = [rule("a", "1"), rule("b", "2"), rule("c", "9"), rule("d", "")]
    created.append({**rule("a", "1"), "metadata": "another"})
    rules = document(shell, listed=listed, created=created, trunks=LISTED)["sip"]["dispatch_rules"]
    made = [one["rooms"]["direct"]["room"] for one in rules.values() if "id" not in one]
    assert sorted(made) == ["a", "c"]
    pinned = {one["id"]: "pin" in one["rooms"]["direct"] for one in rules.values() if "id" in one}
    assert pinned == {"SDR_0": True, "SDR_1": True, "SDR_2": True, "SDR_3": True}


def test_ten_thousand_objects_without_a_name_find_their_partners(shell: Shell) -> None:
    """Each is looked for among those that may be it; compared with one another they would take an hour."""
    trunks = [
        {"numbers": [f"+1555{number:07}"], "allowed_addresses": ["203.0.113.7"]}
        for number in range(10_000)
    ]
    listed = [{"sip_trunk_id": f"ST_{number}", **trunk} for number, trunk in enumerate(trunks[:-1])]
    ran = imported(shell, listed=listed, created=trunks)
    assert ran.code == 0
    assert ran.out.count("id: ST_") == 9_999
    assert ran.err.count("has no name") == 1


# --- what is wrong


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"dispatch_rule": {**RULE, "roomConfg": {}}}, f'rule.roomConfg: {NO_FIELD} did you mean "room_config"?'),
        ({**RULE, "roomPrefix": "call-"}, f"roomPrefix: {NO_FIELD} room_prefix belongs in rule.dispatch_rule_indi"),
        ({**RULE, "room_config": {"agent_name": "x"}}, f"{NO_FIELD} agent_name belongs in room_config.agents[]"),
        ({"rule": RULE}, f"rule.name: {NO_FIELD} name belongs"),
        ({"dispatch_rule": RULE, "trunk_ids": []}, "beside dispatch_rule: it belongs in dispatch_rule"),
        ({"trunk": {**TRUNK, "address": "a", "allowedNumbers": []}}, f"trunk.allowedNumbers: {NO_FIELD}"),
        ({"trunk": {"inbound_numbers_regex": []}}, "first SIP API"),
        ({"trnk": TRUNK}, 'did you mean "trunk"?'),
        ({**TRUNK, "metadata": {"a": 1}}, "metadata: write a text"),
        ({**TRUNK, "numbers": [15550100001]}, "numbers[0]: write a text in quotes"),
        ({**TRUNK, "numbers": "+15550100001"}, "numbers: write a list in brackets"),
        ({"trunk": {**TRUNK, "address": "a", "transport": "tls"}}, 'did you mean "SIP_TRANSPORT_TLS"?'),
        ({**TRUNK, "auth_username": "a", "authUsername": "b"}, "authUsername: stands there in two spellings"),
        ({"rule": {"dispatchRuleDirect": {}, "dispatchRuleCallee": {}}}, "only one of the two can be"),
        ('{"name": "a", "name": "b", "numbers": []}', "name: stands there twice"),
        ({"name": "inbound", "trunk_ids": []}, "names no kind of room"),
        ({"trunk": {"name": "any", "numbers": ["+15550100001"]}}, "rename it"),
        ({**RULE, "room_config": {"egress": {"room": {"advanced": {"keyFrameInterval": 10**400}}}}}, "write a smaller"),
        ("[1]", "[0]: write an object"),
        ('{"items": {}}', "nothing"),
        ("{}", "there is no trunk and no dispatch rule"),
        ("", "a.json: the file is empty: there is no trunk and no dispatch rule"),
        ("Using url from the environment\n", "a.json: the file is empty"),
        ('{"trunk":\n  {,}}', "a.json:2:4: not JSON: "),
        ("version: 1\n", "a.json:1:1: not JSON: "),
        ('{"trunk": {"numbers": NaN}}', "a.json:1:23: not JSON: NaN"),
        ('{"name": "NaN \\\" NaN",\n "numbers": -Infinity}', "a.json:2:13: not JSON: -Infinity is no number"),
        ('{}\n[1,\n {"a": Infinity}]', "a.json:3:8: not JSON: Infinity"),
        ('{"a": ' + "1" * 5_000 + "}", "a.json:1:1: not JSON: a number is too long"),
        ("[" * 100_000, "not JSON: too deep"),
        ("[" * 800 + "]" * 800, "[0]: write an object"),
        ({**TRUNK, "x" * 10_000: 1}, 'x…": LiveKit has no such field here'),
    ],
)  # fmt: skip
def test_problems_are_told_with_file_and_field(shell: Shell, content: Any, told: str) -> None:
    """Which file, which field, and what was probably meant: nobody loses a day over a level too many."""
    ran = imported(shell, a=content)
    assert ran.code == 1
    assert ran.out == ""
    if told != "nothing":
        assert told in ran.err
    assert all(line.startswith("error: ") for line in ran.err.splitlines())
    assert "Traceback" not in ran.err


def test_all_problems_of_all_files_are_told_at_once(shell: Shell) -> None:
    """Nobody runs the command once for each."""
    ran = imported(shell, a={**TRUNK, "nme": "x", "headrs": {}}, b="{", c={"trunk": []})
    assert [line.split(":")[1].strip() for line in ran.err.splitlines()] == [
        "b.json" if one == "b" else f"{one}.json" for one in "aabc"
    ]


def test_an_empty_file_beside_others_is_an_error(shell: Shell) -> None:
    """What it was to hold would be missing in the configuration: the command that was to fill it has failed."""
    ran = imported(shell, a=TRUNK, b="")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: b.json: the file is empty: there is no trunk and no dispatch rule in it\n"
    )


@pytest.mark.parametrize("content", ["[]", "{}", '{"items": []}', '{"items": null}'])
def test_a_list_of_nothing_beside_others_is_told(shell: Shell, content: str) -> None:
    """`lk` prints it where there is no object of a kind; who meant another file sees it."""
    ran = imported(shell, a=TRUNK, b=content)
    assert ran.code == 0
    assert ran.err == "note: b.json: there is no trunk and no dispatch rule in it\n"


def test_a_name_cannot_fake_a_line(shell: Shell) -> None:
    """Names come from files, and what they hold is not obeyed by a terminal."""
    bad = "x\nerror: \x1b[31mall is lost"
    ran = imported(shell, a={**TRUNK, "name": bad}, b={**TRUNK, "name": bad})
    assert len(ran.err.splitlines()) == 1
    assert "\x1b" not in ran.err


def test_files_of_powershell_are_read(shell: Shell) -> None:
    """Redirected output is UTF-16 there."""
    (shell.folder / "a.json").write_bytes(json.dumps(LISTED).encode("utf-16"))
    assert "carrier" in shell.run("import-lk", "a.json").out
    (shell.folder / "b.json").write_bytes(b'{"a": "\xff"}')
    ran = shell.run("import-lk", "b.json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: b.json: not JSON: ")


def test_what_cannot_be_read_is_an_error(shell: Shell) -> None:
    """A missing file and a folder are told, and no file at all is wrong usage."""
    assert "nowhere.json" in shell.run("import-lk", "nowhere.json").err
    assert shell.run("import-lk", ".").code == 1
    assert shell.run("import-lk").code == 64
