"""An object that goes turns into the one that replaces it: one call, and no number leaves the line."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.objects import Snapshot
from reconciler.core.plan import Action
from reconciler.core.values import Unknown
from reconciler.planning import Options, make_plan
from tests.planning.conftest import Plans, configuration, snapshot

LIVE = """
sip:
  inbound_trunks: {old: {numbers: ['+15550100001'], metadata: by hand}}
  dispatch_rules: {calls: {trunks: [old], rooms: {individual: {prefix: call-}}}}
"""
FILE = """
project: {unlisted: delete}
sip:
  inbound_trunks: {new: {numbers: ['+15550100001', '+15550100002']}}
  dispatch_rules: {calls: {trunks: [new], rooms: {individual: {prefix: call-}}}}
"""


def test_a_trunk_turns_into_its_successor_and_rules_follow(plan: Plans) -> None:
    """Shown as a deletion and a creation, sent as one update; the rule names the same id as before."""
    found = plan(FILE, LIVE)
    assert [(change.action, change.name) for change in found.changes] == [
        (Action.CREATE, "new"),
        (Action.DELETE, "old"),
    ]
    (call,) = found.calls
    assert (call.action, call.id, call.new_name) == (Action.UPDATE, "ST_old", "new")
    assert [field.path for field in call.fields] == ["metadata", "numbers"]
    assert "turns into" in call.reason
    assert found.gaps == ()


def test_a_rule_turns_into_its_successor(plan: Plans) -> None:
    """A rule under a new name and with other rooms takes the slot in the same call."""
    file = FILE.replace("new", "old").replace("calls:", "lobby:")
    file = file.replace("{individual: {prefix: call-}}", "{direct: {room: l}}")
    found = plan(file, LIVE)
    updates = [(call.id, call.new_name) for call in found.calls if call.kind == "dispatch_rule"]
    assert updates == [("SDR_calls", "lobby")]
    assert found.gaps == ()


def test_objects_that_share_nothing_stay_apart(plan: Plans) -> None:
    """A trunk for another number is created, and the old one deleted."""
    file = FILE.replace("'+15550100001', ", "")
    actions = [call.action for call in plan(file, LIVE).calls if call.kind == "inbound_trunk"]
    assert sorted(actions) == [Action.CREATE, Action.DELETE]


def test_a_password_that_is_not_told_is_not_inherited() -> None:
    """What the server does not tell could not be taken away: the trunk is deleted, and another created."""
    told = snapshot(LIVE)
    (trunk,) = told.of("inbound_trunk")
    fields = {**trunk.fields, "auth.username": "acme", "auth.password": Unknown()}
    live = Snapshot(told.host, {**told.objects, trunk.kind: [replace(trunk, fields=fields)]})
    found = make_plan(configuration(FILE), live, Options())
    assert [call.action for call in found.calls if call.kind == "inbound_trunk"] == [
        Action.DELETE,
        Action.CREATE,
    ]


def test_deletions_count_for_the_guard(plan: Plans) -> None:
    """An object that turns into another one is deleted as far as people are concerned."""
    found = plan(FILE, LIVE)
    assert sum(change.action is Action.DELETE for change in found.changes) == 1
