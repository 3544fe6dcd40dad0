"""Tokens for applications: the agent plane's conventions, applied where a room is created by a join.

    from reconciler.tokens import Conventions

    conventions = Conventions.load("config/dispatch.yaml")
    token = conventions.token("interview-42", "user-7", metadata={"session_id": "s-1"})

For web backends: loading takes a tenth of a second, and neither the command line nor a client of LiveKit's API is
imported. LiveKit's messages come with the first `room_config`, the JWT library with the first `token`.
"""

from reconciler.agents.conventions import Mechanism
from reconciler.core.values import AgentDispatch
from reconciler.tokens.conventions import Conventions, RoomConvention
from reconciler.tokens.errors import (
    ConventionsInvalid,
    MetadataInvalid,
    MetadataMissing,
    NotAToken,
    TokenError,
)
from reconciler.tokens.grants import Grants

__all__ = [
    "AgentDispatch",
    "Conventions",
    "ConventionsInvalid",
    "Grants",
    "Mechanism",
    "MetadataInvalid",
    "MetadataMissing",
    "NotAToken",
    "RoomConvention",
    "TokenError",
]
