"""Which of the two known behaviours a LiveKit server has.

The routing semantics differ between servers up to 1.12 ("old", measured on 1.9.12) and from 1.13 on ("new").
Everything in the SIP plane that depends on the server's version depends on this value and on nothing else. How
the version is found out is not decided here.
"""

from __future__ import annotations

import enum
import re

_FIRST_NEW = (1, 13)
_LAST_BY_FROM_HOST = (1, 13, 11)
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[.+-].*)?")


class Era(enum.Enum):
    """The behaviour of a server: `OLD` up to 1.12, `NEW` from 1.13 on."""

    OLD = "old"
    NEW = "new"

    @classmethod
    def of(cls, version: str) -> Era:
        """The era of a version such as `1.9`, `1.9.12`, `v1.13.11` or `newest`.

        Raises `ValueError` for a text that is none of these.
        """
        if version == "newest":
            return cls.NEW
        match = _VERSION.fullmatch(version)
        if match is None:
            raise ValueError(
                f"not a server version: {version!r}; write it like 1.9, 1.9.12 or newest"
            )
        return cls.NEW if (int(match[1]), int(match[2])) >= _FIRST_NEW else cls.OLD


def matches_from_host(version: str) -> bool:
    """Whether a server of this version compares allowed addresses with the host in From, too (SIP-SEMANTICS 17)."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return False
    return (int(match[1]), int(match[2]), int(match[3] or 0)) <= _LAST_BY_FROM_HOST
