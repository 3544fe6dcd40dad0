"""Values of the SIP plane that are equal by LiveKit's rules and not byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.values import TextList
from reconciler.sip.numbers import normalize


def phone_numbers(texts: Sequence[str]) -> TextList:
    """A set of phone numbers, compared in LiveKit's normal form (SIP-SEMANTICS 1-4); repeats count."""
    written = tuple(texts)
    if len(written) == 1:
        return TextList(written, (normalize(written[0]),))
    return TextList(written, tuple(sorted(map(normalize, written))))
