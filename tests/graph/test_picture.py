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

from reconciler.graph.model import Graph
from reconciler.graph.page import page
from reconciler.graph.svg import svg
from reconciler.graph.ways import ways_in
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
        *("svg", "title", "style", "g", "rect", "text", "path")
    }
    assert CANARY not in svg(drawn)
    assert "url(" not in svg(drawn)
    assert "@import" not in svg(drawn)


def test_every_node_and_every_edge_is_drawn() -> None:
    """The picture has them all, the groups of numbers with every number."""
    drawn = graph(SMALL)
    root = parsed(svg(drawn))
    nodes = [one for one in root.iter(f"{_SVG}g") if "node" in (one.get("class") or "").split()]
    assert len(nodes) == len(drawn.nodes)
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


def test_an_empty_map_is_a_picture() -> None:
    """Nothing to draw is no error."""
    nothing = graph("version: 1\nproject: {name: nothing}\n")
    parsed(svg(nothing))
    elements(page(nothing))
