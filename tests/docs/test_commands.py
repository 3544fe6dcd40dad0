"""Every command that a document shows does what the document says, from the top of the document to its end."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit.protocol import agent_dispatch, room

from tests.docs.conftest import Project
from tests.docs.documents import DOCUMENTS
from tests.docs.journal import write_journal
from tests.docs.markdown import Block, blocks
from tests.docs.terminal import UPDATE, Command, Terminal, commands, rewritten
from tests.project.repository import ROOT
from tests.support.raw_client import RawClient

# What no test can run: an installation, keys of a real account, the two commands that start the tests and the tour.
NOT_RUN = {
    "it installs the package",
    "these are yours",
    "it runs these tests",
    "it needs your editor",
    "it builds into the checkout",
    "it needs a release",
    "it needs lk and your project",
    "it needs a container engine",
}
# Of the trunk in tests/docs/before.yaml.
PASSWORD = "a-password-that-is-live"
SHELLS = {"console", "sh", "shell", "bash"}


def has_commands(text: str) -> bool:
    """Whether a document shows a command."""
    return any(block.language in SHELLS for block in blocks(text))


RUNNABLE = sorted(path for path, text in DOCUMENTS.items() if has_commands(text))


class Reader:
    """Somebody who does what a document says, block by block."""

    def __init__(self, folder: Path, project: Project) -> None:
        self._folder = folder
        self._project = project
        self._sections = 0
        self.transcript: list[tuple[Command, str]] = []
        self.terminal = self._fresh()

    def _fresh(self) -> Terminal:
        self._project.empty()
        self._sections += 1
        terminal = Terminal.open(self._folder / str(self._sections), self._project.server)
        terminal.transcript = self.transcript
        return terminal

    def follow(self, block: Block) -> None:
        """Does what one block says."""
        match block.directive:
            case "project" | "managed":
                self.terminal.close()
                self.terminal = self._fresh()
                if block.argument:
                    self._live_in(ROOT / block.argument)
                if block.directive == "managed":
                    self._manage()
            case "by hand":
                self._change_by_hand()
            case "journal":
                write_journal(self.terminal.folder)
            case "room":
                self._make_room(*block.argument.split())
            case "file":
                self.terminal.write(block.argument, block.text)
            case "not run":
                assert block.argument in NOT_RUN, f"line {block.line}: {block.argument}"
            case _ if block.language == "console":
                for command in commands(block):
                    self.terminal.run(command)

    def _live_in(self, configuration: Path) -> None:
        """Makes the project one that somebody set up before."""
        self.terminal.write("before.yaml", configuration.read_text(encoding="utf-8"))
        self._reconcile("apply", "-c", "before.yaml", "--auto-approve", "--no-backup")
        (self.terminal.folder / "before.yaml").unlink()

    def _manage(self) -> None:
        """Makes the file of the project that lives."""
        self.terminal.environ["CARRIER_AUTH_PASSWORD"] = PASSWORD
        self._reconcile("init", "--from-live", "--name", "acme-voice")

    def _reconcile(self, *arguments: str) -> None:
        done = subprocess.run(
            ["reconcile", *arguments],
            cwd=self.terminal.folder,
            env={**self.terminal.environ, "BEFORE": PASSWORD},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _make_room(self, name: str, *agents: str) -> None:
        """Somebody makes a room, and may name agents for it."""
        server = self._project.server
        client = RawClient(server.url, server.api_key, server.api_secret)
        asked = [agent_dispatch.RoomAgentDispatch(agent_name=one) for one in agents]
        request = room.CreateRoomRequest(name=name, agents=asked)
        assert client.call("RoomService", "CreateRoom", request).ok
        client.close()

    def _change_by_hand(self) -> None:
        script = ROOT / "demo" / "change_by_hand.py"
        self.terminal.unseen(shlex.join([sys.executable, str(script)]))


@pytest.fixture
def reader(tmp_path: Path, project: Project) -> Iterator[Reader]:
    """A reader with an empty folder and an empty project."""
    reader = Reader(tmp_path, project)
    yield reader
    reader.terminal.close()


@pytest.mark.slow
@pytest.mark.parametrize("path", RUNNABLE)
def test_commands_show_what_the_document_says(path: str, reader: Reader) -> None:
    """Every command of the document runs in order, and its output is the one that is printed there."""
    for block in blocks(DOCUMENTS[path]):
        reader.follow(block)
    if UPDATE:
        text = rewritten(DOCUMENTS[path], reader.transcript)
        (ROOT / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("path", RUNNABLE)
def test_every_shell_block_is_run_or_says_why_not(path: str) -> None:
    """There is one way to write a command in a document, so that none escapes the test above."""
    for block in blocks(DOCUMENTS[path]):
        if block.language in SHELLS:
            assert block.language == "console", f"line {block.line}: write ```console"
            # What stands above it must not be taken for all of it.
            assert block.directive in ("", "not run"), f"line {block.line}: {block.directive}"
            assert all(isinstance(one, Command) for one in commands(block))


def test_the_readme_is_among_them() -> None:
    """The document that strangers follow is not skipped by accident."""
    assert "README.md" in RUNNABLE


def test_the_readme_opens_with_a_call() -> None:
    """The first thing that a stranger sees is a file, and where a call goes by it."""
    text = DOCUMENTS["README.md"]
    first, second = [block for block in blocks(text) if block.language][:2]
    assert (first.language, second.language) == ("yaml", "console")
    assert next(commands(second)).text.startswith("reconcile explain --from ")
    assert text.index("```console") < text.index("\n## ")
