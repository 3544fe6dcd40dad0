"""Tokens for the command line: minted by the file's conventions, or audited against them and the live room."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.config.model import Configuration, Project
from reconciler.core.finding import Severity
from reconciler.core.values import Secret
from reconciler.pipeline.guards import ConfigError, endpoint_of
from reconciler.pipeline.request import Request
from reconciler.render.document import FORMAT_VERSION
from reconciler.render.token import InspectDocument, moment
from reconciler.sip.era import Era
from reconciler.tokens import Conventions, ConventionsInvalid, Grants, RoomConvention
from reconciler.tokens.audit import Against, LiveFacts, audit
from reconciler.tokens.audit_agents import names_in
from reconciler.tokens.judgement import TokenFinding
from reconciler.tokens.reading import ReadToken, read_token
from reconciler.tokens.shown import shown_claims

if TYPE_CHECKING:
    from reconciler.gateway.rooms import RoomsClient


@dataclass(frozen=True, slots=True)
class Wish:
    """The token that somebody asks for. `metadata` is for the agents of the room."""

    room: str
    identity: str
    metadata: Mapping[str, object] | str | None = None
    name: str | None = None
    attributes: Mapping[str, str] | None = None
    participant_metadata: str | None = None
    ttl: timedelta = timedelta(hours=1)
    grants: Grants | None = None


@dataclass(frozen=True, slots=True)
class Minted:
    """A token, what it says, and the convention of its room."""

    token: str
    read: ReadToken
    convention: RoomConvention | None


@dataclass(frozen=True, slots=True)
class Audited:
    """A token and what is to be said about it. `has_file`: whether there is a configuration that speaks of its room."""

    read: ReadToken
    convention: RoomConvention | None
    findings: tuple[TokenFinding, ...]
    has_file: bool


def load_conventions(request: Request) -> Conventions:
    """The agent plane of the request's files, for the server that it names. Raises `ConfigError` with all findings."""
    try:
        found = Conventions.load(*request.paths, overlays=request.overlays)
    except ConventionsInvalid as error:
        raise ConfigError(error.findings) from error
    if request.server_version is None:
        return found
    return Conventions(replace(found.files, era=Era.of(request.server_version)))


def mint(request: Request, wish: Wish) -> Minted:
    """A token as an application would make it with this file."""
    conventions = load_conventions(request)
    token = conventions.token(
        wish.room,
        wish.identity,
        metadata=wish.metadata,
        name=wish.name,
        attributes=wish.attributes,
        participant_metadata=wish.participant_metadata,
        ttl=wish.ttl,
        grants=wish.grants,
    )
    return Minted(token, read_token(token), conventions.for_room(wish.room))


def inspect(request: Request, text: str, *, room: str | None = None, live: bool = False) -> Audited:
    """What is to be said about a token. Raises `NotAToken` where there is none.

    Without `-c` a file is not needed: then nothing is said about agents. `live` asks the server for the room.
    """
    read = read_token(text)
    has_file = not request.names_no_file
    conventions = load_conventions(request) if has_file else None
    name = read.room or room or ""
    convention = conventions.for_room(name) if conventions is not None and name else None
    prefix = conventions.env_prefix if conventions is not None else ""
    against = Against(
        now=time.time(),
        room=room,
        convention=convention,
        has_file=has_file and bool(name),
        era=conventions.files.era if conventions is not None else None,
        api_key=_variable(request, f"{prefix}LIVEKIT_API_KEY"),
        api_secret=_secret(request, f"{prefix}LIVEKIT_API_SECRET"),
        live=_look(request, conventions, room or name) if live else None,
    )
    return Audited(read, convention, audit(read, against), has_file)


def inspection(audited: Audited, *, values: bool) -> InspectDocument:
    """An audited token as a document. `values`: those of metadata and attributes as well as their keys."""
    read, convention = audited.read, audited.convention
    return {
        "format_version": FORMAT_VERSION,
        "room": read.room,
        "identity": read.identity,
        "issuer": read.issuer,
        "algorithm": read.algorithm,
        "not_before": moment(read.begins),
        "expires_at": moment(read.expires),
        "convention": convention.label if convention is not None else None,
        "dispatch": [one.value for one in convention.dispatch] if convention is not None else [],
        "agents": [name or "(unnamed)" for name in names_in(read)],
        "problems": sum(one.severity is Severity.ERROR for one in audited.findings),
        "findings": [
            {
                "code": one.code,
                "severity": one.severity.value,
                "file": None,
                "line": None,
                "column": None,
                "path": one.path,
                "message": one.message,
                "fix": one.fix,
                "url": one.url,
            }
            for one in audited.findings
        ],
        "claims": [
            {"path": one.path, "value": one.value, "hidden": one.is_hidden}
            for one in shown_claims(read, values=values)
        ],
    }


def _variable(request: Request, name: str) -> str | None:
    return request.environ.get(name, "").strip() or None


def _secret(request: Request, name: str) -> Secret | None:
    value = _variable(request, name)
    return None if value is None else Secret(value)


def _look(request: Request, conventions: Conventions | None, room: str) -> LiveFacts:
    from reconciler.gateway.rooms import RoomsClient
    from reconciler.pipeline.event_loop import run

    files = conventions.files if conventions is not None else None
    project = Project(
        host=files.host if files is not None else None,
        env_prefix=files.env_prefix if files is not None else "",
    )
    endpoint = endpoint_of(Configuration(project=project), request.environ)
    return (
        run(_live_facts(RoomsClient(endpoint, timeout=request.timeout), room))
        if room
        else LiveFacts(False)
    )


async def _live_facts(server: RoomsClient, room: str) -> LiveFacts:
    async with server as client:
        if not any(one.name == room for one in await client.rooms([room])):
            return LiveFacts(False)
        dispatches = await client.dispatches(room)
    if dispatches is None:  # it closed meanwhile
        return LiveFacts(False)
    return LiveFacts(True, tuple(one.agent_name for one in dispatches))
