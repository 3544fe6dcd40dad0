"""What the readers of all sections share: known keys, and names that two files give."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.config.free import FreeReader
from reconciler.config.nodes import Mapping, Node
from reconciler.config.sections import Sections
from reconciler.core.finding import Mark


class SectionReader(FreeReader):
    """Reads a section of one file into the sections of all."""

    def __init__(self, sections: Sections) -> None:
        super().__init__(sections.problems, sections.secrets)
        self.sections = sections

    def known(
        self, node: Mapping, known: tuple[str, ...], path: str, what: str
    ) -> Iterator[tuple[str, Node]]:
        """The entries whose keys are known; the others are errors."""
        for key, value in node:
            if key in known:
                yield key, value
            else:
                self.unknown_key(node, key, f"{path}.{key}", f'{what} has no "{key}"', known)

    def twice(self, key: Node, path: str, what: str, first: Mark) -> None:
        """Notes that something stands in two places; the finding's own place is the second one."""
        message = f"{what} stands at {first} already"
        self.error("defined-twice", key, path, message, "keep one of the two")
