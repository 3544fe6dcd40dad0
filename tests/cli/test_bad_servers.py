"""Every command that asks a server, against every way in which a server can answer badly.

One line that says what is wrong, the right exit code, within the time-out, no traceback, nothing that a terminal would
obey, and no secret. Every run takes some commands for each fault, so that all commands and all faults have their turn;
the long run takes all of them together, at each call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from livekit.protocol import room

from reconciler.emulator.server import Emulator
from tests.support.bad_answers import ANSWERS, LATE, Fault
from tests.support.canaries import World, world
from tests.support.cli import Ran, Shell
from tests.support.effort import effort
from tests.support.every_command import OTHER, Case, asking_cases, formats_of, line_of, prepare
from tests.support.odd_proxy import OddProxy
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.figures import FigureTeller

API_SECRET = "cnrysecretQz-of-32-characters-or-more"
# Calls that are tried again fill their time with it; all others end at once.
SHORT, LONG = "1s", "20s"
# All tries of all calls of one command. The most have those that look into rooms; without an end there is none.
MOST_CALLS = 80
LONGEST_LINE = 900
APPLY = ("apply", *OTHER, "--auto-approve", "--max-deletes", "9")
ROOMS = ("apply", "--auto-approve", "--max-deletes", "9", "--rooms")
BACK = ("rollback", "backup.json", "--auto-approve", "--max-deletes", "9")
PROBE = ("probe", "avatar", "--timeout", "100ms")


@dataclass(frozen=True, slots=True)
class Target:
    """A command line, and the calls that are answered badly while it runs."""

    line: tuple[str, ...]
    calls: str = "*"

    def __str__(self) -> str:
        return f"{' '.join(self.line)} at {self.calls}"


EACH_CALL = [
    *(Target(APPLY, f"{verb}SIP*") for verb in ("Create", "Update", "Delete")),
    *(Target(BACK, f"{verb}SIP*") for verb in ("Create", "Update", "Delete")),
    Target(("plan",), "ListSIPOutboundTrunk"),
    Target(("export",), "ListSIPDispatchRule"),
    Target(("rooms",), "ListRooms"),
    Target(("rooms",), "ListDispatch"),
    Target(("rooms",), "ListParticipants"),
    Target(("plan", "--rooms"), "ListRooms"),
    Target(ROOMS, "ListDispatch"),
    Target(ROOMS, "CreateDispatch"),
    Target(PROBE, "CreateRoom"),
    Target(PROBE, "ListParticipants"),
    Target(PROBE, "DeleteRoom"),
]


class Bench:
    """An emulated project behind a proxy that can spoil its answers, and a shell that knows only the proxy."""

    def __init__(self, folder: Path, emulator: Emulator, proxy: OddProxy) -> None:
        self.proxy = proxy
        self._emulator = emulator
        shell = Shell(folder)
        self.world: World = world(shell, emulator)
        shell.environ["LIVEKIT_URL"] = proxy.url
        prepare(shell)
        self._objects: list[Any] = [
            *emulator.inbound_trunks,
            *emulator.outbound_trunks,
            *emulator.dispatch_rules,
        ]
        self._files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.shell = shell

    def restore(self) -> None:
        """Everything as it was before the first command: objects, files and one room that lacks its agent."""
        self._emulator.clear()
        for one in self._objects:
            self._emulator.put(one)
        for path in self.shell.folder.rglob("*"):
            if path.is_file() and path not in self._files:
                path.unlink()
        for path, data in self._files.items():
            path.write_bytes(data)
        client = RawClient(self._emulator.url, self._emulator.api_key, self._emulator.api_secret)
        try:
            client.call("RoomService", "CreateRoom", room.CreateRoomRequest(name="ornina-1"))
        finally:
            client.close()

    def run(self, target: Target, fault: Fault, *options: str) -> tuple[Ran, int]:
        """What a command says to such answers, and after how many of them."""
        line = line_of_target(target, fault, self.shell)
        self.proxy.forget_calls()
        self.proxy.spoil(target.calls, fault.answer)
        try:
            ran = self.shell.run(*line, *options)
        finally:
            self.proxy.mend()
        return ran, sum(call.status == 0 for call in self.proxy.calls)


def line_of_target(target: Target, fault: Fault, shell: Shell) -> tuple[str, ...]:
    """The command line with a time-out."""
    option = "--api-timeout" if target.line[0] == "probe" else "--timeout"
    return (*line_of(Case(target.line), shell), option, SHORT if fault.is_tried_again else LONG)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The bench, made once."""
    with (
        Emulator(api_key="cnrykeyQz", api_secret=API_SECRET) as emulator,
        OddProxy(emulator.url) as proxy,
    ):
        yield Bench(tmp_path_factory.mktemp("bench"), emulator, proxy)


