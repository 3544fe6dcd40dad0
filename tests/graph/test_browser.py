"""The page in a real browser, with three trunks and with sixty: it complains of nothing, and shows everything."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from reconciler.graph.model import Fate, Graph, NodeKind
from reconciler.graph.page import page
from reconciler.graph.words import label
from tests.graph.browser import Opened, open_page
from tests.graph.hostile import NAMES, hostile_graph
from tests.graph.projects import SMALL, graph, large, node
from tests.graph.test_plan import DESIRED, planned


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


def used(folder: Path, drawn: Graph, script: str) -> Opened:
    """A map on which somebody has done something: a script, which the page's own policy would not let run."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page(drawn))
    path = folder / "map.html"
    path.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    return open_page(path)


def chosen(found: Opened) -> set[str]:
    """The nodes that somebody looks for."""
    groups = re.findall(r'<g class="(node [^"]*)" id="(n\d+)"', found.dom)
    return {one for classes, one in groups if "chosen" in classes.split()}


def test_the_legend_finds_what_it_is_about(tmp_path: Path) -> None:
    """A click at `is created` shows what is created, and a second one everything."""
    drawn, _, _ = planned(DESIRED)
    click = "document.querySelector(\".legend [data-search='is created'] button\").click();"
    found = used(tmp_path, drawn, click)
    assert found.console == ()
    assert chosen(found) == {one.id for one in drawn.nodes if one.fate is Fate.CREATE}
    assert '<svg class="map focus"' in found.dom
    assert '<svg class="map focus"' not in used(tmp_path, drawn, click * 2).dom


def test_a_link_to_a_finding_unfolds_the_list(tmp_path: Path) -> None:
    """From the badge of a node one comes to what is wrong with it, however much there is."""
    drawn = hostile_graph([f"name {index}" for index in range(60)])
    assert "<details open" in opened(tmp_path, drawn, anchor="#f50").dom
    assert "<details open" not in opened(tmp_path, drawn).dom


def test_a_search_shows_what_it_finds(tmp_path: Path) -> None:
    """A large picture scrolls to the first find, and a table without any is put away with its heading."""
    drawn = graph(large(150))
    search = (
        'const box = document.querySelector("#search"); box.value = "athens-16";'
        'box.dispatchEvent(new Event("input"));'
        'const at = document.querySelector(".node.chosen").getBoundingClientRect();'
        'const frame = document.querySelector(".picture").getBoundingClientRect();'
        "document.title = at.top > frame.top && at.bottom < frame.bottom ? `seen` : `not seen`;"
    )
    assert "<title>seen</title>" in used(tmp_path, drawn, search).dom
    found = used(tmp_path, graph(SMALL), search.replace("athens-16", "sales"))
    assert re.findall(r'<h2 class="off">([^<]*)</h2>', found.dom) == ["Calls out"]


def test_enter_goes_from_one_find_to_the_next(tmp_path: Path) -> None:
    """In a large project the first one is not always the one; after the last one comes the first."""
    drawn = graph(SMALL)
    search = (
        'const box = document.querySelector("#search"); box.value = "sales";'
        'box.dispatchEvent(new Event("input"));'
    )
    enter = 'box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));'
    count = sum("sales" in "".join((one.label, *one.details)) for one in drawn.nodes)
    for presses, told in (
        (0, f"{count} found"),
        (2, f"2 of {count}"),
        (count + 1, f"1 of {count}"),
    ):
        found = used(tmp_path, drawn, search + enter * presses)
        assert f'<output id="found" for="search">{told}</output>' in found.dom
        assert len(chosen(found)) == count


def test_a_node_that_is_pressed_says_so(tmp_path: Path) -> None:
    """To those who come by keyboard and hear the page."""
    drawn = graph(SMALL)
    press = (
        'document.getElementById("n1").dispatchEvent('
        'new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));'
    )
    found = used(tmp_path, drawn, press)
    assert found.dom.count('aria-pressed="true"') == 1
    assert found.dom.count('aria-pressed="false"') == len(drawn.nodes) - 1


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
