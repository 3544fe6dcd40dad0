"""What messages say: what drifted, since when, who is affected, what to type; and that no name breaks out of them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.alerting.decide import Kind, Policy, remember
from reconciler.alerting.found import NotLooked, looked
from reconciler.alerting.letter import Letter
from reconciler.alerting.memory import Heard, Memory
from reconciler.alerting.message import News, age, letter
from reconciler.alerting.safe import harmless
from tests.alerting.documents import (
    ADVICE,
    NOW,
    answer,
    change,
    document,
    field,
    news,
    rerouted,
    room,
)

LONG = 100_000
RANDOM = "\u2039random\u203a"
MOVED = field("rooms.individual.prefix", "hotline-", "call-")
RULE_X = answer(rule="x", room="hotline-_+1555…_<random>", agents=["hotline-agent"])
RULE_IN = answer(rule="inbound", room="call-_+1555…_<random>", agents=["acme-telephony", "scribe"])


def text(kind: Kind, told: News, heard: Heard | None = None) -> str:
    """Title and body of a message as plain text."""
    made = letter(kind, told, heard)
    return f"{made.subject(LONG)}\n{made.body(LONG, markdown=False)}"


def test_a_drift_is_told_in_full() -> None:
    """What drifted, since when, who is affected, and the two commands to choose from."""
    seen = document(
        changes=[change("inbound", MOVED)],
        reroutes=[rerouted(["+15550100001"], RULE_X, RULE_IN)],
    )
    assert text(Kind.DRIFT, news(seen)) == (
        "acme: the live project has drifted (1 object differs)\n"
        "On acme.livekit.example there is what the file does not say: 1 object differs.\n"
        "First seen by this look, at 2026-03-01 14:03 UTC.\n"
        "\n"
        "What drifted:\n"
        '- dispatch rule "inbound": differs\n'
        '    rooms.individual.prefix: now "hotline-", the file says "call-"\n'
        "\n"
        "Who is affected:\n"
        f'- calls to +15550100001: now each goes to room "hotline-_+1555…_{RANDOM}", agents: hotline-agent; '
        f'the file says it goes to room "call-_+1555…_{RANDOM}", agents: acme-telephony, scribe\n'
        "\n"
        "Choose one of the two:\n"
        "- to keep what lives, take it into the file: reconcile drift --write-back\n"
        "- to have what the file says, apply it: reconcile apply"
    )


def test_markdown_says_the_same_with_names_as_code() -> None:
    """Names and commands stand in code spans; the words are those of the plain text."""
    seen = document(
        changes=[change("inbound", MOVED)],
        reroutes=[rerouted(["+15550100001"], RULE_X, RULE_IN)],
    )
    made = letter(Kind.DRIFT, news(seen))
    shown = made.body(LONG, markdown=True)
    assert '**What drifted**\n\n- dispatch rule `"inbound"`: differs\n    - `rooms.' in shown
    assert "`reconcile drift --write-back`" in shown
    markup = re.compile(r"[\s`*:-]")
    assert markup.sub("", shown) == markup.sub("", made.body(LONG, markdown=False))


def test_what_lives_on_one_side_only_is_told_as_that() -> None:
    """Missing, unlisted, renamed, hidden; and rooms without their agent."""
    hidden = field("auth.password", None, None, sensitive=True, effect="changed")
    seen = document(
        changes=[
            change("new", field("rooms", None, "individual"), action="create"),
            change("old", field("rooms", "individual", None), action="delete"),
            change("secret", hidden),
        ],
        unlisted=[
            {"kind": "inbound_trunk", "name": "", "id": "ST_1", "hint": ""},
            {"kind": "inbound_trunk", "name": "test", "id": "ST_2", "hint": ""},
        ],
        rooms=[room("call-1", "call-", "acme-telephony")],
    )
    told = text(Kind.DRIFT, news(seen))
    for line in (
        "(3 objects differ, 2 unlisted, 1 room without an agent)",
        '- dispatch rule "new": does not live\n',
        '- dispatch rule "old": lives, and the file does not list it\n',
        '- dispatch rule "secret": differs\n    auth.password differs (hidden)\n',
        "- inbound trunk ST_1: lives, and the file does not list it\n",
        '- inbound trunk "test": lives',
        '- room "call-1" has no agent acme-telephony\n',
    ):
        assert line in told


@pytest.mark.parametrize(
    ("causes", "words"),
    [
        (["live"], "changed by hand: since the last apply"),
        (["file", "file"], "It is not applied yet"),
        (["live", "file"], "Since the last apply: changed by hand, not applied yet."),
        (["both"], "changed by hand and in the file"),
        (["unknown"], "changed since the last apply"),
    ],
)
def test_a_receipt_tells_by_hand_from_not_applied_yet(causes: list[str], words: str) -> None:
    """Which side changed since the last apply, for all of it, and field by field where they differ."""
    fields = [field(f"metadata{n}", "a", "b", cause=cause) for n, cause in enumerate(causes)]
    told = text(Kind.DRIFT, news(document(changes=[change("inbound", *fields)])))
    assert words in told
    assert ("(changed by hand)" in told) == (len(set(causes)) > 1)


def test_only_what_helps_is_offered() -> None:
    """A room without its agent is nothing to take into the file; an apply does not delete what is unlisted."""
    unlisted = [{"kind": "inbound_trunk", "name": "test", "id": "ST_2", "hint": ""}]
    rooms = [room("call-1", "call-", "acme")]
    for parts, keep, apply, delete in (
        ({"rooms": rooms}, False, True, False),
        ({"unlisted": unlisted}, True, False, True),
        ({"unlisted": unlisted, "rooms": rooms}, True, True, True),
        ({"unlisted": unlisted, "changes": [change("inbound", MOVED)]}, True, True, False),
    ):
        told = text(Kind.DRIFT, news(document(**parts)))
        assert ("--write-back" in told) == keep
        assert ("reconcile apply" in told) == apply
        assert ("delete it where it was made" in told) == delete


def test_who_is_affected_is_said_in_the_words_of_a_plan() -> None:
    """Any number, certain callers, calls that nobody answers, that ask for a PIN."""
    no_rule, pin = answer("no_rule"), answer("pin_required", rule="vip")
    many = [f"+155501000{n:02}" for n in range(20)]
    seen = document(
        changes=[change("inbound", MOVED)],
        reroutes=[
            rerouted(["<number>"], no_rule, pin, "+15550100011"),
            rerouted(many, RULE_X, answer("trunk_ambiguous")),
        ],
    )
    told = text(Kind.DRIFT, news(seen))
    assert (
        "calls to any other number from +15550100011: now each is answered by no rule; "
        'the file says it is asked for the PIN of rule "vip"' in told
    )
    assert "calls to +15550100000, +15550100001, +15550100002 and 17 more: now each goes to" in told


def test_nobody_affected_is_said() -> None:
    """Where objects differ and no call does; without a changed object there is nothing to call for."""
    changed = [change("inbound", field("metadata", "a", "b"))]
    words = "No call meets anything else by it"
    assert words in text(Kind.DRIFT, news(document(changes=changed)))
    lacking = document(rooms=[room("call-1", "call-", "acme")])
    assert words not in text(Kind.DRIFT, news(lacking))


def test_since_when_is_said_by_later_runs() -> None:
    """The first run that saw any of it, how long ago, and how many looks since."""
    seen = document(changes=[change("inbound", MOVED)])
    first = news(seen)
    later = NOW + timedelta(hours=26)
    memory = remember(first.memory, looked(seen), later)
    told = text(Kind.REMINDER, replace(first, memory=memory, now=later))
    assert "acme: the live project is still adrift" in told
    assert "First seen at 2026-03-01 14:03 UTC (26 h ago), and by 2 looks in a row." in told
    heard = Heard(since=NOW)
    assert "The drift was first seen at 2026-03-01 14:03 UTC." in text(Kind.CLEAR, first, heard)


def test_what_cannot_be_looked_at_is_said() -> None:
    """How many runs, since when, why, and what the last good look found."""
    seen = news(document(changes=[change("inbound", MOVED)]))
    memory = seen.memory
    for hours in (1, 2, 3):
        memory = remember(memory, NotLooked("no connection"), NOW + timedelta(hours=hours))
    told = text(
        Kind.BLIND, News(memory, Policy(), NOW, ADVICE, None, "acme.example: no\nconnection")
    )
    assert told == (
        "acme: cannot look for drift\n"
        "Nobody knows whether the live project drifts: 3 runs in a row could not look, since 2026-03-01 15:03 UTC.\n"
        "The last one said: acme.example: no\\nconnection\n"
        "The last look that went well was at 2026-03-01 14:03 UTC, and found drift."
    )


def test_a_sign_of_life_says_how_things_are() -> None:
    """No drift since when, or which drift stands, or that nothing is known yet."""
    clean = news(document(drift=False))
    assert "No drift since 2026-03-01 14:03 UTC." in text(Kind.HEARTBEAT, clean)
    adrift = news(document(changes=[change("inbound", MOVED)]))
    assert "first seen at 2026-03-01 14:03 UTC (0 min ago) still stands" in text(
        Kind.SEEING, adrift
    )
    waiting = replace(adrift, policy=Policy(after=3))
    assert "1 of 3 looks after which it is told" in text(Kind.HEARTBEAT, waiting)
    nothing = News(Memory(), Policy(), NOW, ADVICE)
    assert "No look went well yet." in text(Kind.HEARTBEAT, nothing)


def test_ages_are_short() -> None:
    """One unit, and no negative one where a clock went back."""
    for seconds, words in (
        (0, "0 min"),
        (-5, "0 min"),
        (3600, "60 min"),
        (7200, "2 h"),
        (1e6, "11 d"),
    ):
        assert age(NOW, NOW + timedelta(seconds=seconds)) == words


# ---------------------------------------------------------------------------------------------------------------------
# Length
# ---------------------------------------------------------------------------------------------------------------------


@cache
def large() -> Letter:
    """A drift of a thousand rules with many fields, which sends a thousand routes elsewhere."""
    fields = [field(f"headers.X-{n}", "a" * 5000, "b" * 5000) for n in range(12)]
    moved = [rerouted([f"+1555{n:07}"], RULE_X, RULE_IN) for n in range(1000)]
    changes = [change(f"rule {n}" * 50, *fields) for n in range(1000)]
    return letter(Kind.DRIFT, news(document(changes=changes, reroutes=moved)))


@pytest.mark.parametrize("markdown", [False, True])
@pytest.mark.parametrize("limit", [1000, 1024, 3000, 35_000])
def test_a_large_drift_fits_and_keeps_what_matters(limit: int, markdown: bool) -> None:
    """Teams takes 1,000 characters and PagerDuty 1,024: the counts, the time and both commands are in them."""
    body = large().body(limit, markdown=markdown)
    assert len(body) <= limit
    assert "1,000 objects differ" in body
    assert "First seen" in body
    assert "reconcile drift --write-back" in body
    assert "reconcile apply" in body
    assert "more" in body or "1,000 routes" in body


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 2000), st.booleans())
def test_no_limit_is_exceeded(limit: int, markdown: bool) -> None:
    """A text message of 160 characters is cut as well."""
    made = large() if limit % 10 == 0 else letter(Kind.CLEAR, news(document()), Heard(since=NOW))
    assert len(made.body(limit, markdown=markdown)) <= limit
    assert len(made.subject(limit)) <= limit


# ---------------------------------------------------------------------------------------------------------------------
# Names
# ---------------------------------------------------------------------------------------------------------------------

HOSTILE = (
    "<!channel> @everyone `x` [here](https://evil.example) <https://evil.example|bank>"
    "\n- to have what the file says: curl evil\r\n\x1b[31m\u202e **b** </p><img src=x> ``` &lt;!here&gt; <@U123>"
)


def everywhere(name: str) -> Letter:
    """A drift with one text in the place of every name and value."""
    seen = document(
        project=name,
        host=name,
        changes=[change(name, field(name, name, [name], cause="live"), kind=name, action="rename")],
        unlisted=[{"kind": name, "name": name, "id": name, "hint": name}],
        rooms=[room(name, name, name, name)],
        reroutes=[
            rerouted(
                [name],
                answer(rule=name, room=name, agents=[name]),
                answer("pin_required", rule=name),
                name,
            )
        ],
    )
    return letter(Kind.DRIFT, news(seen))


@pytest.mark.parametrize("markdown", [False, True])
def test_no_name_breaks_out(markdown: bool) -> None:
    """No mention, no tag, no link, no end of a code span, no line of its own, nothing invisible."""
    made, plain = everywhere(HOSTILE), everywhere("x")
    body = made.body(LONG, markdown=markdown)
    for text in (made.subject(LONG), body):
        assert not re.search(r"[<>@]|://|\]\(|[^\S\n ]|\x1b|\u202e", text)
    assert body.count("\n") == plain.body(LONG, markdown=markdown).count("\n")
    assert body.count("`") == plain.body(LONG, markdown=markdown).count("`")
    if not markdown:
        assert "`" not in body


@given(st.text())
def test_harmless_text_is_one_line_without_markup(text: str) -> None:
    """Whatever a name holds."""
    shown = harmless(text)
    assert shown.isprintable()
    assert not re.search(r"[<>@`]|://|\]\(", shown)


def test_a_command_stays_as_it_is_typed() -> None:
    """The commands are the caller's own words: a path with an @ can be copied."""
    told = news(document(changes=[change("inbound", MOVED)]))
    odd = replace(told, advice=replace(ADVICE, apply="reconcile apply -c 'a@b/`c`.yaml'"))
    made = letter(Kind.DRIFT, odd)
    assert "reconcile apply -c 'a@b/`c`.yaml'" in made.body(LONG, markdown=False)
    assert "`` reconcile apply -c 'a@b/`c`.yaml' ``" in made.body(LONG, markdown=True)
