"""Which rooms a rule can make (SIP-SEMANTICS 27-29), checked against the names that calls really get."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.objects import Fields
from reconciler.core.values import Unknown, Value, text_set
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.numbers import normalize
from reconciler.sip.rooms import RoomNames, masked, room_names
from tests.sip.calls import RANDOM, Call, enters, room_of

CALLER = "+15550100099"
CALLED = "+15550100001"


def names(fields: Fields, *, trunks: list[Fields] | None = None, era: Era = Era.NEW) -> RoomNames:
    """The names of a rule that makes rooms."""
    found = room_names(fields, trunks, era)
    assert found is not None
    return found


PATTERNS: list[tuple[dict[str, Value], Era, str]] = [
    ({"rooms": "direct", "rooms.direct.room": "lobby"}, Era.NEW, "lobby"),
    ({"rooms": "direct"}, Era.NEW, ""),
    (
        {"rooms": "individual", "rooms.individual.prefix": "call-"},
        Era.NEW,
        "call-_<number>_<random>",
    ),
    (
        {"rooms": "individual", "rooms.individual.prefix": "call_"},
        Era.NEW,
        "call__<number>_<random>",
    ),
    ({"rooms": "individual"}, Era.NEW, "<number>_<random>"),
    ({"rooms": "individual"}, Era.OLD, "_<number>_<random>"),
    ({"rooms": "individual", "rooms.individual.random_suffix": False}, Era.NEW, "<number>"),
    (
        {"rooms": "individual", "rooms.individual.random_suffix": False},
        Era.OLD,
        "_<number>_<random>",
    ),
    ({"rooms": "callee", "rooms.callee.prefix": "to"}, Era.NEW, "to_<number>"),
    ({"rooms": "callee"}, Era.OLD, "<number>"),
    ({"rooms": "callee", "rooms.callee.random_suffix": True}, Era.NEW, "<number>_<random>"),
    ({"rooms": "callee", "numbers": text_set([CALLED])}, Era.NEW, CALLED),
    ({"rooms": "callee", "numbers": text_set([CALLED, "2"])}, Era.NEW, "<number>"),
]


@pytest.mark.parametrize(("fields", "era", "pattern"), PATTERNS)
def test_27_28_the_pattern_is_livekits(fields: dict[str, Value], era: Era, pattern: str) -> None:
    """The underscore is always inserted, the suffixes have opposite defaults, old servers ignore one of them."""
    assert names(fields, era=era).pattern == pattern


@pytest.mark.parametrize(
    "fields",
    [{}, {"rooms": "individual", "rooms.individual.prefix": Unknown()}, {"rooms": Unknown()}],
)
def test_nothing_is_said_about_what_could_not_be_read(fields: dict[str, Value]) -> None:
    """A misspelt prefix must not lead to findings about the empty one."""
    assert room_names(fields, None, Era.NEW) is None


def test_29_hidden_numbers_leave_their_last_characters() -> None:
    """The last four bytes, or the last one of four or fewer; the called number is never masked."""
    assert [masked(number) for number in (CALLER, "+15550", "+100", "100", "", "ab")] == [
        "0099",
        "5550",
        "0",
        "0",
        "",
        "b",
    ]
    fields: dict[str, Value] = {
        "rooms": "individual",
        "rooms.individual.prefix": "c",
        "hide_phone_number": True,
        "callers": text_set([CALLER, "15550100099"]),
    }
    assert names(fields).tails == ("0099",)
    called: dict[str, Value] = {
        "rooms": "callee",
        "hide_phone_number": True,
        "numbers": text_set([CALLED]),
    }
    assert names(called).tails == (CALLED,)


def test_callers_of_the_rule_count_as_written() -> None:
    """LiveKit compares them byte for byte (20), so another spelling never enters."""
    fields: dict[str, Value] = {
        "rooms": "individual",
        "rooms.individual.prefix": "c",
        "callers": text_set(["1 (555)", CALLER]),
    }
    assert names(fields).tails == ("1 (555)", CALLER)


def test_numbers_of_all_trunks_are_tails_in_every_spelling_that_enters() -> None:
    """A trunk compares in normal form as well (14), so the plus may be missing."""
    trunks: list[Fields] = [
        {"numbers": phone_numbers(["(555) 010-0001"])},
        {"numbers": phone_numbers([CALLED])},
    ]
    found = names({"rooms": "callee", "rooms.callee.prefix": "to"}, trunks=trunks)
    assert found.tails == ("(555) 010-0001", "+5550100001", "5550100001", CALLED, CALLED[1:])


def test_one_trunk_for_any_number_leaves_all_numbers_possible() -> None:
    """The others' lists then say nothing."""
    trunks: list[Fields] = [{"numbers": phone_numbers([CALLED])}, {}]
    assert names({"rooms": "callee"}, trunks=trunks).tails is None


