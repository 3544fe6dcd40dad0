"""Configurations as Python data, for properties: valid ones, built from the descriptions of the fields, and slips."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from hypothesis import strategies as st

from reconciler.agents.conventions import Mechanism, WhenAgentLeaves
from reconciler.config.agents import RESTART_POLICIES
from reconciler.config.paths import known_paths
from reconciler.core.ownership import UnlistedPolicy
from reconciler.core.plan import Plane
from reconciler.core.schema import Field, FieldType, Kind
from reconciler.sip.routing.call import Outcome
from reconciler.sip.spec import KINDS

Json: TypeAlias = Any  # what json.dumps takes

LETTERS = st.characters(codec="utf-8")
WORDS = [
    "any",
    "",
    "x",
    "no",
    "true",
    "~",
    "null",
    "30s",
    "1",
    "+15550100001",
    "ST_1",
    "call-",
    "agents",
    "env",
    "<<",
]
TEXTS = st.sampled_from(WORDS) | st.text(LETTERS, max_size=6)
FULL = TEXTS.filter(bool)
NAMES = st.sampled_from(["a", "b", "carrier", "c.d"]) | st.text(LETTERS, min_size=1, max_size=4)
DURATIONS = st.sampled_from(["0s", "30s", "1m30s", "2h", "9m59s"])
# Made anew each time, because slips change what they find.
SECRETS = st.fixed_dictionaries({"env": st.just("PW")}) | st.fixed_dictionaries(
    {"file": st.just("pw")}
)
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
MAPPINGS = st.dictionaries(TEXTS, JSON, max_size=3)


def lists(items: st.SearchStrategy[str], smallest: int = 1) -> st.SearchStrategy[Json]:
    """A short list of different texts."""
    return st.lists(items, min_size=smallest, max_size=3, unique=True)


def leaf(field: Field) -> st.SearchStrategy[Json]:
    """A valid value of a field, or of one entry of a mapping."""
    listed = lists(FULL.filter(lambda text: text != "any") if field.any_word else FULL)
    match field.type:
        case FieldType.TEXT:
            return FULL if field.explicit else TEXTS
        case FieldType.FLAG:
            return st.booleans()
        case FieldType.COUNT:
            return st.integers(field.low, field.high if field.high is not None else 2**32 - 1)
        case FieldType.CHOICE:
            return st.sampled_from(field.choices)
        case FieldType.DURATION:
            return DURATIONS
        case FieldType.PASSWORD:
            return SECRETS
        case FieldType.CREDENTIAL | FieldType.HIDDEN_TEXT:
            return SECRETS | TEXTS
        case FieldType.METADATA:
            return TEXTS | MAPPINGS
        case FieldType.JSON:
            return st.dictionaries(NAMES, TEXTS | SECRETS, max_size=2)
        case FieldType.CODECS:
            rate = st.integers(0, 48_000)
            name = st.sampled_from(["PCMU", "opus"])
            return st.lists(
                st.fixed_dictionaries({"name": name}, optional={"rate": rate}), max_size=2
            )
        case _:
            return st.just("any") | listed if field.any_word else listed


def objects(kind: Kind) -> st.SearchStrategy[Json]:
    """A valid object: all that must be written, and some of the rest."""
    required: dict[str, st.SearchStrategy[Json]] = {}
    optional: dict[str, Any] = {}
    for field in kind.fields:
        if field.plane is not Plane.SIP or field.path in kind.one_of:
            continue
        *groups, last = field.parent.split(".")
        value = st.dictionaries(NAMES, leaf(field), max_size=2) if field.is_mapping else leaf(field)
        place = optional
        for group in groups:
            place = place.setdefault(group, {})
        (required if field.explicit else place)[last] = value
    for group, members in kind.one_of.items():
        below = optional.pop(group)
        required[group] = st.one_of([member(name, below[name]) for name in members])
    own: dict[str, st.SearchStrategy[Json]] = {
        "unmanaged": lists(st.sampled_from(known_paths(kind)), 0),
        "id": FULL,
    }
    if kind.has_line:
        own["line"] = FULL
    return st.fixed_dictionaries(
        required, optional={**{k: grouped(v) for k, v in optional.items()}, **own}
    )


def member(name: str, fields: dict[str, Any]) -> st.SearchStrategy[Json]:
    """One member of a group of which only one may stand."""
    return st.fixed_dictionaries({name: st.fixed_dictionaries({}, optional=fields)})


def grouped(value: Any) -> st.SearchStrategy[Json]:
    """A leaf, or a group of some of its fields."""
    if isinstance(value, dict):
        return st.fixed_dictionaries(
            {}, optional={key: grouped(below) for key, below in value.items()}
        )
    found: st.SearchStrategy[Json] = value
    return found


def conventions() -> st.SearchStrategy[Json]:
    """A valid convention, whose agents may not be listed."""
    agent = NAMES | st.fixed_dictionaries(
        {"agent": NAMES},
        optional={
            "metadata": TEXTS | MAPPINGS,
            "attributes": st.dictionaries(NAMES, TEXTS, max_size=2),
            "restart_policy": st.sampled_from(RESTART_POLICIES),
        },
    )
    agents = st.lists(agent, max_size=2)
    mechanism = st.sampled_from([*Mechanism]).map(str)
    common: dict[str, st.SearchStrategy[Json]] = {
        "agents": agents,
        "dispatch": mechanism | st.lists(mechanism, min_size=1, max_size=2),
    }
    optional: dict[str, st.SearchStrategy[Json]] = {
        "lines": st.dictionaries(NAMES, st.fixed_dictionaries({"agents": agents}), max_size=2),
        "required_metadata": lists(FULL, 0),
        "join_timeout": DURATIONS,
        "when_agent_leaves": st.sampled_from([*WhenAgentLeaves]).map(str),
    }
    return st.fixed_dictionaries(
        {"prefix": TEXTS, **common}, optional=optional
    ) | st.fixed_dictionaries({"room": FULL, **common}, optional=optional)


def projects() -> st.SearchStrategy[Json]:
    """A valid project."""
    paths = sorted({path for kind in KINDS for path in known_paths(kind)})
    optional: dict[str, st.SearchStrategy[Json]] = {
        "name": TEXTS,
        "host": st.sampled_from(["acme.example", "acme.example:7880", "[::1]:7880"]),
        "env_prefix": st.sampled_from(["", "STAGING_"]),
        "unlisted": st.sampled_from([*UnlistedPolicy]).map(str),
        "owns": lists(FULL),
        "server": st.sampled_from(["1.9", "1.9.12", "newest"]),
        "unmanaged": lists(st.sampled_from(paths), 0),
    }
    return st.fixed_dictionaries({}, optional=optional)


def expectations() -> st.SearchStrategy[Json]:
    """A valid routing test, whose agents may not be listed."""
    texts = ("name", "source_ip", "from_host", "trunk", "rule", "room", "convention")
    return st.fixed_dictionaries(
        {"from": TEXTS, "to": TEXTS},
        optional={
            **dict.fromkeys(texts, TEXTS),
            "pin": SECRETS,
            "outcome": st.sampled_from([*Outcome]).map(str),
            "agents": st.lists(NAMES, max_size=2),
        },
    )


def documents() -> st.SearchStrategy[Json]:
    """A whole file."""
    sections: dict[str, st.SearchStrategy[Json]] = {
        kind.section: st.dictionaries(NAMES, objects(kind), max_size=2) for kind in KINDS
    }
    agent = st.fixed_dictionaries({"agent_name": TEXTS}, optional={"deployment": TEXTS})
    agents: dict[str, st.SearchStrategy[Json]] = {
        "names": st.dictionaries(NAMES, agent, max_size=3),
        "rooms": st.lists(conventions(), max_size=2),
    }
    return st.fixed_dictionaries(
        {"version": st.just(1)},
        optional={
            "project": projects(),
            "sip": st.fixed_dictionaries({}, optional=sections),
            "agents": st.fixed_dictionaries({}, optional=agents),
            "tests": st.lists(expectations(), max_size=2),
            "lint": st.fixed_dictionaries({}, optional={"ignore": lists(FULL, 0)}),
            "x-anything": JSON,
        },
    )


def places(node: Json) -> list[tuple[Json, Any]]:
    """Every value inside a document, as the collection that holds it and its key there."""
    inside = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    return [place for key, below in inside for place in [(node, key), *places(below)]]


KEYS = st.sampled_from(
    [
        "numbers",
        "callers",
        "prefix",
        "room",
        "agents",
        "id",
        "renamed_from",
        "line",
        "pin",
        "env",
        "",
        "inboundNumbers",
    ]
)


@st.composite
def slips(draw: st.DrawFn) -> Json:
    """A file with one to three slips: something left out, put in, renamed, or replaced by something else."""
    document = draw(documents())
    for _ in range(draw(st.integers(1, 3))):
        found = places(document)
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        match draw(st.sampled_from(["remove", "replace", "rename", "add", "add below"])):
            case "remove":
                del holder[key]
            case "replace":
                holder[key] = draw(JSON | DURATIONS | SECRETS | lists(FULL, 0))
            case "rename" if isinstance(holder, dict):
                holder[draw(KEYS)] = holder.pop(key)
            case "add" if isinstance(holder, dict):
                holder[draw(KEYS)] = draw(JSON | SECRETS)
            case _ if isinstance(holder[key], dict):
                holder[key][draw(KEYS)] = draw(JSON | SECRETS)
    return document


def as_yaml(document: Json) -> bytes:
    """The document as JSON, which is YAML once nothing in it is invisible."""
    text = json.dumps(document, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in text).encode()
