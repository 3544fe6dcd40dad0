"""One thing about a token that its maker should know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.core.finding import Severity

PAGE = "https://livekit-reconciler.readthedocs.io/en/latest/tokens/"

# Every code, and the claim that it is about, "" where that differs or is the token as a whole.
PLACES: Final = {
    "agent-missing": "roomConfig.agents",
    "agent-twice": "roomConfig.agents",
    "agents-of-others": "roomConfig.agents",
    "bad-algorithm": "",
    "bad-claim": "",
    "bad-room-config": "roomConfig",
    "bad-signature": "",
    "expired": "exp",
    "ignored-claim": "room_config",
    "long-lived": "exp",
    "long-token": "",
    "metadata-differs": "roomConfig.agents",
    "metadata-misplaced": "",
    "metadata-missing": "roomConfig.agents",
    "name-too-long": "",
    "newer-field": "roomConfig",
    "no-agents": "roomConfig.agents",
    "no-convention": "",
    "no-expiry": "exp",
    "no-identity": "sub",
    "no-issuer": "iss",
    "no-room": "video.room",
    "no-room-join": "video.roomJoin",
    "not-yet-valid": "nbf",
    "other-agent": "roomConfig.agents",
    "other-key": "iss",
    "room-exists": "roomConfig",
    "room-preset": "roomPreset",
    "signature-unchecked": "",
    "too-powerful": "",
    "unusual-algorithm": "",
    "wrong-room": "video.room",
}


@dataclass(frozen=True, slots=True)
class TokenFinding:
    """A stable code, how bad it is, what is so, and the way out. An error is a problem: exit code 2."""

    code: str
    severity: Severity
    message: str
    fix: str

    @property
    def path(self) -> str:
        """The claim that it is about, "" where its message says so."""
        return PLACES[self.code]

    @property
    def url(self) -> str:
        """Where the code is explained."""
        return f"{PAGE}#{self.code}"


def problem(code: str, message: str, fix: str) -> TokenFinding:
    """Somebody cannot join, or an agent does not come."""
    return TokenFinding(code, Severity.ERROR, message, fix)


def warn(code: str, message: str, fix: str) -> TokenFinding:
    """That may be so, or it is dangerous."""
    return TokenFinding(code, Severity.WARNING, message, fix)


def note(code: str, message: str, fix: str) -> TokenFinding:
    """Good to know."""
    return TokenFinding(code, Severity.NOTE, message, fix)
