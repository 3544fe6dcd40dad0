"""Secrets in a rollback: what is still the same is not needed, and of what is not the former value will do alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from livekit.protocol.sip import SIPDispatchRuleInfo

from tests.cli.conftest import CONFIGURATION
from tests.cli.rolling_back import (
    CHANGED,
    apply,
    everything,
    roll_back,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.emulator.server import Emulator
    from tests.support.cli import Shell


def test_a_secret_that_did_not_change_is_not_needed(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """It stays where it is: whoever is woken at night need not find it first."""
    apply(applied, CHANGED)
    del applied.environ["CARRIER_PASSWORD"]
    ran = roll_back(applied)
    assert ran.code == 0, ran.err
    (trunk,) = livekit_emulator.inbound_trunks
    assert list(trunk.allowed_addresses) == ["203.0.113.0/24"]
    assert trunk.auth_password == "not-a-real-one"


def test_a_changed_secret_is_named(rotated: Shell, livekit_emulator: Emulator) -> None:
    """The variable that the configuration has for it must be set, to the former value: 1, and nothing is written."""
    before = everything(livekit_emulator)
    place = "sip.inbound_trunks.carrier.auth.password"
    ran = roll_back(rotated)
    assert ran.code == 1
    assert f"variable NEW_PASSWORD is not set, empty or not UTF-8: needed at {place}" in ran.err
    rotated.environ["NEW_PASSWORD"] = "another"
    ran = roll_back(rotated)
    assert ran.code == 1
    assert f"variable NEW_PASSWORD has another value than the backup: needed at {place}" in ran.err
    assert everything(livekit_emulator) == before
    rotated.environ["NEW_PASSWORD"] = "not-a-real-one"
    ran = roll_back(rotated)
    assert ran.code == 0, ran.err
    (trunk,) = livekit_emulator.inbound_trunks
    assert trunk.auth_password == "not-a-real-one"


def test_secrets_can_stay(rotated: Shell, livekit_emulator: Emulator) -> None:
    """Who does not have the former value any more can bring back everything else."""
    ran = roll_back(rotated, "--keep-secrets")
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
    apply(applied, CHANGED)
    ran = roll_back(applied)
    assert ran.code == 1
    assert "variable BY_HAND_PIN" in ran.err
    assert "variable CARRIER_OUT_HEADER_X_SITE" in ran.err
    assert len(ran.err.strip().splitlines()) == 2, ran.err
    ran = roll_back(applied, "--keep-secrets")
    assert ran.code == 1, "a rule that comes back without its PIN would let everybody in"
    applied.environ |= {"BY_HAND_PIN": "7770", "CARRIER_OUT_HEADER_X_SITE": "site-1"}
    ran = roll_back(applied)
    assert ran.code == 0, ran.err
    back = {one.name: one for one in livekit_emulator.dispatch_rules}
    assert back["by hand"].rule.dispatch_rule_direct.pin == "7770"


@pytest.mark.livekit_emulator(returns_passwords=False)
def test_a_password_that_nobody_tells(rotated: Shell, livekit_emulator: Emulator) -> None:
    """Where the server keeps passwords to itself they are compared by nobody, and stay."""
    ran = roll_back(rotated)
    assert ran.code == 0, ran.err
    (rule,) = livekit_emulator.dispatch_rules
    assert rule.rule.dispatch_rule_individual.room_prefix == "call-"


@pytest.mark.livekit_emulator(returns_passwords=False)
def test_a_password_that_was_written_unseen(applied: Shell, livekit_emulator: Emulator) -> None:
    """One that the apply wrote anew is needed, and written, although the server tells neither."""
    applied.environ["CARRIER_PASSWORD"] = "another"
    apply(applied, CONFIGURATION, "--write-secrets", "carrier")
    assert livekit_emulator.inbound_trunks[0].auth_password == "another"
    del applied.environ["CARRIER_PASSWORD"]
    ran = roll_back(applied)
    assert ran.code == 1
    assert "variable CARRIER_PASSWORD is not set" in ran.err
    applied.environ["CARRIER_PASSWORD"] = "not-a-real-one"
    ran = roll_back(applied)
    assert ran.code == 0, ran.err
    assert livekit_emulator.inbound_trunks[0].auth_password == "not-a-real-one"


def test_another_key_makes_digests_useless(
    rotated: Shell, change_backup: Callable[[dict[str, Any]], str]
) -> None:
    """With another API secret nothing can be compared: it is told, and what the apply did not write stays."""
    file = change_backup({"key": "0" * 32})
    rotated.environ["NEW_PASSWORD"] = "not-a-real-one"
    ran = roll_back(rotated, file=file)
    assert ran.code == 0, ran.err
    assert "the API secret is another one" in ran.out
    assert "nothing tells whether variable " in ran.out
    assert "needed at sip.inbound_trunks.carrier.auth.password" in ran.out
