"""A map as SVG: one picture without scripts, fonts or anything else from outside, light or dark as its reader is."""

from __future__ import annotations

import html
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.finding import Severity
from reconciler.core.plan import Plane
from reconciler.graph.layout import DETAIL, ROW, Box, Layout, Way, lay_out
from reconciler.graph.model import COLUMN, Fate, Graph, Node, NodeKind
from reconciler.graph.style import PICTURE
from reconciler.graph.words import (
    NOTHING,
    PLANES,
    badge,
    cut,
    description,
    details,
    hover,
    label,
    legend,
    title,
)
from reconciler.render.escape import escape

_LABEL, _SMALL = 7.6, 6.7  # width of a letter
_LONGEST = 42
_LONGEST_DETAIL = 48
_PAD = 14.0
_EDGE = 4.0  # from the picture's edge to the frames
_TOP = 78.0  # of a frame, for its title and those of its columns
_GAPS = {0: 44.0, 1: 72.0, 2: 44.0, 3: 96.0, 4: 112.0}
_ROOMS_COLUMN = COLUMN[NodeKind.ROOM]
_FIRST_AGENT_COLUMN = COLUMN[NodeKind.CONVENTION]
_FRAME_TITLE, _LEGEND_TEXT = 9.4, 7.4  # width of a letter
_LEGEND_LINE = 24.0
_KEY = 22.0
_ABOVE, _BELOW = -5.0, 13.0  # where the word at an edge stands
_NARROWEST = 320.0
_HEADINGS = ("Numbers", "Inbound trunks", "Dispatch rules", "Rooms", "Conventions", "Agents")
_SEVERITIES = frozenset(one.value for one in Severity)
_OUTGOING = ("Numbers", "Outbound trunks", "Providers")


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the columns begin and how wide they are."""

    left: Mapping[int, float]
    width: Mapping[int, float]

    def right(self, column: int) -> float:
        return self.left[column] + self.width[column]


def svg(graph: Graph) -> str:
    """The map as a picture of its own, with its colours, its legend and a ground to stand on."""
    drawn = _draw(graph, linked=False)
    keys, below = _legend(graph, drawn.width, drawn.height)
    ground = '<rect class="ground" width="100%" height="100%"/>'
    parts = (f"<style>{PICTURE}</style>", ground, *drawn.parts, *keys)
    text = _element(graph, drawn.width, drawn.height + below, "img", parts)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


@dataclass(frozen=True, slots=True)
class Picture:
    """The `svg` element for a page, which brings the style and the legend."""

    element: str
    width: float
    height: float


def picture(graph: Graph) -> Picture:
    """The map for a page: badges are links to the findings, and nodes are reached by keyboard."""
    drawn = _draw(graph, linked=True)
    # What can be pressed must not stand in what is one image to those who cannot see it.
    element = _element(graph, drawn.width, drawn.height, "group", drawn.parts)
    return Picture(element, drawn.width, drawn.height)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Everything in a picture, and how large it is."""

    parts: tuple[str, ...]
    width: float
    height: float


def _draw(graph: Graph, *, linked: bool) -> _Drawn:
    if not graph.nodes:
        return _Drawn((_line("column-title", _PAD, 30.0, NOTHING),), _NARROWEST, 48.0)
    layout = lay_out(graph)
    grid = _grid(graph)
    parts = (
        *_frames(grid, layout, graph),
        *_edges(grid, layout),
        *(_node(graph, box, grid, linked=linked) for box in layout.boxes),
    )
    width = grid.right(max(grid.left)) + _EDGE + _PAD
    return _Drawn(parts, width, layout.height + _TOP + 2 * _EDGE + _PAD)


def _element(graph: Graph, width: float, height: float, role: str, parts: Iterable[str]) -> str:
    lines = (
        f'<svg class="map" xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="{role}">',
        f"<title>{_xml(title(graph))}</title>",
        f"<desc>{_xml(description(graph))}</desc>",
        *parts,
        "</svg>",
    )
    return "\n".join(lines)


def _legend(graph: Graph, width: float, top: float) -> tuple[list[str], float]:
    """The keys below a picture, in as many lines as they take, and the height of these."""
    signs = legend(graph)
    parts = []
    x, y = _EDGE + _PAD, top + 8.0
    for sign in signs:
        needed = _KEY + 8 + len(sign.text) * _LEGEND_TEXT
        if x + needed > width - _EDGE and x > _EDGE + _PAD:
            x, y = _EDGE + _PAD, y + _LEGEND_LINE
        name = sign.name if sign.name not in _SEVERITIES else f"has-{sign.name}"
        parts.append(
            f'<g class="node {name}"><rect class="box" x="{x:.1f}" y="{y:.1f}" width="{_KEY:.0f}" height="14" rx="4"/>'
            f"</g>{_line('legend-text', x + _KEY + 7, y + 11.5, sign.text)}"
        )
        x += needed + 18
    return parts, y + _LEGEND_LINE - top if signs else 0.0


