"""A document as YAML text.

Small mappings and lists stand in one line, as people write them (`rooms: {individual: {prefix: call-}}`), larger ones
in a line an entry. A direct emitter of the few shapes that the language has: PyYAML needs ten times as long for a
large project, with libyaml too, and knows neither comments nor which mapping deserves a line of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.export.document import FromVariable, Map, Node, Word
from reconciler.export.scalars import printable, scalar

WIDTH = 100
_STEP = "  "
# A key that is longer than 1024 characters is none to YAML unless a question mark introduces it.
_LONGEST_KEY = 1000


def emit(document: Map, variables: Sequence[str]) -> str:
    """The text of a document; `variables` are the names by number."""
    emitter = Emitter(variables)
    emitter.mapping(document, "")
    return "\n".join(emitter.lines) + "\n"


class Emitter:
    """Collects the lines of a document; `step` is what each level is indented by."""

    def __init__(self, variables: Sequence[str], step: str = _STEP) -> None:
        self.variables = variables
        self.step = step
        self.lines: list[str] = []

    def mapping(self, node: Map, indent: str, lead: str | None = None) -> None:
        """The entries, each in lines of its own; `lead` is what stands before the first instead of the indent."""
        for key, value in node.entries.items():
            for line in node.comments.get(key, ()):
                self.lines.append(f"{indent}# {printable(line)}".rstrip() if line else "")
            self.entry(scalar(key), value, indent, indent if lead is None else lead)
            lead = None

    def entry(self, key: str, value: Node, indent: str, lead: str) -> None:
        """A key, as it is written, and its value: in one line where it fits."""
        if len(key) > _LONGEST_KEY:
            self.lines.append(f"{lead}? {key}")
            key, lead = "", indent
        short = self.line(value, WIDTH - len(lead) - len(key) - 2)
        if short is not None:
            self.lines.append(f"{lead}{key}: {short}")
            return
        self.lines.append(f"{lead}{key}:")
        if isinstance(value, Map):
            self.mapping(value, indent + self.step)
        elif isinstance(value, list):
            self.sequence(value, indent + self.step)

    def sequence(self, items: list[Node], indent: str) -> None:
        """The items of a list, each in lines of its own."""
        for item in items:
            short = self.line(item, WIDTH - len(indent) - 2)
            if short is not None:
                self.lines.append(f"{indent}- {short}")
            elif isinstance(item, Map):
                self.mapping(item, indent + _STEP, f"{indent}- ")
            elif isinstance(item, list):
                self.lines.append(f"{indent}-")
                self.sequence(item, indent + _STEP)

    def line(self, node: Node, room: int) -> str | None:
        """The node in one line; None where it has to be broken up. A single text never has."""
        if isinstance(node, str):
            return scalar(node)
        if isinstance(node, Word):
            return node.text
        if isinstance(node, FromVariable):
            return f"{{env: {self.variables[node.number]}}}"
        if not (node.entries if isinstance(node, Map) else node):
            return "{}" if isinstance(node, Map) else "[]"
        text = self._flow(node)
        return text if text is not None and len(text) <= room else None

    def _flow(self, node: Map | list[Node]) -> str | None:
        if isinstance(node, list):
            parts = [self.line(item, WIDTH) for item in node]
            return None if None in parts else f"[{', '.join(part or '' for part in parts)}]"
        if node.open or node.comments:
            return None
        entries = []
        for key, value in node.entries.items():
            text = self.line(value, WIDTH)
            if text is None:
                return None
            entries.append(f"{scalar(key)}: {text}")
        return f"{{{', '.join(entries)}}}"

    def flow(self, node: Node) -> str:
        """The node in one line, however long and whatever it holds: inside brackets there is no other way."""
        if isinstance(node, list):
            return f"[{', '.join(map(self.flow, node))}]"
        if isinstance(node, Map):
            entries = (f"{scalar(key)}: {self.flow(value)}" for key, value in node.entries.items())
            return f"{{{', '.join(entries)}}}"
        return self.line(node, 0) or ""
