"""Which API calls the commands make: reading commands read, and one list a kind is all it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Shell

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

SPELLINGS = (
    "host: other.example",
    '"host": other.example',
    '"h\\u006fst": other.example',
    "? host\n  : other.example",
)
LISTS = ["ListSIPDispatchRule", "ListSIPInboundTrunk", "ListSIPOutboundTrunk"]


@pytest.mark.parametrize(
    "command",
    [
        ["plan"],
        ["drift"],
        ["ids"],
        ["export"],
        ["snapshot"],
        ["plan", "--only", "agents"],
        ["plan", "--out", "p.json"],
    ],
)
def test_reading_commands_make_one_list_a_kind(
    applied: Shell, livekit_emulator: Emulator, command: list[str]
) -> None:
    """Three calls however many objects there are, and none that writes."""
    livekit_emulator.forget_calls()
    assert applied.run(*command).code == 0
    assert sorted(call.method for call in livekit_emulator.calls) == LISTS


def test_validate_and_plan_against_a_file_make_no_call(
    applied: Shell, livekit_emulator: Emulator
) -> None:
    """Offline commands are offline."""
    applied.run("snapshot", "live.json")
    livekit_emulator.forget_calls()
    applied.run("validate")
    applied.run("plan", "--live", "live.json")
    applied.run("schema")
    assert livekit_emulator.calls == ()


def test_an_empty_apply_writes_nothing(applied: Shell, livekit_emulator: Emulator) -> None:
    """Nothing to change, nothing sent."""
    livekit_emulator.forget_calls()
    assert applied.run("apply", "--auto-approve").code == 0
    assert {call.method for call in livekit_emulator.calls} == set(LISTS)


def test_one_change_is_one_write(applied: Shell, livekit_emulator: Emulator) -> None:
    """A rule that both planes change is written once."""
    text = CONFIGURATION.replace("call-", "phone-").replace("acme-telephony", "acme-phone")
    applied.write("config/dispatch.yaml", text)
    livekit_emulator.forget_calls()
    assert applied.run("apply", "--auto-approve").code == 0
    writes = [call.method for call in livekit_emulator.calls if not call.method.startswith("List")]
    assert writes == ["UpdateSIPDispatchRule"]


def test_a_host_in_the_file_is_checked_before_anything_is_sent(
    project: Shell, livekit_emulator: Emulator
) -> None:
    """However the guard is spelt, nothing goes to another host before it was read."""
    for spelling in SPELLINGS:
        project.write(
            "config/dispatch.yaml",
            f"version: 1\nproject:\n  {spelling}\nsip: {{inbound_trunks: {{}}}}\n",
        )
        livekit_emulator.forget_calls()
        assert project.run("plan").code == 3, spelling
        assert livekit_emulator.calls == (), spelling
