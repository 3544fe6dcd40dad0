"""`drift --write-back`: what a pipeline that opens a pull request sees, and what becomes of the files on the disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Shell

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

FILE = "config/dispatch.yaml"


@pytest.fixture
def by_hand(applied: Shell, livekit_emulator: Emulator) -> Shell:
    """The project once somebody has changed its rule in the dashboard."""
    (rule,) = livekit_emulator.dispatch_rules
    rule.hide_phone_number = True
    livekit_emulator.put(rule)
    return applied


def text_of(shell: Shell, name: str = FILE) -> str:
    """A file of the shell's folder."""
    return (shell.folder / name).read_text(encoding="utf-8")


def in_a_process(shell: Shell, code: str) -> subprocess.CompletedProcess[str]:
    """A program in a Python of its own, in the shell's folder and environment."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=shell.folder,
        env={**os.environ, **shell.environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_exit_code_is_that_of_the_drift_that_was_found(by_hand: Shell) -> None:
    """2 where there was any, 0 when it is run again: nothing is left then. Stdout is that of any drift."""
    plain = by_hand.run("drift")
    ran = by_hand.run("drift", "--write-back")
    assert (ran.code, ran.out) == (2, plain.out)
    assert ran.err == (
        'written: config/dispatch.yaml: dispatch rule "inbound": hide_phone_number\n'
    )
    assert text_of(by_hand) == CONFIGURATION.replace(
        "prefix: call-}}\n", "prefix: call-}}\n      hide_phone_number: true\n"
    )
    again = by_hand.run("drift", "--write-back")
    assert again.code == 0
    assert again.err == "nothing to write: the files say what lives\n"
    assert by_hand.run("plan", "--detailed-exitcode").code == 0


def test_quiet_says_only_what_was_not_written(by_hand: Shell, livekit_emulator: Emulator) -> None:
    """Notes go with -q; a file that does not say all that lives is no note. The exit code stays 2."""
    text = CONFIGURATION.replace("dispatch: sip", "dispatch: token")
    by_hand.write(FILE, text)
    ran = by_hand.run("drift", "--write-back", "-q")
    assert ran.code == 2
    assert ran.err == (
        'not written: config/dispatch.yaml:22:23: dispatch rule "inbound": agents: the convention call-* leaves its '
        "agents to token - add sip to its dispatch, or take the agents off the live rule\n"
    )
    assert "hide_phone_number: true" in text_of(by_hand)
    assert by_hand.run("drift").code == 2


def test_json_is_what_it_is_without_the_option(by_hand: Shell) -> None:
    """Scripts read the drift there; what was written is told on stderr, and seen in the diff of the files."""
    plain = by_hand.run("drift", "--format", "json")
    ran = by_hand.run("drift", "--write-back", "--format", "json")
    assert json.loads(ran.out) == json.loads(plain.out)


def test_a_snapshot_does_as_well_as_a_server(by_hand: Shell) -> None:
    """Without a key, and with variables that are not set: what a pull request's job has."""
    assert by_hand.run("snapshot", "live.json").code == 0
    shell = Shell(by_hand.folder)
    assert shell.run("drift", "--live", "live.json", "--write-back").code == 2
    assert "hide_phone_number: true" in text_of(shell)
    assert shell.run("drift", "--live", "live.json").code == 0


def test_a_variable_that_is_not_set_stops_it(by_hand: Shell) -> None:
    """As it stops any drift against a server."""
    del by_hand.environ["CARRIER_PASSWORD"]
    ran = by_hand.run("drift", "--write-back")
    assert ran.code == 1
    assert "variable CARRIER_PASSWORD is not set" in ran.err
    assert text_of(by_hand) == CONFIGURATION


def test_an_error_of_the_plan_is_1_all_the_same(by_hand: Shell, livekit_emulator: Emulator) -> None:
    """What can be accepted is: a trunk that was pinned, deleted and made anew is no error any more then."""
    by_hand.write(
        FILE, CONFIGURATION.replace("carrier-out:\n", "carrier-out:\n      id: ST_gone\n")
    )
    ran = by_hand.run("drift", "--write-back")
    assert ran.code == 1
    assert "id-not-found" in ran.out, ran
    assert "ST_gone" not in text_of(by_hand)
    assert by_hand.run("drift").code == 0


def test_a_folder_of_files(by_hand: Shell) -> None:
    """Only the files with a part in it are written; the others keep their time."""
    begin = CONFIGURATION.index("agents:")
    (by_hand.folder / FILE).unlink()
    by_hand.write("config/a.yaml", CONFIGURATION[:begin])
    by_hand.write("config/b.yaml", CONFIGURATION[begin:])
    before = (by_hand.folder / "config/b.yaml").stat()
    assert by_hand.run("drift", "-c", "config", "--write-back").code == 2
    assert (by_hand.folder / "config/b.yaml").stat() == before
    assert "hide_phone_number: true" in text_of(by_hand, "config/a.yaml")
    assert sorted(path.name for path in (by_hand.folder / "config").iterdir()) == [
        "a.yaml",
        "b.yaml",
    ]
    assert by_hand.run("drift", "-c", "config").code == 0


