"""The normal form of a phone number, as LiveKit compares numbers (SIP-SEMANTICS 1-4).

This is not E.164: no country code is ever added, and a text that is anything but digits and the usual
punctuation is left alone. Where LiveKit compares byte for byte, this module must not be used.
"""

from __future__ import annotations

import re

# Most numbers of a project are written in normal form already; one match settles them.
_NORMAL = re.compile(r"\+[0-9]+")
_REWRITABLE = re.compile(r"\+?[0-9 \-()]+")
_PUNCTUATION = str.maketrans("", "", " -()")


def normalize(text: str) -> str:
    """The form in which two numbers are compared.

    A text of digits, spaces, dashes and parentheses after an optional leading `+` loses the punctuation and gets
    the `+` (SIP-SEMANTICS 1); any other text stays as it is, the empty one too (SIP-SEMANTICS 1, 2).
    """
    if _NORMAL.fullmatch(text) or not _REWRITABLE.fullmatch(text):
        return text
    digits = text.translate(_PUNCTUATION)
    return digits if digits.startswith("+") else "+" + digits
