"""A folder of projects, each on an emulator of its own, and the commands that are run for all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.cli import Ran, Shell
from tests.support.schemas import problems

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

SIP = (
    'sip: {inbound_trunks: {%s: {numbers: ["+1555%07d"], allowed_addresses: ["203.0.113.0/24"]}}}\n'
)


def project(name: str, number: int = 1, more: str = "") -> str:
    """A project with one trunk, whose variables begin with its name."""
    prefix = f"{name.upper()}_"
    return f"version: 1\nproject: {{name: {name}, env_prefix: {prefix}{more}}}\n" + SIP % (
        name,
        number,
    )


@dataclass(slots=True)
class Folder:
    """A shell in a folder with projects, each on an emulator of its own."""

    shell: Shell
    emulators: dict[str, Emulator]

    def connect(self, name: str, server: Any, key: str = "") -> None:
        """Points the variables of a project at a server."""
        prefix = f"{name.upper()}_LIVEKIT_"
        self.shell.environ |= {
            f"{prefix}URL": server.url,
            f"{prefix}API_KEY": key or server.api_key,
            f"{prefix}API_SECRET": server.api_secret,
        }

    def write(self, path: str, text: str) -> Path:
        """Writes a file of a project."""
        return self.shell.write(f"projects/{path}", text)

    def run(self, command: str, *arguments: str) -> Ran:
        """Runs a command for the projects of the folder."""
        return self.shell.run(command, "--projects", "projects", *arguments)

    def document(self, command: str, *arguments: str) -> dict[str, Any]:
        """The same as a document that its schema knows."""
        ran = self.run(command, *arguments, "--format", "json")
        document: dict[str, Any] = json.loads(ran.out)
        assert problems("projects", document) == []
        assert document["exit_code"] == ran.code
        return document

    def states(self, command: str, *arguments: str) -> dict[str, str]:
        """What each project came to."""
        return {one["name"]: one["state"] for one in self.document(command, *arguments)["projects"]}
