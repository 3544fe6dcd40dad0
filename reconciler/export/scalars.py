"""The spelling of a text in YAML.

A text stands without quotes only where no reader of YAML 1.1 or 1.2 takes it for anything else: it starts with a
letter, is made of harmless characters, and is none of the words that mean a flag or nothing. All else is quoted,
phone numbers too, and whatever does not print is escaped, so that no text can hide in a terminal or break a line.
"""

from __future__ import annotations

import re

from reconciler.core.visible import COMMAND, is_visible

_HARMLESS = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./@+-]| (?=[A-Za-z0-9]))*")
_MEANINGFUL = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_ESCAPES = {"\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def scalar(text: str) -> str:
    """A text as YAML: plain where that is safe, else in the quotes that need the fewest escapes."""
    if _HARMLESS.fullmatch(text) and text.lower() not in _MEANINGFUL:
        return text
    if '"' in text and "'" not in text and is_visible(text) and "##" not in text:
        return f"'{text}'"
    return quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes, in one line whatever it holds."""
    parts = map(_escaped, text)
    body = text.replace("\\", "\\\\").replace('"', '\\"') if is_visible(text) else "".join(parts)
    return f'"{_disarmed(body)}"'


def printable(text: str) -> str:
    """A text for a comment or a note: in one line, and nothing in it that a terminal would obey."""
    if is_visible(text):
        return _disarmed(text)
    return _disarmed("".join(one if is_visible(one) else _escaped(one) for one in text))


def _disarmed(text: str) -> str:
    """The text without what a build's machine would take for a command, were it printed there."""
    return COMMAND.sub(r"\\x23", text) if "##" in text else text


def _escaped(character: str) -> str:
    known = _ESCAPES.get(character)
    if known is not None:
        return known
    if is_visible(character):
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
