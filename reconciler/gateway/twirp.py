"""LiveKit's API over HTTP: Twirp with protobuf bodies, one request a call.

The SDK's client is not used: importing it costs half a second (aiohttp and every service's messages), and it
retries lost requests by itself, creates included. Here a lost answer is an error that says whether the request can
have had its effect, and only the caller knows whether a second try is safe.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import urllib3
from google.protobuf.message import DecodeError, Message
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)
from urllib3.exceptions import (
    TimeoutError as TransportTimeout,
)

from reconciler import __version__
from reconciler.errors import ApiError, BadAnswer, NotSupported, Rejected, Unauthorized, Unreachable
from reconciler.gateway.token import TokenSource

if TYPE_CHECKING:
    from reconciler.gateway.endpoint import Endpoint

Answer = TypeVar("Answer", bound=Message)

CONNECT_TIMEOUT = 10.0
MAX_ANSWER = 512 * 1024 * 1024
REFUSED_TRIES = 3


class Throttled(ApiError):
    """429: not done, to be tried again after `retry_after` seconds."""

    def __init__(self, message: str, *, method: str, retry_after: float | None) -> None:
        super().__init__(message, method=method, code="resource_exhausted", status=429)
        self.retry_after = retry_after


class TwirpClient:
    """Calls of one endpoint over a pool of connections; safe to share between threads.

    `timeout` is in seconds and covers all tries of one call.
    """

    def __init__(self, endpoint: Endpoint, *, timeout: float = 30.0, connections: int = 8) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._tokens = TokenSource(endpoint)
        self._pool = urllib3.connection_from_url(
            endpoint.url, maxsize=connections, block=True, retries=False
        )
        path = endpoint.url.split("://", 1)[1]
        self._prefix = path[path.index("/") :] if "/" in path else ""

    def close(self) -> None:
        """Closes all connections."""
        self._pool.close()

    def call(
        self, service: str, method: str, request: Message, answer: type[Answer], *, repeat: bool
    ) -> Answer:
        """One call. `repeat` says that a second request does no harm, so that lost answers are tried again.

        A request that was refused before it had an effect (429, no connection) is tried again in any case. Raises
        `ApiError` of the kind that fits.
        """
        body = self._send(
            service, method, request.SerializeToString(), "application/protobuf", repeat=repeat
        )
        try:
            return answer.FromString(body)
        except DecodeError as error:
            raise BadAnswer(
                f"{method}: the answer of {self.endpoint.host} is damaged: try again, or ask whoever runs the server",
                method=method,
                status=200,
            ) from error

    def call_json(self, service: str, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """A call that only reads, in JSON: the answer has just the fields that the server knows."""
        body = self._send(
            service, method, json.dumps(request).encode(), "application/json", repeat=True
        )
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise BadAnswer(self._stranger(method, "no JSON"), method=method, status=200) from error
        return answer if isinstance(answer, dict) else {}

    def _send(
        self, service: str, method: str, body: bytes, content_type: str, *, repeat: bool
    ) -> bytes:
        """The body of a good answer, after as many tries as are safe and there is time for."""
        deadline = time.monotonic() + self.timeout
        try:
            return self._once(service, method, body, content_type, deadline)
        except (Throttled, Unreachable) as error:
            # The retry library is imported by those who need it: most commands never do.
            from reconciler.gateway.retry import retrying

            if not is_retryable(error, repeat=repeat):
                raise
            for attempt in retrying(error, deadline, repeat=repeat):
                with attempt:
                    return self._once(service, method, body, content_type, deadline)
        raise AssertionError("the retries end with an answer or an error")

    def _once(
        self, service: str, method: str, body: bytes, content_type: str, deadline: float
    ) -> bytes:
        remaining = max(deadline - time.monotonic(), 0.05)
        try:
            response = self._pool.urlopen(
                "POST",
                f"{self._prefix}/twirp/livekit.{service}/{method}",
                body=body,
                headers={
                    "Authorization": self._tokens.header(),
                    "Content-Type": content_type,
                    "User-Agent": f"livekit-reconciler/{__version__}",
                },
                timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, remaining), read=remaining),
                redirect=False,
                preload_content=False,
            )
            try:
                answer = _read(response, method, deadline)
            finally:
                response.release_conn()
        except HTTPError as error:
            raise self._lost(error, method) from error
        if response.status != 200:
            raise self._failure(method, response.status, dict(response.headers), answer)
        answer_type = response.headers.get("Content-Type", "")
        if not answer_type.startswith(content_type):
            raise BadAnswer(self._stranger(method, answer_type), method=method, status=200)
        return answer

    def _lost(self, error: HTTPError, method: str) -> ApiError:
        """What a broken connection means: never sent, or perhaps done."""
        cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        host = self.endpoint.host
        if isinstance(cause, NameResolutionError):
            return Unreachable(
                f"{host}: no such host: check LIVEKIT_URL", method=method, sent=False
            )
        if isinstance(cause, SSLError):
            reason = str(cause).removeprefix("[SSL: ").split("] ", 1)[-1].split(" (_ssl", 1)[0]
            return BadAnswer(
                f"{host}: no secure connection: {reason}: check LIVEKIT_URL and the certificate",
                method=method,
            )
        if isinstance(cause, ConnectTimeoutError) and not isinstance(cause, NewConnectionError):
            return Unreachable(
                f"{host}: no connection within {CONNECT_TIMEOUT:.0f} s: check LIVEKIT_URL and the network",
                method=method,
                sent=False,
            )
        if isinstance(cause, NewConnectionError):
            reason = str(cause).split("] ", 1)[-1].lower()
            return Unreachable(
                f"{host}: {reason}: is the server running, and LIVEKIT_URL right?",
                method=method,
                sent=False,
            )
        if isinstance(cause, TransportTimeout):
            return Unreachable(
                f"{method}: no answer from {host} within {self.timeout:g} s: try again, or pass a longer --timeout",
                method=method,
                sent=True,
            )
        return Unreachable(
            f"{method}: {host} closed the connection before it answered: try again",
            method=method,
            sent=True,
        )

    def _failure(self, method: str, status: int, headers: dict[str, str], body: bytes) -> ApiError:
        """The error that an HTTP status and a Twirp body amount to."""
        host = self.endpoint.host
        if 300 <= status < 400:
            target = headers.get("Location", "elsewhere")
            return BadAnswer(
                f"{host} redirects to {target}: the key is not sent there; put the right address into LIVEKIT_URL",
                method=method,
                status=status,
            )
        code, message = _twirp_error(body)
        said = f" ({message})" if message else ""
        if status == 401:
            return Unauthorized(
                f"{host} refuses the key{said}: check LIVEKIT_API_KEY, LIVEKIT_API_SECRET and this machine's clock",
                method=method,
                code=code,
                status=status,
            )
        if status == 403 or code == "permission_denied":
            return Unauthorized(
                f"{host} does not let this key do {method}{said}: it needs a key that may administer SIP",
                method=method,
                code=code,
                status=status,
            )
        if status == 429 or code == "resource_exhausted":
            return Throttled(
                f"{method}: {host} asks for fewer requests{said}: lower --concurrency",
                method=method,
                retry_after=_seconds(headers.get("Retry-After")),
            )
        if "sip not connected" in message:
            return NotSupported(
                f"{host} runs without SIP: livekit-server needs Redis for it",
                method=method,
                code=code,
                status=status,
            )
        if code == "bad_route":
            return NotSupported(
                f"{host} has no {method}: it is older than this call, or LIVEKIT_URL has a wrong path",
                method=method,
                code=code,
                status=status,
            )
        if not code:
            if status >= 500:
                return Unreachable(
                    f"{method}: {host} answers {status}: try again later",
                    method=method,
                    status=status,
                    sent=True,
                )
            return BadAnswer(
                self._stranger(method, headers.get("Content-Type", "")),
                method=method,
                status=status,
            )
        if status >= 500 and code in (
            "unavailable",
            "internal",
            "deadline_exceeded",
            "aborted",
            "canceled",
        ):
            return Unreachable(
                f"{method}: {host} fails with {code}{said}: try again later",
                method=method,
                status=status,
                sent=True,
            )
        return Rejected(
            f"{method}: {host} refuses: {message or code}", method=method, code=code, status=status
        )

    def _stranger(self, method: str, content_type: str) -> str:
        kind = content_type.split(";")[0] or "nothing"
        return f"{method}: {self.endpoint.host} answers with {kind}, which is not LiveKit's API: check LIVEKIT_URL"


def is_retryable(error: ApiError, *, repeat: bool) -> bool:
    """Whether a second try is safe after this error."""
    match error:
        case Throttled():
            return True
        case Unreachable(sent=sent):
            return repeat or not sent
        case _:
            return False


def _read(response: urllib3.BaseHTTPResponse, method: str, deadline: float) -> bytes:
    """The body, within the time and the size that make sense."""
    parts = []
    size = 0
    for part in response.stream(1 << 20):
        size += len(part)
        if size > MAX_ANSWER:
            raise BadAnswer(
                f"{method}: the answer is larger than {MAX_ANSWER >> 20} MB", method=method
            )
        if time.monotonic() > deadline:
            raise Unreachable(
                f"{method}: the answer did not end in time: pass a longer --timeout",
                method=method,
                sent=True,
            )
        parts.append(part)
    return b"".join(parts)


def _twirp_error(body: bytes) -> tuple[str, str]:
    """Code and message of a Twirp error, empty for a body that is none."""
    try:
        loaded = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(loaded, dict):
        return "", ""
    code, message = loaded.get("code"), loaded.get("msg")
    return (code if isinstance(code, str) else ""), " ".join(message.split()) if isinstance(
        message, str
    ) else ""


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; a date is as good as nothing."""
    try:
        return max(float(text), 0.0) if text else None
    except ValueError:
        return None
