"""Orders of calls on the real server: swaps, moves and repairs, each in one apply."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.cli import Shell
from tests.support.simulation import random_rules, random_trunks

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.core.objects import Fields
    from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.real


@pytest.fixture
def shell(tmp_path: Path, real_project: LiveKitServer) -> Shell:
    """A folder and an empty real project."""
    return Shell(tmp_path, {"PIN_1": "1", "PIN_2": "2", "PASSWORD": "made-up"}).connect(
        real_project
    )


def _apply(shell: Shell, text: str) -> str:
    shell.write("config/dispatch.yaml", text)
    ran = shell.run("apply", "--auto-approve", "--max-deletes", "100", "--server-version", "1.9")
    assert ran.code == 0, (ran.out, ran.err)
    assert shell.run("plan", "--detailed-exitcode", "--server-version", "1.9").code == 0
    return ran.out


def _trunks(**numbers: list[str]) -> str:
    lines = ["version: 1", "project: {name: order, unlisted: delete}", "sip:", "  inbound_trunks:"]
    lines += [f"    {name}: {{numbers: {listed}}}" for name, listed in numbers.items()]
    return "\n".join(lines) + "\n"


def test_two_trunks_swap_some_of_their_numbers(shell: Shell) -> None:
    """One of them lets go first, by a call that only shortens its list; both keep their ids."""
    _apply(shell, _trunks(a=["+15550100001", "+15550100003"], b=["+15550100002", "+15550100004"]))
    before = shell.run("ids").out
    out = _apply(
        shell, _trunks(a=["+15550100002", "+15550100003"], b=["+15550100001", "+15550100004"])
    )
    assert "3 updated" in out
    assert shell.run("ids").out == before


def test_two_trunks_swap_their_only_numbers(shell: Shell) -> None:
    """No list can be shortened without meaning everybody: one trunk is created anew, and rules follow it."""
    rule = (
        "  dispatch_rules:\n"
        "    calls: {trunks: [a], rooms: {direct: {room: lobby}}}\n"
        "    others: {trunks: [b], rooms: {direct: {room: hall}}}\n"
    )
    _apply(shell, _trunks(a=["+15550100001"], b=["+15550100002"]) + rule)
    _apply(shell, _trunks(a=["+15550100002"], b=["+15550100001"]) + rule)


def test_three_trunks_pass_their_numbers_round(shell: Shell) -> None:
    """A longer ring is broken at one place."""
    one, two, three = (["+15550100001"], ["+15550100002"], ["+15550100003"])
    _apply(shell, _trunks(a=one, b=two, c=three))
    _apply(shell, _trunks(a=two, b=three, c=one))


def test_a_rule_takes_the_place_of_another(shell: Shell) -> None:
    """A rule under a new name gets the slot that the old one leaves."""
    head = _trunks(a=["+15550100001"]) + "  dispatch_rules:\n"
    _apply(shell, head + "    old: {trunks: [a], rooms: {individual: {prefix: old-}}}\n")
    _apply(shell, head + "    new: {trunks: [a], rooms: {individual: {prefix: new-}}}\n")
    renamed = "    newer: {renamed_from: new, trunks: [a], rooms: {individual: {prefix: newer-}}}\n"
    before = shell.run("ids").out.split("=")[1]
    _apply(shell, head + renamed)
    assert shell.run("ids").out.split("=")[1] == before


def test_a_trunk_is_replaced_under_its_rule(shell: Shell) -> None:
    """The number moves to a new trunk, the rule with it, and the old trunk goes."""
    rule = "  dispatch_rules:\n    calls: {{trunks: [{0}], rooms: {{individual: {{prefix: call-}}}}}}\n"
    _apply(shell, _trunks(old=["+15550100001"]) + rule.format("old"))
    _apply(shell, _trunks(new=["+15550100001"]) + rule.format("new"))


def test_a_trunk_that_goes_hands_over_number_by_number(shell: Shell) -> None:
    """It is written twice, shorter and then not at all, and the second write knows the first for its own."""
    rule = "  dispatch_rules:\n    calls: {{trunks: {0}, rooms: {{direct: {{room: lobby}}}}}}\n"
    a = ["+15550100001", "+15550100002"]
    b, c = ["+15550100003"], ["+15550100004"]
    _apply(shell, _trunks(a=a, b=b, c=c) + rule.format("[a, b, c]"))
    out = _apply(shell, _trunks(b=[a[0], *b], c=[a[1], *c]) + rule.format("[b, c]"))
    assert "1 deleted" in out


@pytest.mark.parametrize("seed", range(25))
def test_any_project_becomes_any_other(shell: Shell, seed: int) -> None:
    """Random pairs of projects, hostile ones too: the server refuses no call, and nothing is left to do."""
    random = Random(seed)
    hostile = seed % 2 == 1
    for _ in range(2):
        trunks = random_trunks(random, random.randint(0, 4), hostile=hostile)
        rules = random_rules(random, random.randint(0, 4), trunks, hostile=hostile)
        _apply(shell, _yaml(trunks, rules))


def _yaml(trunks: dict[str, Fields], rules: dict[str, Fields]) -> str:
    """A random project as a file."""
    document = {
        "version": 1,
        "project": {"name": "random", "unlisted": "delete"},
        "sip": {
            "inbound_trunks": {name: _trunk(fields) for name, fields in trunks.items()},
            "dispatch_rules": {name: _rule(fields) for name, fields in rules.items()},
        },
    }
    text: str = yaml.safe_dump(document)
    return text


def _trunk(fields: Fields) -> dict[str, object]:
    lists = {path: list(getattr(value, "written", ())) for path, value in fields.items()}
    trunk: dict[str, object] = {
        "numbers": "any",
        **{path: found for path, found in lists.items() if found},
    }
    if "auth.username" in fields:
        return {**trunk, "auth": {"username": "acme", "password": {"env": "PASSWORD"}}}
    return trunk


def _rule(fields: Fields) -> dict[str, object]:
    trunks = [entry.name for entry in getattr(fields.get("trunks"), "entries", ())]
    rule: dict[str, object] = {"trunks": trunks or "any"}
    for path in ("callers", "numbers"):
        if path in fields:
            rule[path] = list(getattr(fields[path], "written", ()))
    kind = str(fields["rooms"])
    room: dict[str, object] = {
        path.rpartition(".")[2]: value
        for path, value in fields.items()
        if path.startswith(f"rooms.{kind}.")
    }
    if "pin" in room:
        room["pin"] = {"env": f"PIN_{getattr(room['pin'], 'reveal', str)()}"}
    return {**rule, "rooms": {kind: room}}
