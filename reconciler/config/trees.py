"""The files of a project as trees, with its overlays laid over them: what every reader of a configuration starts from.

What cannot be parsed is noted in the sections, and the rest is read all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.config.files import Overlays
from reconciler.config.nodes import Tree
from reconciler.config.overlay import lay_over
from reconciler.config.sections import Sections
from reconciler.config.tree import parse
from reconciler.config.yaml_text import Unparsable
from reconciler.core.finding import Finding

_EMPTY_OVERLAY = "write {} if it is to change nothing"


def parse_all(
    files: Mapping[Path, bytes], overlays: Overlays, sections: Sections
) -> tuple[list[Tree], list[Finding]]:
    """The trees of the files that can be parsed, and what the overlays have to say of themselves."""
    parsed = (_parse(path, data, sections) for path, data in files.items())
    trees = [tree for tree in parsed if tree is not None]
    findings: list[Finding] = []
    idle: list[Finding] = []
    for path, data in overlays:
        overlay = _parse(path, data, sections, _EMPTY_OVERLAY)
        if overlay is not None:
            trees, told = lay_over(trees, overlay)
            findings += overlay.findings
            idle += told
    if sections.is_partial:
        # What an overlay takes away or changes may well stand in the file that cannot be parsed.
        sections.overlays = frozenset(str(path) for path, _ in overlays)
        return trees, findings
    return trees, [*findings, *idle]


def _parse(path: Path, data: bytes, sections: Sections, if_empty: str = "") -> Tree | None:
    try:
        return parse(data, str(path), if_empty)
    except Unparsable as error:
        sections.problems.extend(error.findings)
        sections.is_partial = True
        return None
