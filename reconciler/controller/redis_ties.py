"""The connection to a Redis that the queue and the leases share, and what becomes of its errors."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from reconciler.errors import EndpointError, QueueError


class RedisTies:
    """One connection to a Redis, shared by the queue and the leases; `name` keeps projects apart."""

    def __init__(self, url: str, name: str) -> None:
        try:
            self.redis: Redis = Redis.from_url(url, socket_timeout=10.0, socket_connect_timeout=5.0)
        except ValueError as error:
            raise EndpointError(
                "--queue is no URL of a Redis: write it like redis://127.0.0.1:6379/0"
            ) from error
        self.owner = uuid.uuid4().hex
        # All keys of a project are in one slot of a cluster: scripts need several at once.
        self.prefix = f"reconcile:{{{name}}}"
        self.place = self._place()

    def _place(self) -> str:
        """Where it is, without a password."""
        options = self.redis.connection_pool.connection_kwargs
        return (
            f"{options.get('host', options.get('path', 'redis'))}:{options.get('port', '')}".rstrip(
                ":"
            )
        )

    def key(self, *parts: str) -> str:
        """The name of a key."""
        return ":".join((self.prefix, *parts))

    async def call(self, command: Any) -> Any:
        """The answer to a command. Raises `QueueError` where Redis does not answer, or refuses.

        The client's own types cannot tell whether it is the blocking one.
        """
        try:
            return await command
        except (RedisError, OSError, TimeoutError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise QueueError(
                f"Redis at {self.place}: {reason}: is it running, and --queue right?"
            ) from error

    async def close(self) -> None:
        """Closes all connections."""
        with contextlib.suppress(RedisError, OSError):
            await self.redis.aclose()


def is_answer(error: QueueError, word: str) -> bool:
    """Whether Redis answered with this word, which is how it says what is wrong."""
    return isinstance(error.__cause__, ResponseError) and word in str(error.__cause__)


async def wait_for_redis(ties: RedisTies) -> None:
    """Raises `QueueError` where there is no Redis to talk to."""
    await ties.call(ties.redis.ping())
