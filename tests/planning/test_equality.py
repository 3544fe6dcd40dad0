"""Equal means equal to LiveKit: what is no change, and what is one."""

from __future__ import annotations

import pytest

from tests.planning.conftest import Plans

TRUNK = "sip: {{inbound_trunks: {{a: {{numbers: {0}}}}}}}"
RULE = (
    "sip: {{dispatch_rules: {{a: {{trunks: any, rooms: {{individual: {{prefix: call-}}}}, {0}}}}}}}"
)
FULL = "sip: {{inbound_trunks: {{a: {{numbers: ['+15550100001'], {0}}}}}}}"


@pytest.mark.parametrize(
    ("shape", "file", "live"),
    [
        (TRUNK, "['+15550100001', '+15550100002']", "['+15550100002', '+15550100001']"),
        (TRUNK, "['+1 (555) 010-0001']", "['+15550100001']"),
        (TRUNK, "['15550100001']", "['+15550100001']"),
        (FULL, "metadata: {a: 1, b: [true, null]}", 'metadata: \'{ "b": [true, null],  "a": 1 }\''),
        (
            FULL,
            "allowed_addresses: [203.0.113.1, 203.0.113.2]",
            "allowed_addresses: [203.0.113.2, 203.0.113.1]",
        ),
        (FULL, "krisp_enabled: false", "metadata: ''"),
        (FULL, "ringing_timeout: 90s", "ringing_timeout: 1m30s"),
        (FULL, "ringing_timeout: 0s", "include_headers: none"),
        (RULE, "callers: any", "numbers: any"),
        (
            RULE,
            "callers: ['+15550100011', '+15550100012']",
            "callers: ['+15550100012', '+15550100011']",
        ),
    ],
)
def test_the_same_to_livekit_is_no_change(plan: Plans, shape: str, file: str, live: str) -> None:
    """Order, spelling, white space, defaults, empty against unset."""
    found = plan(shape.format(file), shape.format(live))
    assert found.changes == ()
    assert found.calls == ()


@pytest.mark.parametrize(
    ("shape", "file", "live", "path"),
    [
        (TRUNK, "['+15550100001', '15550100001']", "['+15550100001']", "numbers"),
        (TRUNK, "any", "['+15550100001']", "numbers"),
        (FULL, "metadata: '{\"a\": 1}'", "metadata: '{\"a\":1}'", "metadata"),
        (FULL, "metadata: {a: 1}", "metadata: {a: true}", "metadata"),
        (FULL, "metadata: {a: 1}", "metadata: '1'", "metadata"),
        (FULL, "media: {encryption: disable}", "krisp_enabled: false", "media.encryption"),
        (RULE, "callers: ['+15550100011']", "callers: ['15550100011']", "callers"),
        (RULE, "numbers: ['+1 555 0100001']", "numbers: ['+15550100001']", "numbers"),
        (RULE, "metadata: x", "hide_phone_number: false", "metadata"),
    ],
)
def test_what_livekit_tells_apart_is_a_change(
    plan: Plans, shape: str, file: str, live: str, path: str
) -> None:
    """A number twice in two spellings, bytes of a string, a rule's numbers byte for byte."""
    (change,) = plan(shape.format(file), shape.format(live)).changes
    assert [field.path for field in change.fields] == [path]
