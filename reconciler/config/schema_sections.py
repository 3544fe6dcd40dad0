"""The sections without a table of fields (all but `sip`) as JSON Schema: their words stand here."""

from __future__ import annotations

from reconciler.agents.conventions import Mechanism, WhenAgentLeaves
from reconciler.config.agents import JOIN_TIMEOUT, RESTART_POLICIES
from reconciler.config.free import ENV_NAME
from reconciler.config.project import HOST, SERVER
from reconciler.core.ownership import UnlistedPolicy
from reconciler.core.values import JsonValue, spell_duration
from reconciler.sip.routing.call import Outcome

_DISPATCH = (
    "Who brings the agent. sip: the SIP dispatch rule that makes the room. token: the token of the participant who "
    "creates it. app: the application, by API call. controller: `reconcile serve`, or `apply --rooms`. automatic: an "
    "unnamed worker, which joins every new room. A list means that any of these may."
)


def project_schema(unmanaged: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The project; `unmanaged` is the schema of a list of fields."""
    return {
        "description": "Which project this is, and what belongs to it. Credentials never stand here: they come from "
        "LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET.",
        "type": "object",
        "properties": {
            "name": {"description": "Shown in plans and alerts.", "type": "string"},
            "host": {
                "description": "Guard: refuse to touch any other host, such as acme.livekit.example.",
                "type": "string",
                "pattern": f"^{HOST}$",
            },
            "env_prefix": {
                "description": "In front of the names of the variables: STAGING_ means STAGING_LIVEKIT_URL and so on.",
                "type": "string",
                "pattern": f"^(?:{ENV_NAME.pattern})?$",
            },
            "unlisted": {
                "description": "What happens to live objects that this file does not list.",
                "enum": [*UnlistedPolicy],
                "default": UnlistedPolicy.REPORT,
            },
            "owns": {
                "description": "Name globs: only live objects with such names are this project's. Default: all are.",
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "minLength": 1},
            },
            "server": {
                "description": 'Version of livekit-server, such as "1.9", or newest. Default: found out.',
                "type": "string",
                "pattern": f"^(?:{SERVER})$",
            },
            "unmanaged": {
                "description": "Fields, of all objects, that belong to somebody else and are left as they are.",
                **unmanaged,
            },
        },
        "additionalProperties": False,
    }


def tests_schema() -> dict[str, JsonValue]:
    """Calls, and where they are expected to go."""
    words = {
        "name": "What the test is called; without it, from and to.",
        "from": "Number that calls: the user part of From.",
        "to": "Number called: the user part of To.",
        "source_ip": "Address that the call comes from; without it every filter on addresses lets it pass.",
        "from_host": "Host of From.",
        "trunk": "Name of the inbound trunk that it matches.",
        "rule": "Name of the dispatch rule that answers it.",
        "room": "Name of its room, or what the name starts with.",
        "convention": "Prefix, or room, of the convention that its room falls under.",
    }
    texts: dict[str, JsonValue] = {
        key: {"description": text, "type": "string"} for key, text in words.items()
    }
    test: dict[str, JsonValue] = {
        "type": "object",
        "required": ["from", "to"],
        "properties": {
            **texts,
            "pin": {
                "description": "PIN that the caller enters, as {env: NAME} or {file: PATH}.",
                "$ref": "#/$defs/secret",
            },
            "outcome": {
                "description": "What becomes of the call.",
                "enum": [*Outcome],
                "default": Outcome.ACCEPTED,
            },
            "agents": {
                "description": "The agents that join its room, by their keys in agents.names or the names of their "
                "workers; [] for none.",
                "type": "array",
                "items": {"type": "string"},
            },
        },
        "additionalProperties": False,
    }
    return {
        "description": "Calls and where they are expected to go; validate and plan fail where one goes elsewhere.",
        "type": "array",
        "items": test,
    }


def lint_schema() -> dict[str, JsonValue]:
    """Which findings are to be silent."""
    ignore = "Codes of warnings and notes that are not told. Errors always are."
    return {
        "description": "What `validate` and `plan` keep to themselves.",
        "type": "object",
        "properties": {"ignore": {"description": ignore, **_texts()}},
        "additionalProperties": False,
    }


def agents_schema() -> dict[str, JsonValue]:
    """The agent plane."""
    names = "The agents by a key of this file, each with the name that its worker registers."
    rooms = (
        "Conventions: which rooms get which agents. An exact room beats a prefix, the longest prefix wins, the order "
        "means nothing."
    )
    return {
        "description": "Plane 2: which agent joins a room. No trunk and no rule is named here.",
        "type": "object",
        "properties": {
            "names": {
                "description": names,
                "type": "object",
                "propertyNames": {"minLength": 1},
                "additionalProperties": _name(),
            },
            "rooms": {"description": rooms, "type": "array", "items": _convention()},
        },
        "additionalProperties": False,
    }


def _name() -> dict[str, JsonValue]:
    return {
        "type": "object",
        "required": ["agent_name"],
        "properties": {
            "agent_name": {
                "description": 'The name that the worker registers; "" for a worker without a name.',
                "type": "string",
            },
            "deployment": {
                "description": "Deployment of the hosted product that the dispatch asks for.",
                "type": "string",
            },
        },
        "additionalProperties": False,
    }


def _convention() -> dict[str, JsonValue]:
    agents = "The agents that join, each by its key in agents.names; [] for none."
    lines = "Agents for rooms of rules that carry this label in `line`."
    line: dict[str, JsonValue] = {
        "type": "object",
        "required": ["agents"],
        "properties": {"agents": {"description": agents, **_agents()}},
        "additionalProperties": False,
    }
    mechanisms: list[JsonValue] = [*Mechanism]
    return {
        "type": "object",
        "required": ["dispatch"],
        "oneOf": [{"required": ["prefix"]}, {"required": ["room"]}],
        "anyOf": [{"required": ["agents"]}, {"required": ["lines"]}],
        "properties": {
            "prefix": {
                "description": "What the names of the rooms start with. LiveKit puts an underscore behind that of "
                "a SIP rule: call- makes call-_+15550100001_…",
                "type": "string",
            },
            "room": {
                "description": "The one room that is meant.",
                "type": "string",
                "minLength": 1,
            },
            "agents": {"description": agents, **_agents()},
            "dispatch": {
                "description": _DISPATCH,
                "anyOf": [
                    {"enum": mechanisms},
                    {"type": "array", "minItems": 1, "items": {"enum": mechanisms}},
                ],
            },
            "lines": {
                "description": lines,
                "type": "object",
                "propertyNames": {"minLength": 1},
                "additionalProperties": line,
            },
            "required_metadata": {
                "description": "Keys that the metadata of a room's agents must have, for whoever mints tokens.",
                **_texts(),
            },
            "join_timeout": {
                "description": "How long an agent may take to join before it counts as missing.",
                "$ref": "#/$defs/duration",
                "default": spell_duration(JOIN_TIMEOUT),
            },
            "when_agent_leaves": {
                "description": "What the controller does when the agent is gone and somebody waits.",
                "enum": [*WhenAgentLeaves],
                "default": WhenAgentLeaves.IGNORE,
            },
        },
        "additionalProperties": False,
    }


def _texts() -> dict[str, JsonValue]:
    return {"type": "array", "items": {"type": "string", "minLength": 1}}


def _agents() -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        "type": "object",
        "required": ["agent"],
        "properties": {
            "agent": {"description": "Key of the agent in agents.names.", "type": "string"},
            "metadata": {
                "description": "Metadata of the job, as a text or a mapping (written as compact JSON).",
                "type": ["string", "object"],
            },
            "attributes": {
                "description": "Attributes of the agent's participant.",
                "type": "object",
                "propertyNames": {"minLength": 1},
                "additionalProperties": {"type": "string"},
            },
            "restart_policy": {
                "description": "Whether LiveKit starts the agent again when it fails.",
                "enum": [*RESTART_POLICIES],
                "default": RESTART_POLICIES[0],
            },
        },
        "additionalProperties": False,
    }
    key: dict[str, JsonValue] = {
        "description": "Key of the agent in agents.names.",
        "type": "string",
    }
    return {"type": "array", "items": {"anyOf": [key, told]}}
