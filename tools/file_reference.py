"""Writes docs/reference: every key of a configuration file, from the JSON Schema that is shipped for editors.

`python -m tools.file_reference` writes the pages anew; a test compares them with what is committed. What a key is
called in LiveKit comes from `reconciler/sip/spec.py`. The examples are those of docs/reference/examples, one file a
page, which a test checks as it does all YAML of the documents: a key without one stops the generator.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from reconciler.core.schema import Kind
from reconciler.sip.spec import KINDS

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "reference"
EXAMPLES = PAGES / "examples"
SCHEMA = ROOT / "reconciler" / "schemas" / "dispatch.schema.json"

Node: TypeAlias = Mapping[str, Any]

_REFERENCES = {
    "secret": "[secret](index.md#secrets), `{env: NAME}` or `{file: PATH}`",
    "duration": "[duration](index.md#durations)",
    "name": "text",
}
_WORDS = {"string": "text", "boolean": "`true` or `false`", "object": "mapping"}
_BELOW = "mapping of the keys below"
# A list of this many possible words is told by what they are.
_MANY = 12


@dataclass(frozen=True, slots=True)
class Section:
    """A page: its place in the file, as keys from the top; `NAME` is any key of a mapping, `[]` any entry of a list."""

    page: str
    path: tuple[str, ...]

    @property
    def title(self) -> str:
        """What the page is called."""
        return ".".join(key for key in self.path if key not in ("NAME", "[]"))

    @property
    def kind(self) -> Kind | None:
        """The kind of SIP object that the page is about."""
        return next((kind for kind in KINDS if kind.section in self.path), None)


SECTIONS = (
    Section("project", ("project",)),
    *(Section(kind.section.replace("_", "-"), ("sip", kind.section, "NAME")) for kind in KINDS),
    Section("agents", ("agents",)),
    Section("tests", ("tests", "[]")),
    Section("lint", ("lint",)),
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the file, its place counted from the section's."""

    path: tuple[str, ...]
    node: Node
    is_required: bool

    @property
    def name(self) -> str:
        """How it is written: `rooms[].agents`."""
        return ".".join(self.path).replace(".[]", "[]")


# ---------------------------------------------------------------------------------------------------------------------
# What the schema has
# ---------------------------------------------------------------------------------------------------------------------


def schema() -> Node:
    """The JSON Schema of the file."""
    found: Node = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found


def node_of(section: Section) -> Node:
    """The part of the schema that a section describes, and of what stands around it the words."""
    node = schema()
    words = ""
    for key in section.path:
        node = _below(node, key)
        words = node.get("description", words)
    return {**node, "description": words}


def _below(node: Node, key: str) -> Node:
    found: Node
    match key:
        case "NAME":
            found = node["additionalProperties"]
        case "[]":
            found = node["items"]
        case _:
            found = node["properties"][key]
    return found


def keys_of(section: Section) -> list[Key]:
    """Every key of a section, in the order of the schema; what stands there a second time only once."""
    return list(_keys(node_of(section), (), []))


def _keys(node: Node, path: tuple[str, ...], seen: list[Node]) -> Iterator[Key]:
    for name, below in node.get("properties", {}).items():
        yield Key((*path, name), below, name in node.get("required", ()))
        yield from _inside(below, (*path, name), seen)


def _inside(node: Node, path: tuple[str, ...], seen: list[Node]) -> Iterator[Key]:
    """The keys below one: of a group, of each entry of a mapping or of a list."""
    if "properties" in node:
        yield from _keys(node, path, seen)
    entry = node.get("additionalProperties")
    if isinstance(entry, Mapping):
        yield from _inside(entry, (*path, "NAME"), seen)
    for item in _alternatives(node.get("items", {})):
        if "properties" in item and item not in seen:
            seen.append(item)
            yield from _keys(item, (*path, "[]"), seen)


def _alternatives(node: Node) -> list[Node]:
    found: list[Node] = node.get("anyOf", [node])
    return found


# ---------------------------------------------------------------------------------------------------------------------
# What is said of it
# ---------------------------------------------------------------------------------------------------------------------


def value_of(node: Node) -> str:
    """What may stand there."""
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        words = [f"`{word}`" for word in node["enum"]]
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    if "$ref" in node:
        return _REFERENCES[node["$ref"].rpartition("/")[2]]
    if "properties" in node:
        return _BELOW
    if isinstance(entry := node.get("additionalProperties"), Mapping):
        return f"mapping of names to {_several(value_of(entry))}"
    if node.get("type") == "array":
        return f"list of {_several(_items(node['items']))}"
    if "anyOf" in node:
        return ", or ".join(value_of(one) for one in node["anyOf"])
    if node["type"] == "integer":
        return f"whole number, {node['minimum']} to {node['maximum']}"
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    return " or ".join(_WORDS[kind] for kind in kinds)


