"""Every other file that a command reads, damaged in many ways: what was saved, what others wrote, lines of calls.

A saved plan that is not what was saved writes nothing. `RECONCILE_CASE=N` runs one case of each kind alone.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest
from livekit.protocol.sip import ListSIPInboundTrunkRequest

from reconciler.cli.explain import LONGEST
from reconciler.emulator.server import Emulator
from reconciler.emulator.sip import SipObject
from tests.cli.conftest import CONFIGURATION
from tests.hostile.manners import Stopwatch, Trials, assert_polite, chosen
from tests.hostile.mutations import mutated_bytes, mutated_json
from tests.support.cli import Shell
from tests.support.effort import effort
from tests.support.figures import FigureTeller
from tests.support.raw_client import RawClient

CHANGED = CONFIGURATION.replace("prefix: call-", "prefix: support-").replace(
    '      numbers: ["+15550100001"]\n      auth', '      numbers: ["+15550100002"]\n      auth'
)
CALL = ("--from", "+15550100099", "--to", "+15550100001")
LK = [
    {
        "trunk": {
            "name": "carrier",
            "numbers": ["+15550100001"],
            "allowedAddresses": ["203.0.113.0/24"],
            "authUsername": "acme",
            "headers": {"X-Site": "x"},
            "ringingTimeout": "30s",
            "includeHeaders": "SIP_X_HEADERS",
            "mediaEncryption": 1,
        }
    },
    {
        "dispatch_rule": {
            "name": "inbound",
            "trunkIds": ["carrier"],
            "rule": {"dispatchRuleIndividual": {"roomPrefix": "call-"}},
            "roomConfig": {"agents": [{"agentName": "desk", "metadata": "{}"}], "emptyTimeout": 60},
        }
    },
]
CALLS = (
    b'{"from": "+15550100099", "to": "+15550100001"}\n'
    b'{"from": "+15550100099", "to": "+15550100001", "source_ip": "203.0.113.7", "pin": "1"}\n'
    b'{"from": "", "to": "x", "from_host": "a.example", "no_pin": true}\n'
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file, the commands that read it, and their exit codes where it is bad."""

    file: str
    commands: tuple[tuple[str, ...], ...]
    codes: tuple[int, ...] = (0, 1)
    about: tuple[str, ...] = ("bad.json",)
    """What an error has to name: the file, or what it is about where that is somewhere else."""


