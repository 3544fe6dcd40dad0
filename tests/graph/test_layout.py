"""Where things stand: nothing on top of anything else, straight ways straight, and thousands in a moment."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from itertools import pairwise

from reconciler.graph import only_changes
from reconciler.graph.layout import Box, lay_out
from reconciler.graph.model import NodeKind
from reconciler.graph.svg import svg
from tests.graph.hostile import NAMES, hostile_graph
from tests.graph.projects import SMALL, graph, large
from tests.graph.test_plan import DESIRED, planned


def test_nothing_stands_on_anything_else() -> None:
    """Within a column there is a gap between any two nodes."""
    for drawn in (graph(SMALL), graph(large(60)), hostile_graph(list(NAMES))):
        columns: dict[int, list[Box]] = defaultdict(list)
        for box in lay_out(drawn).boxes:
            columns[box.column].append(box)
        for column in columns.values():
            column.sort(key=lambda box: box.middle)
            for one, other in pairwise(column):
                assert one.middle + one.height / 2 < other.middle - other.height / 2


def test_a_way_of_its_own_is_straight() -> None:
    """A number, its trunk, its rule and its room stand in one line, however many others there are."""
    drawn = graph(large(60))
    middles = {box.node.id: box.middle for box in lay_out(drawn).boxes}
    kinds = {one.id: one.kind for one in drawn.nodes}
    for edge in drawn.edges:
        if kinds[edge.target] in (NodeKind.INBOUND_TRUNK, NodeKind.RULE, NodeKind.ROOM):
            assert abs(middles[edge.source] - middles[edge.target]) < 4


def test_calls_out_stand_below_calls_in() -> None:
    """The two never mix."""
    drawn = graph(SMALL)
    layout = lay_out(drawn)
    assert layout.split is not None
    for box in layout.boxes:
        assert (box.middle > layout.split) is box.node.outgoing


def test_no_word_stands_on_another() -> None:
    """Two edges that leave a node side by side have their words below each other."""
    drawn, _, _ = planned(DESIRED)
    for picture in (svg(drawn), svg(only_changes(drawn))):
        places = re.findall(
            r'class="edge-label" data-from="n\d+" [^>]* x="(\S+)" y="(\S+)"', picture
        )
        at = sorted((float(x), float(y)) for x, y in places)
        assert len(at) > 8
        for (x, y), (other_x, other_y) in pairwise(at):
            assert x != other_x or other_y - y > 11


def test_a_change_elsewhere_moves_nothing_across() -> None:
    """The same file gives the same picture."""
    assert svg(graph(SMALL)) == svg(graph(SMALL))


def test_thousands_are_drawn_in_a_moment() -> None:
    """Two thousand trunks with their numbers, rules and rooms: seconds, not minutes."""
    drawn = graph(large(2000))
    start = time.perf_counter()
    assert len(svg(drawn)) > 1_000_000
    assert time.perf_counter() - start < 20
