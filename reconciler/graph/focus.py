"""Less of a graph: what a plan changes with its surroundings, or as much as a picture can hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.graph.model import COLUMN, Edge, Graph, Node, NodeKind

_OBJECTS = (NodeKind.INBOUND_TRUNK, NodeKind.OUTBOUND_TRUNK, NodeKind.RULE)


def only_changes(graph: Graph) -> Graph:
    """What changes, what stands right beside it, and who answers the calls that it is about."""
    changed = {node.id for node in graph.nodes if node.fate.is_change}
    for edge in graph.edges:
        if edge.fate.is_change:
            changed |= {edge.source, edge.target}
    before, after = graph.neighbours()
    objects = {node.id for node in graph.nodes if node.kind in _OBJECTS and node.fate.is_change}
    shown = set(changed)
    for one in objects:
        shown.update(before[one], after[one])
    # From a rule on there is one way only: to the rooms, and to who comes into them.
    kinds = {node.id: node.kind for node in graph.nodes}
    waiting = [one for one in shown if COLUMN[kinds[one]] >= COLUMN[NodeKind.RULE]]
    while waiting:
        for one in after[waiting.pop()]:
            if one not in shown:
                shown.add(one)
                waiting.append(one)
    return _part(
        graph, shown, [edge for edge in graph.edges if {edge.source, edge.target} <= shown]
    )


def at_most(graph: Graph, edges: int, nodes: int) -> tuple[Graph, tuple[Node, ...]]:
    """As much of a graph as fits, and the nodes left out. What changes and what has findings comes first."""
    if len(graph.edges) <= edges and len(graph.nodes) <= nodes:
        return graph, ()
    shown: set[str] = set()
    kept: set[Edge] = set()
    for edge in _in_order(graph):
        new = {edge.source, edge.target} - shown
        if len(kept) < edges and len(shown) + len(new) <= nodes:
            kept.add(edge)
            shown |= new
    linked = {name for edge in graph.edges for name in (edge.source, edge.target)}
    for node in sorted(graph.nodes, key=_is_plain):
        # What has lost all its edges would look as if it had none.
        if len(shown) < nodes and not (node.id in linked and _is_plain(node)):
            shown.add(node.id)
    part = _part(graph, shown, [edge for edge in graph.edges if edge in kept])
    return part, tuple(node for node in graph.nodes if node.id not in shown)


def _part(graph: Graph, shown: Iterable[str], edges: Iterable[Edge]) -> Graph:
    names = frozenset(shown)
    nodes = tuple(node for node in graph.nodes if node.id in names)
    return replace(graph, nodes=nodes, edges=tuple(edges))


def _is_plain(node: Node) -> bool:
    return not (node.fate.is_change or node.findings or node.missing)


def _in_order(graph: Graph) -> Iterator[Edge]:
    """All edges, way by way: those of rules and outgoing trunks first that change or have findings."""
    nodes = {node.id: node for node in graph.nodes}
    into: dict[str, list[Edge]] = {}
    out: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        into.setdefault(edge.target, []).append(edge)
        out.setdefault(edge.source, []).append(edge)
    heads = [one for one in graph.nodes if one.kind in (NodeKind.RULE, NodeKind.OUTBOUND_TRUNK)]
    seen: set[Edge] = set()
    for head in sorted(heads, key=lambda node: _is_plain_around(node, nodes, into, out)):
        for links, far in ((out, "target"), (into, "source")):
            waiting = [head.id]
            while waiting:
                for edge in links.get(waiting.pop(), ()):
                    if edge not in seen:
                        seen.add(edge)
                        yield edge
                        waiting.append(getattr(edge, far))
    yield from (edge for edge in graph.edges if edge not in seen)


def _is_plain_around(
    head: Node, nodes: dict[str, Node], into: dict[str, list[Edge]], out: dict[str, list[Edge]]
) -> bool:
    edges = [*into.get(head.id, ()), *out.get(head.id, ())]
    around = [head, *(nodes[name] for edge in edges for name in (edge.source, edge.target))]
    return all(map(_is_plain, around)) and not any(edge.fate.is_change for edge in edges)
