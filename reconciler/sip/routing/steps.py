"""Why a call is answered as it is: the steps of its way, each with the number of the rule of SIP-SEMANTICS.

Nothing here decides anything. What an answer leaves out (the trunks and rules that did not get the call, the fields
that end up somewhere) is found by asking the same small questions again, object by object, which takes as long as the
project is large.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.values import AgentList, Duration, Metadata, Unknown, natural, without_secret
from reconciler.sip.era import Era
from reconciler.sip.occupancy import PENDING, describe_slot
from reconciler.sip.routing.addresses import is_considered
from reconciler.sip.routing.call import RANDOM, Answer, Call, Outcome, Step
from reconciler.sip.routing.media import is_denoised, media_of
from reconciler.sip.routing.pins import can_be_typed, is_known
from reconciler.sip.routing.room import attributes_of, is_hidden, name_of
from reconciler.sip.routing.router import Router
from reconciler.sip.routing.rules import Rule, priority
from reconciler.sip.routing.trunks import (
    Trunk,
    is_challenged,
    lists_caller,
    lists_number,
    number_key,
)

_SHOWN = 8
_DIGITS_ALIKE = 7


def steps(router: Router, call: Call, answer: Answer) -> Iterator[Step]:
    """The steps of a call that got this answer from this router."""
    if answer.outcome is Outcome.INVALID_SOURCE_IP:
        text = f"{quoted(call.source)} is no bare IP address: the call is refused"
        yield Step(13, text)
        return
    yield from _source(call)
    yield from _number(call)
    yield from _trunk(router, call, answer)
    if answer.outcome is Outcome.TRUNK_AMBIGUOUS:
        return
    yield from _challenge(answer.trunk)
    yield from _rules(router, call, answer)
    if answer.rule is None:
        return
    if answer.outcome is Outcome.INVALID_RULE:
        yield Step(
            32,
            f"{quoted(answer.rule.label)} hides the number of a caller without one: "
            "the whole server process ends",
        )
        return
    yield from _pin(router, call, answer.rule, answer)
    if answer.outcome is Outcome.ACCEPTED:
        yield from _room(router, call, answer.rule, answer)
    yield from _media(router, answer)


# ---------------------------------------------------------------------------------------------------------------------
# Trunks
# ---------------------------------------------------------------------------------------------------------------------


def _source(call: Call) -> Iterator[Step]:
    if not call.source:
        yield Step(13, "no source address is given: every filter on addresses lets the call pass")


def _number(call: Call) -> Iterator[Step]:
    for what, number in (("the number called", call.called), ("the caller", call.caller)):
        normal = number_key(number)
        if normal != number:
            yield Step(1, f"trunks compare {what} as {normal}, rules as {quoted(number)}")


def _trunk(router: Router, call: Call, answer: Answer) -> Iterator[Step]:
    match = router.trunks.match(call)
    winners = match.rivals or ((match.trunk,) if match.trunk is not None else ())
    others: dict[tuple[int, str], list[str]] = {}
    for trunk in router.trunks.all:
        if trunk not in winners:
            others.setdefault(_why_not(router, trunk, call), []).append(trunk.label)
    if match.rivals:
        yield _ambiguous(match.rivals, call)
    elif match.trunk is None:
        has_any = bool(router.trunks.all)
        why = "no trunk matches" if has_any else "there is no inbound trunk"
        yield Step(16, f"{why}: the call goes on without one, and is not refused for that")
    elif match.trunk.texts("numbers"):
        name = quoted(match.trunk.label)
        yield Step(15, f"trunk {name} lists the number called, and is the only one")
    else:
        yield Step(16, f"trunk {quoted(match.trunk.label)} is for any number, and the only one")
    for (rule, why), names in others.items():
        yield Step(rule, f"not {_named('trunk', names)}: {why}")
    if match.trunk is not None:
        yield from _filters(match.trunk, call)


def _ambiguous(rivals: tuple[Trunk, ...], call: Call) -> Step:
    names = ", ".join(quoted(trunk.label) for trunk in rivals)
    if not rivals[0].texts("numbers"):
        return Step(16, f"{names} are for any number and all match: LiveKit fails the call")
    if len(rivals) == 1:
        return Step(
            15,
            f"{names} lists the number called twice, which is two to this server: it fails the call",
        )
    return Step(15, f"{names} all match {quoted(call.called)}: LiveKit fails the call")


def _why_not(router: Router, trunk: Trunk, call: Call) -> tuple[int, str]:
    if trunk.texts("numbers") and not lists_number(trunk, call.called):
        alike = _alike(call.called, trunk.texts("numbers"))
        if alike is not None:
            return 3, f"it lists {quoted(alike)}, and LiveKit adds no country code or zeros"
        return 14, "the number called is not among its numbers"
    if not lists_caller(trunk, call.caller):
        alike = _alike(call.caller, trunk.texts("callers"))
        if alike is not None:
            return 3, f"it lets in {quoted(alike)}, and LiveKit adds no country code or zeros"
        return 14, "the caller is not among its callers"
    if not router.trunks.admits(trunk, call):
        return 17, f"{call.source} is not in its allowed_addresses"
    return 16, "it is for any number, and another one lists this number"


def _filters(trunk: Trunk, call: Call) -> Iterator[Step]:
    entries = trunk.texts("allowed_addresses")
    ignored = [entry for entry in entries if not is_considered(entry)]
    if ignored:
        names = ", ".join(map(quoted, ignored))
        everybody = len(ignored) == len(entries)
        then = "nothing is left, so everybody is let in" if everybody else "the others count"
        yield Step(17, f"LiveKit ignores {names} in allowed_addresses: {then}")
    elif entries and call.source:
        yield Step(17, f"{call.source} passes its allowed_addresses")


def _challenge(trunk: Trunk | None) -> Iterator[Step]:
    if trunk is None:
        return
    name = quoted(trunk.label)
    user, password = trunk.fields.get("auth.username"), trunk.fields.get("auth.password")
    if is_challenged(trunk):
        doubt = (
            " - if it has one, which the server does not tell"
            if isinstance(password, Unknown)
            else ""
        )
        yield Step(18, f"trunk {name} asks for its user name and password{doubt}")
    elif user is not None or password is not None:
        lone = "a user name" if password is None else "a password"
        yield Step(18, f"trunk {name} has {lone} alone: nobody is asked for anything")
    else:
        yield Step(18, f"trunk {name} asks for no password")


# ---------------------------------------------------------------------------------------------------------------------
# Rules
# ---------------------------------------------------------------------------------------------------------------------


def _rules(router: Router, call: Call, answer: Answer) -> Iterator[Step]:
    trunk = answer.trunk.id if answer.trunk is not None else None
    considered = [rule for rule in router.rules.all if _is_read(rule, trunk)]
    for_any = sum(not rule.trunks for rule in considered)
    if trunk is None:
        yield Step(19, f"without a trunk all rules are read: {len(considered):,}")
    else:
        yield Step(
            19,
            f"rules read: {len(considered) - for_any:,} that name the trunk, {for_any:,} for any trunk",
        )
    failure = router.rules.failure(trunk)
    if failure is not None:
        yield _failed(failure.rule, failure.other, failure.slot, router)
        return
    if answer.rule is not None:
        yield _won(answer.rule)
    others: dict[tuple[int, str], list[str]] = {}
    for rule in router.rules.all:
        if rule is not answer.rule:
            others.setdefault(_why_not_rule(router, rule, call, answer), []).append(rule.label)
    for (number, why), names in others.items():
        yield Step(number, f"not {_named('rule', names)}: {why}")
    if answer.rule is None:
        yield _unanswered(router, call)


def _is_read(rule: Rule, trunk: str | None) -> bool:
    return trunk is None or not rule.trunks or trunk in rule.trunks


def _failed(rule: Rule, other: Rule | None, slot: object, router: Router) -> Step:
    name = quoted(rule.label)
    if other is None:
        return Step(
            12, f"rule {name} names no kind of room: LiveKit fails every call that reads it"
        )
    if other is rule:
        return Step(
            11,
            f"rule {name} takes one slot twice, which is a conflict: LiveKit fails every call that reads it",
        )
    names = {trunk.id: trunk.label for trunk in router.trunks.all}
    what = describe_slot(slot, names) if isinstance(slot, tuple) else "the same calls"  # type: ignore[arg-type]
    return Step(
        19,
        f"rules {quoted(other.label)} and {name} both take {what}: LiveKit fails every call that reads them",
    )


def _won(rule: Rule) -> Step:
    where = "names the trunk" if rule.trunks else "is for any trunk"
    return Step(22, f"rule {quoted(rule.label)} wins: it {where} and has priority {priority(rule)}")


def _why_not_rule(router: Router, rule: Rule, call: Call, answer: Answer) -> tuple[int, str]:
    trunk = answer.trunk.id if answer.trunk is not None else None
    if rule.trunks and trunk not in rule.trunks:
        return _other_trunk(router, rule, trunk)
    return _filtered(rule, call) or _wrong_pin(rule, call) or _beaten(rule, answer.rule)


def _filtered(rule: Rule, call: Call) -> tuple[int, str] | None:
    ends = (
        ("callers", "callers (inbound_numbers)", "caller", call.caller, call.called),
        ("numbers", "numbers (called)", "number called", call.called, call.caller),
    )
    for path, words, what, number, crossed in ends:
        listed = rule.texts(path)
        if not listed or number in listed:
            continue
        same = next((one for one in listed if number_key(one) == number_key(number)), None)
        if same is not None:
            told = f"it lists {quoted(same)}, which is not {quoted(number)} byte for byte"
            return 4, f"{told}, as rules compare"
        if crossed in listed:
            return 20, f"its {words} list {quoted(crossed)}, the other end of this call"
        return 20, f"the {what} is not among its {path}"
    return None


def _wrong_pin(rule: Rule, call: Call) -> tuple[int, str] | None:
    if call.refuses_pin:
        return (24, "it has a PIN, and the caller gave none") if rule.pin else None
    if not call.pin or rule.pin == call.pin:
        return None
    if not rule.pin:
        return 24, "it is open, and a PIN was sent: only rules with that PIN are left"
    return 24, "it has another PIN" if is_known(rule.fields) else "its PIN is not known here"


def _beaten(rule: Rule, won: Rule | None) -> tuple[int, str]:
    if won is None:  # no rule that passes all filters is left over
        return 20, "it does not let this call pass"
    if bool(rule.trunks) != bool(won.trunks):
        return 21, "it is for any trunk, and a rule of the trunk is left"
    mine, theirs = priority(rule), priority(won)
    if mine != theirs:
        return 22, f"priority {mine} is behind {theirs}"
    if rule.room != won.room:
        told = f"the same priority, and {quoted(rule.room)}"
        return 22, f"{told} sorts behind {quoted(won.room)}"
    doubt = " (no file can know it: here the name stands for it)" if PENDING in rule.id else ""
    return 22, f"the same priority and room, and a larger id{doubt}"


def _other_trunk(router: Router, rule: Rule, trunk: str | None) -> tuple[int, str]:
    if not any(one in router.trunks.by_id for one in rule.trunks):
        return 45, "it names a trunk that does not exist, so no call reaches it"
    return (
        (20, "it names a trunk, and the call has none")
        if trunk is None
        else (19, "it names other trunks")
    )


def _unanswered(router: Router, call: Call) -> Step:
    if call.pin and not call.refuses_pin:
        return Step(
            26,
            "no rule has this PIN: the caller hears that it is wrong, and the call ends; there is one try",
        )
    if router.era is Era.OLD:
        return Step(
            23,
            "no rule is left: the call is dropped without an answer, and the caller hears it ring",
        )
    return Step(23, "no rule is left: the call is refused (404)")


# ---------------------------------------------------------------------------------------------------------------------
# PIN, room, caller
# ---------------------------------------------------------------------------------------------------------------------


def _pin(router: Router, call: Call, rule: Rule, answer: Answer) -> Iterator[Step]:
    if answer.outcome is Outcome.PIN_REQUIRED:
        yield Step(
            25,
            f"rule {quoted(rule.label)} has a PIN: the caller is asked for it, and is in no room yet",
        )
        yield Step(26, "digits until #, at most 16, one try; # alone goes on without a PIN")
        if is_known(rule.fields) and not can_be_typed(rule.pin):
            yield Step(26, "its PIN can never be entered: it is not digits, or is longer than 16")
        return
    if not (call.pin or call.refuses_pin):
        return
    first = router.answer(Call(call.caller, call.called, call.source, call.from_host))
    if first.outcome is not Outcome.PIN_REQUIRED:
        yield Step(
            24,
            "the caller would not be asked for a PIN: without one the call is decided already, see there",
        )
    elif call.pin and not call.refuses_pin:
        yield Step(24, f"the PIN is that of rule {quoted(rule.label)}; open rules are left out")
        if not (call.is_reference or can_be_typed(call.pin)):
            yield Step(
                26, "this PIN cannot be entered by a caller: it is not digits, or is longer than 16"
            )
    else:
        yield Step(24, "the caller gave no PIN: rules with one are left out")
    if answer.room == "":
        yield Step(
            26,
            "the room has no name: after a PIN prompt that counts as a wrong PIN, and the call ends",
        )


def _room(router: Router, call: Call, rule: Rule, answer: Answer) -> Iterator[Step]:
    room = answer.room or ""
    how = {
        "direct": "its one room",
        "individual": "a room for this caller",
    }.get(rule.kind, "a room for the number called")
    drawn = f"; {RANDOM} is 12 letters and digits" if room.endswith(RANDOM) else ""
    yield Step(27, f"rule {quoted(rule.label)} makes {how}: {quoted(room)}{drawn}")
    if rule.kind != "direct" and rule.room:
        yield Step(28, f"LiveKit puts an underscore behind the prefix {quoted(rule.room)}")
    if is_hidden(rule):
        yield Step(29, "the number of the caller is hidden: the last 4 characters of it are shown")
    yield Step(
        30, f"the caller is {quoted(answer.identity or '')}, named {quoted(name_of(rule, call))}"
    )
    yield from _fields(call, rule, answer.trunk)


def _fields(call: Call, rule: Rule, trunk: Trunk | None) -> Iterator[Step]:
    for key, value in sorted(attributes_of(rule, trunk, call).items()):
        if key in ("sip.trunkID", "sip.ruleID") and value.startswith(PENDING):
            value = "<id, known after apply>"
        yield Step(31, f"attribute {key} of the caller: {quoted(value)}")
    if trunk is not None:
        for path in sorted(trunk.fields):
            header = path.removeprefix("headers_to_attributes.")
            if header != path:
                told = f"attribute {trunk.fields[path]} of the caller: the SIP header {header}"
                yield Step(31, told)
        include = trunk.fields.get("include_headers")
        if include in ("x", "all"):
            which = "that start with X-" if include == "x" else "of the call"
            yield Step(31, f"attributes sip.h.* of the caller: the SIP headers {which}")
    yield from _metadata(rule, trunk)


def _metadata(rule: Rule, trunk: Trunk | None) -> Iterator[Step]:
    told = rule.fields.get("metadata")
    if isinstance(told, Metadata):
        yield Step(
            31, f"metadata of the caller's participant: {quoted(told.text)} (metadata of the rule)"
        )
    told = rule.fields.get("room.metadata")
    if isinstance(told, Metadata):
        yield Step(
            31,
            f"metadata of the room, if it is new: {quoted(told.text)} (room.metadata of the rule)",
        )
    agents = rule.fields.get("agents")
    for agent in agents.entries if isinstance(agents, AgentList) else ():
        if agent.metadata.text:
            name = quoted(agent.agent_name) if agent.agent_name else "(unnamed)"
            yield Step(
                31,
                f"metadata of the job of {name}: {quoted(agent.metadata.text)} (metadata of the agent)",
            )
    if trunk is not None and isinstance(trunk.fields.get("metadata"), Metadata):
        yield Step(31, "metadata of the trunk: stays there, no room and no participant gets it")
    preset = rule.fields.get("room_preset")
    if preset:
        yield Step(31, f"room preset {quoted(str(preset))}: may bring agents that no API shows")


def _media(router: Router, answer: Answer) -> Iterator[Step]:
    trunk = answer.trunk.fields if answer.trunk is not None else {}
    rule = answer.rule.fields if answer.rule is not None else {}
    for path, value in media_of(trunk, rule, router.era).items():
        told = str(value) if isinstance(value, Duration) else natural(without_secret(value))
        yield Step(33, f"{path}: {told}")
    if is_denoised(trunk, rule):
        yield Step(33, "noise cancellation is on")


# ---------------------------------------------------------------------------------------------------------------------
# Words
# ---------------------------------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """A text with its ends seen."""
    return f'"{text}"'


def _named(noun: str, names: list[str]) -> str:
    shown = ", ".join(map(quoted, names[:_SHOWN]))
    if len(names) == 1:
        return f"{noun} {shown}"
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{noun}s {shown}{more}"


def _alike(number: str, listed: Iterable[str]) -> str | None:
    """A listed number that ends in the same digits, such as one without its country code."""
    digits = _digits(number)
    if len(digits) < _DIGITS_ALIKE:
        return None
    for one in listed:
        other = _digits(one)
        if len(other) >= _DIGITS_ALIKE and (digits.endswith(other) or other.endswith(digits)):
            return one
    return None


def _digits(number: str) -> str:
    return "".join(one for one in number if one in "0123456789").lstrip("0")