def _several(value: str) -> str:
    """The same, of more than one."""
    if value.startswith(("text", "mapping")):
        word, _, rest = value.partition(" ")
        return f"{word.removesuffix(',')}s{',' if word.endswith(',') else ''} {rest}".strip()
    return value


def _items(node: Node) -> str:
    if any(len(one.get("enum", ())) > _MANY for one in _alternatives(node)):
        return (
            "keys as they are called here, such as `metadata`, or groups of them, such as `media`"
        )
    return value_of(node)


def default_of(key: Key) -> str:
    """What holds where the key is not written."""
    if key.is_required:
        return "none: it must be written"
    if "default" not in key.node:
        return "none"
    return f"`{json.dumps(key.node['default']).strip(chr(34))}`"


def livekit_of(section: Section, key: Key) -> str:
    """What LiveKit calls it."""
    fields = section.kind.fields if section.kind else ()
    path = ".".join(key.path)
    field = next((one for one in fields if path in (one.path, one.parent)), None)
    return f"`{field.wire}`" if field else ""


def example_of(section: Section, key: Key) -> str:
    """The key as the example of its page has it. Raises `LookupError` where that lacks it."""
    text = (EXAMPLES / f"{section.page}.yaml").read_text(encoding="utf-8")
    found = next(_values(yaml.safe_load(text), (*section.path, *key.path)), None)
    if found is None:
        raise LookupError(f"docs/reference/examples/{section.page}.yaml has no {key.name}")
    line = yaml.safe_dump(
        {key.path[-1]: found[0]}, default_flow_style=True, width=1000, sort_keys=False
    )
    return f"`{line.strip().removeprefix('{').removesuffix('}')}`"


def _values(value: Any, path: tuple[str, ...]) -> Iterator[tuple[Any]]:
    """The values at a path, each in a tuple, for a value may be anything."""
    if not path:
        yield (value,)
        return
    below: list[Any] = []
    if isinstance(value, dict):
        below = (
            [*value.values()] if path[0] == "NAME" else [value[k] for k in value if k == path[0]]
        )
    elif isinstance(value, list) and path[0] == "[]":
        below = value
    for one in below:
        yield from _values(one, path[1:])


# ---------------------------------------------------------------------------------------------------------------------
# Pages
# ---------------------------------------------------------------------------------------------------------------------


def page(section: Section) -> str:
    """The page of a section."""
    example = (EXAMPLES / f"{section.page}.yaml").read_text(encoding="utf-8")
    parts = [
        f"# {section.title}",
        prose(node_of(section)["description"]),
        "Every key in use, in a file that is valid as it stands:",
        f"```yaml\n{example}```",
        *(_paragraphs(section, key) for key in keys_of(section)),
    ]
    return "\n\n".join(parts) + "\n"


def _paragraphs(section: Section, key: Key) -> str:
    example = example_of(section, key)
    facts = [("Value", value_of(key.node)), ("Default", default_of(key))]
    if _BELOW not in facts[0][1]:
        facts.append(("Example", example))
    if livekit := livekit_of(section, key):
        facts.append(("In LiveKit", livekit))
    lines = "\n".join(f"- {name}: {text}" for name, text in facts)
    return f"## `{key.name}`\n\n{prose(key.node['description'])}\n\n{lines}"


def prose(text: str) -> str:
    """The words of the schema as Markdown: code stays code, all else means itself."""
    if text.count("`") % 2:
        return re.sub(r"([`*_<])", r"\\\1", text)
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*_<])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def index(text: str) -> str:
    """docs/reference/index.md with its list of pages made anew; the rest is written by hand."""
    begin, end = "<!-- generated: sections -->\n", "<!-- end -->"
    rows = "".join(
        f"| [`{one.title}`]({one.page}.md) | {prose(node_of(one)['description'])} |\n"
        for one in SECTIONS
    )
    before, after = text.index(begin) + len(begin), text.index(end)
    return f"{text[:before]}| Section | What it is |\n| --- | --- |\n{rows}{text[after:]}"


def main() -> None:
    """Writes all of them."""
    for section in SECTIONS:
        (PAGES / f"{section.page}.md").write_text(page(section), encoding="utf-8")
    place = PAGES / "index.md"
    place.write_text(index(place.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{place} and {len(SECTIONS)} pages beside it written\n")


if __name__ == "__main__":
    main()
