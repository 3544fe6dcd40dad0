"""What a participant may do in the one room that a token is for."""

from __future__ import annotations

from dataclasses import dataclass, fields

from reconciler.tokens.errors import TokenError

SOURCES = ("camera", "microphone", "screen_share", "screen_share_audio")


@dataclass(frozen=True, slots=True)
class Grants:
    """Permissions beside joining, called as in LiveKit's SDK. None is LiveKit's default: publish and subscribe.

    Grants that reach beyond the room (`room_create`, `room_list`, `ingress_admin`, SIP) are not among them: a
    participant's token must not administer the project. Raises `TokenError` for an unknown source.
    """

    can_publish: bool | None = None
    can_subscribe: bool | None = None
    can_publish_data: bool | None = None
    can_publish_sources: tuple[str, ...] | None = None
    can_update_own_metadata: bool | None = None
    can_subscribe_metrics: bool | None = None
    can_manage_agent_session: bool | None = None
    hidden: bool | None = None
    room_admin: bool | None = None

    def __post_init__(self) -> None:
        for source in self.can_publish_sources or ():
            if source not in SOURCES:
                raise TokenError(
                    f"can_publish_sources: LiveKit has no source {source!r}: write one of {', '.join(SOURCES)}"
                )

    def claims(self, room: str) -> dict[str, object]:
        """The `video` claim of a token for this room."""
        told: dict[str, object] = {"roomJoin": True, "room": room}
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None:
                told[camel_case(one.name)] = list(value) if isinstance(value, tuple) else value
        return told


def camel_case(name: str) -> str:
    """`can_publish` as LiveKit's JSON spells it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
