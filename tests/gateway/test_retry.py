"""When a call is tried again, how long it waits, and when it is given up."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from livekit.protocol import sip

from reconciler.emulator.server import Emulator
from reconciler.errors import ApiError, NotSupported, Rejected, Unauthorized, Unreachable
from reconciler.gateway import retry
from reconciler.gateway.endpoint import endpoint_from
from reconciler.gateway.failures import Throttled, failure, is_retryable
from reconciler.gateway.twirp import TwirpClient

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST = ("SIP", "ListSIPInboundTrunk", sip.ListSIPInboundTrunkRequest())


@pytest.fixture
def client(livekit_emulator: Emulator) -> Iterator[TwirpClient]:
    """A client with a short patience."""
    client = _client(livekit_emulator)
    yield client
    client.close()


def _client(emulator: Emulator, timeout: float = 3.0) -> TwirpClient:
    environ = {
        "LIVEKIT_URL": emulator.url,
        "LIVEKIT_API_KEY": emulator.api_key,
        "LIVEKIT_API_SECRET": emulator.api_secret,
    }
    return TwirpClient(endpoint_from(environ), timeout=timeout)


def _list(client: TwirpClient, *, repeat: bool = True) -> int:
    return len(client.call(*LIST, sip.ListSIPInboundTrunkResponse, repeat=repeat).items)


def _tries(emulator: Emulator) -> int:
    return emulator.count("ListSIPInboundTrunk")


@pytest.mark.parametrize("code", ["unavailable", "internal", "deadline_exceeded", "aborted"])
def test_a_server_that_fails_for_a_moment_is_asked_again(
    livekit_emulator: Emulator, client: TwirpClient, code: str
) -> None:
    """5xx with a code that speaks of the server, not of the request."""
    livekit_emulator.faults.answer(status=503, code=code, times=2)
    assert _list(client) == 0
    assert _tries(livekit_emulator) == 3


def test_a_refusal_in_the_guise_of_500_is_not_repeated(
    livekit_emulator: Emulator, client: TwirpClient
) -> None:
    """Old servers answer 500 `unknown` where their validation finds a mistake (SIP-SEMANTICS 12, 43)."""
    livekit_emulator.faults.answer(status=500, code="unknown", message="Unsupported")
    with pytest.raises(Rejected, match="refuses: Unsupported"):
        _list(client)
    assert _tries(livekit_emulator) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_argument", Rejected),
        (404, "not_found", Rejected),
        (404, "bad_route", NotSupported),
        (401, "unauthenticated", Unauthorized),
        (403, "permission_denied", Unauthorized),
    ],
)
def test_a_definite_no_is_not_repeated(
    livekit_emulator: Emulator,
    client: TwirpClient,
    status: int,
    code: str,
    kind: type[ApiError],
) -> None:
    """What the server refuses once it refuses again."""
    livekit_emulator.faults.answer(status=status, code=code)
    with pytest.raises(kind):
        _list(client)
    assert _tries(livekit_emulator) == 1


def test_what_must_not_be_repeated_is_not(livekit_emulator: Emulator, client: TwirpClient) -> None:
    """A call that may have had its effect comes back as an error that says so."""
    livekit_emulator.faults.lose_answer()
    with pytest.raises(Unreachable) as caught:
        _list(client, repeat=False)
    assert caught.value.sent
    assert _tries(livekit_emulator) == 1


def test_throttling_is_waited_for_as_long_as_the_server_says(
    livekit_emulator: Emulator, client: TwirpClient
) -> None:
    """`Retry-After` counts, for calls that must not be repeated as well: 429 means not done."""
    livekit_emulator.faults.answer(
        status=429, code="resource_exhausted", headers={"Retry-After": "1"}
    )
    start = time.monotonic()
    assert _list(client, repeat=False) == 0
    assert 1.0 <= time.monotonic() - start < 2.0


def test_throttling_beyond_the_time_out_is_told_at_once(
    livekit_emulator: Emulator, client: TwirpClient
) -> None:
    """Nobody waits for an hour; the message says what to change."""
    livekit_emulator.faults.answer(status=429, code="x", headers={"Retry-After": "3600"}, times=9)
    start = time.monotonic()
    with pytest.raises(Throttled, match="lower --concurrency"):
        _list(client)
    assert time.monotonic() - start < 0.5
    assert _tries(livekit_emulator) == 1


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("0", 0.0, 0.0), ("2.5", 2.5, 2.5), ("-4", 0.0, 0.0)],
)
def test_retry_after_in_seconds(text: str, low: float, high: float) -> None:
    """A number of seconds is one; a negative one is none."""
    seconds = _throttled(text).retry_after
    assert seconds is not None
    assert low <= seconds <= high


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "1e999"])
def test_a_retry_after_that_makes_no_sense_is_none(text: str) -> None:
    """Then the usual waits count."""
    assert _throttled(text).retry_after is None


def test_retry_after_as_a_date() -> None:
    """Proxies send dates."""
    text = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    seconds = _throttled(text).retry_after
    assert seconds is not None
    assert 15 < seconds <= 20


def _throttled(text: str) -> Throttled:
    error = failure("List", "host", 429, {"Retry-After": text}, b"")
    assert isinstance(error, Throttled)
    return error


def test_the_time_out_covers_all_tries(livekit_emulator: Emulator) -> None:
    """What the first try took is gone for the second, which is then cut short."""
    livekit_emulator.faults.answer(status=503, code="unavailable")
    livekit_emulator.faults.delay(seconds=2, nth=2)
    client = _client(livekit_emulator, timeout=1.0)
    start = time.monotonic()
    with pytest.raises(Unreachable, match=r"no answer from .* within 1 s"):
        _list(client)
    assert time.monotonic() - start < 1.5
    client.close()


def test_waits_grow_and_are_never_the_same() -> None:
    """Many clients that were cut off together do not come back together."""
    error = Unreachable("lost", sent=True)
    first = {retry._wait([error]) for _ in range(50)}
    fifth = {retry._wait([error] * 5) for _ in range(50)}
    assert len(first) > 40
    assert max(first) <= 0.5 < min(fifth)
    assert max(retry._wait([error] * 50) for _ in range(50)) <= retry.LONGEST_WAIT


def test_only_safe_calls_are_repeatable() -> None:
    """A lost answer of a create is for its caller to look into; a request never sent is always safe."""
    assert is_retryable(Unreachable("", sent=True), repeat=True)
    assert not is_retryable(Unreachable("", sent=True), repeat=False)
    assert is_retryable(Unreachable("", sent=False), repeat=False)
    assert not is_retryable(Rejected(""), repeat=True)


def test_a_connection_serves_again_after_an_answer_that_was_given_up(
    livekit_emulator: Emulator,
) -> None:
    """What is left of an abandoned answer does not meet the next request."""
    client = _client(livekit_emulator, timeout=2.0)
    for number in range(200):
        livekit_emulator.put(sip.SIPInboundTrunkInfo(numbers=[f"+1555010{number:04}"]))
    for size in (1, 50, 2000):
        livekit_emulator.faults.truncate(size=size)
        assert _list(client) == 200
    client.close()


def test_a_short_key_is_signed_without_a_warning() -> None:
    """`livekit-server --dev` has a secret of six characters; whoever uses it knows."""
    with Emulator(api_secret="secret") as emulator:
        client = _client(emulator)
        assert _list(client) == 0
        client.close()


def test_one_token_serves_many_calls(livekit_emulator: Emulator, client: TwirpClient) -> None:
    """A header is signed once and kept until it gets old."""
    first = client._tokens.header()
    assert _list(client) == 0
    assert client._tokens.header() is first
    client._tokens._renew_at = 0.0
    assert client._tokens.header().startswith("Bearer ")
