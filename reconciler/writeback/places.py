"""A YAML file as places: where each value starts and ends in the text, and how it is written there.

`config.tree` knows where values start, which is all that a message needs and is fast for the largest project. Changing
a text takes more: ends, quotes, brackets, anchors. That is what ruamel.yaml's events tell, as positions in the text, so
that what no edit touches stays as it is, down to the last byte. Nothing is judged here: the file was read before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from reconciler.errors import ReconcileError
from reconciler.writeback.lines import end_of_line, without_break

# Ends of a line to YAML 1.1, and nothing of the kind to editors, diffs and YAML 1.2.
_ODD_BREAKS = "\x85\u2028\u2029"
_MERGE = "<<"


class Unwritable(Exception):
    """A change that cannot be made at this place; says why, and what to do instead."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix


@dataclass(slots=True, eq=False)
class Scalar:
    """One text; `style` is its quote, `|` or `>`, or empty where it is plain."""

    start: int
    end: int
    text: str
    style: str
    anchor: str | None = None
    uses: int = 0

    @property
    def is_block(self) -> bool:
        """Whether it goes on in lines of its own."""
        return self.style in ("|", ">")


@dataclass(slots=True, eq=False)
class Items:
    """A list; with `flow` it stands in brackets."""

    start: int
    end: int
    flow: bool
    anchor: str | None = None
    uses: int = 0
    items: list[Place] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """Whether it goes on in lines of its own."""
        return not self.flow


@dataclass(slots=True, eq=False)
class Entry:
    """A key and its value."""

    key: Scalar
    value: Place

    @property
    def start(self) -> int:
        """Where the key starts."""
        return self.key.start

    @property
    def end(self) -> int:
        """Where the value ends."""
        return max(self.key.end, self.value.end)


@dataclass(slots=True, eq=False)
class Keys:
    """A mapping; with `flow` it stands in braces."""

    start: int
    end: int
    flow: bool
    anchor: str | None = None
    uses: int = 0
    entries: list[Entry] = field(default_factory=list)
    _by_key: dict[str, Entry] = field(default_factory=dict, repr=False)

    @property
    def is_block(self) -> bool:
        """Whether it goes on in lines of its own."""
        return not self.flow

    def get(self, key: str) -> Entry | None:
        """The entry of a key that stands here, not in a mapping that is merged into this one."""
        if len(self._by_key) != len(self.entries):
            self._by_key = {one.key.text: one for one in self.entries}
        return self._by_key.get(key)

    def merged(self, key: str) -> Place | None:
        """The value that a key has by `<<`."""
        for source in self._sources():
            found = source.get(key)
            value = found.value if found is not None else source.merged(key)
            if value is not None:
                return value
        return None

    def _sources(self) -> Iterator[Keys]:
        for entry in self.entries:
            if entry.key.text == _MERGE and not entry.key.style:
                value = resolved(entry.value)
                for one in value.items if isinstance(value, Items) else [value]:
                    source = resolved(one)
                    if isinstance(source, Keys):
                        yield source


@dataclass(slots=True, eq=False)
class Alias:
    """`*name`: what stands at the anchor."""

    start: int
    end: int
    target: Place
    anchor: None = None
    uses: int = 0
    is_block: bool = False


Place: TypeAlias = Scalar | Items | Keys | Alias


def resolved(place: Place) -> Scalar | Items | Keys:
    """The place itself, or what an alias stands for."""
    while isinstance(place, Alias):
        place = place.target
    return place


def is_reference(place: Place) -> bool:
    """Whether `{env: NAME}` or `{file: PATH}` stands there."""
    found = resolved(place)
    return (
        isinstance(found, Keys)
        and len(found.entries) == 1
        and found.entries[0].key.text in ("env", "file")
        and isinstance(found.entries[0].value, Scalar)
    )


def variables_in(place: Place) -> Iterator[str]:
    """The variables that are named in `{env: NAME}` anywhere below a place."""
    waiting: list[Place] = [place]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Keys):
            if is_reference(one) and one.entries[0].key.text == "env":
                name = one.entries[0].value
                assert isinstance(name, Scalar)  # noqa: S101  # that is what a reference is
                yield name.text
            waiting.extend(entry.value for entry in one.entries)
        elif isinstance(one, Items):
            waiting.extend(one.items)


