"""A map as a page: one file that opens offline, without anything from outside.

The picture is inline SVG and is all there without a script; the script only lights up ways and searches. What the
page may do is written into it: its own style and its own script, known by their digests, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.core.finding import Finding
from reconciler.graph.model import Fate, Graph, Node, tally
from reconciler.graph.script import SCRIPT
from reconciler.graph.style import PAGE, PICTURE
from reconciler.graph.svg import picture
from reconciler.graph.ways import IN, OUT, Way, ways_in, ways_out
from reconciler.graph.words import SIGNS, details, findings, label, legend, title
from reconciler.render.escape import escape

_STYLE = f"{PICTURE}{PAGE}"
# A cell with more than this says how many there are.
_MOST = 8
# More findings than this are folded up: what follows them should not be out of sight.
_MOST_FINDINGS = 40
_LONGEST = 80
_SMALLEST = 0.76
_TALL = 4000.0  # a picture higher than this scrolls by itself: nobody should have to scroll past it
_ROOMS = IN.index("Rooms")


def page(graph: Graph) -> str:
    """The map as an HTML page."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    drawn = picture(graph)
    # A picture shrinks with its window, as long as it can be read; then it scrolls.
    smallest = drawn.width * _SMALLEST
    style = f"{_STYLE}.map{{min-width:{smallest:.0f}px;max-width:{drawn.width:.0f}px}}\n"
    tall = " tall" if drawn.height > _TALL else ""
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_policy(style)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{_html(title(graph))}</title>"
    yield f"<style>{style}</style>"
    yield "</head>"
    yield "<body>"
    yield "<main>"
    yield from _header(graph)
    yield from _bar(graph)
    yield '<section class="picture-part">'
    yield f'<div class="picture{tall}" tabindex="0" role="region" aria-label="Map">'
    yield drawn.element
    yield "</div>"
    yield "</section>"
    yield from _findings(graph)
    yield from _ways(graph)
    yield "</main>"
    yield f"<script>{SCRIPT}</script>"
    yield "</body>"
    yield "</html>"


def _policy(style: str) -> str:
    """What the page may load and run: nothing but what stands in it."""
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{_digest(style)}'; script-src '{_digest(SCRIPT)}'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _header(graph: Graph) -> Iterator[str]:
    host = f"{_html(graph.host)} · " if graph.host else ""
    found = findings(graph)
    about = f' · <a href="#findings">{_html(found)}</a>' if found else ""
    yield "<header>"
    yield f"<h1>{_html(title(graph))}</h1>"
    yield f'<p class="summary muted">{host}{_html(tally(graph.nodes)) or "nothing"}{about}</p>'
    yield "</header>"


def _bar(graph: Graph) -> Iterator[str]:
    yield '<div class="bar">'
    # Without a script there is nothing to search with.
    yield (
        '<div class="search" hidden><input id="search" type="search" autocomplete="off" spellcheck="false" '
        'aria-label="Search the map" placeholder="Search: number, trunk, room, agent">'
        '<output id="found" for="search"></output></div>'
    )
    yield from _legend(graph)
    yield "</div>"


def _legend(graph: Graph) -> Iterator[str]:
    """What colours mean; the script makes an entry find what bears it."""
    signs = legend(graph)
    if not signs:
        return
    yield '<ul class="legend" aria-label="Legend">'
    for sign in signs:
        yield (
            f'<li data-search="{_html(sign.search)}"><span class="key {sign.name}"></span>{_html(sign.text)}</li>'
        )
    yield "</ul>"


def _findings(graph: Graph) -> Iterator[str]:
    if not graph.findings:
        return
    nodes: dict[int, Node] = {}
    for node in graph.nodes:
        for index in node.findings:
            nodes.setdefault(index, node)
    yield '<section class="findings" id="findings">'
    state = " open" if len(graph.findings) <= _MOST_FINDINGS else ""
    yield f"<details{state}><summary>Findings: {_html(findings(graph))}</summary>"
    yield "<ol>"
    for index, one in enumerate(graph.findings):
        yield _finding(index, one, nodes.get(index))
    yield "</ol></details>"
    yield "</section>"


def _finding(index: int, one: Finding, node: Node | None) -> str:
    place = " · ".join(filter(None, (str(one.mark), one.path)))
    fix = f" - {_html(one.fix)}" if one.fix else ""
    link = f' <a href="#{node.id}">on the map</a>' if node is not None else ""
    return (
        f'<li class="{one.severity.value}" id="f{index + 1}">'
        f"<strong>{SIGNS[one.severity]} {one.severity.value}</strong> "
        f"<code>{_html(one.code)}</code> {_html(one.message)}{fix} "
        f'<span class="place">{_html(place)}</span>{link}</li>'
    )


def _ways(graph: Graph) -> Iterator[str]:
    tables = (("Who answers", IN, ways_in(graph)), ("Calls out", OUT, ways_out(graph)))
    if not any(ways for _, _, ways in tables):
        return
    yield '<section class="ways">'
    for heading, columns, ways in tables:
        if ways:
            yield f"<h2>{heading}</h2>"
            yield from _table(columns, ways)
    yield "</section>"


def _table(columns: Sequence[str], ways: Sequence[Way]) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{name}</th>' for name in columns)
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for way in ways:
        told = [_cell(nodes, way.gone) for nodes in way.cells]
        if not any(told[:_ROOMS]):
            told[_ROOMS] = '<div class="muted">made by applications</div>'
        cells = "".join(
            f'<td data-column="{name}">{cell}</td>'
            for name, cell in zip(columns, told, strict=True)
        )
        yield f'<tr data-nodes="{" ".join(node.id for node in way.nodes)}">{cells}</tr>'
    yield "</tbody></table>"


def _cell(nodes: Sequence[Node], gone: frozenset[str]) -> str:
    told = [_entry(node, is_gone=node.id in gone) for node in nodes[:_MOST]]
    if len(nodes) > _MOST:
        told.append(f'<div class="muted">and {len(nodes) - _MOST:,} more</div>')
    return "".join(told)


def _entry(node: Node, *, is_gone: bool) -> str:
    if is_gone:
        node = replace(node, fate=Fate.DELETE)
    more = f'<span class="detail">{_html(details(node, _LONGEST))}</span>' if node.details else ""
    link = f'<a href="#{node.id}">{_html(label(node, _LONGEST))}</a>'
    return f'<div class="{node.fate.value}">{link}{more}</div>'


def _html(text: str) -> str:
    return html.escape(escape(text))
