"""What one look at the live project found, as far as alerts and figures need it; made from the drift document.

Whether two drifts are the same one is decided by a fingerprint. It covers what differs and how, and neither times, ids
nor the order of lists. Secret values are no part of a document, so they are in no fingerprint either: a password that
is changed twice is the same drift. Rooms come and go, and what lasts is that those of a convention lack an agent:
a room counts by its convention, so that every call of a bad night is not another drift.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.core.plan import Action, Plane
from reconciler.core.values import JsonValue, canonical_json
from reconciler.errors import (
    ApiError,
    BadAnswer,
    NotSupported,
    ReconcileError,
    Rejected,
    Unauthorized,
    Unreachable,
)
from reconciler.render.escape import escape
from reconciler.render.shapes import ChangeDocument, PlanDocument
from reconciler.sip.spec import DISPATCH_RULE, KINDS

ROOM: Final = "room"
UNLISTED: Final = "unlisted"
MISSING: Final = "missing"
_API_ERRORS: Final[Mapping[type[ApiError], str]] = {
    Unreachable: "unreachable",
    Unauthorized: "unauthorized",
    NotSupported: "not_supported",
    Rejected: "rejected",
    BadAnswer: "bad_answer",
    ApiError: "other",
}
API_ERRORS: Final = tuple(_API_ERRORS.values())
"""The kinds of errors of LiveKit's API, in the words of the figures."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many objects of a kind differ in one way: an action of the plan, `unlisted`, or `missing` agents of rooms."""

    plane: str
    kind: str
    action: str
    objects: int


PLACES: Final = (
    *((Plane.SIP.value, kind.name, one) for kind in KINDS for one in (*map(str, Action), UNLISTED)),
    *((Plane.AGENTS.value, DISPATCH_RULE.name, str(action)) for action in Action),
)
"""Where objects can differ in every project: plane, kind and action."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The live project was read. `fingerprint` is "" where nothing differs."""

    project: str
    host: str
    fingerprint: str
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class NotLooked:
    """Nothing is known of the live project. `error` is the kind of error of an API that failed, "" for any other.

    `project` is what the files call it, as far as they can be read.
    """

    reason: str
    error: str = ""
    project: str = ""


def looked(document: PlanDocument) -> Looked:
    """What a drift document comes to."""
    fingerprint = _fingerprint(document) if document.get("drift") else ""
    project, host = escape(document["project"]), escape(document["host"])
    return Looked(project, host, fingerprint, _counts(document))


def failed(error: Exception, reason: str = "") -> NotLooked:
    """What a run that ended with an error knows; `reason` says it better than the error does."""
    kind = next((word for kind, word in _API_ERRORS.items() if isinstance(error, kind)), "")
    if not isinstance(error, ReconcileError | OSError):
        own = f"an error of reconcile itself ({type(error).__name__}): please report it with its trace"
        reason = reason or own
    return NotLooked(reason or str(error), kind)


def _fingerprint(document: PlanDocument) -> str:
    parts: list[JsonValue] = [_change(change) for change in document["changes"]]
    parts += [[UNLISTED, one["kind"], one["name"] or one["id"]] for one in document["unlisted"]]
    lacking = {
        (room["convention"], agent) for room in document["rooms"] for agent in room["missing"]
    }
    parts += [[ROOM, convention, agent] for convention, agent in lacking]
    texts = sorted(canonical_json(part) for part in parts)
    # JSON can escape half a character, which is no UTF-8 by itself.
    return hashlib.sha256("\n".join(texts).encode(errors="surrogatepass")).hexdigest()[:32]


def _change(change: ChangeDocument) -> JsonValue:
    fields: list[JsonValue] = [
        [field["path"], field["before"], field["after"], field.get("effect")]
        for field in change["fields"]
    ]
    return [
        change["plane"],
        change["kind"],
        change["name"],
        change["action"],
        change.get("renamed_from"),
        sorted(fields, key=canonical_json),
    ]


def _counts(document: PlanDocument) -> tuple[Count, ...]:
    """What differs, by place; rooms without an agent even where there are none, if rooms were looked at at all."""
    found = Counter(
        (change["plane"], change["kind"], change["action"]) for change in document["changes"]
    )
    found.update((Plane.SIP.value, one["kind"], UNLISTED) for one in document["unlisted"])
    if "rooms" in document["summary"]:
        found[(Plane.AGENTS.value, ROOM, MISSING)] = document["summary"]["rooms"]["lacking"]
    return tuple(Count(*place, objects) for place, objects in sorted(found.items()))
