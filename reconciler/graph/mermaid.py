"""A map as Mermaid, which GitHub and GitLab draw wherever Markdown stands.

A picture there has limits: more than 500 edges or 50,000 characters are refused as a whole. What does not fit is left
out from the plain end, and the picture says how much that is.

Labels are HTML and Markdown to Mermaid, and some words are keywords: whatever is not plainly harmless is written as
`#35;`, which Mermaid decodes after it has read everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.plan import Plane
from reconciler.graph.focus import at_most
from reconciler.graph.model import Edge, Fate, Graph, Node, NodeKind, tally
from reconciler.graph.words import NOTHING, PLANES, badge, cut, description, details, label, title
from reconciler.render.escape import escape

MAX_EDGES = 490
MAX_NODES = 400
MAX_CHARACTERS = 48_000
_LONGEST = 48

# Letters and digits of every script, and punctuation where it cannot mean anything: not at the start of a line, where
# it makes a list, and not beside its like, where it makes a rule.
_HARMLESS = re.compile(
    r"[A-Za-z0-9 ,]|(?<=[A-Za-z0-9])-|(?<=[A-Za-z0-9])(?<![wW]{3})\.(?=[A-Za-z0-9])|\+(?=[0-9])"
    r"|(?<=[A-Za-z0-9])/(?=[0-9])|[^\x00-\x7fﬂ°¶ß]"
)
# What Mermaid looks for after it has decoded, to make a line break, a formula, an icon or an entity of it: something
# that cannot be seen keeps it apart.
_APART = re.compile(r"\\(?=[nN])|\$(?=\$)|:(?=fa)|ﬂ(?=°)|¶(?=ß)")
_NO_BREAK = "\u00a0"
_OPEN, _CLOSE = "[", "]"
_SHAPES = {
    NodeKind.NUMBER: ("([", "])"),
    NodeKind.ROOM: ("(", ")"),
    NodeKind.CONVENTION: ("{{", "}}"),
    NodeKind.AGENT: ("([", "])"),
}
_STYLES = {
    "create": "fill:#dafbe1,stroke:#1a7f37,color:#0b3d1b",
    "update": "fill:#fff3c4,stroke:#9a6700,color:#4d3300",
    "rename": "fill:#ddf4ff,stroke:#0969da,color:#04336b",
    "delete": "fill:#ffebe9,stroke:#cf222e,color:#67060c,stroke-dasharray:5 3",
    "unlisted": "fill:#eeeeee,stroke:#6e7781,color:#3d444d,stroke-dasharray:2 3",
    "error": "stroke:#cf222e,stroke-width:3px",
    "warning": "stroke:#bf8700,stroke-width:3px",
    "missing": "fill:#ffebe9,stroke:#cf222e,color:#67060c,stroke-dasharray:5 3",
}
_EDGE_STYLES = {
    Fate.CREATE: "stroke:#1a7f37,stroke-width:3px",
    Fate.UPDATE: "stroke:#9a6700,stroke-width:3px",
    Fate.RENAME: "stroke:#0969da,stroke-width:3px",
    Fate.DELETE: "stroke:#cf222e,stroke-width:2px,stroke-dasharray:5 3",
    Fate.UNLISTED: "stroke:#6e7781,stroke-dasharray:2 3",
}


def mermaid(graph: Graph, limit: int = MAX_CHARACTERS) -> str:
    """The map as a flowchart of at most `limit` bytes of UTF-8, so that no way of counting characters finds more."""
    edges, nodes = MAX_EDGES, MAX_NODES
    while True:
        part, left_out = at_most(graph, edges, nodes)
        text = "".join(f"{line}\n" for line in _lines(graph, part, left_out))
        size = len(text.encode("utf-8", "surrogatepass"))
        if size <= limit or nodes <= 1:
            return text
        share = min(0.9, limit / size)
        edges, nodes = int(edges * share), int(min(nodes, len(part.nodes)) * share)


def _lines(graph: Graph, part: Graph, left_out: tuple[Node, ...]) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  accTitle: {_plain(title(graph))}"
    yield f"  accDescr: {_plain(description(graph))}"
    for plane in Plane:
        nodes = [node for node in part.nodes if node.kind.plane is plane]
        if not nodes:
            continue
        yield f'  subgraph {plane.value}_plane["{_text(PLANES[plane])}"]'
        yield from (f"    {_node(part, node)}" for node in nodes)
        yield "  end"
    yield from (f"  {_edge(edge)}" for edge in part.edges)
    if not graph.nodes:
        yield f'  nothing["{NOTHING}"]'
    hidden = len(graph.edges) - len(part.edges)
    if left_out or hidden:
        told = tally(left_out) if left_out else "nothing"
        yield f'  left_out["{_text(f"Left out, too much for one picture: {told}; edges: {hidden:,}")}"]'
    yield from _classes(part)


def _node(graph: Graph, node: Node) -> str:
    begin, end = _SHAPES.get(node.kind, (_OPEN, _CLOSE))
    name = label(node, _LONGEST)
    if node.fate.sign:
        name = name.replace(
            " ", _NO_BREAK, 1
        )  # Mermaid breaks lines: not between a sign and its name
    first = " ".join(filter(None, (name, badge(graph, node).replace(" ", _NO_BREAK))))
    lines = [_text(first), *([_text(details(node, _LONGEST))] if node.details else ())]
    return f'{node.id}{begin}"{"<br/>".join(lines)}"{end}'


def _edge(edge: Edge) -> str:
    told = f'|"{_text(cut(escape(edge.label), _LONGEST))}"|' if edge.label else ""
    arrow = "-.->" if edge.fate in (Fate.DELETE, Fate.UNLISTED) else "-->"
    return f"{edge.source} {arrow}{told} {edge.target}"


def _classes(graph: Graph) -> Iterator[str]:
    classes: dict[str, list[str]] = {}
    for node in graph.nodes:
        severity = graph.severity(node)
        for name in (
            node.fate.value,
            "missing" if node.missing else "",
            severity.value if severity is not None else "",
        ):
            if name in _STYLES:
                classes.setdefault(name, []).append(node.id)
    for name, nodes in classes.items():
        yield f"  classDef {name} {_STYLES[name]}"
        yield f"  class {','.join(nodes)} {name}"
    for fate, style in _EDGE_STYLES.items():
        edges = [str(index) for index, edge in enumerate(graph.edges) if edge.fate is fate]
        if edges:
            yield f"  linkStyle {','.join(edges)} {style}"


def _text(text: str) -> str:
    """A text that is a text to Mermaid and nothing else."""
    return "".join(_encoded(text))


def _encoded(text: str) -> Iterator[str]:
    last = len(text) - 1
    for index, one in enumerate(text):
        harmless = _HARMLESS.match(text, index) is not None
        if one == " " and (index in (0, last) or text[index - 1] == " "):
            harmless = False  # white space at the ends, or more than one: code to Markdown, or lost
        yield one if harmless else f"#{ord(one)};"
        if _APART.match(text, index):
            yield "#8203;"


def _plain(text: str) -> str:
    """A text for a place where Mermaid decodes nothing."""
    return re.sub(r"[^\w .,+/-]", " ", escape(text)).strip() or "LiveKit"
