"""Queues, leases and journals for tests: each kind that a controller may use, on real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from reconciler.controller.queue import LocalQueue, Queue
from reconciler.controller.redis import RedisQueue
from reconciler.controller.redis_ties import RedisTies
from tests.support.postgres import PostgresServer
from tests.support.redis_server import RedisServer


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of a Redis in which nothing is."""
    redis_server.command("FLUSHALL")
    return redis_server.url


@pytest.fixture(params=["local", "redis"])
async def queue(request: pytest.FixtureRequest) -> AsyncIterator[Queue]:
    """An empty queue of either kind."""
    if request.param == "local":
        yield LocalQueue()
        return
    ties = RedisTies(request.getfixturevalue("redis_url"), "test")
    opened = RedisQueue(ties)
    await opened.open()
    yield opened
    await opened.close()
    await ties.close()


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of where leases are kept: either journal, or Redis."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'journal.db'}"
    elif request.param == "redis":
        yield request.getfixturevalue("redis_url")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = server.new_database()
        yield server.url(name)
        server.drop_database(name)
