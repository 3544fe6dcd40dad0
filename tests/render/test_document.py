"""The document of a plan: the keys that scripts rely on, secrets as null, one form whatever the input's order."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.plan import Plan, RoutingTest, Unlisted
from reconciler.core.values import (
    AgentDispatch,
    AgentList,
    Document,
    Duration,
    Hidden,
    Metadata,
    PlainValue,
    Reference,
    References,
    SecretRef,
    TextList,
    Unknown,
)
from reconciler.render.document import (
    drift_document,
    findings_document,
    plan_document,
    to_json,
)
from tests.render.plans import creations, field, finding, update
from tests.support.schemas import problems


def test_the_keys_are_those_that_scripts_rely_on() -> None:
    """An empty plan has every key, in the documented order."""
    document = plan_document(Plan("acme", "host.example"))
    assert list(document) == [
        "format_version",
        "project",
        "host",
        "summary",
        "changes",
        "order",
        "gaps",
        "rooms",
        "unlisted",
        "findings",
        "tests",
        "notes",
        "reroutes",
    ]
    assert document["summary"]["agents"] == {
        "create": 0,
        "update": 0,
        "delete": 0,
        "rename": 0,
        "unlisted": 0,
    }


VALUES: list[tuple[str, PlainValue, object]] = [
    ("numbers", TextList(("+15550100002", "+15550100001"), ()), ["+15550100001", "+15550100002"]),
    ("ringing_timeout", Duration(90_000_000_000), "1m30s"),
    ("metadata", Metadata('{"a":1}', is_json=True), '{"a":1}'),
    ("krisp_enabled", True, True),
    ("room.max_participants", 4, 4),
    ("media.codecs", Document.of([{"name": "opus"}]), [{"name": "opus"}]),
    ("trunks", References((Reference("b"), Reference("", "ST_1"))), ["ST_1", "b"]),
    (
        "agents",
        AgentList((AgentDispatch("b", Metadata("{}")), AgentDispatch(""))),
        [{"agent_name": ""}, {"agent_name": "b", "metadata": "{}"}],
    ),
]


@pytest.mark.parametrize(("path", "value", "expected"), VALUES)
def test_values_are_what_scripts_read(path: str, value: PlainValue, expected: object) -> None:
    """Each type of value has its natural JSON, sets sorted; unset is null."""
    (told,) = plan_document(update(field(path, None, value)))["changes"][0]["fields"]
    assert told == {"path": path, "before": None, "after": expected, "sensitive": False}


SECRETS: list[tuple[PlainValue | None, PlainValue | None, dict[str, str]]] = [
    (None, SecretRef(env="PASSWORD"), {"effect": "set", "source": "{env: PASSWORD}"}),
    (Hidden(), SecretRef(file="secret.txt"), {"effect": "changed", "source": "{file: secret.txt}"}),
    (Hidden(), None, {"effect": "removed"}),
    (Unknown(), SecretRef(env="PASSWORD"), {"effect": "rewritten", "source": "{env: PASSWORD}"}),
    (Hidden(), Hidden(), {"effect": "changed"}),
    (
        None,
        SecretRef(config="a/b.yaml:3:4#sip.x#y.headers.X"),
        {"effect": "set", "source": "a/b.yaml:3:4"},
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), SECRETS)
def test_of_a_secret_it_is_told_what_happens_to_it(
    before: PlainValue | None, after: PlainValue | None, expected: dict[str, str]
) -> None:
    """Both values are null, and still a set, a changed and a removed secret are told apart."""
    plan = update(field("auth.password", before, after, sensitive=True))
    (told,) = plan_document(plan)["changes"][0]["fields"]
    fixed = {"path": "auth.password", "before": None, "after": None, "sensitive": True}
    assert told == fixed | expected


def test_two_trunks_of_one_name_are_told_apart() -> None:
    """A reference that moves to a new object of the same name shows the ids, null for one still to be created."""
    before, after = (References((Reference("a", id_),)) for id_ in ("ST_1", None))
    plan = update(field("trunks", before, after), kind="dispatch_rule")
    (told,) = plan_document(plan)["changes"][0]["fields"]
    assert told["before"] == [{"name": "a", "id": "ST_1"}]
    assert told["after"] == [{"name": "a", "id": None}]


def test_a_finding_has_all_keys_and_null_without_a_file() -> None:
    """Scripts read the same nine keys of every finding."""
    document = findings_document([finding(), finding(file="")], [RoutingTest("t", False, "no")])
    first, second = document["findings"]
    assert first["line"] == 3
    assert first["url"].endswith("/findings/some-code/")
    assert (second["file"], second["line"], second["column"]) == (None, None, None)
    assert list(first) == list(second)
    assert problems("findings", json.loads(to_json(document))) == []


def test_drift_counts_unlisted_objects() -> None:
    """`drift` is true for any difference, and for a reported unlisted object alone."""
    unlisted = Plan("a", "b", unlisted=(Unlisted("inbound_trunk", "x", "ST_1"),))
    assert drift_document(Plan("a", "b"))["drift"] is False
    assert drift_document(unlisted)["drift"] is True
    assert drift_document(update(field("metadata", None, "x")))["drift"] is True


def test_causes_stand_at_their_fields() -> None:
    """A cause is there where one is known, and nowhere else."""
    plan = update(field("metadata", None, "x"), field("numbers", None, TextList(("a",), ("a",))))
    document = drift_document(plan, {("inbound_trunk", "a", "metadata"): "live"})
    first, second = document["changes"][0]["fields"]
    assert first["cause"] == "live"
    assert "cause" not in second


def test_json_can_be_read_back() -> None:
    """`to_json` gives the document, and ends with one newline."""
    document = plan_document(creations(3, metadata="x"))
    text = to_json(document)
    assert json.loads(text) == msgspec.to_builtins(document)
    assert text.endswith("}\n")


@given(st.text(st.characters(codec=None)))
def test_json_holds_any_text_and_nothing_invisible(text: str) -> None:
    """Whatever a note says, the JSON means the same and a terminal has nothing to obey in it."""
    shown = to_json(plan_document(Plan("a", "b", notes=(text,))))
    assert json.loads(shown)["notes"] == [text]
    assert all(one == "\n" or one.isprintable() for one in shown)
