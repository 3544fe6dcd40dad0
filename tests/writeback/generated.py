"""Random projects as people lay them out: each line of the file knows whose it is, and comments are everywhere.

A project is drawn as data, written in a style that is drawn as well (indentation, quotes, brackets or lines, comments,
line ends, byte order mark), and lives with a few differences. Which lines may change follows from the data alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis import strategies as st

Fields: TypeAlias = dict[str, Any]
Objects: TypeAlias = dict[str, Fields]
Owner: TypeAlias = tuple[str, ...]

NUMBERS = [f"+1555010000{n}" for n in range(8)]
ADDRESSES = ["192.0.2.1", "198.51.100.0/24", "203.0.113.0/24", "sip.example"]
TEXTS = ["a", "yes", "on: off", "it's", 'say "hi"', "#no", "é 房间", " x ", "1_0", "a\nb\n", "true"]
SECTIONS = ("inbound_trunks", "outbound_trunks", "dispatch_rules")

texts = st.sampled_from(TEXTS)
numbers = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=4, unique=True)
addresses = st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3, unique=True)
mappings = st.dictionaries(st.sampled_from(["X-A", "X-B", "x.c", "X-D"]), texts, min_size=1)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99) | texts,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["k", "l", "env", "yes"]), below, max_size=3)
    ),
    max_leaves=5,
)
metadata = texts | st.dictionaries(st.sampled_from(["k", "l", "m"]), json_values, min_size=1)
durations = st.sampled_from(["10s", "1m30s", "10m"])
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "inbound_trunks": {
        "callers": numbers,
        "allowed_addresses": addresses,
        "auth": st.fixed_dictionaries({"username": texts}, optional={"realm": texts}),
        "metadata": metadata,
        "headers_to_attributes": mappings,
        "ringing_timeout": durations,
        "krisp_enabled": st.just(True),
        "media": st.fixed_dictionaries(
            {"encryption": st.sampled_from(["disable", "allow", "require"])},
            optional={"media_timeout": durations},
        ),
    },
    "outbound_trunks": {
        "transport": st.sampled_from(["udp", "tcp", "tls"]),
        "destination_country": st.sampled_from(["us", "de"]),
        "metadata": metadata,
    },
    "dispatch_rules": {
        "callers": numbers,
        "hide_phone_number": st.just(True),
        "metadata": metadata,
        "attributes": mappings,
        "room": st.fixed_dictionaries(
            {"empty_timeout": st.sampled_from(["60s", "90s"])},
            optional={
                "max_participants": st.integers(1, 9),
                "tags": mappings,
            },
        ),
    },
}
rooms = st.one_of(
    st.fixed_dictionaries({}, optional={"prefix": st.sampled_from(["c-", "c-x", "d"])}).map(
        lambda body: {"individual": body}
    ),
    st.fixed_dictionaries({"prefix": st.sampled_from(["c-", "d"])}).map(
        lambda body: {"callee": body}
    ),
    st.sampled_from(["c-lobby", "hall"]).map(lambda room: {"direct": {"room": room}}),
)
NAMES = ["alpha", "beta", "gamma delta", "it's", "no", "Ünï", "x: y", "12"]


@st.composite
def bodies(draw: st.DrawFn, section: str, trunks: list[str]) -> Fields:
    """An object: what it needs, and some of the rest."""
    body: Fields = {}
    if section == "dispatch_rules":
        some = (
            st.lists(st.sampled_from(trunks), min_size=1, unique=True) if trunks else st.nothing()
        )
        body["trunks"] = draw(st.just("any") | some)
        body["rooms"] = draw(rooms)
    else:
        body["numbers"] = draw(numbers)
    if section == "outbound_trunks":
        body["address"] = draw(st.sampled_from(["sip.example", "other.example"]))
    for name in draw(st.lists(st.sampled_from(list(FIELDS[section])), max_size=4, unique=True)):
        body[name] = draw(FIELDS[section][name])
    return body


@st.composite
def projects(draw: st.DrawFn) -> dict[str, Objects]:
    """The objects of a project by section and name."""
    project: dict[str, Objects] = {}
    for section in SECTIONS:
        names = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
        trunks = list(project.get("inbound_trunks", {}))
        project[section] = {name: draw(bodies(section, trunks)) for name in names}
    return project


@st.composite
def changed(draw: st.DrawFn, project: dict[str, Objects]) -> dict[str, Objects]:
    """What somebody made of it by hand: objects gone, objects new, fields gone, new or other."""
    live = deepcopy(project)
    for section in SECTIONS:
        for name in list(live[section]):
            match draw(st.integers(0, 5)):
                case 0:
                    del live[section][name]
                case 1 | 2:
                    body = live[section][name]
                    new = draw(bodies(section, list(live["inbound_trunks"])))
                    for key in draw(st.lists(st.sampled_from(sorted({*body, *new})), min_size=1)):
                        if key in new:
                            body[key] = new[key]
                        elif key not in ("trunks", "rooms", "numbers", "address"):
                            body.pop(key, None)
        for name in draw(st.lists(st.sampled_from(["new", *NAMES]), max_size=1)):
            if name not in project[section]:
                live[section][name] = draw(bodies(section, list(live["inbound_trunks"])))
    for body in live["dispatch_rules"].values():
        named = [one for one in body["trunks"] if one in live["inbound_trunks"]]
        body["trunks"] = named if body["trunks"] != "any" and named else "any"
    return live


@dataclass
class Written:
    """The lines of a file, and whose each is; `break_` ends them."""

    lines: list[tuple[str, Owner]] = field(default_factory=list)
    break_: str = "\n"
    mark: str = ""
    ends: bool = True

    @property
    def text(self) -> str:
        """The file."""
        body = self.break_.join(line for line, _ in self.lines)
        return self.mark + body + (self.break_ if self.ends else "")


class Writer:
    """Writes a project in a style that is drawn line by line."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = draw = data.draw
        self.out = Written(
            break_=draw(st.sampled_from(["\n", "\r\n"])),
            mark=draw(st.sampled_from(["", "\ufeff"])),
            ends=draw(st.booleans()),
        )
        self.step = draw(st.integers(1, 4))
        self.number = 0

    def line(self, indent: int, text: str, owner: Owner, *, comment: bool = True) -> None:
        """A line, with a comment of its own behind it perhaps."""
        behind = f"  {self.comment()}" if comment and self.draw(st.booleans()) else ""
        self.out.lines.append((" " * indent + text + behind, owner))

    def above(self, indent: int, owner: Owner) -> None:
        """Perhaps a comment or a blank line."""
        match self.draw(st.integers(0, 4)):
            case 0:
                self.out.lines.append((" " * indent + self.comment(), owner))
            case 1:
                self.out.lines.append(("", ("blank",)))

    def comment(self) -> str:
        """A comment that stands nowhere else."""
        self.number += 1
        return f"# c{self.number}\t'\" é: [{{"

    def scalar(self, value: Any) -> str:
        """A value in one of the ways to write it."""
        if not isinstance(value, str):
            return json.dumps(value)
        ways = [json.dumps(value, ensure_ascii=False)]
        if value.isprintable():
            ways.append("'" + value.replace("'", "''") + "'")
        is_word = value.isascii() and value.replace("-", "").replace(".", "").isalpha()
        if is_word and value not in ("yes", "no", "true", "any"):
            ways.append(value)
        return self.draw(st.sampled_from(ways))

    def flow(self, value: Any) -> str:
        """A value in one line."""
        if isinstance(value, list):
            return f"[{', '.join(map(self.flow, value))}]"
        if isinstance(value, dict):
            pad = self.draw(st.sampled_from(["", " "]))
            inside = ", ".join(f"{self.scalar(k)}: {self.flow(v)}" for k, v in value.items())
            return f"{{{pad}{inside}{pad}}}"
        return self.scalar(value)

    def value(self, indent: int, key: str, value: Any, owner: Owner) -> None:
        """A key and its value, in one line or in several."""
        key = self.scalar(key)
        style = self.draw(st.integers(0, 3))
        if value == "any":
            self.line(indent, f"{key}: any", owner)
        elif not isinstance(value, list | dict) or not value or style == 0:
            self.line(indent, f"{key}: {self.flow(value)}", owner)
        elif isinstance(value, list) and style == 1:
            self.line(indent, f"{key}: [", owner)
            for number, one in enumerate(value):
                comma = "," if number < len(value) - 1 or self.draw(st.booleans()) else ""
                self.line(indent + self.step, f"{self.flow(one)}{comma}", owner)
            self.line(indent, "]", owner)
        elif isinstance(value, list) and style == 2:
            for number, one in enumerate(value):
                start = f"{' ' * self.step}, " if number else f"{key}: ["
                end = "]" if number == len(value) - 1 else ""
                self.line(indent, f"{start}{self.flow(one)}{end}", owner)
        elif isinstance(value, list):
            self.line(indent, f"{key}:", owner)
            dash = indent + self.draw(st.sampled_from([0, self.step]))
            for one in value:
                self.line(dash, f"-{' ' * self.draw(st.integers(1, 3))}{self.flow(one)}", owner)
        else:
            self.line(indent, f"{key}:", owner)
            for name, one in value.items():
                self.above(indent + self.step, owner)
                self.value(indent + self.step, name, one, owner)

    def project(self, project: dict[str, Objects], tail: list[str]) -> Written:
        """The whole file; `tail` are lines behind it."""
        self.above(0, ())
        self.line(0, "version: 1", ())
        self.line(0, "sip:", ())
        for section in SECTIONS:
            self.above(self.step, ())
            if not project[section]:
                self.line(self.step, f"{section}: {{}}", (section,))
                continue
            self.line(self.step, f"{section}:", (section,))
            for name, body in project[section].items():
                self.object(section, name, body)
        for text in tail:
            self.line(0, text, ("agents",), comment=False)
        return self.out

    def object(self, section: str, name: str, body: Fields) -> None:
        """One object."""
        self.above(self.step * 2, (section, name))
        if self.draw(st.integers(0, 4)) == 0:
            owner = (section, name, "*")
            self.line(self.step * 2, f"{self.scalar(name)}: {self.flow(body)}", owner)
            return
        self.line(self.step * 2, f"{self.scalar(name)}:", (section, name))
        for key, value in body.items():
            self.above(self.step * 3, (section, name))
            self.value(self.step * 3, key, value, (section, name, key))


