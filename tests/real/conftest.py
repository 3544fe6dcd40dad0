"""One measured behaviour, two servers: each test runs against the real server and against the emulator of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.emulator.server import Emulator
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH = [pytest.param("real", marks=pytest.mark.real), "emulated"]


def _client(request: pytest.FixtureRequest, version: str, fixture: str) -> Iterator[RawClient]:
    if request.param == "real":
        server = request.getfixturevalue(fixture)
        client = RawClient(server.url, server.api_key, server.api_secret)
        yield client
        client.close()
        return
    with Emulator(version) as emulator:
        client = RawClient(emulator.url, emulator.api_key, emulator.api_secret)
        yield client
        client.close()


@pytest.fixture(params=BOTH)
def client(request: pytest.FixtureRequest) -> Iterator[RawClient]:
    """A client of an empty 1.9.12 project."""
    yield from _client(request, "1.9.12", "real_project")


@pytest.fixture(params=BOTH)
def client_184(request: pytest.FixtureRequest) -> Iterator[RawClient]:
    """A client of an empty 1.8.4 project."""
    yield from _client(request, "1.8.4", "real_project_184")
