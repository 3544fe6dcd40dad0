"""Comments of an exported file: what is not in it always, and where it explains itself, what its parts mean."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.export.document import Map
from reconciler.export.scalars import quoted
from reconciler.export.template import SCHEMA_LINE
from reconciler.export.variables import Variable

_SECTIONS = {
    "version": ("The version of this language.",),
    "project": (
        "Which project this is. Credentials never stand here: LIVEKIT_URL, LIVEKIT_API_KEY and",
        "LIVEKIT_API_SECRET come from the environment.",
    ),
    "sip": (
        "Plane 1: which room a call lands in. No agent is named here. Keys are the names in LiveKit; an",
        "object with an id is known by it, because its name is empty or not the only one.",
    ),
    "agents": ("Plane 2: which agent joins a room. No trunk or rule is named here.",),
}
_PARTS = {
    ("project", "host"): ("No other host is read or written with this file.",),
    ("project", "unlisted"): (
        "Live objects that this file does not list: report, ignore or delete.",
    ),
    ("sip", "inbound_trunks"): ("Calls that come in: which numbers are answered, and from whom.",),
    ("sip", "outbound_trunks"): ("Calls that go out.",),
    ("sip", "dispatch_rules"): (
        "Which room a call lands in. A line is a neutral label for the conventions below.",
    ),
    ("agents", "names"): (
        "Agents by a key of this file; agent_name is what the worker registers.",
    ),
    ("agents", "rooms"): (
        "Which rooms get which agents. An exact room beats a prefix, the longest prefix wins. LiveKit",
        "puts an underscore between a rule's prefix and the number: rooms of call- start with call-_.",
    ),
}


def add(
    document: Map,
    host: str,
    variables: Sequence[Variable],
    notes: Sequence[str],
    *,
    explain: bool,
) -> None:
    """Puts comments above the keys of a document. What is missing from the file is told in any case."""
    for section in ("project", "sip", "agents"):
        document.comment(section, "")
    if explain:
        document.comment("version", SCHEMA_LINE)
        document.comment("version", f"The LiveKit project at {quoted(host)}, as it lives.", "")
    if notes:
        whole = "the live project" if host else "what was imported"
        document.comment("version", f"Not all of {whole} stands here:", "")
        for note in notes:
            document.comments["version"].insert(-1, f"  {note}")
    if not explain:
        return
    if variables:
        document.comment("version", "Variables to set before this file is planned:")
        document.comment("version", *(f"  {one.name}" for one in variables), "")
    for section, lines in _SECTIONS.items():
        document.comment(section, *lines)
    for (section, part), lines in _PARTS.items():
        node = document.entries.get(section)
        if isinstance(node, Map):
            node.comment(part, *lines)
    if "agents" not in document.entries:
        document.comment(
            "sip",
            "No rule brings an agent, so there is no agents section: that plane is left alone.",
        )
