"""Whatever somebody passes for a token, the outcome is an audit or one sentence."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.render.document import to_json
from reconciler.tokens import NotAToken
from reconciler.tokens.reading import LONGEST, read_token
from reconciler.tokens.shown import shown_claims
from tests.tokens.audits import claims, codes, config, signed, unsigned


def part(data: bytes) -> str:
    """Bytes as a part of a token."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def with_claims(data: bytes) -> str:
    """A token with these bytes for its claims."""
    return f"{part(b'{}')}.{part(data)}."


NO_TOKENS = [
    "",
    " \n",
    "a.b",
    "a.b.c.d",
    "a.b.c",
    "...",
    "..",
    "\x00\xff.\x00.\x00",
    "é.é.é",
    "x" * (LONGEST + 1),
    "A.e30.e30",
    "Nw.e30.e30",
    with_claims(b"[]"),
    with_claims(b"1"),
    with_claims(b"{"),
    with_claims(bytes(range(128, 256))),
    with_claims(b"{" + b"[" * 100_000),
    with_claims(b"[" * 400_000 + b"]" * 100),
    with_claims(json.dumps({"a": 1}).encode("utf-16")),
    with_claims(b'{"a":NaN}'),
    with_claims(b'{"exp":' + b"9" * 5000 + b"}"),
    with_claims(b'{"a":' + b"[" * 60 + b"]" * 60 + b"}"),
]


@pytest.mark.parametrize("text", NO_TOKENS)
def test_what_is_no_token_is_one_error(text: str) -> None:
    """One sentence, which does not repeat what was passed."""
    with pytest.raises(NotAToken) as caught:
        read_token(text)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 200


@pytest.mark.parametrize(
    "around", ["{}", " {}\n", "Bearer {}", "bearer  {} ", "Authorization: Bearer {}"]
)
def test_a_token_may_be_copied_with_what_stands_around_it(around: str) -> None:
    """White space, and the header in which it travels."""
    token = signed(claims())
    assert read_token(around.format(token)).text == token


def test_a_token_does_not_show_itself() -> None:
    """Neither in `repr` nor by accident in an error."""
    read = read_token(signed(claims()))
    assert read.text not in repr(read)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(["interview-1", "", "HS256", "call-1", '{"session_id":1}', "{" * 5000]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
AGENT = st.dictionaries(
    st.sampled_from(["agentName", "agent_name", "metadata", "attributes", "restartPolicy", "x"]),
    JSON,
)
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "iss": JSON,
        "sub": JSON,
        "nbf": JSON,
        "exp": JSON,
        "iat": JSON,
        "name": JSON,
        "metadata": JSON,
        "attributes": JSON,
        "sip": JSON,
        "roomPreset": JSON,
        "video": st.dictionaries(st.sampled_from(["room", "roomJoin", "roomList"]), JSON) | JSON,
        "roomConfig": st.dictionaries(
            st.sampled_from(["agents", "metadata", "egress", "tags", "emptyTimeout", "y"]),
            JSON | st.lists(AGENT | JSON, max_size=3),
        )
        | JSON,
    },
)


@given(
    header=st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "b64"]), JSON) | JSON,
    body=CLAIMS | JSON,
)
@settings(max_examples=400, deadline=None)
def test_any_json_is_audited(header: Any, body: Any) -> None:
    """Wrong types everywhere: an audit, or no token; and what is shown can be printed."""
    token = unsigned(header, body)
    try:
        read = read_token(token)
    except NotAToken:
        return
    codes(token, room="interview-1")
    for values in (False, True):
        shown = [[one.path, one.value, one.is_hidden] for one in shown_claims(read, values=values)]
        to_json(shown).encode()  # type: ignore[arg-type]


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
@settings(max_examples=300, deadline=None)
def test_any_text_is_answered(text: str) -> None:
    """No text leads to an error of somebody else's."""
    with contextlib.suppress(NotAToken):
        codes(text)


@given(st.lists(st.binary(max_size=40), min_size=3, max_size=3), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_a_damaged_token_is_answered(parts: list[bytes], chance: Any) -> None:
    """A good token with some of its bytes changed, and three parts of anything."""
    token = bytearray(signed(claims()).encode())
    for byte in parts[0]:
        token[chance.randrange(len(token))] = byte
    for text in (token.decode("latin-1"), ".".join(map(part, parts))):
        with contextlib.suppress(NotAToken):
            codes(text)


CANARY = "canary-of-the-application"


def test_what_applications_put_in_is_hidden() -> None:
    """Keys are shown, values only to somebody who asks; a recording's password and unknown claims never."""
    body = claims(
        metadata=json.dumps({"own": CANARY}),
        attributes={"attribute": CANARY, "dotted.key": CANARY},
        roomConfig={
            **config("a", session_id=CANARY),
            "metadata": CANARY,
            "tags": {"tag": CANARY},
            "egress": {"room": {"fileOutputs": [{"s3": {"secret": "never"}}]}},
        },
        unknown={"video.room": "never"},
    )
    body["video.room"] = "never"
    read = read_token(signed(body))
    hidden = {one.path: one for one in shown_claims(read)}
    open_ = {one.path: one for one in shown_claims(read, values=True)}
    assert CANARY not in repr(hidden)
    assert "never" not in repr(open_)
    assert open_["roomConfig.agents[0].metadata.session_id"].value == CANARY
    assert open_['attributes["dotted.key"]'].value == CANARY
    assert hidden['attributes["dotted.key"]'].is_hidden
    assert hidden["metadata.own"].is_hidden
    assert hidden["video.room"].value == "interview-1"
    assert hidden['["video.room"]'].is_hidden


def test_a_long_list_of_claims_is_cut() -> None:
    """Nobody reads more, and no token makes a command print for minutes."""
    read = read_token(signed(claims(attributes={f"a{n}": "b" for n in range(10_000)})))
    assert len(shown_claims(read)) == 200
