"""The pytest fixture `livekit_emulator`: a running emulator for each test of a user's project.

    @pytest.mark.livekit_emulator(version="1.13.11", returns_passwords=False)   # optional
    def test_plan(livekit_emulator):
        ...  # livekit_emulator.url, .api_key, .api_secret, .faults, .calls

pytest loads this module in every session of everybody who has the package installed, so nothing heavy is imported
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.emulator.server import Emulator


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker that carries the emulator's options."""
    config.addinivalue_line(
        "markers",
        "livekit_emulator(version, returns_passwords, …): options of the livekit_emulator fixture",
    )


@pytest.fixture
def livekit_emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulated LiveKit project on loopback, empty at the start of each test."""
    from reconciler.emulator.server import Emulator

    marker = request.node.get_closest_marker("livekit_emulator")
    with Emulator(**(marker.kwargs if marker else {})) as emulator:
        yield emulator
