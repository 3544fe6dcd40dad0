"""A map as DOT, for graphviz and everything that reads its language."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.plan import Plane
from reconciler.graph.model import Edge, Fate, Graph, Node, NodeKind
from reconciler.graph.words import NOTHING, PLANES, badge, details, hover, label, title
from reconciler.render.escape import escape

_SHAPES = {NodeKind.ROOM: "folder", NodeKind.CONVENTION: "hexagon"}
_COLORS = {
    Fate.CREATE: ("#1a7f37", "#dafbe1"),
    Fate.UPDATE: ("#9a6700", "#fff3c4"),
    Fate.RENAME: ("#0969da", "#ddf4ff"),
    Fate.DELETE: ("#cf222e", "#ffebe9"),
    Fate.UNLISTED: ("#6e7781", "#eeeeee"),
}
_SEVERITY_COLORS = {"error": "#cf222e", "warning": "#bf8700"}


def dot(graph: Graph) -> str:
    """The map as a directed graph from left to right."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield "digraph dispatch {"
    yield '  graph [rankdir=LR, fontname="Helvetica", ranksep=0.9, nodesep=0.25, compound=true]'
    yield f'  graph [label={_text(title(graph))}, labelloc="t"]'
    yield '  node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="Helvetica", fontsize=11]'
    yield '  edge [fontname="Helvetica", fontsize=9, color="#57606a"]'
    for plane in Plane:
        yield f"  subgraph cluster_{plane.value} {{"
        yield f'    label={_text(PLANES[plane])}; style="rounded"; color="#8c959f"'
        yield from (f"    {_node(graph, node)}" for node in graph.nodes if node.kind.plane is plane)
        yield "  }"
    if not graph.nodes:
        yield f"  nothing [label={_text(NOTHING)}, shape=plain]"
    yield from (f"  {_edge(edge)}" for edge in graph.edges)
    yield "}"


def _node(graph: Graph, node: Node) -> str:
    first = " ".join(filter(None, (label(node), badge(graph, node))))
    attributes = {"label": _text(first, details(node)), "tooltip": _text(hover(graph, node))}
    if node.kind in _SHAPES:
        attributes["shape"] = _SHAPES[node.kind]
    if node.fate in _COLORS:
        line, fill = _COLORS[node.fate]
        attributes |= {"color": f'"{line}"', "fillcolor": f'"{fill}"'}
    severity = graph.severity(node)
    if severity is not None and severity in _SEVERITY_COLORS:
        attributes |= {"color": f'"{_SEVERITY_COLORS[severity]}"', "penwidth": "2.5"}
    if node.missing or node.fate in (Fate.DELETE, Fate.UNLISTED):
        attributes["style"] = '"rounded,filled,dashed"'
    return f"{node.id} [{_list(attributes)}]"


def _edge(edge: Edge) -> str:
    attributes = {"label": _text(edge.label)} if edge.label else {}
    if edge.fate in _COLORS:
        attributes |= {"color": f'"{_COLORS[edge.fate][0]}"', "penwidth": "2"}
    if edge.fate in (Fate.DELETE, Fate.UNLISTED):
        attributes["style"] = "dashed"
    return f"{edge.source} -> {edge.target}" + (f" [{_list(attributes)}]" if attributes else "")


def _list(attributes: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in attributes.items())


def _text(*lines: str) -> str:
    """Lines as one quoted text. A backslash begins an escape to graphviz, `&` an entity."""
    shown = (escape(line) for text in lines if text for line in text.split("\n"))
    return '"' + "\\n".join(map(_quoted, shown)) + '"'


def _quoted(line: str) -> str:
    return line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
