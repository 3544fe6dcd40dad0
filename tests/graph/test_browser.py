"""The page in a real browser, with three trunks and with sixty: it complains of nothing, and shows everything."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from reconciler.graph.model import Graph, NodeKind
from reconciler.graph.page import page
from reconciler.graph.words import label
from tests.graph.browser import Opened, open_page
from tests.graph.hostile import NAMES, hostile_graph
from tests.graph.projects import SMALL, graph, large, node


def opened(folder: Path, drawn: Graph, anchor: str = "", width: int = 1600) -> Opened:
    """A map, opened as a file."""
    path = folder / "map.html"
    path.write_text(page(drawn), encoding="utf-8")
    return open_page(path, anchor=anchor, width=width)


@pytest.mark.parametrize("width", [1600, 390])
@pytest.mark.parametrize("name", ["three", "sixty", "hostile"])
def test_every_label_is_on_the_page(tmp_path: Path, name: str, width: int) -> None:
    """The console is silent, and each node of the map stands in the page with its whole name."""
    drawn = {
        "three": lambda: graph(SMALL),
        "sixty": lambda: graph(large(60)),
        "hostile": lambda: hostile_graph(list(NAMES)),
    }[name]()
    found = opened(tmp_path, drawn, width=width)
    assert found.console == ()
    text = html.unescape(re.sub(r"<[^>]*>", " ", found.dom))
    for one in drawn.nodes:
        assert label(one, 10_000) in text, one


def test_the_search_is_there_with_a_script_only(tmp_path: Path) -> None:
    """The script takes away what hides the search box: it ran, and the page's own policy let it."""
    drawn = graph(SMALL)
    assert '<div class="search" hidden>' in page(drawn)
    assert '<div class="search">' in opened(tmp_path, drawn).dom


def test_the_way_of_a_call_lights_up(tmp_path: Path) -> None:
    """A link to a node lights up what leads to it and what it leads to, and nothing else."""
    drawn = graph(SMALL)
    room = node(drawn, NodeKind.ROOM, "call-_<number>_<random>", "line sales")
    found = opened(tmp_path, drawn, anchor=f"#{room.id}")
    assert '<svg class="map focus"' in found.dom
    groups = re.findall(r'<g class="(node [^"]*)" id="(n\d+)"', found.dom)
    lit = {one for classes, one in groups if "on" in classes.split()}
    names = {one.label for one in drawn.nodes if one.id in lit}
    assert names == {
        *("6 numbers", "telnyx-sales", "sales-calls", "call-_<number>_<random>"),
        *("call-*", "sales-agent"),
    }
