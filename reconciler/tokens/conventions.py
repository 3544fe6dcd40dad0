"""The conventions of a configuration as a web backend uses them: which agents a room gets, and tokens that bring them.

LiveKit reads the agents of a token only if that participant's join creates the room. So every participant of a room
gets the same room configuration in the token, and whoever comes first makes it count.

Agents are put into a token only where the convention says `token`. Where it says something else, somebody else brings
them (the controller, a SIP rule, the application), and LiveKit would send the same agent twice.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.config.files import read_files, read_overlays
from reconciler.core.values import AgentDispatch, Secret
from reconciler.errors import EndpointError
from reconciler.sip.era import Era
from reconciler.tokens.errors import MetadataInvalid, TokenError
from reconciler.tokens.grants import Grants
from reconciler.tokens.loading import PlaneOfFiles, read_plane
from reconciler.tokens.metadata import Given, merged_agents, quoted, require_keys

if TYPE_CHECKING:
    from livekit.protocol.room import RoomConfiguration

DEFAULT_FILE = "config/dispatch.yaml"
TTL = timedelta(hours=1)
LONGEST_TTL = timedelta(days=365)
# Clocks differ: LiveKit refuses a token whose beginning lies more than a minute ahead of its own clock.
BACKDATE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RoomConvention:
    """What the file says of a room: just one of `prefix` and `room` is set.

    `agents` are those of rooms without a line: agents that a convention has for lines only come by SIP rules, and
    never by a token. `join_timeout` is how long they may take.
    """

    prefix: str | None
    room: str | None
    agents: tuple[AgentDispatch, ...]
    dispatch: tuple[Mechanism, ...]
    required_metadata: tuple[str, ...]
    join_timeout: timedelta

    @property
    def label(self) -> str:
        """`call-*` for a prefix, the name itself for an exact room."""
        return f"{self.prefix}*" if self.room is None else self.room

    @property
    def token_agents(self) -> tuple[AgentDispatch, ...]:
        """The agents that a token brings: all of them where the convention says `token`, else none."""
        return self.agents if Mechanism.TOKEN in self.dispatch else ()


@dataclass(frozen=True, slots=True)
class Conventions:
    """All conventions of a project. Nothing in it changes, so that threads may share it.

    A file that was edited is seen when it is loaded again: whoever wants that replaces the object, once a load has
    succeeded.
    """

    _files: PlaneOfFiles

    @classmethod
    def load(
        cls, *paths: str | os.PathLike[str], overlays: Iterable[str | os.PathLike[str]] = ()
    ) -> Conventions:
        """Reads files, or the YAML files in folders; together they are one project, `config/dispatch.yaml` by default.

        `overlays` are laid over them one after the other, as with `--overlay`.
        Only the `project` and `agents` sections have to be right, and no secret is looked up. Raises `FileError`
        where there is nothing to read, and `ConventionsInvalid` with all findings.
        """
        places = [Path(path) for path in paths] or [Path(DEFAULT_FILE)]
        patches = read_overlays([Path(path) for path in overlays])
        return cls(read_plane(read_files(places), patches))

    @property
    def project(self) -> str:
        """The project's name, "" where the file gives it none."""
        return self._files.project

    @property
    def env_prefix(self) -> str:
        """What stands before the names of the project's variables."""
        return self._files.env_prefix

    @property
    def files(self) -> PlaneOfFiles:
        """What was read, as the program's own commands use it."""
        return self._files

    def for_room(self, room: str) -> RoomConvention | None:
        """The convention of a room by its full name, or None where the file says nothing about it."""
        found = self._files.plane.conventions.of_room(room)
        return None if found is None else _public(found)

    def agents_of(self, room: str, metadata: Given = None) -> tuple[AgentDispatch, ...]:
        """The agents that a token for this room brings, with their metadata; none where others bring them.

        `metadata` goes to each of them: a mapping is merged over the convention's, its keys win; a text replaces a
        text. Raises `MetadataInvalid` where it cannot, or where no agent would get it, and `MetadataMissing` where
        keys that the convention requires are in neither.
        """
        convention = self.for_room(room)
        agents = () if convention is None else convention.token_agents
        if convention is None or not agents:
            if metadata is not None:
                raise MetadataInvalid(_nobody(room, convention))
            return ()
        merged = merged_agents(agents, metadata, room)
        require_keys(merged, convention.required_metadata, room, convention.label)
        return tuple(map(_as_old_servers_know, merged)) if self._files.era is Era.OLD else merged

    def room_config(self, room: str, *, metadata: Given = None) -> RoomConfiguration:
        """LiveKit's room configuration for a token, for `AccessToken.with_room_config`. It is new at every call.

        An empty one, which LiveKit treats like none, where a token brings no agents. Raises what `agents_of` raises.
        """
        from reconciler.tokens.message import room_configuration

        return room_configuration(self.agents_of(room, metadata))

    def token(
        self,
        room: str,
        identity: str,
        *,
        metadata: Given = None,
        name: str | None = None,
        attributes: Mapping[str, str] | None = None,
        participant_metadata: str | None = None,
        ttl: timedelta | float = TTL,
        grants: Grants | None = None,
        api_key: str | None = None,
        api_secret: str | None = None,
    ) -> str:
        """A JWT that lets one participant join this room and no other, with the agents of its convention.

        `metadata` is for the agents (see `agents_of`); `name`, `attributes` and `participant_metadata` are the
        participant's own. `ttl` (seconds, or a timedelta; from 1 s to 365 days) limits how long it can be used to
        join, not how long the participant may stay. Key and secret are those of LIVEKIT_API_KEY and
        LIVEKIT_API_SECRET, with the file's `env_prefix` in front. Raises `TokenError`, or `EndpointError` where the
        key or the secret is missing.
        """
        from reconciler.tokens.message import room_claim
        from reconciler.tokens.signing import sign

        if not room or not identity:
            missing = "the room" if not room else "the identity"
            raise TokenError(f"{missing} is empty, and LiveKit would refuse the token: pass a name")
        now = time.time()
        claims: dict[str, object] = {
            "iss": "",
            "sub": identity,
            "nbf": int(now - BACKDATE.total_seconds()),
            "exp": int(now + _seconds(ttl)),
            "video": (grants or Grants()).claims(room),
        }
        if name:
            claims["name"] = name
        if participant_metadata:
            claims["metadata"] = participant_metadata
        if attributes:
            claims["attributes"] = _texts(attributes)
        if agents := self.agents_of(room, metadata):
            claims["roomConfig"] = room_claim(agents)
        claims["iss"], secret = self._key(api_key, api_secret)
        _require_sendable(claims)
        return sign(claims, secret)

    def _key(self, api_key: str | None, api_secret: str | None) -> tuple[str, Secret]:
        given = {"API_KEY": api_key, "API_SECRET": api_secret}
        found = {
            f"{self.env_prefix}LIVEKIT_{part}": value
            if value is not None
            else os.environ.get(f"{self.env_prefix}LIVEKIT_{part}", "").strip()
            for part, value in given.items()
        }
        missing = [name for name, value in found.items() if not value]
        if missing:
            raise EndpointError(
                f"{', '.join(missing)} not set: tokens are signed with the key of the project; set it, or pass "
                "api_key and api_secret"
            )
        key, secret = found.values()
        return key, Secret(secret)


