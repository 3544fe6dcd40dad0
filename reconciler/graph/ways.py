"""The same map in words: for every rule the whole way of a call, a row each.

For screens too small for a picture, for those who cannot see it, and for a glance at who answers what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.graph.model import COLUMN, Graph, Node, NodeKind

IN = ("Numbers", "Trunks", "Rule", "Rooms", "Convention", "Agents")
OUT = ("Numbers", "Trunk", "Provider")


@dataclass(frozen=True, slots=True)
class Way:
    """One row: the nodes in each column. `gone` are those that a plan takes out of it, whatever else they do."""

    cells: tuple[tuple[Node, ...], ...]
    gone: frozenset[str] = frozenset()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes of the row."""
        return tuple(node for cell in self.cells for node in cell)


def ways_in(graph: Graph) -> list[Way]:
    """Calls in, rule by rule; then trunks without a rule, and rooms that applications make."""
    return list(
        _ways(graph, (NodeKind.RULE, NodeKind.INBOUND_TRUNK, NodeKind.CONVENTION, NodeKind.AGENT))
    )


def ways_out(graph: Graph) -> list[Way]:
    """Calls out, trunk by trunk."""
    return [Way(way.cells[:3], way.gone) for way in _ways(graph, (NodeKind.OUTBOUND_TRUNK,))]


def _ways(graph: Graph, heads: Sequence[NodeKind]) -> Iterator[Way]:
    """The ways through nodes of these kinds, in this order; what a way has shown is the head of no other one."""
    nodes = {node.id: node for node in graph.nodes}
    before, after = graph.neighbours()
    lasting_before, lasting_after = graph.neighbours(lasting=True)
    seen: set[str] = set()
    for kind in heads:
        for head in graph.nodes:
            if head.kind is not kind or head.id in seen:
                continue
            around = {head.id, *_reached(head.id, before), *_reached(head.id, after)}
            if kind is NodeKind.INBOUND_TRUNK:
                around = {one for one in around if COLUMN[nodes[one].kind] <= COLUMN[kind]}
            seen |= around
            lasting = {
                head.id,
                *_reached(head.id, lasting_before),
                *_reached(head.id, lasting_after),
            }
            row = [nodes[one] for one in sorted(around, key=_position)]
            cells = tuple(
                tuple(node for node in row if COLUMN[node.kind] == column)
                for column in range(len(IN))
            )
            yield Way(cells, frozenset(around - lasting))


def _reached(start: str, links: Mapping[str, Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for one in links.get(waiting.pop(), ()):
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return seen


def _position(name: str) -> int:
    return int(name[1:])
