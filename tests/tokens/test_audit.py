"""Each finding of an audit: a token that has it, and that a good token has none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.sip.era import Era
from reconciler.tokens.audit import LiveFacts
from reconciler.tokens.judgement import PLACES, note
from tests.project.repository import ROOT
from tests.tokens.audits import METADATA, NOW, claims, codes, config, signed, unsigned
from tests.tokens.projects import conventions

E, W, N = "error", "warning", "note"


def test_what_the_library_mints_has_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every token of ours passes our own audit, for each kind of room."""
    monkeypatch.setattr("reconciler.tokens.conventions.time.time", lambda: float(NOW))
    found = conventions()
    for room in ("interview-1", "ornina-1", "ornina-lobby", "call-1", "queue-1", "quiet-1"):
        metadata = METADATA if room == "interview-1" else None
        token = found.token(room, "u", metadata=metadata, api_key="key", api_secret=_SECRET)
        assert codes(token) == {}, room


_SECRET = "a-secret-of-32-characters-or-more"
CASES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {}),
    ({"exp": NOW - 1}, {"expired": E}),
    ({"exp": None}, {"no-expiry": W}),
    ({"exp": "tomorrow"}, {"bad-claim": E}),
    ({"exp": True}, {"bad-claim": E}),
    ({"exp": 10**400}, {"bad-claim": E}),
    ({"nbf": -1}, {"bad-claim": E}),
    ({"exp": NOW + 90_000}, {"long-lived": N}),
    ({"exp": NOW + 86_000}, {}),
    ({"nbf": NOW + 61}, {"not-yet-valid": E}),
    ({"nbf": NOW + 30}, {}),
    ({"nbf": None}, {}),
    ({"sub": None}, {"no-identity": E}),
    ({"sub": 7}, {"bad-claim": E, "no-identity": E}),
    ({"sub": "ä" * 129}, {"name-too-long": E}),
    ({"iss": None}, {"no-issuer": E}),
    ({"iss": "other"}, {"other-key": W}),
    ({"name": 1}, {"bad-claim": E}),
    ({"metadata": {"a": 1}}, {"bad-claim": E}),
    ({"attributes": {"a": 1}}, {"bad-claim": E}),
    ({"attributes": []}, {"bad-claim": E}),
    ({"video": {"room": "interview-1"}}, {"no-room-join": E}),
    ({"video": {"room": "interview-1", "roomJoin": "true"}}, {"no-room-join": E}),
    ({"video": [], "roomConfig": None}, {"bad-claim": E, "no-room-join": E, "no-room": E, "no-convention": N}),
    ({"sip": {"admin": True}}, {"too-powerful": W}),
    ({"roomPreset": "p"}, {"room-preset": N}),
    ({"metadata": "x" * 9000}, {"long-token": N}),
    # --- agents of a convention that leaves them to tokens
    ({"roomConfig": None}, {"no-agents": E}),
    ({"roomConfig": {}}, {"no-agents": E}),
    ({"roomConfig": {"agents": []}}, {"no-agents": E}),
    ({"roomConfig": None, "room_config": config("")}, {"ignored-claim": W, "no-agents": E}),
    ({"roomConfig": config("x")}, {"agent-missing": E, "other-agent": E}),
    ({"roomConfig": config("", "", **METADATA)}, {"agent-twice": E}),
    ({"roomConfig": config("", "x", **METADATA)}, {"other-agent": E}),
    ({"roomConfig": config("")}, {"metadata-missing": E}),
    ({"roomConfig": config("", session_id=1)}, {"metadata-missing": E}),
    ({"roomConfig": {"agents": [{"metadata": '{"session_id":1,"participant":2}'}]}}, {}),
    ({"roomConfig": {"agents": [{"agent_name": "", "metadata": '{"session_id":1,"participant":2}'}]}}, {}),
    # --- what LiveKit cannot read
    ({"roomConfig": "x"}, {"bad-claim": E, "no-agents": E}),
    ({"roomConfig": {"agents": "x"}}, {"bad-room-config": E, "no-agents": E}),
    ({"roomConfig": {"agents": [{"metadata": METADATA}]}}, {"bad-room-config": E, "metadata-missing": E}),
    ({"roomConfig": {**config("", **METADATA), "agentts": []}}, {"bad-room-config": E}),
    ({"roomConfig": {**config("", **METADATA), "emptyTimeout": "soon"}}, {"bad-room-config": E}),
    # --- the keys stand elsewhere
    ({"roomConfig": config(""), "metadata": '{"session_id":1}'}, {"metadata-missing": E, "metadata-misplaced": E}),
    ({"roomConfig": config(""), "attributes": {"participant": "p"}}, {"metadata-missing": E, "metadata-misplaced": E}),
    ({"roomConfig": {**config(""), "metadata": '{"participant":1}'}}, {"metadata-missing": E, "metadata-misplaced": E}),
    ({"roomConfig": None, "attributes": {"participant": "p"}}, {"no-agents": E, "metadata-misplaced": E}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_an_audit_finds(changes: dict[str, Any], expected: dict[str, str]) -> None:
    """Just these findings, each as bad as it is."""
    assert codes(signed(claims(**changes))) == expected


OTHER_ROOMS: list[tuple[str, Any, dict[str, str]]] = [
    # The controller and the application would bring them as well; a SIP rule only if no token came first.
    ("call-outbound-1", config("SW Telephony Agent"), {"agents-of-others": E}),
    ("call-1", config("SW Telephony Agent"), {"agents-of-others": W}),
    ("call-1", None, {}),
    # A token or the application: who creates the room is not known.
    ("queue-1", None, {"no-agents": W}),
    ("queue-1", config("SW Telephony Agent"), {"agent-missing": E}),
    ("queue-1", config("SW Telephony Agent", "ornina-avatar-agent"), {}),
    ("lobby", None, {"no-convention": N}),
    ("lobby", config("x"), {"no-convention": N}),
    ("quiet-1", config("x"), {"other-agent": E}),
    ("ornina-1", config("ornina-avatar-agent", "recorder"), {"metadata-differs": N}),
    ("ornina-1", config("ornina-avatar-agent", "recorder", lang="de", level=2), {}),
    ("ornina-lobby", config("ornina-avatar-agent"), {"metadata-differs": N}),
]


@pytest.mark.parametrize(("room", "configuration", "expected"), OTHER_ROOMS)
def test_an_audit_of_other_rooms(room: str, configuration: Any, expected: dict[str, str]) -> None:
    """What is right for one convention is wrong for another."""
    assert codes(signed(claims(room, roomConfig=configuration))) == expected


def test_an_unnamed_worker_that_comes_by_itself() -> None:
    """Naming it in a token changes nothing; naming another one keeps it away."""
    file = conventions(
        "version: 1\nagents: {names: {a: {agent_name: ''}}, rooms: [{prefix: '', agents: [a], dispatch: automatic}]}"
    )
    assert codes(signed(claims(roomConfig=config(""))), file=file) == {}
    assert codes(signed(claims(roomConfig=config("x"))), file=file) == {"agents-of-others": E}


def test_the_room_that_is_asked_for() -> None:
    """Names are compared letter by letter; a token without a room is held against the one asked for."""
    assert codes(signed(claims()), room="interview-1") == {}
    assert codes(signed(claims()), room="Interview-1") == {"wrong-room": E}
    found = codes(signed(claims(video={"roomJoin": True})), room="call-outbound-1")
    assert found == {"no-room": E, "agents-of-others": E}


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("HS256", {}),
        ("HS384", {"unusual-algorithm": N}),
        ("HS512", {"unusual-algorithm": N}),
        ("none", {"bad-algorithm": E}),
    ],
)
def test_the_algorithm(algorithm: str, expected: dict[str, str]) -> None:
    """`none` is no signature, whatever stands behind the last dot."""
    assert codes(signed(claims(), algorithm)) == expected


