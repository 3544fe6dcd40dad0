"""Thousands of configurations that are wrong in some way, read by every command that reads one.

No case leaves a traceback, an error without its place, or an exit code that is not in the list; and the reader and the
JSON Schema agree on what is wrong. `RECONCILE_CASE=N` runs one case alone.
"""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import pytest
import yaml

from reconciler.config.tree import MAX_DEPTH
from tests.config.test_agreement import complaints, validator
from tests.hostile.corpus import configurations
from tests.hostile.manners import Stopwatch, Trials, assert_places, assert_polite, chosen
from tests.hostile.mutations import Json, as_yaml, mutated_bytes, mutated_document, mutated_yaml
from tests.hostile.nasty import SMALL
from tests.support.cli import Shell
from tests.support.effort import effort
from tests.support.figures import FigureTeller

FILE = "bad.yaml"
GOOD = """\
version: 1
project: {name: acme}
sip:
  inbound_trunks:
    carrier: {numbers: ["+15550100001"]}
  dispatch_rules:
    inbound: {trunks: [carrier], rooms: {individual: {prefix: call-}}}
agents:
  names: {desk: {agent_name: desk}}
  rooms:
    - {prefix: call-, agents: [desk], dispatch: sip}
"""
CALL = ("--from", "+15550100099", "--to", "+15550100001")
# What an error has to name: the file, the one that an overlay took something from, or the server that is not there.
ABOUT = (FILE, "good.yaml:1:1: ", "127.0.0.1", "LIVEKIT_")
# Commands, and the exit codes that a file can give them. 2 is drift and 3 is a file for another host.
COMMANDS: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (("validate", "-c", FILE, "--format", "json"), (0, 1)),
    (("validate", "-c", FILE, "--strict"), (0, 1)),
    (("validate", "-c", "good.yaml", "-c", FILE), (0, 1)),
    (("validate", "-c", "good.yaml", "--overlay", FILE), (0, 1)),
    (("validate", "--projects", "many"), (0, 1, 3)),
    (("plan", "-c", FILE, "--live", "live.json"), (0, 1, 3)),
    (("plan", "-c", FILE, "--live", "live.json", "--format", "github"), (0, 1, 3)),
    (("plan", "-c", FILE, "--live", "live.json", "--format", "json", "--only", "sip"), (0, 1, 3)),
    (("plan", "-c", "good.yaml", "--overlay", FILE, "--live", "live.json"), (0, 1, 3)),
    (("drift", "-c", FILE, "--live", "live.json"), (0, 1, 2, 3)),
    (("explain", "-c", FILE, *CALL), (0, 1)),
    (("explain", "-c", FILE, *CALL, "--diff", "--live", "live.json"), (0, 1, 3, 64)),
    (("explain", "-c", FILE, "--room", "call-_+15550100099_x"), (0, 1)),
    (("graph", "-c", FILE), (0, 1)),
    (("graph", "-c", FILE, "--format", "svg"), (0, 1)),
    (("graph", "-c", FILE, "--plan", "--live", "live.json", "--format", "html"), (0, 1, 3)),
    (("conventions", "-c", FILE), (0, 1)),
    (("conventions", "-c", FILE, "--format", "typescript"), (0, 1)),
    (("token", "-c", FILE, "--room", "call-1", "--identity", "me"), (0, 1)),
    (("export", "-c", FILE), (0, 1, 3)),
)
CASES = range(effort(240, 2400))


def _case(number: int) -> bytes:
    """A file: of three, two are a configuration with changes, and one is a nasty one, as it is or with changes."""
    random = Random(f"configuration {number}")
    if number % 3:
        return mutated_yaml(random, random.choice(configurations()))
    nasty = list(SMALL.values())
    data = nasty[(number // 3) % len(nasty)]
    return data if number // 3 < len(nasty) else mutated_bytes(random, data)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A folder with a good configuration, a snapshot of a project that is not quite that, and no server."""
    from reconciler.emulator.server import Emulator

    shell = Shell(tmp_path_factory.mktemp("hostile"))
    shell.write("good.yaml", GOOD)
    with Emulator() as emulator:
        shell.connect(emulator)
        assert shell.run("apply", "-c", "good.yaml", "--auto-approve").code == 0
        for rule in emulator.dispatch_rules:
            rule.metadata = "by hand"
            emulator.put(rule)
        assert shell.run("snapshot", "live.json").code == 0
    # Nothing listens there any more: what asks a server all the same is refused at once.
    shell.write("many/good.yaml", GOOD)
    return shell


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_no_configuration_breaks_a_command(shell: Shell, figure: FigureTeller) -> None:
    """Every case is validated, and read by two other commands, in the long run by three, all in turn."""
    watch, trials = Stopwatch(), Trials()
    codes: Counter[int] = Counter()
    for number in chosen(CASES):
        data = _case(number)
        for place in (FILE, f"many/{FILE}"):
            (shell.folder / place).write_bytes(data)
        for command, expected in (COMMANDS[0], *_others(number, effort(2, 3))):
            with trials.case(f"RECONCILE_CASE={number}: {' '.join(command)}: {data[:400]!r}"):
                ran = watch.run(shell, *command)
                codes[ran.code] += 1
                assert_polite(ran, ABOUT, expected)
                if command is COMMANDS[0][0]:
                    assert_places(ran.out, {FILE: data})
    trials.end()
    figure(
        "bad-configurations",
        f"{len(CASES):,} files, {watch.commands:,} commands: no traceback, every error with its place; "
        f"the slowest took {watch.slowest:.1f} s of CPU",
    )
    assert set(codes) <= {0, 1, 2, 3}


def _others(number: int, many: int) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
    """The commands whose turn it is."""
    rest = COMMANDS[1:]
    return [rest[(number * many + one) % len(rest)] for one in range(many)]


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_reader_and_schema_agree_on_every_change(figure: FigureTeller) -> None:
    """A configuration of the project with changes is refused by both or by neither, whatever it was changed into."""
    documents = [one for one in map(_document, configurations()) if one is not None]
    cases = range(effort(200, 2000))
    refused, trials = 0, Trials()
    for number in chosen(cases):
        random = Random(f"agreement {number}")
        document = _document(as_yaml(mutated_document(random, random.choice(documents))))
        if document is None or _has_halves(document) or _is_deep(document, MAX_DEPTH):
            continue
        by_schema = [
            f"{list(e.absolute_path)}: {e.message}" for e in validator().iter_errors(document)
        ]
        by_reader = [str(one) for one in complaints(document)]
        with trials.case(f"RECONCILE_CASE={number}: {document}"[:1500]):
            assert bool(by_schema) == bool(by_reader), (by_schema[:3], by_reader[:3])
        refused += bool(by_schema)
    trials.end()
    figure(
        "schema-agreement",
        f"{len(cases):,} files with changes, {refused:,} refused by both, the others by neither",
    )


def _is_deep(document: Json, left: int) -> bool:
    """Whether it is nested deeper than a reader goes: then nothing is read, and a schema goes on."""
    if not isinstance(document, dict | list):
        return False
    inside = document.values() if isinstance(document, dict) else document
    return not left or any(_is_deep(one, left - 1) for one in inside)


def _has_halves(document: Json) -> bool:
    """Whether there is half a character in it, of which YAML's parser says that before any reader does."""
    return not json.dumps(document, ensure_ascii=False).isprintable()


def _document(data: bytes) -> Json:
    """The configuration as JSON has it, or None for one that no JSON is."""
    try:
        return json.loads(json.dumps(yaml.safe_load(data), default=str))
    except (yaml.YAMLError, ValueError, TypeError):
        return None
