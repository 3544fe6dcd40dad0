"""Text from a file or a server, made harmless for a terminal: what cannot be seen is written as an escape.

A name may hold a newline that fakes a line of output, an ANSI sequence that hides one, or a bidi mark that turns its
letters around. Each is replaced by the escape that a Python or JSON reader knows, and so is the beginning of what a
build's machine would take for a command (`core/visible.py`). What can be seen stays as it is, in every script.
"""

from __future__ import annotations

from reconciler.core.visible import COMMAND, is_visible, opens_command

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    """The text in one line, without anything invisible."""
    if "##" in text:
        text = COMMAND.sub(r"\\x23", text)
    if "::" in text and opens_command(text):
        text = text.replace(":", "\\x3a", 1)
    if is_visible(text):
        return text
    return "".join(one if is_visible(one) else _escaped(one) for one in text)


def quote(text: str) -> str:
    """The text in quotation marks, so that its ends are seen and nothing in it can fake them."""
    return '"' + escape(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, with the number of all of them where some are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text):,} characters)"


def _escaped(one: str) -> str:
    code = ord(one)
    if one in _SHORT:
        return _SHORT[one]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