def test_the_signature() -> None:
    """It is checked where the key is known, and only against the key that the token names."""
    forged = signed(claims(), secret="another-secret-of-32-characters-!!")
    assert codes(forged) == {"bad-signature": E}
    assert codes(forged, key=None) == {"signature-unchecked": N}
    assert codes(forged, key="another") == {"other-key": W}
    head, _, _ = signed(claims()).rpartition(".")
    assert codes(f"{head}.") == {"bad-signature": E}


@pytest.mark.parametrize("header", [{"alg": ["HS256"]}, {"alg": None}, {}, {"alg": "HS256 "}])
def test_an_algorithm_that_is_none(header: Any) -> None:
    """Another type is no algorithm either."""
    assert codes(unsigned(header, claims())) == {"bad-algorithm": E}


@pytest.mark.parametrize(
    "header", [{"crit": 1}, {"b64": False}, {"kid": 7}, {"crit": ["x"], "x": 1}]
)
def test_odd_headers_are_no_errors_of_others(header: Any) -> None:
    """What the JWT library refuses to look at has no good signature."""
    assert codes(unsigned({"alg": "HS256", **header}, claims())) == {"bad-signature": E}


def test_a_room_that_exists_already() -> None:
    """Then the configuration is ignored: a problem if its agents were never asked for, else good to know."""
    token = signed(claims())
    assert codes(token, live=LiveFacts(False)) == {}
    assert codes(token, live=LiveFacts(True, ("",))) == {"room-exists": N}
    assert codes(token, live=LiveFacts(True, ("x",))) == {"room-exists": E}
    plain = signed(claims("call-1", roomConfig=None))
    assert codes(plain, live=LiveFacts(True)) == {}


NEWER = [
    {"attributes": {}},
    {"restartPolicy": "JRP_ON_FAILURE"},
    {"restart_policy": 0},
    {"deployment": ""},
]


@pytest.mark.parametrize("field", NEWER)
def test_what_old_servers_refuse(field: dict[str, Any]) -> None:
    """The key alone, as the SDK for Node writes it: a problem for a file that says so, else good to know."""
    agent = {"agentName": "", "metadata": '{"session_id":1,"participant":2}', **field}
    token = signed(claims(roomConfig={"agents": [agent]}))
    assert codes(token, era=Era.OLD) == {"newer-field": E}
    assert codes(token, era=None) == {"newer-field": N}
    assert codes(token, era=Era.NEW) == {}
    tagged = signed(claims(roomConfig={**config("", **METADATA), "tags": {}}))
    assert codes(tagged, era=Era.OLD) == {"newer-field": E}


def test_every_code_is_explained() -> None:
    """docs/tokens.md has a heading for each code that the audit can give, and for no other."""
    page = (ROOT / "docs" / "tokens.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^#### ([a-z-]+)$", page, re.MULTILINE)) == set(PLACES)


def test_every_code_is_tried_here() -> None:
    """No finding is without a token that has it, in one of the tests of this file."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert {code for code in PLACES if f'"{code}"' not in text} == set()


def test_a_finding_says_where_it_is_explained() -> None:
    """The address leads to the heading of the code."""
    one = note("no-room", "m", "f")
    assert one.url.endswith("/tokens/#no-room")
    assert one.path == "video.room"
