"""What a message says: what drifted, since when, who is affected, and the two commands to choose from.

Each function makes a letter of what is remembered and, where there was a look, of the drift document. No clock, no
markup and no length here: those are the caller's and the letter's. Everything that comes from a file or a server is a
`Name`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from reconciler.alerting.decide import Kind, Policy
from reconciler.alerting.letter import Entry, Letter, Name, Part, Typed, Words
from reconciler.alerting.memory import Heard, Memory
from reconciler.alerting.safe import harmless
from reconciler.core.schema import Field
from reconciler.core.values import JsonValue
from reconciler.render.escape import quote
from reconciler.render.outline import plural
from reconciler.render.reroutes import calls_in_words, sides_in_words
from reconciler.render.room_shapes import RoomPlanDocument
from reconciler.render.shapes import (
    Cause,
    ChangeDocument,
    FieldDocument,
    PlanDocument,
    RerouteDocument,
)
from reconciler.render.words import describe, title, word

_FEW: Final = 6
"""Numbers or agents in one sentence; of more their number is said."""
_DRIFTED: Final = {
    Kind.DRIFT: ": the live project has drifted",
    Kind.CHANGED: ": the drift has changed",
    Kind.REMINDER: ": the live project is still adrift",
}
_LIVES: Final = {
    "create": ": does not live",
    "update": ": differs",
    "delete": ": lives, and the file does not list it",
    "rename": ": lives under another name",
}
_EFFECTS: Final = {
    "set": "does not live (hidden)",
    "removed": "lives, and the file does not set it (hidden)",
}
_CAUSES: Final = {
    "live": "changed by hand",
    "file": "not applied yet",
    "both": "changed by hand and in the file",
    "unknown": "changed since the last apply",
}
_ALL_OF_ONE_CAUSE: Final = {
    "live": "It was changed by hand: since the last apply the live project moved, and the file did not.",
    "file": "It is not applied yet: since the last apply the file changed, and the live project did not.",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """The two commands to choose from, as they are typed."""

    take_over: str
    apply: str


@dataclass(frozen=True, slots=True)
class News:
    """What a run has to tell: what is remembered after it, what it saw or why it could not, and its time."""

    memory: Memory
    policy: Policy
    now: datetime
    advice: Advice
    document: PlanDocument | None = None
    reason: str = ""


def letter(kind: Kind, news: News, heard: Heard | None = None) -> Letter:
    """The message of a kind, for a target that heard something before."""
    match kind:
        case Kind.DRIFT | Kind.CHANGED | Kind.REMINDER:
            return _drift(kind, news)
        case Kind.CLEAR:
            return _clear(news, heard or Heard())
        case Kind.BLIND:
            return _blind(news)
        case Kind.SEEING:
            return Letter(
                (*_who(news), ": looking for drift works again"),
                (("The live project could be read again.",), _state_of(news)),
            )
        case Kind.HEARTBEAT:
            return Letter(
                (*_who(news), ": still looking for drift"),
                (_state_of(news), (f"This run was at {at(news.now)}.",)),
            )


def at(time: datetime) -> str:
    """A time for readers in any place."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def age(since: datetime, now: datetime) -> str:
    """How long ago, in one unit: `5 min`, `3 h`, `12 d`."""
    seconds = max(0, int((now - since).total_seconds()))
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{seconds // 86_400} d"


def _who(news: News) -> Words:
    return (Name(news.memory.project or news.memory.host or "LiveKit"),)


def _state_of(news: News) -> Words:
    """What is known of the drift, in a sentence."""
    memory = news.memory
    if memory.drift is not None:
        since = f"first seen at {at(memory.drift.since)} ({age(memory.drift.since, news.now)} ago)"
        if memory.drift.runs >= news.policy.after:
            return (f"The drift {since} still stands.",)
        runs = f"{memory.drift.runs} of {news.policy.after} looks after which it is told"
        return (f"There is drift, {since}: {runs}.",)
    if memory.clear_since is None:
        return ("No look went well yet.",)
    return (f"No drift since {at(memory.clear_since)}.",)


# ---------------------------------------------------------------------------------------------------------------------
# Nothing to see, and nothing seen
# ---------------------------------------------------------------------------------------------------------------------


def _clear(news: News, heard: Heard) -> Letter:
    since = f" The drift was first seen at {at(heard.since)}." if heard.since is not None else ""
    sentence = f"All clear: the live project is what the file says again, as of {at(news.now)}."
    return Letter((*_who(news), ": the drift is over"), ((sentence + since,),))


def _blind(news: News) -> Letter:
    blind, looked_at = news.memory.blind, news.memory.looked_at
    runs = plural(blind.runs, "run") if blind is not None else "a run"
    since = f", since {at(blind.since)}" if blind is not None else ""
    sentences: list[Words] = [
        (f"Nobody knows whether the live project drifts: {runs} in a row could not look{since}.",),
        ("The last one said: ", Name(news.reason or "nothing")),
    ]
    if looked_at is not None:
        found = "drift" if news.memory.drift is not None else "no drift"
        sentences.append(
            (f"The last look that went well was at {at(looked_at)}, and found {found}.",)
        )
    return Letter((*_who(news), ": cannot look for drift"), tuple(sentences))


# ---------------------------------------------------------------------------------------------------------------------
# Drift
# ---------------------------------------------------------------------------------------------------------------------


def _drift(kind: Kind, news: News) -> Letter:
    document, drift = news.document, news.memory.drift
    if document is None or drift is None:
        raise ValueError("a drift is told by the run that sees it")
    first = f"by this look, at {at(news.now)}"
    if drift.runs > 1:
        ago = f"({age(drift.since, news.now)} ago)"
        first = f"at {at(drift.since)} {ago}, and by {drift.runs:,} looks in a row"
    sentences: list[Words] = [
        (
            "On ",
            Name(document["host"]),
            f" there is what the file does not say: {_size(document)}.",
        ),
        (f"First seen {first}.",),
    ]
    causes = {field["cause"] for field in _fields(document) if "cause" in field}
    if causes:
        sentences.append((_cause(causes),))
    rerouted = document["reroutes"]
    if document["changes"] and not rerouted:
        sentences.append(("No call meets anything else by it, as far as the simulator can tell.",))
    return Letter(
        (*_who(news), _DRIFTED[kind], f" ({_size(document)})"),
        tuple(sentences),
        (
            Part.of(
                "What drifted", _drifted(document, len(causes) > 1), _total(document), "object"
            ),
            Part.of("Who is affected", map(_affected, rerouted), len(rerouted), "route"),
            _choices(document, news.advice),
        ),
    )


def _size(document: PlanDocument) -> str:
    objects = len({(change["kind"], change["name"]) for change in document["changes"]})
    rooms = len(_lacking(document))
    found = [
        f"{plural(objects, 'object')} {'differs' if objects == 1 else 'differ'}" if objects else "",
        f"{len(document['unlisted']):,} unlisted" if document["unlisted"] else "",
        f"{plural(rooms, 'room')} without an agent" if rooms else "",
    ]
    return ", ".join(one for one in found if one) or "it differs"


def _fields(document: PlanDocument) -> Iterator[FieldDocument]:
    for change in document["changes"]:
        yield from change["fields"]


def _cause(causes: set[Cause]) -> str:
    if len(causes) == 1:
        (cause,) = causes
        if told := _ALL_OF_ONE_CAUSE.get(cause):
            return told
    listed = ", ".join(text for cause, text in _CAUSES.items() if cause in causes)
    return f"Since the last apply: {listed}."


def _choices(document: PlanDocument, advice: Advice) -> Part:
    """What can be done: a room without its agent is nothing to take over, and an apply leaves what is unlisted."""
    take_over = Entry(("to keep what lives, take it into the file: ", Typed(advice.take_over)))
    apply = Entry(("to have what the file says, apply it: ", Typed(advice.apply)))
    if document["changes"]:
        return Part("Choose one of the two", (take_over, apply), total=2)
    if not document["unlisted"]:
        return Part("What to do", (apply,), total=1)
    delete = Entry(("to be rid of it, delete it where it was made: an apply leaves it alone",))
    rooms = (apply,) if _lacking(document) else ()
    return Part("Choose", (take_over, delete, *rooms), total=2 + len(rooms))


def _lacking(document: PlanDocument) -> list[RoomPlanDocument]:
    return [room for room in document["rooms"] if room["missing"]]


def _total(document: PlanDocument) -> int:
    return len(document["changes"]) + len(document["unlisted"]) + len(_lacking(document))


def _drifted(document: PlanDocument, with_cause: bool) -> Iterator[Entry]:
    for change in document["changes"]:
        name = Name(quote(change["name"]))
        head: Words = (_kind(change["kind"]), " ", name, _LIVES.get(change["action"], ": differs"))
        # Of an object that lives on one side only every field differs, which nobody wants to read.
        has_details = change["action"] in ("update", "rename")
        yield Entry(head, tuple(_differences(change, with_cause)) if has_details else ())
    for one in document["unlisted"]:
        name = Name(quote(one["name"]) if one["name"] else one["id"])
        yield Entry((_kind(one["kind"]), " ", name, ": lives, and the file does not list it"))
    for room in _lacking(document):
        agents = _names(room["missing"])
        yield Entry(("room ", Name(quote(room["room"])), " has no agent ", *agents))


def _kind(kind: str) -> str:
    return harmless(title(kind))


def _differences(change: ChangeDocument, with_cause: bool) -> Iterator[Words]:
    for field in change["fields"]:
        cause = f" ({_CAUSES[field['cause']]})" if with_cause and "cause" in field else ""
        if field["sensitive"]:
            effect = _EFFECTS.get(field.get("effect", ""), "differs (hidden)")
            yield (Name(field["path"]), f" {effect}{cause}")
            continue
        described = describe(change["kind"], field["path"])
        now, wanted = (_value(field[side], described) for side in _SIDES)
        yield (Name(field["path"]), ": now ", now, ", the file says ", wanted, cause)


_SIDES: Final = ("before", "after")


def _value(value: JsonValue, described: Field | None) -> Name:
    return Name(word(value, described))


# ---------------------------------------------------------------------------------------------------------------------
# Who is affected
# ---------------------------------------------------------------------------------------------------------------------


def _affected(rerouted: RerouteDocument) -> Entry:
    now, then = sides_in_words(rerouted)
    calls = Name(calls_in_words(rerouted))
    return Entry(("calls to ", calls, ": now each ", Name(now), "; the file says it ", Name(then)))


def _names(names: Iterable[str]) -> Words:
    """A few names with commas between them, and how many more."""
    listed = list(names)
    words: list[str | Name] = []
    for name in listed[:_FEW]:
        words += [", "] if words else []
        words.append(Name(name))
    if len(listed) > _FEW:
        words.append(f" and {len(listed) - _FEW:,} more")
    return tuple(words)
