"""Where a mistake of the program itself happened, without the words of the error, which may hold a secret."""

from __future__ import annotations

import traceback
from pathlib import Path

_PACKAGE = Path(__file__).parent
_FRAMES = 4


def frames_of(error: BaseException) -> str:
    """The lines of code that led to an error and to its causes, as a traceback has them."""
    parts = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        frames = "".join(traceback.format_tb(one.__traceback__)).rstrip("\n")
        parts.append("\n".join(filter(None, (frames, type(one).__name__))))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\nbecause of\n".join(parts)


def places_of(error: BaseException) -> str:
    """The last places of the program on the way to an error, the innermost first, in one line."""
    frames = [
        f"{Path(frame.filename).relative_to(_PACKAGE.parent)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_PACKAGE)
    ]
    return " < ".join(reversed(frames[-_FRAMES:])) or "an unknown place"
