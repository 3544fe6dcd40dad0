"""The map of a project: numbers → trunks → rules → rooms → agents, the two planes in two frames. No I/O.

    model.py      what is drawn: nodes in columns, edges between them, findings where they are
    sources.py    what it is drawn from: a configuration, a live project, or a plan
    objects.py    trunks and rules on both sides of a plan, as nodes and edges
    rooms.py      where the planes meet: the rooms of a rule, their conventions, the agents
    builder.py    collects nodes and edges, and what becomes of them
    places.py     findings to the nodes they are about
    focus.py      less of a graph: what changes, or as much as fits
    layout.py     where everything stands in a picture
    words.py      what every format says in the same words
    mermaid.py, dot.py, svg.py, document.py     a graph in each of the formats; functions to str
    page.py       the same for a browser: svg.py's picture in style.py's colours, script.py, and the table of ways.py
    formats.py    one function that gives it in any of them

Nothing here holds a secret: of passwords and PINs it is only known that there are some.
"""

from reconciler.graph.focus import only_changes
from reconciler.graph.formats import GraphFormat, show_graph
from reconciler.graph.sources import graph_of_configuration, graph_of_live, graph_of_plan

__all__ = [
    "GraphFormat",
    "graph_of_configuration",
    "graph_of_live",
    "graph_of_plan",
    "only_changes",
    "show_graph",
]