def _public(found: Convention) -> RoomConvention:
    return RoomConvention(
        prefix=found.prefix,
        room=found.room,
        agents=found.agents or (),
        dispatch=found.dispatch,
        required_metadata=found.required_metadata,
        join_timeout=timedelta(microseconds=found.join_timeout / 1000),
    )


def _nobody(room: str, convention: RoomConvention | None) -> str:
    """Why metadata for the agents of a room would be lost."""
    if convention is None:
        reason = "no convention covers it"
    elif not convention.agents:
        reason = f"its convention {quoted(convention.label)} names no agents"
    else:
        dispatch = ", ".join(convention.dispatch)
        reason = f"by its convention {quoted(convention.label)} others bring the agents ({dispatch}), and no token does"
    return f"room {quoted(room)}: nobody would get this metadata, {reason}: pass none, or change the file"


def _as_old_servers_know(agent: AgentDispatch) -> AgentDispatch:
    """Servers before 1.13 refuse a whole token for a field of an agent that they do not know (measured)."""
    return AgentDispatch(agent.agent_name, agent.metadata)


def _seconds(ttl: timedelta | float) -> float:
    seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
    if not 1 <= seconds <= LONGEST_TTL.total_seconds():
        raise TokenError("ttl is out of range: pass 1 second to 365 days")
    return seconds


def _texts(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes as they are signed: LiveKit refuses a token in which one is no text."""
    texts: list[object] = [*attributes, *attributes.values()]
    if not all(isinstance(text, str) for text in texts):
        raise TokenError("attributes: keys and values are texts: pass str(value)")
    return dict(attributes)


def _require_sendable(claims: Mapping[str, object]) -> None:
    for what, value in claims.items():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise TokenError(
                f"the claim {what} has half a character in it, which cannot be sent: pass whole ones"
            ) from error
