"""What is wrong with the agents in a token: those that the convention of its room wants, and what they are told.

LiveKit reads the room configuration strictly: one key that it does not know, and the whole token is refused with 401.
The audit reads it the same way, with LiveKit's own message.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.agents.conventions import Mechanism
from reconciler.core.values import AgentDispatch
from reconciler.sip.era import Era
from reconciler.tokens.conventions import RoomConvention
from reconciler.tokens.judgement import TokenFinding, note, problem, warn
from reconciler.tokens.metadata import json_object, quoted
from reconciler.tokens.reading import Json, ReadToken, mapping_of, text_of

# What servers before 1.13 do not know, as JSON spells it. They refuse the key alone, whatever its value (measured):
# LiveKit's SDK for Node writes all keys out, its SDK for Python only those with a value.
_NEWER: Final = ("attributes", "restartPolicy", "restart_policy", "deployment")
_UNKNOWN_KEY = re.compile(r'has no field named "([A-Za-z0-9_.-]{1,80})"')
_ELSEWHERE = {
    Mechanism.CONTROLLER: "the controller dispatches them, so that they would come twice",
    Mechanism.APP: "the application dispatches them, so that they would come twice",
    Mechanism.AUTOMATIC: "an unnamed worker joins by itself, unless a token names somebody",
    Mechanism.SIP: "a SIP dispatch rule brings them",
}


def judge_agents(
    token: ReadToken, convention: RoomConvention | None, *, has_file: bool, era: Era | None
) -> Iterator[TokenFinding]:
    """What is to be said about the room configuration of a token."""
    yield from _readable(token, era)
    names = names_in(token)
    for name, count in Counter(names).items():
        if count > 1:
            yield problem(
                "agent-twice",
                f"{_named(name)} stands in it {count} times, and would come as often",
                "name it once",
            )
    if not has_file:
        return
    if convention is None:
        told = f" for {', '.join(map(_named, names))}" if names else ""
        yield note(
            "no-convention",
            f"no convention covers its room, so that nothing speaks{told or ' about its agents'}",
            "write one in agents.rooms, or see whether the name of the room is right",
        )
    elif Mechanism.TOKEN in convention.dispatch:
        yield from _by_token(token, convention, names)
        yield from _told(token, convention)
    elif set(names) - _joining_anyway(convention):
        yield _by_others(convention, names)


def names_in(token: ReadToken) -> tuple[str, ...]:
    """The agents that a token names, "" for the unnamed one."""
    return tuple(_agent_name(one) for one in _entries(token))


def _entries(token: ReadToken) -> list[dict[str, Json]]:
    agents = token.config.get("agents")
    return [one for one in agents if isinstance(one, dict)] if isinstance(agents, list) else []


def _agent_name(entry: dict[str, Json]) -> str:
    return text_of(entry.get("agentName", entry.get("agent_name")))


def _named(name: str) -> str:
    return f"agent {quoted(name)}" if name else "the unnamed agent"


def _readable(token: ReadToken, era: Era | None) -> Iterator[TokenFinding]:
    if not token.config:
        return
    from google.protobuf.json_format import ParseDict, ParseError
    from livekit.protocol.room import RoomConfiguration

    config = dict(token.config)
    try:
        # Half of a character breaks the library itself.
        json.dumps(config, ensure_ascii=False).encode()
        ParseDict(config, RoomConfiguration())
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        found = _UNKNOWN_KEY.search(str(error))
        reason = f"a key {quoted(found[1])} in it" if found else "a value of the wrong type in it"
        yield problem(
            "bad-room-config",
            f"LiveKit cannot read roomConfig ({reason}) and refuses the whole token",
            "write it as RoomConfiguration has it; metadata is a text there, so that a mapping is written as JSON",
        )
        return
    newer = {f"{key} of an agent" for one in _entries(token) for key in _NEWER if key in one}
    newer |= {"tags"} & token.config.keys()
    if newer and era is not Era.NEW:
        told = problem if era is Era.OLD else note
        yield told(
            "newer-field",
            f"servers before 1.13 refuse a token with {', '.join(sorted(newer))}, even an empty one",
            "leave such keys out of roomConfig: conventions.token() does so where project.server is that old",
        )


def _by_token(
    token: ReadToken, convention: RoomConvention, names: Sequence[str]
) -> Iterator[TokenFinding]:
    wanted = [agent.agent_name for agent in convention.agents]
    absent = [name for name in wanted if name not in names]
    label = quoted(convention.label)
    if absent:
        others = [one.value for one in convention.dispatch if one is not Mechanism.TOKEN]
        lacking = ", ".join(map(_named, absent))
        if not names and others:
            yield warn(
                "no-agents",
                f"it brings no agent, and by the convention {label} a token or {', '.join(others)} brings {lacking}",
                "see who creates the room: if it is this participant, the agents are missing",
            )
        else:
            yield problem(
                "agent-missing" if names else "no-agents",
                f"it does not bring {lacking}, which the convention {label} leaves to tokens: nobody calls them",
                "put them into roomConfig.agents of every participant's token, as conventions.token() does",
            )
    for name in dict.fromkeys(names):
        if name not in wanted:
            yield problem(
                "other-agent",
                f"it brings {_named(name)}, which the convention {label} does not name",
                "compare the names letter by letter, or change the file",
            )


def _joining_anyway(convention: RoomConvention) -> set[str]:
    """A token that names nobody but the unnamed agent says what happens by itself."""
    return {""} if convention.dispatch == (Mechanism.AUTOMATIC,) else set()


def _by_others(convention: RoomConvention, names: Sequence[str]) -> TokenFinding:
    who = "; ".join(_ELSEWHERE[one] for one in convention.dispatch)
    only_sip = set(convention.dispatch) == {Mechanism.SIP}
    told = warn if only_sip else problem
    brought = ", ".join(map(_named, dict.fromkeys(names)))
    return told(
        "agents-of-others",
        f"it brings {brought}, and by the convention {quoted(convention.label)} no token brings agents: {who}",
        "leave roomConfig.agents out of the token, or add token to dispatch in the file",
    )


def _told(token: ReadToken, convention: RoomConvention) -> Iterator[TokenFinding]:
    """Whether each agent of the convention is told what it needs."""
    wanted = {agent.agent_name: agent for agent in convention.agents}
    for entry in _entries(token):
        agent = wanted.get(_agent_name(entry))
        if agent is None:
            continue
        text = text_of(entry.get("metadata"))
        found = json_object(text) or {}
        missing = [key for key in convention.required_metadata if key not in found]
        if missing:
            yield problem(
                "metadata-missing",
                f"the metadata of {_named(agent.agent_name)} lacks {', '.join(missing)}, which the convention "
                f"{quoted(convention.label)} requires",
                "pass them in metadata of roomConfig.agents, where the agent reads them as job metadata",
            )
            yield from _misplaced(token, missing)
        yield from _differing(agent, text, convention)
    if not _entries(token) and wanted:
        yield from _misplaced(token, convention.required_metadata)


def _misplaced(token: ReadToken, keys: Sequence[str]) -> Iterator[TokenFinding]:
    """Keys that an agent needs, at a place where it does not look for them."""
    places = {
        "metadata (the participant's own)": json_object(text_of(token.claims.get("metadata"))),
        "attributes (the participant's own)": mapping_of(token.claims.get("attributes")),
        "roomConfig.metadata (the room's)": json_object(text_of(token.config.get("metadata"))),
    }
    for place, found in places.items():
        misplaced = [key for key in keys if found and key in found]
        if misplaced:
            yield problem(
                "metadata-misplaced",
                f"{', '.join(misplaced)} stands in {place}, where the agent's job metadata does not come from",
                "pass it in metadata of roomConfig.agents",
            )


def _differing(
    agent: AgentDispatch, text: str, convention: RoomConvention
) -> Iterator[TokenFinding]:
    """The convention tells the agent something that the token does not. Values are the application's to choose."""
    own = json_object(agent.metadata.text) if agent.metadata.is_json else None
    absent = [key for key in own or {} if key not in (json_object(text) or {})]
    if absent or (agent.metadata.text and not text):
        what = ", ".join(absent) if absent else "the text of the convention"
        yield note(
            "metadata-differs",
            f"{_named(agent.agent_name)} is not told {what}, as the convention {quoted(convention.label)} would",
            "merge the convention's metadata with your own, as conventions.token() does",
        )
