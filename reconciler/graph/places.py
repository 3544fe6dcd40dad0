"""Findings to the nodes they are about: by the path that a finding names, or by its place in a file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from reconciler.agents.conventions import AgentPlane
from reconciler.core.finding import Finding
from reconciler.graph.builder import Key
from reconciler.graph.model import NodeKind
from reconciler.graph.objects import Subject
from reconciler.graph.rooms import Meeting
from reconciler.sip.spec import KINDS

_NODE_KINDS = {
    "inbound_trunk": NodeKind.INBOUND_TRUNK,
    "outbound_trunk": NodeKind.OUTBOUND_TRUNK,
    "dispatch_rule": NodeKind.RULE,
}
_SECTION = {kind.section: kind.name for kind in KINDS}
_ROOMS = re.compile(r"agents\.rooms\[([0-9]+)\]")
_NAMES = "agents.names."

T = TypeVar("T")


def places(
    findings: Sequence[Finding],
    subjects: Iterable[Subject],
    plane: AgentPlane | None,
    meeting: Meeting,
) -> dict[Key, list[int]]:
    """The indices of the findings about each node. A finding about no node is about none."""
    objects: dict[str, dict[str, Subject]] = defaultdict(dict)
    for one in subjects:
        for name in (one.name, one.id, one.label):
            if name:
                objects[one.kind].setdefault(name, one)
    conventions = _Conventions(plane)
    about: dict[Key, list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        for key in _keys(finding, objects, conventions, plane, meeting):
            about[key].append(index)
    return about


def _keys(
    finding: Finding,
    objects: Mapping[str, Mapping[str, Subject]],
    conventions: _Conventions,
    plane: AgentPlane | None,
    meeting: Meeting,
) -> Iterator[Key]:
    section, _, rest = finding.path.removeprefix("sip.").partition(".")
    kind = _SECTION.get(section)
    if kind is not None:
        named = _named(rest, objects[kind])
        if named is not None:
            yield (_NODE_KINDS[kind], named.identity)
    elif (match := _ROOMS.match(finding.path)) is not None:
        position = conventions.find(finding, int(match[1]))
        if position is not None:
            yield from meeting.key_of_convention(position)
    elif plane is not None and finding.path.startswith(_NAMES):
        names = {key: one.agent_name for key, one in plane.names.items()}
        agent = _named(finding.path.removeprefix(_NAMES), names)
        if agent is not None:
            yield (NodeKind.AGENT, agent)


def _named(rest: str, known: Mapping[str, T]) -> T | None:
    """The object whose name a path starts with. Names may hold dots, so the longest one is meant."""
    found = known.get(rest)
    end = len(rest)
    while found is None and end > 0:
        end = max(rest.rfind(".", 0, end), rest.rfind("[", 0, end))
        found = known.get(rest[:end]) if end > 0 else None
    return found


class _Conventions:
    """Conventions by their place: an index counts within one file, and a project may have several."""

    def __init__(self, plane: AgentPlane | None) -> None:
        found = plane.conventions.all if plane is not None else ()
        self._count = len(found)
        marks = ((one.origin.mark(), position) for position, one in enumerate(found))
        self._marks = sorted((mark, position) for mark, position in marks if mark.line)

    def find(self, finding: Finding, index: int) -> int | None:
        """The position among all conventions; None where it could not be read."""
        if finding.mark.line and self._marks:
            at = bisect_right(self._marks, (finding.mark, self._count)) - 1
            mark, position = self._marks[at]
            return position if at >= 0 and mark.file == finding.mark.file else None
        return index if index < self._count else None
