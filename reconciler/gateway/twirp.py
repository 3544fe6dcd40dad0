"""LiveKit's API over HTTP: Twirp with protobuf bodies, one request a call.

The SDK's client is not used: importing it costs half a second (aiohttp and every service's messages), and it
retries lost requests by itself, creates included. Here a lost answer is an error that says whether the request can
have had its effect, and only the caller knows whether a second try is safe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import urllib3
from google.protobuf.message import DecodeError, Message
from urllib3.exceptions import HTTPError

from reconciler import __version__
from reconciler.errors import BadAnswer, Unreachable
from reconciler.gateway.answers import check_kind, room_for, stranger
from reconciler.gateway.connections import connections_to
from reconciler.gateway.deadline import Deadline
from reconciler.gateway.failures import Throttled, failure, is_retryable, lost, too_slow
from reconciler.gateway.token import TokenSource

if TYPE_CHECKING:
    from reconciler.gateway.endpoint import Endpoint
    from reconciler.gateway.rate import RateLimit

Answer = TypeVar("Answer", bound=Message)

CONNECT_TIMEOUT = 10.0
# A socket without any time left would not even try.
_SHORTEST = 0.05


class TwirpClient:
    """Calls of one endpoint over a pool of connections; safe to share between threads.

    `timeout` is in seconds and covers all tries of one call; waiting for a turn within `limit` is no part of it. A
    `pool` of connections may be shared with other clients of the same host.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout: float = 30.0,
        connections: int = 8,
        limit: RateLimit | None = None,
        pool: urllib3.HTTPConnectionPool | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self.limit = limit
        self._tokens = TokenSource(endpoint)
        self._pool = connections_to(endpoint, connections) if pool is None else pool
        path = endpoint.url.split("://", 1)[1]
        self._prefix = path[path.index("/") :] if "/" in path else ""

    def close(self) -> None:
        """Closes all connections."""
        self._pool.close()

    def deadline(self) -> Deadline:
        """When a call that starts now has to be over."""
        return Deadline(self.timeout)

    def call(
        self,
        service: str,
        method: str,
        request: Message,
        answer: type[Answer],
        *,
        repeat: bool,
        deadline: Deadline | None = None,
    ) -> Answer:
        """One call. `repeat` says that a second request does no harm, so that lost answers are tried again.

        A request that was refused before it had an effect (429, no connection) is tried again in any case. `deadline`
        is for a caller who tries again by itself. Raises `ApiError` of the kind that fits.
        """
        body = self._send(
            service,
            method,
            request.SerializeToString(),
            "application/protobuf",
            repeat=repeat,
            deadline=self.deadline() if deadline is None else deadline,
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
            service,
            method,
            json.dumps(request).encode(),
            "application/json",
            repeat=True,
            deadline=self.deadline(),
        )
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise stranger(method, self.endpoint.host, "no JSON", 200) from error
        return answer if isinstance(answer, dict) else {}

    def _send(
        self,
        service: str,
        method: str,
        body: bytes,
        content_type: str,
        *,
        repeat: bool,
        deadline: Deadline,
    ) -> bytes:
        """The body of a good answer, after as many tries as are safe and there is time for."""
        try:
            return self._once(service, method, body, content_type, deadline)
        except (Throttled, Unreachable) as error:
            if not is_retryable(error, repeat=repeat):
                raise
            # The retry library is imported by those who need it: most commands never do.
            from reconciler.gateway.retry import retrying

            for attempt in retrying(error, deadline.left, repeat=repeat):
                with attempt:
                    return self._once(service, method, body, content_type, deadline)
        raise AssertionError("the retries end with an answer or an error")

    def _once(
        self, service: str, method: str, body: bytes, content_type: str, deadline: Deadline
    ) -> bytes:
        """One request and the body of its answer, if it is a good one."""
        if self.limit is not None:
            deadline.extend(self.limit.take())
        remaining = max(deadline.left(), _SHORTEST)
        connect = min(CONNECT_TIMEOUT, remaining)
        host = self.endpoint.host
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
                timeout=urllib3.Timeout(total=remaining, connect=connect),
                redirect=False,
                preload_content=False,
            )
            answer = self._read(response, method, deadline)
        except HTTPError as error:
            raise lost(error, method, host, min(self.timeout, CONNECT_TIMEOUT)) from error
        if response.status != 200:
            raise failure(method, host, response.status, response.headers, answer)
        check_kind(method, host, response.headers, content_type)
        return answer

    def _read(self, response: urllib3.BaseHTTPResponse, method: str, deadline: Deadline) -> bytes:
        """The body as it was sent, within the time and the size that make sense. Of a failure its beginning will do."""
        host = self.endpoint.host
        parts = []
        ended = False
        try:
            room = room_for(method, host, response.status, response.headers)
            while part := response.read1(1 << 20, decode_content=False):
                parts.append(part)
                if not room.takes(len(part)):
                    break
                if deadline.left() < 0.0:
                    raise too_slow(method, host, self.timeout)
            else:
                ended = True
        finally:
            if not ended:
                response.close()  # what is left of the answer must not meet the next request
            response.release_conn()
        return b"".join(parts)
