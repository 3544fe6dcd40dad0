"""YAML as a tree of texts with their places, in one pass over the parser's events.

No scalar is given a type here. What `+15550100001`, `no` or `12:30` means is decided by the field that reads it: a
phone number is a text, and a flag wants `true` or `false`. That removes most of YAML's traps at the root; the rest
(duplicate keys, tags, recursive and exploding aliases, several documents) is caught while the tree is built.

Events are an order of magnitude cheaper than PyYAML's constructed objects, so a large file is parsed in a fraction
of the time that `yaml.safe_load` takes, and every value still knows its line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import yaml

from reconciler.core.finding import Finding, Mark, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

try:
    from yaml.cyaml import CParser as _Parser
except ImportError:  # PyYAML without libyaml: slower, the same events
    from yaml import Loader as _Parser  # type: ignore[assignment]

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_ALIASED = 1_000_000


class Scalar:
    """One text. `plain` means that it stood without quotes."""

    __slots__ = ("column", "line", "plain", "text")

    def __init__(self, text: str, plain: bool, line: int, column: int) -> None:
        self.text = text
        self.plain = plain
        self.line = line
        self.column = column

    @property
    def is_null(self) -> bool:
        """Whether YAML reads it as "no value"."""
        return self.plain and self.text in _NULLS


_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class Sequence:
    """Several nodes in order."""

    __slots__ = ("column", "items", "line")

    def __init__(self, line: int, column: int) -> None:
        self.items: list[Node] = []
        self.line = line
        self.column = column


class Mapping:
    """Nodes by key; each entry keeps the place of its key."""

    __slots__ = ("column", "entries", "line")

    def __init__(self, line: int, column: int) -> None:
        self.entries: dict[str, Entry] = {}
        self.line = line
        self.column = column

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        return ((key, entry[2]) for key, entry in self.entries.items())

    def get(self, key: str) -> Node | None:
        """The value of a key, or None."""
        entry = self.entries.get(key)
        return None if entry is None else entry[2]

    def key(self, key: str) -> Scalar:
        """The key itself, as a node with its place."""
        line, column, _, plain = self.entries[key]
        return Scalar(key, plain, line, column)


Node: TypeAlias = Scalar | Sequence | Mapping
Entry: TypeAlias = tuple[int, int, Node, bool]


@dataclass(frozen=True, slots=True)
class Tree:
    """One parsed file."""

    file: str
    root: Mapping

    def mark(self, node: Node) -> Mark:
        """The place of a node, counted from 1."""
        return Mark(self.file, node.line + 1, node.column + 1)


class Unparsable(Exception):
    """The file is not one YAML mapping; carries what was found, a finding each."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(str(findings[0]))
        self.findings = findings


def parse(data: bytes, file: str) -> Tree:
    """The tree of one file. Raises `Unparsable` with every duplicate key, or with the first syntax error."""
    text = _decode(data, file)
    builder = _Builder(file)
    try:
        builder.run(_Parser(text).get_event)
    except yaml.YAMLError as error:
        raise Unparsable(_syntax_error(error, file, text)) from error
    root = builder.root
    if root is None:
        raise Unparsable(
            _error(
                "yaml-empty", file, 0, 0, "the file is empty", "write `reconcile init` to start one"
            )
        )
    if not isinstance(root, Mapping):
        builder.complain(
            "yaml-shape", root.line, root.column, "the file must be a mapping, such as `version: 1`"
        )
    if builder.findings:
        raise Unparsable(*builder.findings)
    assert isinstance(root, Mapping)  # noqa: S101  # anything else was complained of above
    return Tree(file, root)