def untouched(
    written: Written, before: dict[str, Objects], after: dict[str, Objects]
) -> Iterator[str]:
    """The lines that a write-back has no business with."""
    for line, owner in written.lines:
        if owner[:1] in (("agents",), ("blank",)):
            continue
        if len(owner) == 1:
            if bool(before[owner[0]]) == bool(after[owner[0]]):
                yield line
        elif not owner:
            yield line
        else:
            old, new = before[owner[0]][owner[1]], after[owner[0]].get(owner[1])
            whose = owner[2] if len(owner) > 2 else ""
            if new is None or (whose == "*" and new != old):
                continue
            if whose in ("", "*") or old[whose] == new.get(whose):
                yield line


PREFIXES = ["c-", "c-x-", "d-", "hall"]
Plane: TypeAlias = tuple[dict[str, Fields], list[Fields]]


@st.composite
def agent_planes(draw: st.DrawFn) -> Plane:
    """Rules by name, each in the rooms of one prefix, and conventions of which some cover them."""
    conventions: list[Fields] = []
    for prefix in draw(st.lists(st.sampled_from(PREFIXES), min_size=1, unique=True)):
        some = st.lists(st.sampled_from(["a", "b"]), unique=True)
        one: Fields = {"prefix": prefix, "agents": draw(some)}
        one["dispatch"] = draw(
            st.sampled_from(["sip", "sip", ["sip"], ["sip", "app"], "token", "controller"])
        )
        if draw(st.booleans()):
            one["lines"] = {"sales": {"agents": draw(some)}}
        conventions.append(one)
    rules: dict[str, Fields] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        prefix = draw(st.sampled_from(PREFIXES))
        rules[name] = {"trunks": "any", "rooms": {"individual": {"prefix": prefix}}}
        lined = any(one["prefix"] == prefix and "lines" in one for one in conventions)
        if lined and draw(st.booleans()):
            rules[name]["line"] = "sales"
    return rules, conventions


def agent_file(data: st.DataObject, rules: dict[str, Fields], conventions: list[Fields]) -> str:
    """The file: rules in lines of their own, conventions in any style, comments that stay whatever happens."""
    writer = Writer(data)
    lines = ["version: 1", "sip:", "  dispatch_rules:"]
    lines += (
        f"    {writer.scalar(name)}: {writer.flow(body)}  # stays" for name, body in rules.items()
    )
    lines += [
        "agents:",
        "  names:  # stays",
        "    a: {agent_name: ann}  # stays a",
        "    b: {agent_name: bob}",
    ]
    lines.append("  rooms:  # stays")
    for number, one in enumerate(conventions):
        lines.append(f"    # stays {number}")
        if data.draw(st.booleans()):
            lines.append(f"    - {writer.flow(one)}  # stays, too")
            continue
        lead = "    - "
        for key, value in one.items():
            if isinstance(value, list) and value and data.draw(st.booleans()):
                lines.append(f"{lead}{key}:  # stays {key}")
                lines += (f"        - {writer.flow(item)}" for item in value)
            else:
                lines.append(f"{lead}{key}: {writer.flow(value)}  # stays {key}")
            lead = "      "
    return "\n".join(lines) + "\n"
