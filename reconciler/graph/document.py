"""A map as JSON: every node, every edge, every finding, nothing shortened."""

from __future__ import annotations

from reconciler.graph.model import Edge, Graph, Node
from reconciler.render.document import FORMAT_VERSION, findings_document, to_json
from reconciler.render.shapes import EdgeDocument, GraphDocument, NodeDocument


def graph_document(graph: Graph) -> GraphDocument:
    """The map as a document."""
    return {
        "format_version": FORMAT_VERSION,
        "project": graph.project,
        "host": graph.host,
        "shows_plan": graph.shows_plan,
        "nodes": [_node(node) for node in graph.nodes],
        "edges": [_edge(edge) for edge in graph.edges],
        "findings": findings_document(graph.findings)["findings"],
    }


def graph_json(graph: Graph) -> str:
    """The map as JSON."""
    return to_json(graph_document(graph))


def _node(node: Node) -> NodeDocument:
    return {
        "id": node.id,
        "plane": node.kind.plane.value,
        "kind": node.kind.value,
        "label": node.label,
        "details": list(node.details),
        "members": list(node.members),
        "change": node.fate.value,
        "outgoing": node.outgoing,
        "missing": node.missing,
        "findings": list(node.findings),
    }


def _edge(edge: Edge) -> EdgeDocument:
    return {
        "source": edge.source,
        "target": edge.target,
        "label": edge.label,
        "change": edge.fate.value,
    }
