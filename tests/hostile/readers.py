"""What reads the output of commands: a terminal, a Markdown parser, a runner of workflows, parsers of data.

Each function raises where a name got out of the place that it was put into.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pyte

from reconciler.core.visible import is_visible
from tests.render.markdown import foreign, tokens

_HARMLESS = {"draw", "linefeed", "carriage_return", "select_graphic_rendition", "set_mode"}
_ANNOTATION = re.compile(r"::(error|warning|notice)(?: [a-z]+=[^:,]*(?:,[a-z]+=[^:,]*)*)?::")

_CODE = re.compile(r"<code>[^<>]*</code>|<!-- livekit-reconciler:\S* -->")


class _Recorder:
    """A screen that notes what it is told to do."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.shown: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def noted(*arguments: Any, **_: Any) -> None:
            self.told.append(name)
            if name == "draw":
                self.shown.append(arguments[0])
            elif name == "linefeed":
                self.shown.append("\n")

        return noted


def on_a_terminal(text: str) -> str:
    """What a terminal shows. Raises where it is told anything but letters, lines and colours."""
    recorder = _Recorder()
    stream = pyte.Stream()
    stream.attach(recorder)  # type: ignore[arg-type]  # it takes whatever has the methods
    recorder.told.clear()
    stream.feed(text)
    assert set(recorder.told) <= _HARMLESS, set(recorder.told) - _HARMLESS
    return "".join(recorder.shown)


def assert_harmless_text(text: str) -> None:
    """Lines that a terminal shows as they are, and that no machine reads as a command."""
    for line in text.split("\n"):
        assert is_visible(line), ascii(line[:300])
        assert not line.lstrip().startswith("::"), line
        assert not re.search(r"##\w*\[", line), line
    assert on_a_terminal(text) == text


def assert_harmless_markdown(text: str) -> None:
    """A page in which names are code and nothing else."""
    drawn = False
    for line in text.split("\n"):
        drawn = line.startswith("```mermaid") or (drawn and line != "```")
        assert_visible_lines(line.replace("\xa0", " ") if drawn else line)
        assert not re.search(r"##\w*\[", line), line
    broken_out = foreign(text)
    assert not broken_out, broken_out[:3]
    for token in tokens(text):
        told = token.content if token.type == "text" else _CODE.sub("", str(token.attrs))
        if token.type in ("html_block", "html_inline"):
            told = _CODE.sub("", token.content)
        assert "evil" not in told, (token.type, told[:300])


def assert_harmless_json(text: str) -> Any:
    """A document, or one a line, that a terminal shows as it is."""
    assert_visible_lines(text)
    assert not re.search(r"##\w*\[", text)
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def assert_harmless_mermaid(text: str) -> None:
    """Lines that can be seen; a space that does not break is this program's own."""
    assert_visible_lines(text.replace("\xa0", " "))


def assert_visible_lines(text: str) -> None:
    """No line holds what cannot be seen."""
    for line in text.split("\n"):
        assert is_visible(line), ascii(line[:300])


def assert_harmless_commands(text: str) -> None:
    """Lines for a runner: commands of this program, whole, and nothing else that it would obey."""
    for line in text.splitlines():
        assert is_visible(line), ascii(line[:300])
        assert not re.search(r"##\w*\[", line), line
        if line.lstrip().startswith("::"):
            found = _ANNOTATION.match(line)
            assert found, line
