"""One function that gives a map in any format; renderers are imported when they are needed."""

from __future__ import annotations

import enum
from typing import assert_never

from reconciler.graph.model import Graph


class GraphFormat(enum.StrEnum):
    """What `graph --format` takes."""

    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"
    HTML = "html"
    JSON = "json"


def show_graph(graph: Graph, form: GraphFormat) -> str:
    """A map in a format."""
    match form:
        case GraphFormat.MERMAID:
            from reconciler.graph.mermaid import mermaid

            return mermaid(graph)
        case GraphFormat.DOT:
            from reconciler.graph.dot import dot

            return dot(graph)
        case GraphFormat.SVG:
            from reconciler.graph.svg import svg

            return svg(graph)
        case GraphFormat.HTML:
            from reconciler.graph.page import page

            return page(graph)
        case GraphFormat.JSON:
            from reconciler.graph.document import graph_json

            return graph_json(graph)
    assert_never(form)
