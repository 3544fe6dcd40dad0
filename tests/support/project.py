"""A configuration and a server, real or emulated: what a test needs to plan and apply in one line each.

`Project(server, folder)` writes the text it is given to a file and runs the program's own flow in this process.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from reconciler.core.plan import Plan
from reconciler.gateway.endpoint import endpoint_from
from reconciler.gateway.server import LiveServer
from reconciler.pipeline.carry_out import carry_out
from reconciler.pipeline.prepare import prepare
from reconciler.pipeline.request import Prepared, Request
from tests.support.cli import COMMAND
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.apply import Progress, Report, Result
    from reconciler.core.objects import Live

SECRET = "a-secret-only-the-tests-know"


class Address(Protocol):
    """Where a project lives, and the key to it."""

    @property
    def url(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def api_secret(self) -> str: ...


class Project:
    """One configuration file for one server. `url` is another way to the same server, such as a proxy's."""

    def __init__(self, server: Address, folder: Path, *, url: str = "", **options: Any) -> None:
        self.server = server
        self.file = folder / "dispatch.yaml"
        self.environ = {
            "LIVEKIT_URL": url or server.url,
            "LIVEKIT_API_KEY": server.api_key,
            "LIVEKIT_API_SECRET": server.api_secret,
            "SIP_PASSWORD": SECRET,
        }
        self.options = options

    def write(self, text: str | Mapping[str, Any]) -> None:
        """Write the configuration: YAML, or what is to become YAML."""
        if not isinstance(text, str):
            text = yaml.safe_dump({"version": 1, "project": {"name": "test"}, **text})
        self.file.write_text(text)

    def prepare(self, text: str | Mapping[str, Any] | None = None, **options: Any) -> Prepared:
        """Plan, with everything an apply needs; without a text the file is as it was."""
        if text is not None:
            self.write(text)
        return prepare(self.request(**options))

    def plan(self, text: str | Mapping[str, Any] | None = None, **options: Any) -> Plan:
        """Plan."""
        return self.prepare(text, **options).plan

    def apply(self, text: str | Mapping[str, Any] | None = None, **options: Any) -> Report:
        """Plan and apply."""
        return self.carry_out(self.prepare(text, **options), **options)

    def carry_out(
        self, prepared: Prepared, *, progress: Progress | None = None, **options: Any
    ) -> Report:
        """Apply what was planned before; `progress` is told each result as it comes."""
        return carry_out(self.request(**options), prepared, progress or _ignore).report

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command as a process of its own, in the folder of the file."""
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LIVEKIT_", "RECONCILE_", "GITHUB_"))
        }
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.file.parent,
            env={**environ, **self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def request(self, **options: Any) -> Request:
        """The request of a command in this project."""
        plain = Request((self.file,), self.environ)
        return dataclasses.replace(plain, **{**self.options, **options})

    def live(self) -> list[Live]:
        """All live objects in normal form, read past any proxy."""
        environ = {**self.environ, "LIVEKIT_URL": self.server.url}
        server = LiveServer(endpoint_from(environ))
        try:
            observed = server.observe(find_era=True)
            server.era = observed.found_era or server.era
            return list(server.snapshot(observed))
        finally:
            server.close()

    def client(self) -> RawClient:
        """A bare client of the server: the somebody else who changes things."""
        return RawClient(self.server.url, self.server.api_key, self.server.api_secret)


def _ignore(result: Result) -> None:
    """Progress is somebody else's test."""