def _rows(ran: Ran) -> list[str]:
    return [line for line in ran.err.splitlines() if line.startswith("error:")]


def _problems(ran: Ran, hits: int, target: Target, fault: Fault, form: str) -> list[str]:
    """What is wrong with the way in which a command took a bad answer."""
    found = []
    if not hits:
        return ["the call was never made"]
    if ran.code != 1 and not _is_harmless(target, fault):
        found.append(f"exit code {ran.code}")
    if hits > MOST_CALLS:
        found.append(f"{hits} calls")
    if len(_rows(ran)) > 1:
        found.append("more than one error line")
    if ran.code == 1 and not _rows(ran) and not ran.out:
        found.append("no word")
    # The time may be over in the middle of a try.
    if ran.code == 1 and not any(one in ran.out + ran.err for one in _sayings(fault)):
        found.append(f"does not say {fault.says!r}")
    if form == "json" and ran.out:
        json.loads(ran.out)
    return found + _outbreaks(f"{ran.out}\n{ran.err}", form)


def _sayings(fault: Fault) -> tuple[str, ...]:
    return (fault.says, LATE) if fault.is_tried_again else (fault.says,)


def _outbreaks(told: str, form: str) -> list[str]:
    """Lines that are no plain text for whoever reads them."""
    found = ["a traceback"] if "Traceback" in told else []
    for line in told.split("\n"):
        if not line.isprintable():
            found.append(f"unprintable: {line[:200]!r}")
        if len(line) > LONGEST_LINE and form == "text":
            found.append(f"a line of {len(line)} characters: {line[:80]!r}")
        if line.startswith("::") and form != "github":
            found.append("a workflow command")
    return found


def _is_harmless(target: Target, fault: Fault) -> bool:
    """Where a server's no is what the command wanted, or is about a room that may have ended."""
    if fault.name == "twirp-not_found" and (
        target.calls.startswith("Delete") or target.calls in ("ListDispatch", "ListParticipants")
    ):
        return True
    return target.calls in ("ListDispatch", "DeleteRoom")


def _check(bench: Bench, target: Target, fault: Fault, form: str = "text") -> list[str]:
    bench.restore()
    options = ("--format", form) if form in formats_of(target.line[0]) else ()
    ran, hits = bench.run(target, fault, *options)
    found = _problems(ran, hits, target, fault, form)
    shown = ("API_KEY",) if target.line[0] == "token" else ()
    found += bench.world.problems(ran.out, ran.err, but=shown)
    return [
        f"{target} / {fault.name} ({form}): {one}\n{ran.err[:600]}{ran.out[-600:]}" for one in found
    ]


TARGETS = [*(Target(case.line) for case in asking_cases()), *EACH_CALL]
# Each of them costs what it is made of.
HEAVY = ("pours-100-mb",)


def pairs() -> list[tuple[Target, Fault]]:
    """All of them; or for each fault a few commands, so that each command meets as many faults."""
    faults = list(ANSWERS.values())
    every = list(product(TARGETS, faults))
    light = [
        (TARGETS[(number * 7 + step * 17) % len(TARGETS)], fault)
        for number, fault in enumerate(faults)
        for step in range(1 if fault.name in HEAVY else 2)
    ]
    return effort(light, every)


@pytest.mark.soak
@pytest.mark.timeout(effort(300, 7200))
def test_no_answer_of_a_server_is_too_bad(bench: Bench, figure: FigureTeller) -> None:
    """Whatever is answered: one line, exit code 1, in time, nothing secret and nothing that a terminal obeys."""
    wanted = pairs()
    failed = [problem for target, fault in wanted for problem in _check(bench, target, fault)]
    assert failed == [], f"{len(failed)} problems\n" + "\n".join(failed[:20])
    figure(
        "bad-answers",
        f"{len(wanted):,} of {len(wanted):,} runs: {len({t for t, _ in wanted})} commands and calls, "
        f"{len({f.name for _, f in wanted})} bad answers",
    )
