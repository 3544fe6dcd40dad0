"""What becomes of a call, or how the agents of a room arrive: documents, and the sections that all formats show."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.render.document import FORMAT_VERSION, to_json
from reconciler.render.escape import escape, quote
from reconciler.render.formats import Format
from reconciler.render.outline import Line, Section
from reconciler.render.shapes import (
    CallAnswerDocument,
    CallDiffDocument,
    RoomDocument,
    StepDocument,
)
from reconciler.sip.routing.call import Answer, Step

_WORDS = {
    "accepted": "accepted",
    "pin_required": "the caller is asked for a PIN",
    "no_rule": "no rule answers",
    "trunk_ambiguous": "fails, several trunks match",
    "rule_conflict": "fails, rules conflict",
    "invalid_rule": "fails, a rule is invalid",
    "invalid_source_ip": "refused, the source address is none",
}


def answer_document(
    answer: Answer,
    convention: str | None,
    agents: list[str],
    *,
    auth_required: bool,
    steps: Iterable[Step] = (),
) -> CallAnswerDocument:
    """What becomes of a call."""
    return {
        "format_version": FORMAT_VERSION,
        "outcome": answer.outcome.value,
        "trunk": answer.trunk.label if answer.trunk is not None else None,
        "rule": answer.rule.label if answer.rule is not None else None,
        "room": answer.room,
        "identity": answer.identity,
        "auth_required": auth_required,
        "convention": convention,
        "agents": agents,
        "steps": [{"rule": step.rule, "text": step.text} for step in steps],
    }


def diff_document(live: CallAnswerDocument, after: CallAnswerDocument) -> CallDiffDocument:
    """The same call before and after an apply."""
    return {
        "format_version": FORMAT_VERSION,
        "same": _decisive(live) == _decisive(after),
        "live": live,
        "after": after,
    }


def room_document(
    room: str,
    convention: str | None,
    dispatch: Iterable[str],
    agents: Iterable[str],
    rules: Iterable[str],
    needed: Iterable[str],
    obstacles: Iterable[str],
) -> RoomDocument:
    """How the agents of a room arrive."""
    return {
        "format_version": FORMAT_VERSION,
        "room": room,
        "convention": convention,
        "dispatch": list(dispatch),
        "agents": list(agents),
        "rules": list(rules),
        "needed": list(needed),
        "obstacles": list(obstacles),
    }


def _decisive(document: CallAnswerDocument) -> tuple[object, ...]:
    return tuple(document[key] for key in _DECISIVE)  # type: ignore[literal-required]


_DECISIVE = ("outcome", "trunk", "rule", "room", "identity", "auth_required", "agents")

# ---------------------------------------------------------------------------------------------------------------------
# Formats
# ---------------------------------------------------------------------------------------------------------------------


def show_call(document: CallAnswerDocument, form: Format, *, color: bool = False) -> str:
    """What becomes of a call."""
    if form is Format.JSON:
        return to_json(document)
    parts = call_sections(document)
    return _page(call_heading(document), parts, call_conclusion(document), form, color)


def show_diff(document: CallDiffDocument, form: Format, *, color: bool = False) -> str:
    """The same call before and after an apply."""
    if form is Format.JSON:
        return to_json(document)
    parts = diff_sections(document)
    return _page(diff_heading(document), parts, diff_conclusion(document), form, color)


def show_room(document: RoomDocument, form: Format, *, color: bool = False) -> str:
    """How the agents of a room arrive."""
    if form is Format.JSON:
        return to_json(document)
    parts = room_sections(document)
    return _page(room_heading(document), parts, room_conclusion(document), form, color)


def _page(title: str, parts: list[Section], last: str, form: Format, color: bool) -> str:
    if form is Format.TEXT:
        from reconciler.render.text import page

        return page(title, parts, last, color)
    from reconciler.render.markdown import SUMMARY_LIMIT, assemble, code_span

    head = ["## Explanation", code_span(title), code_span(last)]
    return assemble(head, parts, [], SUMMARY_LIMIT, fold=False)


# ---------------------------------------------------------------------------------------------------------------------
# Sections
# ---------------------------------------------------------------------------------------------------------------------


def call_heading(document: CallAnswerDocument) -> str:
    """The answer in a line."""
    return f"Call: {_outcome(document)}"


def call_sections(document: CallAnswerDocument) -> list[Section]:
    """The answer, and the steps that led to it."""
    steps = [Line(_step(step)) for step in document["steps"]]
    found = [Section("Answer", tuple(_facts(document)))]
    if steps:
        found.append(
            Section(
                "Why (numbers: https://livekit-reconciler.readthedocs.io/en/latest/routing/)",
                tuple(steps),
            )
        )
    return found


def call_conclusion(document: CallAnswerDocument) -> str:
    """Where the call goes, in one sentence."""
    return f"The call {destination(document)}."


def diff_heading(document: CallDiffDocument) -> str:
    """Whether anything changes for the call, and what."""
    live, after = document["live"], document["after"]
    if any(live[key] != after[key] for key in ("outcome", "room")):
        return "Call: goes elsewhere after this change"
    if live["agents"] != after["agents"]:
        return "Call: meets other agents after this change"
    if not document["same"]:
        return "Call: goes to the same place by another way after this change"
    if differences(live, after):
        return "Call: goes the same way, and what it brings or passes by changes"
    return "Call: nothing changes"


def diff_sections(document: CallDiffDocument) -> list[Section]:
    """Both answers, the steps that differ, and all steps of the second."""
    live, after = document["live"], document["after"]
    now, then = _facts(live), _facts(after)
    told = (line if line in now else Line(f"{line.text}   [changes]") for line in then)
    found = [
        Section("Live", tuple(now)),
        Section("After this change", tuple(told)),
    ]
    if changed := differences(live, after):
        found.append(Section("What changes on the way", tuple(changed), marked=True))
    return [*found, *call_sections(after)[1:]]


def diff_conclusion(document: CallDiffDocument) -> str:
    """Where the call goes then."""
    live, after = destination(document["live"]), destination(document["after"])
    if document["same"]:
        return f"After this change the call {after}, as it does now."
    return f"After this change the call {after}; now it {live}."


def differences(before: CallAnswerDocument, after: CallAnswerDocument) -> list[Line]:
    """The steps of one side that are none of the other. Ids tell nothing: an object may be created anew."""
    old, new = _told(before["steps"]), _told(after["steps"])
    gone = [Line(text, mark="-") for text in old if text not in new]
    return gone + [Line(text, mark="+") for text in new if text not in old]


def _told(steps: list[StepDocument]) -> dict[str, None]:
    """Steps as lines, in their order."""
    shown = (step for step in steps if not step["text"].startswith(_IDS))
    return dict.fromkeys(_step(step) for step in shown)


_IDS = ("attribute sip.trunkID of", "attribute sip.ruleID of")


def room_heading(document: RoomDocument) -> str:
    """Which room it is about."""
    return f"Room {quote(document['room'])}"


def room_sections(document: RoomDocument) -> list[Section]:
    """Convention, agents, what they need, what stands in the way."""
    convention = document["convention"]
    facts = [
        Line(f"convention  {'none' if convention is None else quote(convention)}"),
        Line(f"brought by  {', '.join(document['dispatch']) or 'nobody'}"),
        Line(f"agents      {_names(document['agents'])}"),
        Line(f"made by     {_rules(document['rules'])}"),
    ]
    found = [Section("Convention", tuple(facts))]
    for title, texts in (
        ("What it takes", document["needed"]),
        ("What would keep them away", document["obstacles"]),
    ):
        if texts:
            found.append(Section(title, tuple(Line(escape(text)) for text in texts)))
    return found


def room_conclusion(document: RoomDocument) -> str:
    """Who is to join, in one sentence."""
    agents = _names(document["agents"])
    if document["convention"] is not None:
        by_rule = len(document["agents"]) > 1 and len(document["rules"]) > 1
        return f"To join{', as the rule says' if by_rule else ''}: {agents}."
    if document["agents"]:
        return f"No convention covers this room; the rules that make it bring {agents}."
    return "No convention covers this room."


def _outcome(document: CallAnswerDocument) -> str:
    return _WORDS[document["outcome"]]


def destination(document: CallAnswerDocument) -> str:
    """What a call meets: `goes to room "call-_<caller>_<random>", agents: none`."""
    match document["outcome"]:
        case "accepted":
            return f"goes to room {quote(document['room'] or '')}, agents: {_names(document['agents'])}"
        case "pin_required":
            return f"is asked for the PIN of rule {quote(document['rule'] or '')}"
        case "no_rule":
            return "is answered by no rule"
        case "invalid_source_ip":
            return "is refused"
        case _:
            return _outcome(document)


def _facts(document: CallAnswerDocument) -> list[Line]:
    challenge = "asked for" if document["auth_required"] else "not asked for"
    facts = [
        ("outcome", _outcome(document)),
        ("trunk", _or_none(document["trunk"])),
        ("password", challenge),
        ("rule", _or_none(document["rule"])),
    ]
    if document["room"] is not None:
        facts += [
            ("room", quote(document["room"])),
            ("identity", quote(document["identity"] or "")),
            ("convention", _or_none(document["convention"])),
            ("agents", _names(document["agents"])),
        ]
    return [Line(f"{name:<10}  {value}") for name, value in facts]


def _step(step: StepDocument) -> str:
    return f"[{step['rule']:>2}] {escape(step['text'])}"


def _or_none(text: str | None) -> str:
    return "none" if text is None else quote(text)


def _names(names: list[str]) -> str:
    return ", ".join(map(escape, names)) or "none"


def _rules(names: list[str]) -> str:
    if not names:
        return "no dispatch rule"
    return ("dispatch rule " if len(names) == 1 else "dispatch rules ") + ", ".join(
        map(quote, names)
    )
