"""Progress, on stderr: a bar on a terminal; of an apply elsewhere, a plain line a call."""

from __future__ import annotations

import contextlib
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

if TYPE_CHECKING:
    from reconciler.apply import Result
    from reconciler.pipeline.room_writes import RoomResult

# Where nobody watches, a line a call is a log; ten thousand of them are noise.
PLAIN_LINES = 200


class Bar:
    """A bar on stderr where that is a terminal, and nothing elsewhere; a context manager around the work."""

    def __init__(self, doing: str, total: int, *, quiet: bool) -> None:
        self._doing = doing
        self._total = total
        self._is_wanted = total > 0 and not quiet and sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if self._is_wanted:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
            )

            columns = (
                TextColumn(self._doing),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._doing, total=self._total)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self) -> bool:
        """Notes that one more is done; whether a bar shows it."""
        if self._bar is None:
            return False
        self._bar.advance(self._task)
        return True


class ApplyProgress(Bar):
    """Shows calls as they end: where there is no bar, a line each."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        super().__init__("applying", total, quiet=quiet)
        self._is_silent = quiet
        self._count = 0

    def done(self, result: Result, label: str = "") -> None:
        """Notes one call that ended; `label` says whose it is where there are several projects."""
        if self._is_told(is_done=result.outcome.value == "done"):
            from reconciler.render.report import progress_line

            self._tell(label + progress_line(result, self._count, self._total))

    def room_done(self, result: RoomResult) -> None:
        """Notes one agent that a room got, or did not get."""
        if self._is_told(is_done=result.outcome.value == "done"):
            from reconciler.render.room_plans import room_progress_line

            self._tell(room_progress_line(result, self._count, self._total))

    def _is_told(self, *, is_done: bool) -> bool:
        """Counts one more; whether it gets a line of its own."""
        self._count += 1
        if self.advance() or self._is_silent:
            return False
        step = max(self._total // PLAIN_LINES, 1)
        return self._count % step == 0 or not is_done or self._count == self._total

    def _tell(self, line: str) -> None:
        # Whoever read the log may be gone: the writes go on, and the report says what became of them.
        with contextlib.suppress(OSError):
            click.echo(line.rstrip("\n"), err=True)
