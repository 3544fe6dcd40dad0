"""The words of a map, the same in every format."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.finding import Severity
from reconciler.core.plan import Plane
from reconciler.graph.model import Fate, Graph, Node, counted, tally
from reconciler.render.escape import escape

PLANES = {
    Plane.SIP: "SIP routing: which room a call lands in",
    Plane.AGENTS: "Agent dispatch: which agent joins a room",
}
SIGNS = {Severity.ERROR: "✖", Severity.WARNING: "⚠", Severity.NOTE: "i"}
FATES = {
    Fate.CREATE: "is created",
    Fate.UPDATE: "is changed",
    Fate.RENAME: "is renamed",
    Fate.DELETE: "is deleted",
    Fate.UNLISTED: "lives, and is not in the file",
}
MISSING = "is named, and is not there"
NOTHING = "nothing to draw"
LONGEST = 60
"""Of a name in a picture; whole names stand in the tooltips and in the JSON."""


def title(graph: Graph) -> str:
    """What the map is of."""
    name = graph.project or graph.host or "LiveKit"
    return f"What a plan changes in {name}" if graph.shows_plan else f"Dispatch of {name}"


def description(graph: Graph) -> str:
    """How much there is of everything, and what is found about it."""
    return ". ".join(filter(None, (tally(graph.nodes) or NOTHING, findings(graph))))


@dataclass(frozen=True, slots=True)
class Sign:
    """One entry of a legend. `name` is that of the style, `search` what finds the nodes that bear it."""

    name: str
    text: str
    search: str


def legend(graph: Graph) -> list[Sign]:
    """What colours and signs mean, as far as they are there."""
    fates = {node.fate for node in graph.nodes} | {edge.fate for edge in graph.edges}
    signs = [
        Sign(fate.value, f"{fate.sign} {FATES[fate]}", FATES[fate])
        for fate in Fate
        if fate in FATES and fate in fates
    ]
    severities = {graph.severity(node) for node in graph.nodes}
    signs += [
        Sign(severity.value, f"{sign} {severity.value}: see the findings", f"{severity.value}[")
        for severity, sign in SIGNS.items()
        if severity in severities
    ]
    if any(node.missing for node in graph.nodes):
        signs.append(Sign("missing", MISSING, MISSING))
    return signs


def label(node: Node, limit: int = LONGEST) -> str:
    """The name of a node behind its signs, harmless and short."""
    text = cut(escape(node.label), limit)
    return f"{signs(node)}{text}" if text.strip() else f'{signs(node)}"{text}"'


def cut(text: str, limit: int) -> str:
    """A text of at most `limit` characters; the rest is in the tooltip."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def signs(node: Node) -> str:
    """What becomes of a node, in a character."""
    return f"{node.fate.sign} " if node.fate.sign else ""


def details(node: Node, limit: int = LONGEST) -> str:
    """The second line of a node."""
    return " · ".join(cut(escape(detail), limit) for detail in node.details)


def badge(graph: Graph, node: Node) -> str:
    """`✖ 2`: how bad it is, and how many findings there are."""
    severity = graph.severity(node)
    return f"{SIGNS[severity]} {len(node.findings)}" if severity is not None else ""


def hover(graph: Graph, node: Node) -> str:
    """Everything about a node, a line each."""
    lines = [f"{node.kind.words}: {escape(node.label)}"]
    lines += [escape(detail) for detail in node.details]
    if len(node.members) > 1:
        lines.append(", ".join(escape(member) for member in node.members))
    if node.fate in FATES:
        lines.append(FATES[node.fate])
    if node.missing:
        lines.append(MISSING)
    found = (graph.findings[index] for index in node.findings)
    lines += [f"{one.severity}[{escape(one.code)}] {escape(one.message)}" for one in found]
    return "\n".join(lines)


def findings(graph: Graph) -> str:
    """`1 error, 2 warnings`."""
    told = []
    for severity in Severity:
        count = sum(one.severity is severity for one in graph.findings)
        if count:
            told.append(counted(count, severity.value))
    return ", ".join(told)
