"""Headers that LiveKit sets itself: a trunk may not (SIP-SEMANTICS 36)."""

from __future__ import annotations

from typing import Final

RESERVED: Final = frozenset(
    [
        "accept",
        "accept-encoding",
        "accept-language",
        "allow",
        "allow-events",
        "call-id",
        "contact",
        "content-encoding",
        "content-length",
        "content-type",
        "cseq",
        "event",
        "expires",
        "from",
        "max-forwards",
        "record-route",
        "refer-to",
        "reply-to",
        *"klmortuv",
    ]
)
"""In lower case; the one-letter names are the short forms."""
