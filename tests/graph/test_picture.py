"""Maps as SVG and as a page: one file each, nothing from outside, and no name becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.graph.dot import dot
from reconciler.graph.model import Fate, Graph
from reconciler.graph.page import page
from reconciler.graph.svg import svg
from reconciler.graph.ways import ways_in
from reconciler.graph.words import description, legend
from tests.graph.hostile import CANARY, NAMES, hostile_graph, names
from tests.graph.projects import SMALL, graph, large
from tests.graph.test_plan import DESIRED, planned

_SVG = "{http://www.w3.org/2000/svg}"
_VOID = {"meta", "input"}


class Elements(HTMLParser):
    """Counts the elements of a page and notes what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.references: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element begins."""
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in ("href", "src", "xlink:href", "action", "data", "srcset"):
                self.references.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """One element ends: it is the one that began last."""
        assert self.open.pop() == tag


def elements(text: str) -> Elements:
    """A page, parsed; every element that begins ends."""
    parser = Elements()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def parsed(text: str) -> ElementTree.Element:
    """An SVG, read by a real parser."""
    return ElementTree.fromstring(text)  # noqa: S314  # we wrote it ourselves


@settings(deadline=None)
@given(st.lists(names, min_size=1, max_size=5))
def test_no_name_becomes_markup(texts: list[str]) -> None:
    """A hostile project has just the elements of a harmless one."""
    hostile, plain = hostile_graph(texts), hostile_graph([f"name {i}" for i in range(len(texts))])
    found, usual = elements(page(hostile)), elements(page(plain))
    assert set(found.tags) <= set(usual.tags) | {"ul", "li"}
    assert found.tags.count("script") == 1
    assert found.tags.count("svg") == 1
    assert not {one for one in found.attributes if one.startswith("on") or one == "style"}
    assert all(one.startswith("#") for one in found.references)
    assert CANARY not in page(hostile)


@pytest.mark.parametrize("drawn", [graph(SMALL), hostile_graph(list(NAMES)), graph(large(60))])
def test_every_link_leads_somewhere(drawn: Graph) -> None:
    """Findings lead to their nodes and back; no id stands twice."""
    found = elements(page(drawn))
    assert len(set(found.ids)) == len(found.ids)
    assert {one.removeprefix("#") for one in found.references} <= set(found.ids)


def test_the_policy_allows_this_style_and_this_script_and_nothing_else() -> None:
    """The digests in the page are those of what stands in it."""
    text = page(graph(SMALL))
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[0]
    assert policy.startswith("default-src 'none'")
    for tag, source in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in policy


@settings(deadline=None)
@given(st.lists(names, min_size=1, max_size=5))
def test_an_svg_is_well_formed(texts: list[str]) -> None:
    """Any XML parser reads it, and it needs nothing from outside."""
    drawn = hostile_graph(texts)
    root = parsed(svg(drawn))
    assert root.tag == f"{_SVG}svg"
    assert {one.tag.removeprefix(_SVG) for one in root.iter()} <= {
        *("svg", "title", "desc", "style", "g", "rect", "text", "path")
    }
    assert CANARY not in svg(drawn)
    assert "url(" not in svg(drawn)
    assert "@import" not in svg(drawn)


def test_every_node_and_every_edge_is_drawn() -> None:
    """The picture has them all, the groups of numbers with every number."""
    drawn = graph(SMALL)
    root = parsed(svg(drawn))
    nodes = [one.get("id") for one in root.iter(f"{_SVG}g") if one.get("id") is not None]
    assert nodes == [one.id for one in drawn.nodes]
    edges = [one for one in root.iter(f"{_SVG}path") if (one.get("class") or "") == "edge"]
    assert len(edges) == len(drawn.edges)
    assert "+15550100014" in svg(drawn)


def test_the_table_strikes_out_who_answered_until_now() -> None:
    """An agent that stays, yet not for these calls, is struck out in their row alone."""
    drawn, _, _ = planned(DESIRED)
    way = next(way for way in ways_in(drawn) if way.cells[2][0].label == "inbound-calls")
    agents = {one.label: one.id in way.gone for one in way.cells[5]}
    assert agents == {"ornina-avatar-agent": False, "SW Telephony Agent": True}
    assert '<div class="delete"><a href="#' in page(drawn)
    assert "- SW Telephony Agent</a>" in page(drawn)


def test_wide_letters_get_wide_boxes() -> None:
    """Capitals, letters of East Asia and marks upon letters: as wide as they are, not as many as they are."""
    widths = {}
    for name in ("i" * 30, "n" * 30, "W" * 30, "漢" * 30, "n\u0301" * 15):
        root = parsed(svg(hostile_graph([name])))
        group = next(one for one in root.iter(f"{_SVG}g") if one.get("class") == "node agent")
        widths[name[0] + name[-1]] = float(group[1].get("width") or 0)
    assert widths["n\u0301"] < widths["ii"] < widths["nn"] < widths["WW"] < widths["漢漢"]


def test_many_findings_are_folded_up() -> None:
    """What follows them is not out of sight."""
    drawn = hostile_graph([f"name {index}" for index in range(60)])
    assert len(drawn.findings) > 40
    assert "<details><summary>Findings" in page(drawn)
    assert "<details open><summary>Findings" in page(graph(SMALL))


def test_an_empty_map_is_a_picture() -> None:
    """Nothing to draw is no error, and is said."""
    nothing = graph("version: 1\nproject: {name: nothing}\n")
    parsed(svg(nothing))
    elements(page(nothing))
    assert "nothing to draw" in svg(nothing)
    assert "nothing to draw" in dot(nothing)


def test_a_picture_of_its_own_has_a_legend_and_a_ground() -> None:
    """Whoever opens it, light or dark, is told what its colours mean, within its borders."""
    drawn, _, _ = planned(DESIRED)
    root = parsed(svg(drawn))
    (ground,) = (one for one in root.iter(f"{_SVG}rect") if one.get("class") == "ground")
    assert (ground.get("width"), ground.get("height")) == ("100%", "100%")
    texts = [one for one in root.iter(f"{_SVG}text") if one.get("class") == "legend-text"]
    assert [one.text for one in texts] == [sign.text for sign in legend(drawn)]
    assert {"+ is created", "- is deleted", "⚠ warning: see the findings"} <= {
        one.text for one in texts
    }
    assert all(float(one.get("y") or 0) < float(root.get("height") or 0) for one in texts)
    assert "legend-text" not in page(drawn).partition("<body>")[2]


def test_those_who_cannot_see_it_are_told_what_there_is() -> None:
    """The picture is an image with a name and a description; in a page its nodes can be pressed."""
    drawn = graph(SMALL)
    root = parsed(svg(drawn))
    assert root.get("role") == "img"
    assert (root.findtext(f"{_SVG}title"), root.findtext(f"{_SVG}desc")) == (
        "Dispatch of acme-voice",
        description(drawn),
    )
    text = page(drawn)
    assert 'role="group"' in text
    assert text.count('tabindex="0" role="button"') == len(drawn.nodes)


def test_agents_that_change_are_told_in_words() -> None:
    """Not by the colour of the edge alone."""
    drawn, _, _ = planned(DESIRED)
    changed = [one.label for one in drawn.edges if one.fate is Fate.UPDATE]
    assert changed == ["changes"]


def test_a_large_picture_scrolls_by_itself() -> None:
    """The table below it is never a hundred screens away; sixty trunks are shown as a whole."""
    assert '<div class="picture tall"' in page(graph(large(300)))
    assert '<div class="picture"' in page(graph(large(60)))
