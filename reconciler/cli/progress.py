"""Progress of an apply, on stderr: a bar on a terminal, a plain line a call elsewhere."""

from __future__ import annotations

import contextlib
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reconciler.apply import Result
    from reconciler.pipeline.room_writes import RoomResult

# Where nobody watches, a line a call is a log; ten thousand of them are noise.
PLAIN_LINES = 200


class Progress:
    """Shows calls as they end; a context manager around the writes."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total = total
        self._quiet = quiet or not total
        self._terminal = sys.stderr.isatty()
        self._count = 0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if self._terminal and not self._quiet:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            console = Console(stderr=True)
            columns = (
                TextColumn("applying"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            self._bar = Bar(*columns, console=console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("applying", total=self._total)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def done(self, result: Result) -> None:
        """Notes one call that ended."""
        if self._is_told(is_done=result.outcome.value == "done"):
            from reconciler.render.report import progress_line

            self._tell(progress_line(result, self._count, self._total))

    def room_done(self, result: RoomResult) -> None:
        """Notes one agent that a room got, or did not get."""
        if self._is_told(is_done=result.outcome.value == "done"):
            from reconciler.render.room_plans import room_progress_line

            self._tell(room_progress_line(result, self._count, self._total))

    def _is_told(self, *, is_done: bool) -> bool:
        """Counts one more; whether it gets a line of its own."""
        self._count += 1
        if self._bar is not None:
            self._bar.advance(self._task)
        if self._quiet or self._bar is not None:
            return False
        step = max(self._total // PLAIN_LINES, 1)
        return self._count % step == 0 or not is_done or self._count == self._total

    def _tell(self, line: str) -> None:
        # Whoever read the log may be gone: the writes go on, and the report says what became of them.
        with contextlib.suppress(OSError):
            click.echo(line.rstrip("\n"), err=True)
