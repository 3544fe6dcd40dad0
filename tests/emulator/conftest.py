"""A bare client of the emulator that the package's own fixture starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.emulator import Emulator


@pytest.fixture
def client(livekit_emulator: Emulator) -> Iterator[RawClient]:
    """A client of the emulator."""
    made = RawClient(livekit_emulator.url, livekit_emulator.api_key, livekit_emulator.api_secret)
    yield made
    made.close()
