"""YAML as a tree of texts with their places, in one pass over the parser's events.

No scalar is given a type here: a phone number is a text, and a flag wants `true` or `false`. That removes most of
YAML's traps at the root; the rest (duplicate keys, tags, recursive and exploding aliases, several documents) is
caught while the tree is built. Duplicate keys and tags are noted and reading goes on, so that all problems of a file
are told at once; what leaves no tree to read is raised.

Events are an order of magnitude cheaper than PyYAML's constructed objects, so a large file is parsed in a fraction
of the time that `yaml.safe_load` takes, and every value still knows its line. Bytes become text in `yaml_text`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from reconciler.config.nodes import Entry, Mapping, Node, Scalar, Sequence, Tree
from reconciler.config.yaml_text import Unparsable, decode, hard_error, syntax_error
from reconciler.core.finding import Finding, Mark, Severity

try:
    from yaml.cyaml import CParser as _Parser  # type: ignore[attr-defined]
except ImportError:  # PyYAML without libyaml: slower, the same events
    from yaml import Loader as _Parser  # type: ignore[assignment]

MAX_DEPTH = 64
MAX_ALIASED = 1_000_000
MAX_KEY = 8192
_TOLD_DEPTH = 12  # as deep as anything that has a meaning


def parse(data: bytes, file: str, if_empty: str = "") -> Tree:
    """The tree of one file; `if_empty` is the remedy for an empty one, if it is not to write a first file.

    Raises `Unparsable` with all that was found until there was nothing more to read.
    """
    text = decode(data, file)
    builder = _Builder(file)
    try:
        builder.run(_Parser(text).get_event)
    except yaml.YAMLError as error:
        raise Unparsable(*builder.findings, syntax_error(error, file, text)) from error
    root = builder.root
    if root is None or (type(root) is Scalar and root.is_null):
        message = "the file is empty"
        fix = if_empty or "run `reconcile init` to have one written"
        raise Unparsable(hard_error("yaml-empty", file, 0, 0, message, fix))
    if not isinstance(root, Mapping):
        message = "the file must be a mapping of sections, such as `version: 1`"
        raise Unparsable(
            *builder.findings, hard_error("yaml-shape", file, root.line, root.column, message)
        )
    return Tree(root, tuple(builder.findings))


class _Frame:
    """One collection that is being filled: just one of `items` and `entries` is set."""

    __slots__ = ("anchor", "entries", "items", "key", "node")

    def __init__(self, node: Sequence | Mapping, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: Scalar | None = None
        self.items: list[Node] | None = None
        self.entries: dict[str, Entry] = {}
        if type(node) is Mapping:
            self.entries = node.entries
        else:
            assert isinstance(node, Sequence)  # noqa: S101  # there are no other collections
            self.items = node.items


class _Builder:
    """Fills the tree from events without recursion, so that no file can exhaust the stack."""

    def __init__(self, file: str) -> None:
        self.findings: list[Finding] = []
        self._file = file
        # The lowest frame is the stream: a list of the file's one document.
        self._stack = [_Frame(Sequence(0, 0, file), None)]
        self._anchors: dict[str, Node] = {}
        self._open: set[str] = set()
        self._sizes: dict[int, tuple[int, int]] = {}
        self._aliased = 0
        self._documents = 0

    @property
    def root(self) -> Node | None:
        """The document, or None where there was none."""
        items = self._stack[0].items
        return items[0] if items else None

    def run(self, next_event: Callable[[], Any]) -> None:
        """Consumes all events of the stream."""
        frame, file = self._stack[-1], self._file
        # The loop runs once for every value of the file, so what happens to scalars stands here in full.
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                mark = event.start_mark
                text = event.value
                scalar = Scalar(text, event.implicit[0], mark.line, mark.column, file)
                if event.anchor is not None or event.tag is not None or not text.isprintable():
                    self._unusual(event, scalar)
                if frame.items is not None:
                    frame.items.append(scalar)
                elif frame.key is None:
                    frame.key = scalar
                else:
                    self._entry(frame, scalar)
            elif kind is yaml.MappingStartEvent:
                frame = self._start(event, Mapping)
            elif kind is yaml.SequenceStartEvent:
                frame = self._start(event, Sequence)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                frame = self._end()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                self._document(event)
            elif kind is yaml.StreamEndEvent:
                return

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents == 2:
            message = "a second document starts here"
            fix = "one file is one document; several files may be one project"
            raise self._stop("yaml-documents", event.start_mark, message, fix)

    def _start(self, event: Any, make: type[Sequence | Mapping]) -> _Frame:
        mark = event.start_mark
        if len(self._stack) > MAX_DEPTH:
            raise self._stop("yaml-depth", mark, f"nested deeper than {MAX_DEPTH} levels")
        if event.tag is not None:
            self._refuse_tag(mark.line, mark.column)
        frame = _Frame(make(mark.line, mark.column, self._file), event.anchor)
        if event.anchor is not None:
            self._open.add(event.anchor)
            self._anchors.pop(event.anchor, None)
        self._stack.append(frame)
        return frame

    def _end(self) -> _Frame:
        frame = self._stack.pop()
        node = frame.node
        if frame.anchor is not None:
            self._open.discard(frame.anchor)
            self._anchors[frame.anchor] = node
        if "<<" in frame.entries and frame.entries["<<"][3]:
            self._merge(frame.entries)
        above = self._stack[-1]
        self._add(above, node)
        return above

    def _alias(self, event: Any) -> None:
        # The name of an anchor is not told: it may be a password that somebody forgot to quote.
        mark, name = event.start_mark, event.anchor
        if name in self._open:
            raise self._stop("yaml-alias", mark, "this alias stands inside its own anchor")
        node = self._anchors.get(name)
        if node is None:
            fix = "quote the text if none is meant"
            raise self._stop("yaml-alias", mark, "this alias has no anchor above it", fix)
        weight, height = self._size(node)
        self._aliased += weight
        if self._aliased > MAX_ALIASED:
            message = f"the aliases of this file stand for more than {MAX_ALIASED:,} values"
            raise self._stop("yaml-alias", mark, message)
        if len(self._stack) - 1 + height > MAX_DEPTH:
            raise self._stop("yaml-depth", mark, f"nested deeper than {MAX_DEPTH} levels")
        self._add(self._stack[-1], node)

    def _size(self, node: Node) -> tuple[int, int]:
        """How many values a node stands for, and how deep it is; each collection is counted once."""
        if type(node) is Scalar:
            return 1, 0
        found = self._sizes.get(id(node))
        if found is None:
            inside = node.items if type(node) is Sequence else [value for _, value in node]  # type: ignore[union-attr]
            sizes = [self._size(one) for one in inside]
            weight = 1 + sum(size[0] for size in sizes)
            found = weight, 1 + max((size[1] for size in sizes), default=0)
            self._sizes[id(node)] = found
        return found

    def _add(self, frame: _Frame, node: Node) -> None:
        if frame.items is not None:
            frame.items.append(node)
        elif frame.key is not None:
            self._entry(frame, node)
        elif type(node) is Scalar:
            frame.key = node
        else:
            self._complain("yaml-key", node.line, node.column, "a key must be a text")
            frame.key = Scalar("", False, node.line, node.column, node.file)

    def _entry(self, frame: _Frame, node: Node) -> None:
        """The value of the key that came before it."""
        key, entries = frame.key, frame.entries
        assert key is not None  # noqa: S101  # both callers looked
        text = key.text
        if text in entries:
            first = entries[text][0] + 1
            message = f"this key stands twice, first in line {first}"
            self._complain("yaml-duplicate-key", key.line, key.column, message, "keep one of them")
        elif len(text) > MAX_KEY:
            message = f"a key of more than {MAX_KEY:,} characters"
            raise self._stop("yaml-key", key, message)
        frame.key = None
        entries[text] = (key.line, key.column, node, key.plain, key.file)

    def _merge(self, entries: dict[str, Entry]) -> None:
        """`<<: *anchor` as YAML 1.1 has it: keys that are written win, then the first of the merged ones.

        In quotes it is a key like others.
        """
        line, column, source, _, _ = entries.pop("<<")
        sources = source.items if isinstance(source, Sequence) else [source]
        for one in sources:
            if not isinstance(one, Mapping):
                message = "<< takes a mapping or a list of mappings"
                self._complain("yaml-merge", line, column, message)
                return
            for key, entry in one.entries.items():
                entries.setdefault(key, entry)

    def _unusual(self, event: Any, scalar: Scalar) -> None:
        """A scalar with an anchor, a tag, or characters that are not for the eye."""
        if event.tag is not None:
            self._refuse_tag(scalar.line, scalar.column)
        if event.anchor is not None:
            self._anchors[event.anchor] = scalar
        for character in scalar.text:
            if "\ud800" <= character <= "\udfff":
                message = f"U+{ord(character):04X} is half a character, which cannot be sent"
                fix = "write the character itself"
                self._complain("bad-character", scalar.line, scalar.column, message, fix)
                scalar.text = scalar.text.encode(errors="replace").decode()
                return
            if _is_control(character):
                message = f"this text has the control character U+{ord(character):04X}"
                self._complain(
                    "control-character",
                    scalar.line,
                    scalar.column,
                    message,
                    "remove it if it is not meant",
                    Severity.WARNING,
                )
                return

    def _refuse_tag(self, line: int, column: int) -> None:
        fix = "remove it, or quote the text that starts with !"
        self._complain("yaml-tag", line, column, "a tag means nothing here", fix)

    def _complain(
        self,
        code: str,
        line: int,
        column: int,
        message: str,
        fix: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Notes a problem and goes on."""
        mark = Mark(self._file, line + 1, column + 1)
        self.findings.append(Finding(code, severity, self._path(), message, fix, mark))

    def _stop(self, code: str, mark: Any, message: str, fix: str = "") -> Unparsable:
        """What is raised where nothing more can be read."""
        found = hard_error(code, self._file, mark.line, mark.column, message, fix, self._path())
        return Unparsable(*self.findings, found)

    def _path(self) -> str:
        """Where the parser is, in the language of the file."""
        path = ""
        for frame in self._stack[1:_TOLD_DEPTH]:
            if frame.items is not None:
                path += f"[{len(frame.items)}]"
            elif frame.key is not None:
                path += f".{frame.key.text}" if path else frame.key.text
        return path


def _is_control(character: str) -> bool:
    """Control characters that no text needs: all but tab and the ends of lines."""
    return (character < " " and character not in "\t\n\r") or "\x7f" <= character <= "\x9f"
