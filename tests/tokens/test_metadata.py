"""Metadata of a call over that of the convention: who wins, what cannot be merged, and what must be there."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest

from reconciler.tokens import MetadataInvalid, MetadataMissing
from tests.tokens.projects import conventions


def texts(room: str, metadata: Any = None) -> list[str]:
    """The metadata that each agent of a room gets."""
    return [agent.metadata.text for agent in conventions().agents_of(room, metadata)]


def test_a_mapping_is_merged_over_a_mapping() -> None:
    """Keys of the call win, those of the convention stay, and an agent without metadata gets the call's alone."""
    assert texts("ornina-1", {"lang": "de", "user": 7}) == [
        '{"lang":"de","level":1,"user":7}',
        '{"lang":"de","user":7}',
    ]


def test_without_metadata_the_convention_speaks() -> None:
    """What the file says is sent as it stands there."""
    assert texts("ornina-1") == ['{"lang":"ar","level":1}', ""]
    assert texts("ornina-lobby") == ["hello"]


def test_any_mapping_will_do() -> None:
    """A frozen mapping is merged like a dict, and is not changed."""
    frozen = MappingProxyType({"user": "ä😀"})
    assert texts("ornina-1", frozen)[1] == '{"user":"ä😀"}'


def test_a_text_replaces_a_text() -> None:
    """Or stands where there is none; the empty one counts as well."""
    assert texts("ornina-lobby", "good morning") == ["good morning"]
    assert texts("ornina-lobby", "") == [""]
    assert texts("queue-1", "both") == ["both", "both"]


def test_a_text_and_a_mapping_do_not_merge() -> None:
    """The error names the room and the agent, and says what to pass."""
    with pytest.raises(MetadataInvalid, match=r'room "ornina-1".*a mapping.*and a text was passed'):
        texts("ornina-1", "text")
    with pytest.raises(MetadataInvalid, match=r'agent "ornina-avatar-agent" a text.*a mapping was'):
        texts("ornina-lobby", {"a": 1})


def test_required_keys_have_to_be_there() -> None:
    """The error names keys, room and convention, in its text and as values."""
    with pytest.raises(MetadataMissing) as caught:
        texts("interview-42", {"session_id": "s"})
    assert caught.value.keys == ("participant",)
    assert (caught.value.room, caught.value.convention) == ("interview-42", "interview-*")
    assert str(caught.value) == (
        'room "interview-42": the metadata of the unnamed agent lacks participant, which the convention "interview-*" '
        "requires: pass every such key in the metadata"
    )


@pytest.mark.parametrize(
    "metadata", [None, {}, "", "text", "[]", "{", "{" * 3000, '{"session_id":NaN}', '{"a":1}']
)
def test_nothing_else_satisfies_a_requirement(metadata: Any) -> None:
    """No metadata, a text that is no JSON object, and one without the keys are all the same."""
    with pytest.raises(MetadataMissing, match="lacks session_id, participant"):
        texts("interview-42", metadata)


def test_every_agent_has_to_have_the_keys() -> None:
    """What the convention tells one agent is not told to the next."""
    text = """\
version: 1
agents:
  names: {a: {agent_name: a}, b: {agent_name: b}}
  rooms:
    - {prefix: x-, agents: [{agent: a, metadata: {k: 1}}, b], dispatch: token, required_metadata: [k]}
"""
    found = conventions(text)
    with pytest.raises(MetadataMissing, match='the metadata of agent "b" lacks k'):
        found.agents_of("x-1")
    assert len(found.agents_of("x-1", {"k": 2})) == 2


def test_a_key_without_a_value_is_there() -> None:
    """Null is a value: the convention asks for the key."""
    assert texts("interview-42", {"session_id": None, "participant": ""}) == [
        '{"session_id":null,"participant":""}'
    ]


def test_the_json_of_an_object_satisfies_as_well() -> None:
    """An application that wrote the JSON itself may pass it as a text."""
    text = json.dumps({"session_id": 1, "participant": 2})
    assert texts("interview-42", text) == [text]


@pytest.mark.parametrize("room", ["call-1", "call-outbound-1", "quiet-1", "line-1", "lobby"])
def test_metadata_that_nobody_would_get_is_an_error(room: str) -> None:
    """Where no token brings an agent the metadata would be lost without a word."""
    with pytest.raises(MetadataInvalid, match=f'room "{room}": nobody would get this metadata'):
        texts(room, {"a": 1})
    assert texts(room) == []


def deep() -> dict[str, Any]:
    """A mapping that is nested deeper than anything can be written."""
    found: dict[str, Any] = {}
    for _ in range(100_000):
        found = {"a": found}
    return found


def ring() -> dict[str, Any]:
    """A mapping that holds itself."""
    found: dict[str, Any] = {}
    found["a"] = found
    return found


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": b"bytes"},
        {"a": {1, 2}},
        {1: "a"},
        {"a": "\ud800"},
        "\ud800",
        ring(),
    ],
)
def test_what_is_no_json_is_an_error_of_ours(metadata: Any) -> None:
    """And what was passed is not repeated."""
    with pytest.raises(MetadataInvalid, match='room "queue-1"') as caught:
        texts("queue-1", metadata)
    assert "bytes" not in str(caught.value)


def test_nesting_without_end_is_an_error_of_ours() -> None:
    """No recursion error leaves the library."""
    with pytest.raises(MetadataInvalid):
        texts("queue-1", deep())


def test_an_old_server_gets_only_what_it_knows() -> None:
    """Servers before 1.13 refuse a token for an agent's attributes, so they are left out for them alone."""
    text = """\
version: 1
project: {{server: "{server}"}}
agents:
  names: {{a: {{agent_name: a, deployment: d}}}}
  rooms: [{{prefix: x-, agents: [{{agent: a, attributes: {{k: v}}, restart_policy: never}}], dispatch: token}}]
"""
    (old,) = conventions(text.format(server="1.9")).agents_of("x-1")
    (new,) = conventions(text.format(server="1.13")).agents_of("x-1")
    assert (old.attributes, old.restart_policy, old.deployment) == ((), "", "")
    assert (new.attributes, new.restart_policy, new.deployment) == ((("k", "v"),), "never", "d")
