"""Texts from strangers, made such that every database takes them: names are cut, and what is no text is replaced.

PostgreSQL refuses a NUL and an index entry of more than 2,704 bytes, and no driver encodes half of a surrogate pair.
One such name would stop a whole batch of entries. The same is done to what is asked for, so that it is found again.
"""

from __future__ import annotations

LONGEST_NAME = 400
"""Characters of a room's name: at four bytes each an index entry still holds it. LiveKit's own limit is 256 bytes."""
LONGEST_ID = 100
LONGEST_TEXT = 2_000

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str, limit: int) -> str:
    """The text as it is stored, at most `limit` characters long."""
    if len(text) > limit:
        text = f"{text[: limit - 1]}…"
    if "\0" in text:
        text = text.replace("\0", _REPLACEMENT)
    if text.isascii():
        return text
    return "".join(_REPLACEMENT if "\ud800" <= one <= "\udfff" else one for one in text)


def range_of(prefix: str) -> tuple[str, str | None]:
    """From where (included) to where (excluded) texts that begin so stand in the order of code points."""
    rest = prefix.rstrip("\U0010ffff")
    if not rest:
        return prefix, None
    following = ord(rest[-1]) + 1
    # Surrogates are no characters: what follows the last one before them is the first one behind them.
    return prefix, rest[:-1] + chr(0xE000 if following == 0xD800 else following)
