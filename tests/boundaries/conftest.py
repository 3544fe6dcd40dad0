"""The two servers whose every call is broken, each with the mixed project of `mixed.py` as it is before an apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.emulator.server import Emulator
from tests.boundaries.field import Field
from tests.boundaries.ground import EmulatedGround, Ground, RealGround
from tests.support.recording import RecordingProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.livekit_server import LiveKitServer

BOTH = [pytest.param("real", marks=pytest.mark.real), "emulated"]


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    """An empty project on each of the two servers, behind a proxy."""
    if request.param == "real":
        server: LiveKitServer = request.getfixturevalue("real_project")
        with RecordingProxy(server.url) as proxy:
            ground = RealGround(server, proxy)
            yield ground
            ground.close()
        return
    with Emulator() as emulator, RecordingProxy(emulator.url) as proxy:
        yield EmulatedGround(emulator, proxy)


@pytest.fixture
def field(ground: Ground, tmp_path: Path) -> Iterator[Field]:
    """The mixed project, its reference, and all that tests do to it."""
    field = Field(ground, tmp_path)
    yield field
    field.close()


@pytest.fixture
def server(ground: Ground) -> str:
    """What figures call the server."""
    return "real" if isinstance(ground, RealGround) else "emulated"
