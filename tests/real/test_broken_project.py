"""Which writes a server takes while two of its objects share a slot: what the order of repairs is built on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit.protocol import models, sip

from tests.support.objects import (
    change_inbound,
    change_rule,
    create_inbound,
    create_rule,
    delete_rule,
    delete_trunk,
    direct,
    replace_rule,
)

if TYPE_CHECKING:
    from tests.support.raw_client import RawClient, Result

NUMBER, OTHER, THIRD = "+15550100001", "+15550100002", "+15550100003"
HERE, THERE, FAR, FREE = "ST_here", "ST_there", "ST_far", "ST_free"


def _only(*texts: str) -> models.ListUpdate:
    return models.ListUpdate(set=texts)


@pytest.fixture
def broken_rules(client: RawClient) -> tuple[str, str, str]:
    """The ids of two rules on one trunk, the second of which was moved there, and of one that is well."""
    ids = [
        create_rule(client, name=name, trunk_ids=[trunk], rule=direct(name))
        for name, trunk in (("first", HERE), ("moved", THERE), ("well", FAR))
    ]
    first, moved, well = (result.answer.sip_dispatch_rule_id for result in ids)
    assert change_rule(client, moved, trunk_ids=_only(HERE)).ok
    return first, moved, well


@pytest.fixture
def broken_trunks(client: RawClient) -> tuple[str, str, str]:
    """The same with trunks and a number."""
    ids = [
        create_inbound(client, name=name, numbers=[number])
        for name, number in (("first", NUMBER), ("moved", OTHER), ("well", THIRD))
    ]
    first, moved, well = (result.answer.sip_trunk_id for result in ids)
    assert change_inbound(client, moved, numbers=_only(NUMBER)).ok
    return first, moved, well


def _with_callers(client: RawClient, key: str, name: str) -> Result:
    """Narrows a rule where it is."""
    return replace_rule(
        client, key, name=name, trunk_ids=[HERE], inbound_numbers=[THIRD], rule=direct(name)
    )


@pytest.mark.parametrize("index", [0, 1], ids=["first", "moved"])
def test_either_rule_is_repaired_where_it_is(
    client: RawClient, broken_rules: tuple[str, str, str], index: int
) -> None:
    """Other callers or a PIN end the conflict in place: the server checks the object as it will be."""
    key = broken_rules[index]
    assert change_rule(client, key, rule=direct("r", pin="1")).ok
    assert _with_callers(client, key, "r").ok
    assert create_rule(client, trunk_ids=[FREE]).ok


@pytest.mark.parametrize("index", [0, 1], ids=["first", "moved"])
def test_either_rule_is_repaired_by_moving_or_deleting_it(
    client: RawClient, broken_rules: tuple[str, str, str], index: int
) -> None:
    """It may go to a free trunk, to calls of any trunk, or for good."""
    key = broken_rules[index]
    assert change_rule(client, key, trunk_ids=_only(FREE)).ok
    assert change_rule(client, key, trunk_ids=models.ListUpdate(clear=True)).ok
    assert delete_rule(client, key).ok
    assert create_rule(client, trunk_ids=["ST_other"]).ok


@pytest.mark.parametrize("index", [0, 1], ids=["first", "moved"])
def test_a_write_that_repairs_nothing_is_refused(
    client: RawClient, broken_rules: tuple[str, str, str], index: int
) -> None:
    """Not even a text of a rule in conflict can be changed, nor can it keep the trunk beside another."""
    key = broken_rules[index]
    assert change_rule(client, key, metadata="new").code == "invalid_argument"
    assert change_rule(client, key, trunk_ids=_only(HERE, FREE)).code == "invalid_argument"


def test_rules_of_other_trunks_can_be_changed_but_none_created(
    client: RawClient, broken_rules: tuple[str, str, str]
) -> None:
    """A creation looks at all rules, an update at those of the new trunks."""
    well = broken_rules[2]
    assert change_rule(client, well, metadata="new").ok
    assert change_rule(client, well, trunk_ids=_only(FREE)).ok
    assert create_rule(client, trunk_ids=["ST_other"]).code == "invalid_argument"


def test_the_flat_shape_of_a_rule_looks_at_its_own_trunks_only(
    client: RawClient, broken_rules: tuple[str, str, str]
) -> None:
    """The older shape is created where the newer one is refused."""
    request = sip.CreateSIPDispatchRuleRequest(rule=direct("new"), trunk_ids=[FREE], name="new")
    assert client.call("SIP", "CreateSIPDispatchRule", request).ok


def test_a_third_rule_does_not_get_onto_the_slot(
    client: RawClient, broken_rules: tuple[str, str, str]
) -> None:
    """Two are the most that the hole lets in: from then on the conflict itself is in the checked set."""
    assert change_rule(client, broken_rules[2], trunk_ids=_only(HERE)).code == "invalid_argument"


def test_a_rule_without_a_kind_stops_creations_and_nothing_else(client: RawClient) -> None:
    """It gets in by the same hole, and goes by getting a kind or by being deleted."""
    key = create_rule(client, name="odd", trunk_ids=[HERE]).answer.sip_dispatch_rule_id
    other = create_rule(client, name="well", trunk_ids=[FAR]).answer.sip_dispatch_rule_id
    assert replace_rule(client, key, name="odd", trunk_ids=[THERE], rule=sip.SIPDispatchRule()).ok
    assert not create_rule(client, trunk_ids=[FREE]).ok
    assert change_rule(client, other, metadata="new").ok
    assert change_rule(client, key, rule=direct("odd")).ok
    assert create_rule(client, trunk_ids=[FREE]).ok


@pytest.mark.parametrize("index", [0, 1], ids=["first", "moved"])
def test_either_trunk_is_repaired_where_it_is_or_by_moving(
    client: RawClient, broken_trunks: tuple[str, str, str], index: int
) -> None:
    """The same holds for trunks on one number."""
    key = broken_trunks[index]
    assert change_inbound(client, key, metadata="new").code == "invalid_argument"
    assert change_inbound(client, key, allowed_numbers=_only(THIRD)).ok
    assert change_inbound(client, key, numbers=_only(OTHER)).ok
    assert delete_trunk(client, key).ok


def test_other_trunks_are_not_touched_by_a_conflict_over_a_number(
    client: RawClient, broken_trunks: tuple[str, str, str]
) -> None:
    """Only a trunk for any number, which is compared with all, cannot be created."""
    assert change_inbound(client, broken_trunks[2], metadata="new").ok
    assert create_inbound(client, numbers=["+15550100007"]).ok
    refused = create_inbound(client, numbers=[], allowed_addresses=["203.0.113.1"])
    assert refused.code == "invalid_argument"
