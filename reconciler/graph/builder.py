"""Collects nodes and edges by what they stand for, and what becomes of each.

Objects say what becomes of them themselves; what stands between them (numbers, rooms, providers, agents) comes and
goes with the edges that lead to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from reconciler.core.finding import Finding
from reconciler.graph.model import COLUMN, Edge, Fate, Graph, Node, NodeKind

Key = tuple[NodeKind, Hashable]
_DERIVED = (NodeKind.NUMBER, NodeKind.PROVIDER, NodeKind.ROOM)


@dataclass(slots=True)
class _Edge:
    fate: Fate
    labels: list[str]


class Builder:
    """A graph in the making; whoever adds something twice adds it once."""

    def __init__(self) -> None:
        self._nodes: dict[Key, Node] = {}
        self._edges: dict[tuple[Key, Key], _Edge] = {}

    def node(
        self,
        kind: NodeKind,
        identity: Hashable,
        label: str,
        *,
        details: Iterable[str] = (),
        members: tuple[str, ...] = (),
        fate: Fate = Fate.KEEP,
        outgoing: bool = False,
        missing: bool = False,
    ) -> Key:
        """Adds a node, unless there is one for this already."""
        key = (kind, identity)
        if key not in self._nodes:
            told = tuple(detail for detail in details if detail)
            self._nodes[key] = Node("", kind, label, told, members, fate, outgoing, missing)
        return key

    def has(self, key: Key) -> bool:
        """Whether there is a node for this."""
        return key in self._nodes

    def edge(self, source: Key, target: Key, label: str = "", fate: Fate = Fate.KEEP) -> None:
        """Adds an edge; of two between the same nodes one is drawn, with both labels."""
        known = self._edges.get((source, target))
        if known is None:
            self._edges[(source, target)] = _Edge(fate, [label] if label else [])
            return
        known.fate = _together(known.fate, fate)
        if label and label not in known.labels:
            known.labels.append(label)

    def annotate(self, key: Key, detail: str) -> None:
        """Adds a few words to a node that is there."""
        node = self._nodes[key]
        if detail and detail not in node.details:
            self._nodes[key] = replace(node, details=(*node.details, detail))

    def has_edges_from(self) -> set[Key]:
        """The nodes that lead somewhere."""
        return {source for source, _ in self._edges}

    def graph(
        self,
        project: str,
        host: str,
        findings: tuple[Finding, ...],
        about: dict[Key, list[int]],
        *,
        shows_plan: bool,
    ) -> Graph:
        """The finished graph, column by column; `about` are the findings of each node."""
        fates: dict[Key, set[Fate]] = defaultdict(set)
        for (source, target), edge in self._edges.items():
            fates[source].add(edge.fate)
            fates[target].add(edge.fate)
        order = sorted(self._nodes, key=lambda key: (COLUMN[key[0]], self._nodes[key].outgoing))
        names = {key: f"n{number}" for number, key in enumerate(order, start=1)}
        nodes = tuple(
            replace(
                self._nodes[key],
                id=names[key],
                fate=self._fate(key, fates[key]),
                findings=tuple(sorted(about.get(key, ()))),
            )
            for key in order
        )
        edges = tuple(
            Edge(names[source], names[target], ", ".join(edge.labels), edge.fate)
            for (source, target), edge in self._edges.items()
        )
        return Graph(project, host, nodes, edges, findings, shows_plan)

    def _fate(self, key: Key, edges: set[Fate]) -> Fate:
        own = self._nodes[key].fate
        if key[0] not in _DERIVED or own is not Fate.KEEP or len(edges) != 1:
            return own
        (only,) = edges
        return only if only in (Fate.CREATE, Fate.DELETE, Fate.UNLISTED) else own


def _together(one: Fate, other: Fate) -> Fate:
    if one is other:
        return one
    return Fate.UPDATE if Fate.UPDATE in (one, other) else Fate.KEEP
