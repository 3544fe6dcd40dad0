"""What a command owes to a file that is not what it should be: one line with a place, and the right exit code."""

from __future__ import annotations

import json
import os
import re
import time
import traceback
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from reconciler.errors import ExitCode
from tests.support.cli import Ran, Shell

PATIENCE = 20.0
"""CPU seconds after which a command is called stuck: ten times what is promised, for machines that are busy."""

_FINDING = re.compile(
    r"(?P<place>\S.*?)(?::(?P<line>\d+):(?P<column>\d+))?: (?P<severity>error|warning|note)\[[a-z0-9-]+\] "
)
# With --projects a line has the project in front of it.
_TOLD = re.compile(
    r'(?:::|(?:"(?:[^"\\]|\\.)*": |\S[^:]*: )?)(?P<severity>error|warning|note|notice)(?:: | )'
    r"|no findings in "
)
_ENDS = re.compile(rb"\r\n|\r|\n|\x85|\xe2\x80[\xa8\xa9]|\xc2\x85")


def chosen(cases: Iterable[int]) -> Iterable[int]:
    """The cases of a test, or the one that somebody wants to see again."""
    one = os.environ.get("RECONCILE_CASE")
    return cases if one is None else [int(one)]


class Trials:
    """Tries cases one after the other, and tells of all that failed, each by what repeats it."""

    def __init__(self) -> None:
        self.failures: list[str] = []

    @contextmanager
    def case(self, what: str) -> Iterator[None]:
        """One case: whatever is raised in it is noted."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # that is what is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.failures.append(
                f"{what}\n  {type(error).__name__} at {where.filename}:{where.lineno}: {str(error)[:600]}"
            )

    def end(self) -> None:
        """Fails where a case did; the first of each kind is told in full."""
        assert not self.failures, f"{len(self.failures)} failed:\n" + "\n".join(self.failures[:20])


class Stopwatch:
    """The most CPU time that any command took, and which one it was."""

    def __init__(self) -> None:
        self.commands = 0
        self.slowest = 0.0
        self.of = ""

    def run(self, shell: Shell, *arguments: str) -> Ran:
        """Runs a command, whose exceptions are the caller's."""
        start = time.process_time()
        ran = shell.run(*arguments)
        took = time.process_time() - start
        self.commands += 1
        if took > self.slowest:
            self.slowest, self.of = took, " ".join(arguments)
        assert took < PATIENCE, f"{arguments} took {took:.1f} s of CPU"
        return ran


def assert_polite(ran: Ran, files: Collection[str], codes: Collection[int]) -> None:
    """The exit code is one of some; an error is told, each in one line, with the file that it is about."""
    assert ran.code in codes, (ran.code, ran.err[-2000:])
    assert "Traceback" not in ran.err
    assert "Error:" not in ran.err, ran.err[-2000:]  # the name of an exception
    assert_visible(ran.err)
    failed = ran.code in (ExitCode.ERROR, ExitCode.REFUSED)
    errors = []
    for line in ran.err.splitlines():
        found = _FINDING.match(line) or _TOLD.match(line)
        assert found or not failed, line
        if found and found["severity"] == "error":
            errors.append(line)
            assert any(name in line for name in files), line
    assert not failed or errors or ran.out, "a failure that nobody is told of"


def assert_visible(text: str) -> None:
    """Lines of characters that can be seen: no escape sequence, no bidi mark, no half of a character."""
    for line in text.split("\n"):
        assert line.isprintable(), ascii(line[:500])


def assert_places(out: str, files: dict[str, bytes]) -> list[str]:
    """Each error of `validate --format json` has a place that its file has; their codes are returned."""
    found = [one for one in json.loads(out)["findings"] if one["severity"] == "error"]
    for one in found:
        assert one["file"] in files, one
        lines = len(_ENDS.findall(files[one["file"]])) + 1
        assert 1 <= one["line"] <= lines, (one, lines)
        assert one["column"] >= 1, one
        assert one["message"], one
    return [one["code"] for one in found]