def test_what_the_trunks_keep_out_is_no_tail() -> None:
    """Callers that no trunk lets in make no room; a rule that nobody reaches is taken at its word."""
    trunks: list[Fields] = [{"callers": phone_numbers([CALLER])}]
    fields: dict[str, Value] = {
        "rooms": "individual",
        "callers": text_set([CALLER, "+15550100098"]),
    }
    assert names(fields, trunks=trunks).tails == (CALLER,)
    unreachable: dict[str, Value] = {"rooms": "individual", "callers": text_set(["+15550100098"])}
    assert names(unreachable, trunks=trunks).tails == ("+15550100098",)


# --- against the names of calls

NUMBERS = st.sampled_from(
    [CALLER, CALLED, "15550100001", "+15550100002", "100", "+100", "1555", "0015550100001"]
)
LISTS = st.lists(NUMBERS, min_size=1, max_size=2, unique=True)
PREFIXES = st.sampled_from(["", "call-", "call_", "c", "call-_+1555"])


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Value]:
    """A rule that makes rooms."""
    kind = draw(st.sampled_from(["individual", "callee", "direct"]))
    fields: dict[str, Value] = {"rooms": kind}
    if kind == "direct":
        fields["rooms.direct.room"] = draw(PREFIXES)
    elif prefix := draw(PREFIXES):
        fields[f"rooms.{kind}.prefix"] = prefix
    if kind != "direct" and draw(st.booleans()):
        fields[f"rooms.{kind}.random_suffix"] = kind == "callee"
    if draw(st.booleans()):
        fields["hide_phone_number"] = True
    for path in ("callers", "numbers"):
        if draw(st.booleans()):
            fields[path] = text_set(draw(LISTS))
    return fields


TRUNKS = st.fixed_dictionaries(
    {}, optional={"numbers": LISTS.map(phone_numbers), "callers": LISTS.map(phone_numbers)}
)
CALLS = st.builds(Call, caller=NUMBERS, called=NUMBERS)


@settings(deadline=None, max_examples=400)
@given(rules(), st.none() | st.lists(TRUNKS, min_size=1, max_size=2), CALLS, st.sampled_from(Era))
def test_every_room_of_a_call_that_enters_is_one_of_the_names(
    fields: dict[str, Value], trunks: list[Fields] | None, call: Call, era: Era
) -> None:
    """Whatever the rule, its trunks and the caller: the computed names hold the real one, and each of its starts."""
    if not enters(call, fields, trunks):
        return
    found = names(fields, trunks=trunks, era=era)
    room = room_of(call, fields, era)
    assert found.can_be(room)
    assert all(found.can_start(room[:end]) for end in range(len(room) + 1))
    assert any(room.startswith(head) for head in found.heads())
    if found.is_complete:
        assert room in found.heads()


@settings(deadline=None, max_examples=400)
@given(rules(), st.sampled_from(Era), st.text("+_0123456789abcl-", max_size=30))
def test_a_name_that_can_be_starts_as_names_can(
    fields: dict[str, Value], era: Era, text: str
) -> None:
    """The two questions never contradict each other."""
    found = names(fields, era=era)
    for name in (text, found.head + text, found.head + normalize(text) + "_" + RANDOM):
        if found.can_be(name):
            assert all(found.can_start(name[:end]) for end in range(len(name) + 1))


NEVER = [
    (
        {"rooms": "individual", "rooms.individual.prefix": "call-"},
        "call-1",
        "the underscore comes first",
    ),
    (
        {"rooms": "individual", "rooms.individual.prefix": "call-"},
        "call-outbound-",
        "a number follows",
    ),
    (
        {"rooms": "individual", "rooms.individual.prefix": "call-"},
        "call-_+1555x",
        "a number has digits",
    ),
    (
        {"rooms": "individual", "rooms.individual.prefix": "call-"},
        "call-_+12_",
        "numbers are longer",
    ),
    (
        {"rooms": "callee", "rooms.callee.prefix": "to", "numbers": text_set([CALLED])},
        "to_+2",
        "it is another number",
    ),
    ({"rooms": "direct", "rooms.direct.room": "lobby"}, "lobby-", "nothing follows"),
]


@pytest.mark.parametrize(
    ("fields", "text", "reason"), NEVER, ids=[reason for _, _, reason in NEVER]
)
def test_some_names_are_never_made(fields: dict[str, Value], text: str, reason: str) -> None:
    """A convention with such a prefix takes no room from the rule."""
    assert not names(fields).can_start(text)
