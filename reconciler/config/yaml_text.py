"""From the bytes of a file to text, and from PyYAML's complaints to ours: one line, with a place."""

from __future__ import annotations

import yaml

from reconciler.config.files import MAX_BYTES
from reconciler.core.finding import Finding, Mark, Severity


class Unparsable(Exception):
    """The file is not one YAML mapping; carries what was found, a finding each."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(str(findings[-1]))
        self.findings = findings


def hard_error(
    code: str, file: str, line: int, column: int, message: str, fix: str = "", path: str = ""
) -> Finding:
    """An error after which nothing more of the file can be read; line and column count from 0."""
    return Finding(code, Severity.ERROR, path, message, fix, Mark(file, line + 1, column + 1))


def decode(data: bytes, file: str) -> str:
    """The text of a file, without a byte order mark. Raises `Unparsable` for what is too large or not UTF-8."""
    if len(data) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES:,} bytes"
        fix = "split it: several files, or the files of a folder, are one project"
        raise Unparsable(hard_error("yaml-size", file, 0, 0, message, fix))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(data[: error.start].decode(errors="replace"))
        fix = "save it as UTF-8"
        raise Unparsable(
            hard_error("yaml-encoding", file, line, column, "the file is not UTF-8", fix)
        ) from error


def syntax_error(error: yaml.YAMLError, file: str, text: str) -> Finding:
    """One line out of PyYAML's several. What stands in the file is not repeated: it may be a secret."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _reader_error(error, file, text)
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    if line > text.count("\n"):  # libyaml means the line after the last one
        line, column = _place(text)
    problem = error.problem or "this is not YAML"
    # Newer libyamls have a limit of their own, which they look ahead for.
    if "nesting depth" in problem:
        return hard_error("yaml-depth", file, line, column, "nested deeper than anybody reads")
    message = f"{problem} {error.context}" if error.context else problem
    start = error.context_mark
    if error.context and start is not None and start.line != line:
        message += f" that starts in line {start.line + 1}"
    return hard_error("yaml-syntax", file, line, column, message, _remedy(problem, text, line))


def _remedy(problem: str, text: str, line: int) -> str:
    lines = text.split("\n", line + 1)
    here = lines[line] if line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or "'\\t'" in problem:
        return "YAML allows no tabs here: use spaces"
    if "escape" in problem:
        return r"write the character itself; one beyond U+FFFF may be written \UXXXXXXXX"
    if "mapping values are not allowed" in problem:
        return "check the indentation, or quote a text that has a colon and a space in it"
    if "cannot start any token" in problem:
        return "quote a text that starts with @, ` or %"
    return ""


def _reader_error(error: yaml.YAMLError, file: str, text: str) -> Finding:
    """PyYAML's reader knows an offset and no line: in bytes with libyaml, else in characters."""
    position = getattr(error, "position", None) or 0
    if getattr(error, "encoding", "") == "?":
        before = text.encode()[:position].decode(errors="replace")
    else:
        before = text[:position]
    line, column = _place(before)
    character = getattr(error, "character", None)
    what = f"U+{character:04X} " if isinstance(character, int) else ""
    message = f"the character {what}is not allowed in YAML"
    return hard_error("yaml-syntax", file, line, column, message, "remove it")


def _place(before: str) -> tuple[int, int]:
    """Line and column that a text ends at."""
    return before.count("\n"), len(before) - (before.rfind("\n") + 1)
