"""A webhook on loopback, for messages that are really sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook that keeps what it is sent."""
    with Receiver() as receiver:
        yield receiver
