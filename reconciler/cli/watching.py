"""`rooms --watch`: a page that is redrawn on a terminal, elsewhere a line for each change; with json, documents."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

from reconciler.cli.console import emit, note
from reconciler.cli.options import Output
from reconciler.render.escape import escape, quote

if TYPE_CHECKING:
    from reconciler.errors import ReconcileError
    from reconciler.pipeline.rooms import Survey
    from reconciler.render.room_shapes import JudgedRoomDocument, RoomsDocument


class Watching:
    """Shows one look after another; a context manager around them."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._told: dict[str, str] | None = None
        self._page: Any = None

    def __enter__(self) -> Watching:
        if self._output.format == "text" and sys.stdout.isatty():
            from rich.console import Console
            from rich.live import Live

            # `screen`: the pages leave nothing behind in the terminal's history.
            self._page = Live(console=Console(), auto_refresh=False, screen=True)
            self._page.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._page is not None:
            self._page.stop()

    def look(self, survey: Survey) -> None:
        """Shows what was seen."""
        from reconciler.render.rooms import rooms_document

        document = rooms_document(survey)
        if self._output.format == "json":
            import msgspec

            emit(msgspec.json.encode(document).decode() + "\n")
        elif self._page is not None:
            self._redraw(document)
        else:
            self._tell_changes(document)

    def fail(self, error: ReconcileError) -> None:
        """Says that a look failed; the next one comes."""
        if self._page is None:
            note(f"error: {error}")
        else:
            from rich.text import Text

            self._page.update(Text(escape(f"error: {error}")), refresh=True)

    def _redraw(self, document: RoomsDocument) -> None:
        from rich.text import Text

        from reconciler.render.formats import Format
        from reconciler.render.rooms import show_rooms

        shown = show_rooms(
            document, Format.TEXT, color=self._output.color, verbose=self._output.verbose
        )
        page = Text.from_ansi(f"{document['at']}\n{shown}", no_wrap=True, overflow="crop")
        self._page.update(page, refresh=True)

    def _tell_changes(self, document: RoomsDocument) -> None:
        """A line for each verdict that is not as it was. Rooms that were in order from the start are not told."""
        now = {room["room"]: room["verdict"] for room in document["rooms"]}
        before = self._told or {}
        lines = [
            _line(room, before.get(room["room"]))
            for room in document["rooms"]
            if before.get(room["room"], "ok") != room["verdict"]
        ]
        lines += [
            f"{quote(name)}: {verdict} → over"
            for name, verdict in before.items()
            if name not in now and verdict != "ok"
        ]
        for line in lines:
            emit(f"{document['at']} {line}\n")
        self._told = now


def _line(room: JudgedRoomDocument, before: str | None) -> str:
    change = f"{before} → {room['verdict']}" if before is not None else room["verdict"]
    return f"{quote(room['room'])}: {change} - {escape(room['reason'])}"
