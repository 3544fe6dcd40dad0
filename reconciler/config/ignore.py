"""Reads which findings are to be silent: the `lint` section, and comments on the line of a finding.

    lint: {ignore: [catch-all-rule]}
    trunks: any  # reconcile: ignore[catch-all-rule]

Whether there is such a code, and whether it may be silent, is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.config.model import Ignore
from reconciler.config.nodes import Node, Sequence
from reconciler.config.section import SectionReader
from reconciler.core.finding import Mark

LINT_KEYS = ("ignore",)
_MARKER = b"reconcile:"
_COMMENT = re.compile(r"#[ \t]*reconcile:[ \t]*ignore\[([^\]\n]*)\]")


class LintReader(SectionReader):
    """Reads the lint section of one file; the lists of several files are one."""

    def lint(self, node: Node) -> None:
        """Reads the section."""
        mapping = self.mapping(node, "lint", "a mapping such as {ignore: [catch-all-rule]}")
        for _, value in self.known(mapping, LINT_KEYS, "lint", "lint") if mapping else ():
            self._ignore(value, "lint.ignore")

    def _ignore(self, node: Node, path: str) -> None:
        codes = self.texts(node, path, "codes of findings")
        if codes is None or type(node) is not Sequence:
            return
        for index, (code, item) in enumerate(zip(codes, node.items, strict=False)):
            self.sections.ignores.append(Ignore(code, self.mark(item), f"{path}[{index}]"))


def ignored_on_lines(data: bytes, file: str) -> Iterator[Ignore]:
    """The codes in comments. A file without any costs one search for the word."""
    if _MARKER not in data:
        return
    # As the reader of YAML counts lines; what is no UTF-8 has been complained of.
    for number, line in enumerate(data.decode("utf-8-sig", errors="replace").splitlines(), 1):
        for comment in _COMMENT.finditer(line):
            for part in re.finditer(r"[^,\s]+", comment[1]):
                column = comment.start(1) + part.start() + 1
                yield Ignore(part[0], Mark(file, number, column), on_line=True)
