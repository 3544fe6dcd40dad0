"""Which characters a reader sees, and which texts a machine that reads along would obey.

Python calls a character printable where it is no control, no separator and no format character. A few that it calls so
show nothing all the same: fillers, joiners, selectors and the blank of Braille. With one of them two names differ and
look the same.

A build's log is read by the machine that runs it: GitHub's runner and Azure's agent look for `##[…]` and `##vso[…]`
anywhere in a line, TeamCity for `##teamcity[…]`, and GitHub's for `::…::` at its beginning, spaces aside.
"""

from __future__ import annotations

import re

# Printable to Python, and by Unicode to be ignored where it is shown (Default_Ignorable_Code_Point), or blank.
UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
_UNSEEN = re.compile(f"[{UNSEEN}]")
COMMAND = re.compile(r"#(?=#\w*\[)")
"""The first character of what a build's machine takes for a command, wherever it is."""
_ADDRESS = re.compile(r"\s*[0-9A-Fa-f:./]*\s*")
_OPENING = re.compile(r"\s*:(?=:)")


def opens_command(text: str) -> bool:
    """Whether a text would be a command if it began a line. `::1` is an address, and no command is spelt so."""
    return _OPENING.match(text) is not None and _ADDRESS.fullmatch(text) is None


def is_visible(text: str) -> bool:
    """Whether all of a text is in one line and can be seen; a space can, between others."""
    return text.isprintable() and (text.isascii() or _UNSEEN.search(text) is None)