def _decode(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        raise Unparsable(
            _error(
                "yaml-size",
                file,
                0,
                0,
                f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}",
                "split it: several files and folders are one project",
            )
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n")
        column = len(before) - (before.rfind(b"\n") + 1)
        raise Unparsable(
            _error("yaml-encoding", file, line, column, "the file is not UTF-8", "save it as UTF-8")
        ) from error


class _Frame:
    """One collection that is being filled: where it goes, and how many nodes there were before it."""

    __slots__ = ("anchor", "before", "key", "node")

    def __init__(self, node: Sequence | Mapping, anchor: str | None, before: int) -> None:
        self.node = node
        self.anchor = anchor
        self.before = before
        self.key: Scalar | None = None


class _Builder:
    """Fills the tree from events without recursion, so that no file can exhaust the stack."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open: set[str] = set()
        self._nodes = 0
        self._aliased = 0

    def complain(self, code: str, line: int, column: int, message: str, fix: str = "") -> None:
        """Notes a problem and goes on."""
        self.findings.append(_error(code, self.file, line, column, message, fix))

    def run(self, next_event: Callable[[], yaml.Event]) -> None:
        """Consumes all events of the stream."""
        documents = 0
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                mark = event.start_mark
                scalar = Scalar(event.value, event.implicit[0], mark.line, mark.column)
                if event.tag is not None or event.anchor is not None:
                    self._decorated_scalar(event, scalar)
                self._nodes += 1
                self._add(scalar)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._start(event, Mapping if kind is yaml.MappingStartEvent else Sequence)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents == 2:
                    mark = event.start_mark
                    fix = "one file is one document; several files may be one project"
                    raise Unparsable(
                        _error(
                            "yaml-documents",
                            self.file,
                            mark.line,
                            mark.column,
                            "a second document starts here",
                            fix,
                        )
                    )
            elif kind is yaml.StreamEndEvent:
                return

    def _decorated_scalar(self, event: yaml.ScalarEvent, scalar: Scalar) -> None:
        if event.tag is not None:
            self._refuse_tag(event.tag, scalar.line, scalar.column)
        if event.anchor is not None:
            self._anchors[event.anchor] = (scalar, 1)

    def _refuse_tag(self, tag: str, line: int, column: int) -> None:
        self.complain("yaml-tag", line, column, f"the tag {tag} means nothing here", "remove it")

    def _start(self, event: yaml.CollectionStartEvent, make: type[Sequence | Mapping]) -> None:
        mark = event.start_mark
        if len(self._stack) >= MAX_DEPTH:
            raise Unparsable(
                _error(
                    "yaml-depth",
                    self.file,
                    mark.line,
                    mark.column,
                    f"nested deeper than {MAX_DEPTH} levels",
                )
            )
        if event.tag is not None:
            self._refuse_tag(event.tag, mark.line, mark.column)
        self._nodes += 1
        frame = _Frame(make(mark.line, mark.column), event.anchor, self._nodes)
        if event.anchor is not None:
            self._open.add(event.anchor)
            self._anchors.pop(event.anchor, None)
        self._stack.append(frame)

    def _end(self) -> None:
        frame = self._stack.pop()
        if frame.anchor is not None:
            self._open.discard(frame.anchor)
            self._anchors[frame.anchor] = (frame.node, self._nodes - frame.before + 1)
        if isinstance(frame.node, Mapping) and "<<" in frame.node.entries:
            self._merge(frame.node)
        self._add(frame.node)

    def _alias(self, event: yaml.AliasEvent) -> None:
        mark = event.start_mark
        name = event.anchor
        if name in self._open:
            raise Unparsable(
                _error(
                    "yaml-alias",
                    self.file,
                    mark.line,
                    mark.column,
                    f"*{name} stands inside its own anchor &{name}",
                )
            )
        found = self._anchors.get(name)
        if found is None:
            message = f"*{name} has no anchor &{name} above it"
            raise Unparsable(_error("yaml-alias", self.file, mark.line, mark.column, message))
        node, weight = found
        self._nodes += weight
        self._aliased += weight
        if self._aliased > MAX_ALIASED:
            message = f"the aliases of this file stand for more than {MAX_ALIASED:,} values"
            raise Unparsable(_error("yaml-alias", self.file, mark.line, mark.column, message))
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        parent = frame.node
        if type(parent) is Sequence:
            parent.items.append(node)
            return
        key = frame.key
        if key is None:
            if type(node) is not Scalar:
                self.complain("yaml-key", node.line, node.column, "a key must be a text")
                node = Scalar("", False, node.line, node.column)
            frame.key = node
            return
        frame.key = None
        assert isinstance(parent, Mapping)  # noqa: S101  # there are no other collections
        entries = parent.entries
        if key.text in entries:
            first = entries[key.text][0] + 1
            message = f'the key "{key.text}" stands twice, first in line {first}'
            self.complain("yaml-duplicate-key", key.line, key.column, message, "keep one of them")
        entries[key.text] = (key.line, key.column, node, key.plain)

    def _merge(self, mapping: Mapping) -> None:
        """`<<: *anchor` as YAML 1.1 has it: keys that are written win, then the first of the merged mappings."""
        line, column, source, _ = mapping.entries.pop("<<")
        sources = source.items if isinstance(source, Sequence) else [source]
        for one in sources:
            if not isinstance(one, Mapping):
                self.complain(
                    "yaml-merge", line, column, "<< takes a mapping or a list of mappings"
                )
                return
            for key, entry in one.entries.items():
                mapping.entries.setdefault(key, entry)


def _error(code: str, file: str, line: int, column: int, message: str, fix: str = "") -> Finding:
    return Finding(code, Severity.ERROR, "", message, fix, Mark(file, line + 1, column + 1))


def _syntax_error(error: yaml.YAMLError, file: str, text: str) -> Finding:
    """One line out of PyYAML's several; its reader's errors know an offset and no line."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        problem = " ".join(part for part in (error.context, error.problem) if part)
        line, column = (mark.line, mark.column) if mark else (0, 0)
        fix = ""
        if "'\\t'" in problem or (
            text.splitlines()[line : line + 1] and _indented_by_tab(text.splitlines()[line])
        ):
            fix = "YAML allows no tabs here: use spaces"
        return _error("yaml-syntax", file, line, column, problem, fix)
    position = getattr(error, "position", 0)
    before = text[:position]
    column = position - (before.rfind("\n") + 1)
    reason = getattr(error, "reason", None) or str(error).splitlines()[0]
    return _error("yaml-syntax", file, before.count("\n"), column, reason)


def _indented_by_tab(line: str) -> bool:
    return "\t" in line[: len(line) - len(line.lstrip())]
