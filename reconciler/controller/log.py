"""What `serve` says while it runs: one line an event on stderr, for people or as JSON for collectors."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

from reconciler.render.escape import escape
from reconciler.trace import frames_of


def start_log(stream: TextIO, *, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Sends what is logged to a stream: warnings and worse, without `quiet` all, with `verbose` libraries as well."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if as_json else _Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    logging.getLogger("reconciler").setLevel(logging.WARNING if quiet else logging.INFO)


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        # A name with a newline in it must not fake a line.
        text = escape(record.getMessage())
        trace = _trace(record)
        return f"{at} {record.levelname.lower()} {text}" + (f"\n{trace}" if trace else "")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        trace = _trace(record)
        if trace:
            line["trace"] = trace
        return json.dumps(line)


def _trace(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return "" if error is None else frames_of(error)
