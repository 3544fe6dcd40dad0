"""Where everything stands in a picture: columns from left to right, calls in above calls out.

Columns are ordered by the barycentre of their neighbours, to and fro a few times, and the order with the fewest
crossings is kept. Then every node moves as near to the middle of its neighbours as the order allows. Both take a few
passes over nodes and edges, so thousands of them are drawn in a moment. An edge that jumps a column gets a waypoint
there, so that it passes between the nodes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.graph.model import COLUMN, Edge, Graph, Node

ROW = 25.0
DETAIL = 14.0
GAP = 11.0
WAYPOINT = 8.0
BAND_GAP = 76.0
_SWEEPS = 8
_SETTLES = 40


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands: its column, its middle, its height."""

    node: Node
    column: int
    middle: float
    height: float


@dataclass(frozen=True, slots=True)
class Way:
    """Where an edge passes: the columns and heights of its waypoints, its ends left out."""

    edge: Edge
    via: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A laid out graph. `split` is the height of the line between calls in and calls out, None without one."""

    boxes: tuple[Box, ...]
    ways: tuple[Way, ...]
    height: float
    split: float | None


@dataclass(slots=True, eq=False)
class _Item:
    """A node or a waypoint on its way to a place."""

    column: int
    band: int
    height: float
    node: Node | None = None
    before: list[_Item] = field(default_factory=list)
    after: list[_Item] = field(default_factory=list)
    position: float = 0.0
    middle: float = 0.0


def lay_out(graph: Graph) -> Layout:
    """Places all nodes and edges."""
    bands = _bands(graph)
    items = {
        node.id: _Item(COLUMN[node.kind], bands[node.id], _height(node), node)
        for node in graph.nodes
    }
    columns: dict[int, list[_Item]] = defaultdict(list)
    for item in items.values():
        columns[item.column].append(item)
    chains = [(edge, _chain(edge, items, columns)) for edge in graph.edges]
    ordered = [columns[column] for column in sorted(columns)]
    _order(ordered)
    split, height = _settle(ordered)
    boxes = tuple(
        Box(item.node, item.column, item.middle, item.height)
        for item in items.values()
        if item.node is not None
    )
    ways = tuple(
        Way(edge, tuple((one.column, one.middle) for one in chain)) for edge, chain in chains
    )
    return Layout(boxes, ways, height, split)


def _height(node: Node) -> float:
    return ROW + DETAIL if node.details else ROW


def _bands(graph: Graph) -> Mapping[str, int]:
    """Calls in, then what no call comes to, then calls out."""
    before, after = graph.neighbours()
    bands = {}
    for node in graph.nodes:
        alone = node.id not in before and node.id not in after
        bands[node.id] = 2 if node.outgoing else 1 if alone and COLUMN[node.kind] < 4 else 0
    return bands


def _chain(
    edge: Edge, items: Mapping[str, _Item], columns: Mapping[int, list[_Item]]
) -> list[_Item]:
    """The waypoints of an edge, linked with its ends."""
    source, target = items[edge.source], items[edge.target]
    present = [column for column in range(source.column + 1, target.column) if columns.get(column)]
    chain = [_Item(column, source.band, WAYPOINT) for column in present]
    for one, other in zip((source, *chain), (*chain, target), strict=True):
        one.after.append(other)
        other.before.append(one)
    for one in chain:
        columns[one.column].append(one)
    return chain


# ---------------------------------------------------------------------------------------------------------------------
# Order
# ---------------------------------------------------------------------------------------------------------------------


def _order(columns: Sequence[list[_Item]]) -> None:
    """Sorts every column, so that few edges cross."""
    _number(columns)
    best, fewest = [list(column) for column in columns], _crossings(columns)
    for sweep in range(_SWEEPS):
        if fewest == 0 and sweep > 1:
            break
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            _sort(column, forward=forward)
        crossings = _crossings(columns)
        if crossings < fewest or sweep == 1:
            best, fewest = [list(column) for column in columns], crossings
    for column, order in zip(columns, best, strict=True):
        column[:] = order
    _number(columns)


def _number(columns: Sequence[list[_Item]]) -> None:
    for column in columns:
        column.sort(key=lambda item: item.band)
        _renumber(column)


def _renumber(column: Sequence[_Item]) -> None:
    """Positions as shares of the column, so that columns of different lengths can be compared."""
    size = max(1, len(column))
    for index, item in enumerate(column):
        item.position = (index + 0.5) / size


def _sort(column: list[_Item], *, forward: bool) -> None:
    def key(item: _Item) -> tuple[int, float]:
        others = (item.before or item.after) if forward else (item.after or item.before)
        if not others:
            return (item.band, item.position)
        return (item.band, sum(other.position for other in others) / len(others))

    column.sort(key=key)
    _renumber(column)


def _crossings(columns: Sequence[Sequence[_Item]]) -> int:
    """How many pairs of edges cross, column by column."""
    total = 0
    for column in columns[:-1]:
        ends = [
            position
            for item in column
            for position in sorted(other.position for other in item.after)
        ]
        ranks = sorted(set(ends))
        seen = [0] * (len(ranks) + 1)
        for count, end in enumerate(ends):
            rank = bisect_left(ranks, end) + 1
            total += count - _sum(seen, rank)
            while rank < len(seen):
                seen[rank] += 1
                rank += rank & -rank
    return total


def _sum(seen: Sequence[int], rank: int) -> int:
    found = 0
    while rank > 0:
        found += seen[rank]
        rank -= rank & -rank
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Heights
# ---------------------------------------------------------------------------------------------------------------------


def _settle(columns: Sequence[list[_Item]]) -> tuple[float | None, float]:
    """Gives every item its height; returns the line between calls in and out, and the height of all."""
    upper = [[item for item in column if item.band < 2] for column in columns]
    lower = [[item for item in column if item.band == 2] for column in columns]
    above = _settle_band(upper, 0.0)
    if not any(lower):
        return None, above
    if not any(upper):
        return None, _settle_band(lower, 0.0)
    return above + BAND_GAP / 2, _settle_band(lower, above + BAND_GAP)


def _settle_band(columns: Sequence[list[_Item]], top: float) -> float:
    for column in columns:
        _stack(column, [0.0] * len(column))
    for turn in range(_SETTLES):
        forward = turn % 2 == 0
        for column in columns if forward else reversed(columns):
            _stack(column, [_wanted(item) for item in column])
    items = [item for column in columns for item in column]
    if not items:
        return top
    shift = top - min(item.middle - item.height / 2 for item in items)
    for item in items:
        item.middle += shift
    return max(item.middle + item.height / 2 for item in items)


def _wanted(item: _Item) -> float:
    """The middle of its neighbours. Who has many others counts less, so that straight ways stay straight."""
    total, weights = 0.0, 0.0
    for others, back in ((item.before, True), (item.after, False)):
        for other in others:
            weight = 1.0 / len(other.after if back else other.before)
            total += other.middle * weight * weight
            weights += weight * weight
    return total / weights if weights else item.middle


def _stack(column: Sequence[_Item], wanted: Sequence[float]) -> None:
    """Moves each item as near to where it wants to be as order and gaps allow: neighbours in the way move together."""
    offset, total = 0.0, 0.0
    offsets: list[float] = []
    blocks: list[
        tuple[float, int]
    ] = []  # where the items of a block would begin on average, and how many they are
    for index, item in enumerate(column):
        if index:
            offset += (column[index - 1].height + item.height) / 2 + GAP
        offsets.append(offset)
        total, count = wanted[index] - offset, 1
        while blocks and blocks[-1][0] > total:
            mean, size = blocks.pop()
            total = (mean * size + total * count) / (size + count)
            count += size
        blocks.append((total, count))
    index = 0
    for start, count in blocks:
        for _ in range(count):
            column[index].middle = start + offsets[index]
            index += 1