def test_a_read_only_file_is_named_and_nothing_is_written(by_hand: Shell) -> None:
    """None of several files, also where the folder would let them be replaced, and root may do anything."""
    begin = CONFIGURATION.index("agents:")
    (by_hand.folder / FILE).unlink()
    by_hand.write("config/a.yaml", CONFIGURATION[:begin])
    agents = CONFIGURATION[begin:].replace("acme-telephony", "another")
    path = by_hand.write("config/b.yaml", agents)
    path.chmod(0o444)
    ran = by_hand.run("drift", "-c", "config", "--write-back")
    assert ran.code == 1
    assert "error: config/b.yaml: the configuration cannot be written: it is read-only" in ran.err
    assert text_of(by_hand, "config/a.yaml") == CONFIGURATION[:begin]
    assert text_of(by_hand, "config/b.yaml") == agents
    assert sorted(path.name for path in (by_hand.folder / "config").iterdir()) == [
        "a.yaml",
        "b.yaml",
    ]


def test_a_link_stays_one_and_the_mode_stays(by_hand: Shell) -> None:
    """The file behind the link is replaced, readable for whom it was."""
    path = by_hand.folder / FILE
    real = path.rename(by_hand.folder / "real.yaml")
    real.chmod(0o640)
    path.symlink_to(real)
    assert by_hand.run("drift", "--write-back").code == 2
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "hide_phone_number: true" in real.read_text()


def test_what_is_no_file_is_not_written(by_hand: Shell) -> None:
    """A pipe is read and cannot be replaced."""
    read, write = os.pipe()
    os.write(write, CONFIGURATION.encode())
    os.close(write)
    ran = by_hand.run("drift", "-c", f"/dev/fd/{read}", "--write-back")
    os.close(read)
    assert ran.code in (1, 3)
    assert "hide_phone_number" not in ran.err or "error:" in ran.err


def test_names_cannot_fake_lines(applied: Shell, livekit_emulator: Emulator) -> None:
    """Names of a server are escaped on the terminal, and quoted in the file."""
    evil = 'x\n::error::pwned\x1b[31m"`\u202e'
    (trunk,) = livekit_emulator.outbound_trunks
    trunk.name = evil
    livekit_emulator.put(trunk)
    ran = applied.run("drift", "--write-back")
    assert ran.code == 2
    assert not any(line.startswith("::") for line in ran.err.splitlines())
    assert not {"\x1b", "\u202e"} & set(ran.err)
    assert not {"\x1b", "\u202e"} & set(text_of(applied))
    assert applied.run("drift").code == 0


def test_a_library_that_is_missing(by_hand: Shell) -> None:
    """One line says what to install, before anything is asked or written."""
    code = (
        "import sys; sys.modules['ruamel'] = None; sys.modules['ruamel.yaml'] = None\n"
        "from reconciler.cli.main import main; main(['drift', '--write-back'])"
    )
    done = in_a_process(by_hand, code)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: --write-back needs ruamel.yaml: pip install 'livekit-reconciler[write-back]'\n"
    )


def test_the_library_is_imported_for_this_alone(by_hand: Shell) -> None:
    """A drift without the option pays nothing for it."""
    code = (
        "import sys; from reconciler.cli.main import run\n"
        "run(['drift']); print([one for one in sys.modules if 'ruamel' in one or 'writeback' in one])"
    )
    done = in_a_process(by_hand, code)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_what_it_cannot_tell_apart_is_refused(by_hand: Shell) -> None:
    """With an overlay nobody knows which file is to say what lives, and of many projects which one: wrong usage."""
    by_hand.write("over.yaml", "project: {name: other}\n")
    before = text_of(by_hand)
    for options in (["--overlay", "over.yaml"], ["--projects", "config"]):
        ran = by_hand.run("drift", "--write-back", *options)
        assert ran.code == 64
        assert "--write-back" in ran.err
        assert options[0] in ran.err
    assert text_of(by_hand) == before


def test_a_key_that_is_an_alias_is_told(by_hand: Shell) -> None:
    """Its text stands elsewhere, and other parts of the file have it too: nothing is written."""
    text = CONFIGURATION.replace("project: {name: acme}", "project: {name: &name acme}")
    by_hand.write(FILE, text + "x-note: {*name : 1}\n")
    before = text_of(by_hand)
    ran = by_hand.run("drift", "--write-back")
    assert ran.code == 1
    assert f"{FILE}:22: a key is an alias" in ran.err
    assert text_of(by_hand) == before