KINDS = {
    "snapshot": Kind(
        "live.json",
        (
            ("show", "bad.json"),
            ("show", "bad.json", "--format", "json"),
            ("show", "bad.json", "--format", "markdown"),
            ("plan", "--live", "bad.json", "-v"),
            ("plan", "--live", "bad.json", "--format", "github"),
            ("explain", *CALL, "--live", "bad.json"),
            ("graph", "--live", "bad.json", "--format", "svg"),
        ),
        # An object that is another one by now may be in conflict with the file.
        about=("bad.json", "dispatch.yaml:", "file=config/dispatch.yaml,line="),
    ),
    "plan": Kind(
        "plan.json",
        (
            ("show", "bad.json", "-v"),
            ("show", "bad.json", "--format", "json"),
            ("show", "bad.json", "--format", "github"),
            ("apply", "bad.json"),
        ),
        (0, 1, 3),
    ),
    "backup": Kind(
        "backup.json",
        (
            ("show", "bad.json"),
            ("show", "bad.json", "--format", "json"),
            ("rollback", "bad.json", "--plan-only", "--keep-secrets"),
        ),
        (0, 1, 3),
        # A backup says for which project it is, and where its secrets are.
        about=("bad.json", "LIVEKIT_", "variable "),
    ),
    "receipt": Kind(
        "receipt.json",
        (
            ("show", "bad.json"),
            ("show", "bad.json", "--format", "json"),
            ("drift", "--receipt", "bad.json"),
        ),
        (0, 1, 2, 3),
    ),
    "state": Kind(
        "state.json", (("drift", "--state", "bad.json", "--metrics-file", "m.prom"),), (0, 2)
    ),
    "lk": Kind("lk.json", (("import-lk", "bad.json"), ("import-lk", "trunks.json", "bad.json"))),
    "calls": Kind(
        "calls.jsonl",
        (
            ("explain", "--calls", "bad.json"),
            ("explain", "--calls", "bad.json", "--live", "live.json"),
        ),
    ),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """The project that all of these files are about."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, emulator: Emulator) -> Shell:
    """A folder with a good file of each kind."""
    shell = Shell(tmp_path_factory.mktemp("documents")).connect(emulator)
    shell.environ["CARRIER_PASSWORD"] = "not-a-real-one"
    shell.write("config/dispatch.yaml", CONFIGURATION)
    _good(shell, "apply", "--auto-approve", "--receipt", "receipt.json", "--no-backup")
    _good(shell, "snapshot", "live.json")
    shell.write("config/dispatch.yaml", CHANGED)
    _good(shell, "plan", "--out", "plan.json")
    _good(shell, "apply", "--auto-approve", "--backup-dir", "backups")
    next((shell.folder / "backups").iterdir()).rename(shell.folder / "backup.json")
    shell.write("config/dispatch.yaml", CONFIGURATION)
    _good(shell, "apply", "--auto-approve", "--no-backup")
    shell.write("config/dispatch.yaml", CHANGED)
    assert shell.run("drift", "--state", "state.json", "--metrics-file", "m.prom").code == 2
    shell.write("lk.json", json.dumps(LK))
    shell.write("trunks.json", json.dumps(LK[:1]))
    (shell.folder / "calls.jsonl").write_bytes(CALLS)
    return shell


def _good(shell: Shell, *arguments: str) -> None:
    ran = shell.run(*arguments)
    assert ran.code == 0, ran.err


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("what", KINDS)
def test_no_damaged_file_breaks_a_command(
    shell: Shell, emulator: Emulator, figure: FigureTeller, what: str
) -> None:
    """All commands that read a kind of file read it damaged, and nothing is written by those that fail."""
    kind = KINDS[what]
    good = (shell.folder / kind.file).read_bytes()
    cases = range(effort(20, 300))
    watch, trials = Stopwatch(), Trials()
    codes: Counter[int] = Counter()
    before = _lives(emulator)
    for number in chosen(cases):
        random = Random(f"{what} {number}")
        data = mutated_bytes(random, good) if what == "calls" else mutated_json(random, good)
        for command in kind.commands:
            (shell.folder / "bad.json").write_bytes(data)
            with trials.case(f"RECONCILE_CASE={number}: {' '.join(command)}: {data[:300]!r}"):
                ran = watch.run(shell, *command)
                codes[ran.code] += 1
                assert_polite(ran, kind.about, kind.codes)
                if command[0] == "apply" and ran.code == 0:
                    _restore(emulator, before)
                assert _lives(emulator) == before
    trials.end()
    figure(
        f"bad-{what}-files",
        f"{len(cases):,} files, {watch.commands:,} commands: no traceback, nothing written; "
        f"the slowest took {watch.slowest:.1f} s of CPU",
    )


# --- what the changes above found once, each by itself


def test_half_of_a_character_in_a_document_is_told(shell: Shell) -> None:
    """JSON can spell it; protobuf's library breaks on it as a key, and no file could be written with it."""
    document = json.loads((shell.folder / "live.json").read_text())
    document["objects"]["inbound_trunk"][0]["message"]["\ud800"] = 1
    shell.write("bad.json", json.dumps(document))
    for command in KINDS["snapshot"].commands:
        ran = shell.run(*command)
        assert ran.code == 1
        assert ran.err == "error: bad.json: not a snapshot: it holds half of a character\n"


def test_half_of_a_character_in_a_token_is_a_verdict(shell: Shell) -> None:
    """LiveKit cannot read such a room configuration either."""
    claims = b'{"video": {"roomJoin": true, "room": "call-1"}, "roomConfig": {"\\ud800": 1}}'
    parts = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", claims))
    ran = shell.run("token", "inspect", f"{'.'.join(parts)}.")
    assert ran.code == 2
    assert "LiveKit cannot read roomConfig" in ran.out


def test_half_of_a_character_in_a_request_is_no_key_of_the_emulator(emulator: Emulator) -> None:
    """What a server does not know is ignored, whatever it is."""
    client = RawClient(emulator.url, emulator.api_key, emulator.api_secret)
    asked = client.call_json(
        "SIP", "ListSIPInboundTrunk", ListSIPInboundTrunkRequest(), {"\ud800": 1}
    )
    client.close()
    assert asked.status == 200


@pytest.mark.parametrize("command", [("show",), ("plan", "-c"), ("apply",), ("explain", "--calls")])
def test_a_newline_in_a_name_makes_no_line(shell: Shell, command: tuple[str, ...]) -> None:
    """An error has the lines that it was given, and a name is part of one."""
    ran = shell.run(*command, "a\nerror: b")
    (line,) = ran.err.splitlines()
    assert ran.code == 1
    assert line.startswith("error: a\\nerror: b: ")


def test_a_line_of_calls_that_does_not_end_is_refused(shell: Shell) -> None:
    """A device is not read until there is no memory left."""
    for place in ("/dev/zero", "long.jsonl"):
        if place == "long.jsonl":
            (shell.folder / place).write_bytes(CALLS + b" " * (LONGEST + 1))
        ran = shell.run("explain", "--calls", place)
        assert ran.code == 1
        assert ran.err.startswith(f"error: {place}:")
        assert "a line of more than 1,048,576 bytes is no call" in ran.err


def _lives(emulator: Emulator) -> list[SipObject]:
    """All that lives in the project."""
    trunks, out = emulator.inbound_trunks, emulator.outbound_trunks
    objects: list[SipObject] = [*trunks, *out, *emulator.dispatch_rules]
    return sorted(objects, key=str)


def _restore(emulator: Emulator, before: list[SipObject]) -> None:
    """Puts the project back after a plan whose changes had no meaning."""
    emulator.clear()
    for one in before:
        emulator.put(one)