def require_library() -> Any:
    """A parser of ruamel.yaml. Raises `ReconcileError` where it is not installed: it is an extra."""
    try:
        from ruamel.yaml import YAML
    except ImportError as error:
        raise ReconcileError(
            "--write-back needs ruamel.yaml: pip install 'livekit-reconciler[write-back]'"
        ) from error
    parser = YAML(typ="safe", pure=True)
    parser.version = (1, 1)  # as the reader of the configuration takes it
    return parser


def read_places(text: str, file: str) -> Keys:
    """The places of a file that is a mapping. Raises `ReconcileError` where ruamel.yaml reads it in another way."""
    parser = require_library()
    from ruamel.yaml.error import YAMLError

    if any(one in text for one in _ODD_BREAKS):
        raise ReconcileError(
            f"{file}: it has U+0085, U+2028 or U+2029 in it, which end a line for some programs only: "
            "nothing was written; replace them"
        )
    try:
        root = _Builder(text).run(parser.parse(text))
    except YAMLError as error:
        line = str(error).split("\n", 1)[0]
        raise ReconcileError(f"{file}: ruamel.yaml cannot read it: {line}") from error
    except _OddKey as error:
        raise ReconcileError(
            f"{file}:{error.line}: a key is an alias: nothing was written; write it out"
        ) from error
    if not isinstance(root, Keys):
        raise ReconcileError(f"{file}: ruamel.yaml does not find a mapping in it")
    return root


class _OddKey(Exception):
    """A key that is no text of its own, in a line that counts from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Builder:
    def __init__(self, text: str) -> None:
        self._text = text
        self._anchors: dict[str, Place] = {}
        self._stack: list[Items | Keys] = []
        self._keys: list[Scalar | None] = []
        self._root: Place | None = None

    def run(self, events: Any) -> Place | None:
        for event in events:
            start, end = event.start_mark.index, event.end_mark.index
            match type(event).__name__:
                case "ScalarEvent":
                    style = event.style or ""
                    place = Scalar(start, self._end(start, end, style), event.value, style)
                    self._named(event, place)
                    self._add(place)
                case "AliasEvent":
                    target = self._anchors[event.anchor]
                    target.uses += 1
                    self._add(Alias(start, end, target))
                case "SequenceStartEvent":
                    self._open(event, Items(start, end, bool(event.flow_style)))
                case "MappingStartEvent":
                    self._open(event, Keys(start, end, bool(event.flow_style)))
                case "SequenceEndEvent" | "MappingEndEvent":
                    self._close(end)
        return self._root

    def _open(self, event: Any, place: Items | Keys) -> None:
        self._named(event, place)
        self._stack.append(place)
        self._keys.append(None)

    def _close(self, end: int) -> None:
        place = self._stack.pop()
        self._keys.pop()
        if place.flow:
            place.end = end
        elif isinstance(place, Items):
            place.end = max((one.end for one in place.items), default=place.start)
        else:
            place.end = max((one.end for one in place.entries), default=place.start)
        self._add(place)

    def _named(self, event: Any, place: Scalar | Items | Keys) -> None:
        if event.anchor is not None:
            place.anchor = event.anchor
            self._anchors[event.anchor] = place

    def _add(self, place: Place) -> None:
        if not self._stack:
            self._root = place
            return
        above, key = self._stack[-1], self._keys[-1]
        if isinstance(above, Items):
            above.items.append(place)
        elif key is not None:
            above.entries.append(Entry(key, place))
            self._keys[-1] = None
        else:
            if not isinstance(place, Scalar):
                line = self._text.count("\n", 0, place.start) + 1
                raise _OddKey(line)
            self._keys[-1] = place

    def _end(self, start: int, end: int, style: str) -> int:
        """Where a text ends; the blank lines behind one of several lines belong to it only where `+` keeps them."""
        if style not in ("|", ">"):
            return end
        header = self._text[start : end_of_line(self._text, start)].partition("#")[0]
        if "+" in header:
            return start + len(without_break(self._text[start:end]))
        return start + len(self._text[start:end].rstrip())
