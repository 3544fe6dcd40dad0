"""The shell scripts parse and can be started; the one that gets a server builds it once and says what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.project.repository import ROOT

SCRIPTS = [".ci/run", "demo/run.sh", "tools/get-go-tool", "tools/get-livekit-server"]
GET = ROOT / "tools" / "get-livekit-server"
# A stand-in for Go: it "builds" by writing a file, slowly, and notes that it was asked.
FAKE_GO = """#!/bin/bash
echo "$@" >>"$ASKED"
sleep 0.3
echo program >"$GOBIN/server"
chmod +x "$GOBIN/server"
"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with the usual small tools, an empty cache and no Go."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("bash", "env", "mkdir", "mktemp", "mv", "rm", "sleep", "chmod", "flock"):
        if path := shutil.which(tool):
            (folder / tool).symlink_to(path)
    return {"PATH": str(folder), "XDG_CACHE_HOME": str(tmp_path), "ASKED": str(tmp_path / "asked")}


def install_go(machine: dict[str, str]) -> None:
    """Puts the stand-in for Go on the machine's path."""
    go = Path(machine["PATH"]) / "go"
    go.write_text(FAKE_GO)
    go.chmod(0o755)


def start(machine: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """get-livekit-server, started in that environment."""
    return subprocess.Popen(
        [GET, *arguments], env=machine, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_parses_and_can_be_started(script: str) -> None:
    """bash accepts it, and its executable bit is set."""
    subprocess.run(["bash", "-n", ROOT / script], check=True)
    assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize("version", ["", "latest", "1.9", "1.9.12; ls"])
def test_get_server_wants_a_full_version(machine: dict[str, str], version: str) -> None:
    """Anything but X.Y.Z is wrong usage, exit 64."""
    process = start(machine, version)
    out, err = process.communicate()
    assert process.returncode == 64
    assert out == ""
    assert err.startswith("usage:")


@pytest.mark.parametrize(
    "arguments", [[], ["actionlint"], ["actionlint", "latest"], ["sh", "1.2.3"]]
)
def test_get_tool_wants_a_program_that_it_knows_and_a_version(
    machine: dict[str, str], arguments: list[str]
) -> None:
    """Anything else is wrong usage, exit 64, and nothing is built."""
    install_go(machine)
    process = subprocess.run(
        [ROOT / "tools" / "get-go-tool", *arguments],
        env=machine,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 64
    assert process.stderr.startswith("usage:")
    assert not Path(machine["ASKED"]).exists()


def test_get_server_says_what_to_do_without_go(machine: dict[str, str]) -> None:
    """It names Go, the way around it, and the path where a server would be found."""
    process = start(machine, "1.9.12")
    _, err = process.communicate()
    assert process.returncode == 1
    assert "Go is needed" in err
    assert f"{machine['XDG_CACHE_HOME']}/livekit-reconciler/bin/livekit-server-1.9.12" in err


def test_get_server_builds_once_even_when_started_twice(machine: dict[str, str]) -> None:
    """Two at once print the same path, one of them builds, and nothing but the program stays."""
    install_go(machine)
    both = [start(machine, "v1.9.12"), start(machine, "1.9.12")]
    outputs = {process.communicate()[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    (path,) = outputs
    assert Path(path).read_text() == "program\n"
    asked = Path(machine["ASKED"]).read_text().splitlines()
    assert asked[0] == "install github.com/livekit/livekit-server/cmd/server@v1.9.12"
    assert len(asked) == 1 or shutil.which("flock") is None
    left = {entry.name for entry in Path(path).parent.iterdir()}
    assert left <= {"livekit-server-1.9.12", "livekit-server-1.9.12.lock"}


def test_get_server_takes_what_is_there(machine: dict[str, str]) -> None:
    """A program at the path is used as it is, without Go."""
    program = Path(machine["XDG_CACHE_HOME"], "livekit-reconciler", "bin", "livekit-server-1.8.4")
    program.parent.mkdir(parents=True)
    program.write_text("")
    program.chmod(0o755)
    process = start(machine, "1.8.4")
    assert process.communicate()[0].strip() == str(program)
    assert process.returncode == 0


def test_help_is_what_make_says_first() -> None:
    """`make` alone lists every target that a document may name."""
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "lint", "bench", "lock", "clean", "help", "install"):
        assert f"make {target} " in done.stdout
