"""What is drawn: nodes in columns, edges between them, and the findings, each at the node that it is about.

Every format walks this one value. Nodes and edges stand in one order for one input, so that a picture changes only
where the project does.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.finding import Finding, Severity
from reconciler.core.plan import Plane


class NodeKind(enum.StrEnum):
    """What a node stands for."""

    NUMBER = "number"
    INBOUND_TRUNK = "inbound_trunk"
    ANY_TRUNK = "any_trunk"
    OUTBOUND_TRUNK = "outbound_trunk"
    PROVIDER = "provider"
    RULE = "dispatch_rule"
    ROOM = "room"
    CONVENTION = "convention"
    AGENT = "agent"

    @property
    def words(self) -> str:
        """The kind in a sentence."""
        return self.value.replace("_", " ")

    @property
    def plane(self) -> Plane:
        """The frame that it stands in. Rooms stand where the planes meet, on the side that makes them."""
        return Plane.AGENTS if self in (NodeKind.CONVENTION, NodeKind.AGENT) else Plane.SIP


COLUMN: Mapping[NodeKind, int] = {
    NodeKind.NUMBER: 0,
    NodeKind.INBOUND_TRUNK: 1,
    NodeKind.ANY_TRUNK: 1,
    NodeKind.OUTBOUND_TRUNK: 1,
    NodeKind.RULE: 2,
    NodeKind.PROVIDER: 2,
    NodeKind.ROOM: 3,
    NodeKind.CONVENTION: 4,
    NodeKind.AGENT: 5,
}
"""From the left, where a call comes in, to the right, where an agent answers it."""


class Fate(enum.StrEnum):
    """What a plan does to something; everything is kept where nothing is planned."""

    KEEP = "keep"
    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    DELETE = "delete"
    UNLISTED = "unlisted"  # lives, stands in no file, and is left alone

    @property
    def is_change(self) -> bool:
        """Whether an apply would touch it."""
        return self not in (Fate.KEEP, Fate.UNLISTED)

    @property
    def sign(self) -> str:
        """One character for it, so that nothing is told by colour alone."""
        return {"create": "+", "update": "~", "rename": "→", "delete": "-", "unlisted": "?"}.get(
            self.value, ""
        )


@dataclass(frozen=True, slots=True)
class Node:
    """One thing on the map.

    `label` is its name, `details` what else there is to know in a few words each. `members` are the numbers that it
    stands for. `outgoing`: it belongs to calls that go out. `missing`: something names it, and it is not there.
    `findings` are indices into the findings of the graph.
    """

    id: str
    kind: NodeKind
    label: str
    details: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    fate: Fate = Fate.KEEP
    outgoing: bool = False
    missing: bool = False
    findings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to another, in the direction of a call."""

    source: str
    target: str
    label: str = ""
    fate: Fate = Fate.KEEP


@dataclass(frozen=True, slots=True)
class Graph:
    """The map of one project. `shows_plan`: fates say what an apply would do."""

    project: str
    host: str = ""
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    findings: tuple[Finding, ...] = ()
    shows_plan: bool = False

    def severity(self, node: Node) -> Severity | None:
        """The worst that is found about a node."""
        found = {self.findings[index].severity for index in node.findings}
        return next((severity for severity in Severity if severity in found), None)

    @property
    def unplaced(self) -> tuple[Finding, ...]:
        """What is found about nothing on the map."""
        placed = {index for node in self.nodes for index in node.findings}
        return tuple(one for index, one in enumerate(self.findings) if index not in placed)

    def neighbours(
        self, *, lasting: bool = False
    ) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """The nodes before and the nodes after each node; `lasting`: without the edges that a plan takes away."""
        before: dict[str, list[str]] = defaultdict(list)
        after: dict[str, list[str]] = defaultdict(list)
        for edge in self.edges:
            if lasting and edge.fate is Fate.DELETE:
                continue
            before[edge.target].append(edge.source)
            after[edge.source].append(edge.target)
        return before, after


def counted(number: int, what: str) -> str:
    """`1 number`, `3 numbers`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def tally(nodes: Iterable[Node]) -> str:
    """How many things there are of each kind: `3 numbers, 1 inbound trunk`. A number that stands twice is one."""
    things: dict[NodeKind, set[str]] = defaultdict(set)
    for node in nodes:
        if node.kind is NodeKind.NUMBER:
            things[node.kind].update(node.members)
        elif node.kind is not NodeKind.ANY_TRUNK:
            things[node.kind].add(node.id)
    return ", ".join(counted(len(things[kind]), kind.words) for kind in NodeKind if things[kind])
