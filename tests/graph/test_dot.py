"""Maps as DOT: graphviz reads every name as it is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.graph.dot import dot
from reconciler.graph.words import badge, label
from tests.graph.browser import missing
from tests.graph.hostile import CANARY, NAMES, hostile_graph, names
from tests.graph.projects import SMALL, graph

# Outside of quotes there is nothing but the words that this program writes.
_OUTSIDE = re.compile(r"[A-Za-z0-9_=\[\]{},; \n>.-]*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@settings(deadline=None)
@given(st.lists(names, min_size=1, max_size=6))
def test_no_name_breaks_out(texts: list[str]) -> None:
    """Every text stands in quotes, in one line."""
    drawn = dot(hostile_graph(texts))
    assert _OUTSIDE.fullmatch(_QUOTED.sub("", drawn))
    assert all(one == "\n" or one.isprintable() for one in drawn)
    assert CANARY not in drawn


def test_both_planes_have_their_frame() -> None:
    """The frames are clusters, and edges go across."""
    drawn = dot(graph(SMALL))
    assert drawn.index("cluster_sip") < drawn.index("cluster_agents") < drawn.index(" -> ")


def test_graphviz_reads_every_name_as_it_is() -> None:
    """The real parser finds the nodes, the edges and the labels that went in."""
    if shutil.which("dot") is None:
        missing("no graphviz is installed: apt-get install graphviz")
    drawn = hostile_graph(list(NAMES))
    done = subprocess.run(
        ["dot", "-Tdot_json"], input=dot(drawn).encode(), capture_output=True, check=True
    )
    assert done.stderr == b""
    read = json.loads(done.stdout)
    labels = {one["name"]: one["label"] for one in read["objects"] if "nodes" not in one}
    for node in drawn.nodes:
        first = " ".join(filter(None, (label(node), badge(drawn, node))))
        told = labels[node.id].replace("&amp;", "&").replace("\\\\", "\0").split("\\n")[0]
        assert told.replace("\0", "\\").replace('\\"', '"') == first
    assert len(read["edges"]) == len(drawn.edges)
