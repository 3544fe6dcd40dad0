"""The projects that documents talk to: an emulated one always, and the real one where there is a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.emulator import Emulator
from tests.support.cli import Server


class Project:
    """A project that can be emptied between two sections of a document."""

    def __init__(self, server: Any) -> None:
        self._server = server

    @property
    def server(self) -> Server:
        """Where commands find it."""
        server: Server = self._server
        return server

    def empty(self) -> None:
        """Removes everything from it."""
        if isinstance(self._server, Emulator):
            self._server.clear()
        else:
            self._server.empty()


@pytest.fixture(params=["emulator", pytest.param("real", marks=pytest.mark.real)])
def project(request: pytest.FixtureRequest) -> Iterator[Project]:
    """The project that a document is run against."""
    if request.param == "real":
        yield Project(request.getfixturevalue("real_project"))
        return
    with Emulator() as emulator:
        yield Project(emulator)