def _grid(graph: Graph) -> _Grid:
    widths: dict[int, float] = {}
    for node in graph.nodes:
        column = COLUMN[node.kind]
        first = _width(_first(node)) * _LABEL + _width(badge(graph, node)) * _SMALL
        second = _width(_second(node)) * _SMALL
        gap = 10 if node.findings else 0
        widths[column] = max(widths.get(column, 96.0), first + gap + 30, second + 30)
    left: dict[int, float] = {}
    x = _EDGE + _PAD
    for column in sorted(widths):
        left[column] = x
        x += widths[column] + _GAPS.get(column, 0.0)
    return _Grid(left, widths)


def _width(text: str) -> float:
    """How many letters wide a text is: a `W` is none of the narrow ones, and those of East Asia are as wide as two."""
    return sum(_WIDTHS[one] if one in _WIDTHS else _width_of(one) for one in text)


def _width_of(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.9
    if unicodedata.combining(letter):
        return 0.0
    return 1.15 if letter.isupper() else 1.0


_WIDTHS = {
    letter: width
    for letters, width in (
        ("il.,:;'|!j -", 0.6),
        ("tfr()[]/_", 0.8),
        ("Mw<>+=~", 1.4),
        ("Wm@%", 1.65),
    )
    for letter in letters
}


def _first(node: Node) -> str:
    return label(node, _LONGEST)


def _second(node: Node) -> str:
    return cut(details(node, _LONGEST), _LONGEST_DETAIL) if node.details else ""


# ---------------------------------------------------------------------------------------------------------------------
# Frames
# ---------------------------------------------------------------------------------------------------------------------


def _frames(grid: _Grid, layout: Layout, graph: Graph) -> Iterator[str]:
    outgoing = {COLUMN[node.kind] for node in graph.nodes if node.outgoing}
    incoming = {COLUMN[node.kind] for node in graph.nodes if not node.outgoing}
    bottom = _EDGE + _TOP + layout.height + _PAD
    for plane in Plane:
        columns = [
            column
            for column in sorted(grid.left)
            if (column >= _FIRST_AGENT_COLUMN) is (plane is Plane.AGENTS)
        ]
        if not columns:
            continue
        x, right = grid.left[columns[0]] - _PAD, grid.right(columns[-1]) + _PAD
        yield f'<g class="plane {plane.value}">'
        yield (
            f'<rect class="frame" x="{x:.1f}" y="{_EDGE}" width="{right - x:.1f}" '
            f'height="{bottom - _EDGE:.1f}" rx="12"/>'
        )
        yield _line("frame-title", x + _PAD, _EDGE + 30, _frame_title(plane, right - x))
        only_out = plane is Plane.SIP and not incoming & set(columns)
        for column in columns:
            if only_out or column in incoming:
                heading = (_OUTGOING if only_out else _HEADINGS)[column]
                yield _line("column-title", grid.left[column] + 1, _EDGE + 60, heading.upper())
        if plane is Plane.SIP and layout.split is not None:
            y = _EDGE + _TOP + layout.split
            yield f'<path class="split" d="M{x:.1f} {y - 12:.1f}H{right:.1f}"/>'
            for column in sorted(outgoing):
                heading = _OUTGOING[column]
                yield _line("column-title", grid.left[column] + 1, y + 18, heading.upper())
        yield "</g>"


def _frame_title(plane: Plane, width: float) -> str:
    told = PLANES[plane]
    return told if len(told) * _FRAME_TITLE < width - 2 * _PAD else told.partition(":")[0]


def _line(name: str, x: float, y: float, text: str) -> str:
    return f'<text class="{name}" x="{x:.1f}" y="{y:.1f}">{_xml(text)}</text>'


# ---------------------------------------------------------------------------------------------------------------------
# Edges
# ---------------------------------------------------------------------------------------------------------------------


def _edges(grid: _Grid, layout: Layout) -> Iterator[str]:
    boxes = {box.node.id: box for box in layout.boxes}
    # One text for all edges that leave a node with the same word.
    told: dict[str, dict[str, list[Box]]] = defaultdict(lambda: defaultdict(list))
    for way in layout.ways:
        edge = way.edge
        classes = "edge" if edge.fate is Fate.KEEP else f"edge {edge.fate.value}"
        yield (
            f'<path class="{classes}" data-from="{edge.source}" data-to="{edge.target}" '
            f'd="{_path(way, boxes, grid)}"/>'
        )
        if edge.label:
            told[edge.source][edge.label].append(boxes[edge.target])
    for source, targets in told.items():
        yield from _labels(boxes[source], targets, grid)


def _labels(source: Box, targets: Mapping[str, Sequence[Box]], grid: _Grid) -> Iterator[str]:
    """The words at the edges that leave a node, below each other in the order of where they lead."""
    middles = {
        text: sum(box.middle for box in boxes) / len(boxes) for text, boxes in targets.items()
    }
    # Beyond the frame of its plane, or in it, yet not upon its border.
    x = grid.right(source.column) + (_PAD + 5 if source.column == _ROOMS_COLUMN else 7)
    leads_down = len(targets) == 1 and max(middles.values()) > source.middle + 30
    y = _y(source.middle) + (_BELOW if leads_down else _ABOVE)
    for told in sorted(targets, key=lambda text: middles[text]):
        to = " ".join(box.node.id for box in targets[told])
        place = f'data-from="{source.node.id}" data-to="{to}" x="{x:.1f}" y="{y:.1f}"'
        text = _xml(cut(escape(told), 22))
        yield f'<text class="edge-label halo" aria-hidden="true" {place}>{text}</text>'
        yield f'<text class="edge-label" {place}>{text}</text>'
        y += _BELOW - _ABOVE


def _path(way: Way, boxes: Mapping[str, Box], grid: _Grid) -> str:
    source, target = boxes[way.edge.source], boxes[way.edge.target]
    x, y = grid.right(source.column), _y(source.middle)
    path = f"M{x:.1f} {y:.1f}"
    stops = [(grid.left[column], grid.right(column), _y(middle)) for column, middle in way.via]
    for left, right, height in (*stops, (grid.left[target.column], 0.0, _y(target.middle))):
        half = (left - x) / 2
        path += f"C{x + half:.1f} {y:.1f} {left - half:.1f} {height:.1f} {left:.1f} {height:.1f}"
        if right:
            path += f"H{right:.1f}"
        x, y = right, height
    return path


def _y(middle: float) -> float:
    return _EDGE + _TOP + middle


# ---------------------------------------------------------------------------------------------------------------------
# Nodes
# ---------------------------------------------------------------------------------------------------------------------


def _node(graph: Graph, box: Box, grid: _Grid, *, linked: bool) -> str:
    node = box.node
    x, y = grid.left[box.column], _y(box.middle - box.height / 2)
    width = grid.width[box.column]
    first, second = _xml(_first(node)), _xml(_second(node))
    baseline = y + (18 if second else ROW / 2 + 4.5)
    radius = 13 if node.kind in (NodeKind.NUMBER, NodeKind.AGENT) else 5
    keyboard = ' tabindex="0" role="button"' if linked else ""
    parts = [
        f'<g class="{_classes(graph, node)}" id="{node.id}"{keyboard}>',
        f"<title>{_xml(hover(graph, node))}</title>",
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{box.height}" rx="{radius}"/>',
        f'<rect class="stripe" x="{x + 8:.1f}" y="{y + 6:.1f}" width="3" height="{box.height - 12}" rx="1.5"/>',
        f'<text class="label" x="{x + 18:.1f}" y="{baseline:.1f}">{first}</text>',
    ]
    if second:
        parts.append(
            f'<text class="detail" x="{x + 18:.1f}" y="{baseline + DETAIL:.1f}">{second}</text>'
        )
    parts.append(_badge(graph, node, x + width - 9, baseline, linked=linked))
    return "".join(parts) + "</g>"


def _classes(graph: Graph, node: Node) -> str:
    severity = graph.severity(node)
    names = [
        "node",
        node.kind.value,
        node.fate.value if node.fate is not Fate.KEEP else "",
        "missing" if node.missing else "",
        f"has-{severity.value}" if severity is not None else "",
    ]
    return " ".join(filter(None, names))


def _badge(graph: Graph, node: Node, x: float, y: float, *, linked: bool) -> str:
    severity = graph.severity(node)
    if severity is None:
        return ""
    text = (
        f'<text class="badge {severity.value}" text-anchor="end" x="{x:.1f}" y="{y:.1f}">'
        f"{badge(graph, node)}</text>"
    )
    if not linked:
        return text
    # For the mouse: who comes by keyboard has the findings in the name of the node, and in their list.
    return f'<a href="#f{node.findings[0] + 1}" tabindex="-1" aria-hidden="true">{text}</a>'


def _xml(text: str) -> str:
    """A text between tags or in quotes; what XML cannot hold at all is written as an escape."""
    return html.escape("\n".join(map(escape, text.split("\n"))))
