"""What can go wrong when an application asks for a token. Each is one line: what, where, what to do next.

    ReconcileError
    └── TokenError               a token, or the room configuration in one, cannot be made or read
        ├── ConventionsInvalid   the file has errors; carries every finding at once
        ├── MetadataInvalid      what was passed cannot be the metadata of the room's agents
        │   └── MetadataMissing  keys that the convention requires are not in it
        └── NotAToken            the text is no JWT

A file that is not there is a `FileError`, a key or secret that is not set an `EndpointError` (reconciler.errors).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ReconcileError

if TYPE_CHECKING:
    from reconciler.core.finding import Finding


class TokenError(ReconcileError):
    """A token, or the room configuration in one, cannot be made or read."""


class ConventionsInvalid(TokenError):
    """The file has errors in what tokens need of it; `findings` has all of them, `str()` a line for each."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(*map(str, findings))
        self.findings = findings


class MetadataInvalid(TokenError):
    """What was passed cannot be the metadata of the room's agents."""


class MetadataMissing(MetadataInvalid):
    """The convention requires keys that the metadata does not have.

    `keys` are those that are missing, `convention` is what `RoomConvention.label` says.
    """

    def __init__(self, message: str, *, keys: tuple[str, ...], room: str, convention: str) -> None:
        super().__init__(message)
        self.keys = keys
        self.room = room
        self.convention = convention


class NotAToken(TokenError):
    """The text is no JWT: nothing can be said about it."""
