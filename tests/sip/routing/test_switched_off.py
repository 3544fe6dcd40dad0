"""Each rule of SIP-SEMANTICS has a test that names it, and that test fails when the code of the rule is switched off.

A switch replaces the few lines that follow a rule by what somebody would write who did not know it. The tests of the
rule (`test_rule_07_…`) are then run again, and one of them has to notice.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

from reconciler.emulator.context import Refused
from reconciler.emulator.errors import TwirpError
from reconciler.sip import conflicts, numbers
from reconciler.sip.era import Era
from reconciler.sip.routing import addresses as routing_addresses
from reconciler.sip.routing import media as routing_media
from reconciler.sip.routing import rules as routing_rules
from reconciler.sip.routing import trunks as routing_trunks
from reconciler.sip.routing.trunks import TrunkMatch
from tests.sip.routing import (
    test_numbers_and_conflicts,
    test_rooms_and_callers,
    test_rule_choice,
    test_storage,
    test_trunk_choice,
)

MODULES: tuple[ModuleType, ...] = (
    test_numbers_and_conflicts,
    test_trunk_choice,
    test_rule_choice,
    test_rooms_and_callers,
    test_storage,
)
RULES = range(1, 47)

R = "reconciler.sip.routing."
E = "reconciler.emulator."


def same(value: Any, *_: Any, **__: Any) -> Any:
    """What it is given."""
    return value


def nothing(*_: Any, **__: Any) -> None:
    """Nothing."""


def never(*_: Any, **__: Any) -> bool:
    """No."""
    return False


def always(*_: Any, **__: Any) -> bool:
    """Yes."""
    return True


def empty(*_: Any, **__: Any) -> Iterator[Any]:
    """None of them."""
    return iter(())


def with_country_code(number: str) -> str:
    """As many telephones dial."""
    normal = numbers.normalize(number)
    return f"+1{normal[1:]}" if len(normal) == 11 and normal.startswith("+") else normal


def without_punctuation(text: str) -> str:
    """Whatever the text is."""
    return "+" + "".join(one for one in text.lower() if one.isalnum())


def wildcard_slots(numbers: Any, callers: Any, era: Era, *_: Any) -> Any:
    """A list beside none is taken for an overlap."""
    return conflicts.trunk_slots((), (), era)


def in_normal_form(rule: Any, path: str) -> Any:
    """Numbers of rules as if they were those of trunks."""
    return tuple(map(numbers.normalize, ORIGINAL_TEXTS(rule, path)))


def literal_slots(era: Era) -> Any:
    """Every server as if it were one of this era."""
    return lambda numbers, callers, _: ORIGINAL_TRUNK_SLOTS(numbers, callers, era)


ORIGINAL_TEXTS = routing_rules.Rule.texts
ORIGINAL_RULE_SLOTS = conflicts.rule_slots
ORIGINAL_TRUNK_SLOTS = conflicts.trunk_slots
ORIGINAL_FILTER = routing_addresses.AddressFilter
ORIGINAL_INDEX = routing_trunks.TrunkIndex
ORIGINAL_MEDIA = routing_media.media_of


def slots_without_trunk(pin: str, trunks: Any, callers: Any, called: Any, *_: Any) -> Any:
    """All rules in the way of each other."""
    return ORIGINAL_RULE_SLOTS(pin, (), callers, called)


def guarded_index(trunks: Iterable[Any], *rest: Any, **named: Any) -> Any:
    """Only trunks that could be created today."""
    return ORIGINAL_INDEX([one for one in trunks if one.texts("numbers")], *rest, **named)


def refuse(*_: Any, **__: Any) -> None:
    """No object is good enough."""
    raise TwirpError("invalid_argument", "no")


# Rule → switches: what is replaced (module, name in it), and by what. All switches of one tuple are thrown together.
Switch = tuple[tuple[str, str, Any], ...]
SWITCHES: dict[int, list[Switch]] = {
    1: [((R + "trunks", "normalize", same),)],
    2: [((R + "trunks", "normalize", without_punctuation),)],
    3: [((R + "trunks", "normalize", with_country_code),)],
    4: [((R + "rules", "Rule.texts", in_normal_form),)],
    5: [(("reconciler.sip.occupancy", "trunk_slots", empty),)],
    6: [(("reconciler.sip.occupancy", "trunk_slots", wildcard_slots),)],
    7: [(("reconciler.sip.collisions", "slots_of", lambda kind, fields, era: ()),)],
    8: [(("reconciler.sip.occupancy", "trunk_slots", literal_slots(era)),) for era in Era],
    9: [((R + "rules", "rule_slots", empty),)],
    10: [((R + "rules", "rule_slots", slots_without_trunk),)],
    11: [((R + "rules", "is_repetitive", never),)],
    12: [((R + "rules", "has_no_kind", never),)],
    13: [
        ((R + "router", "is_refused", never),),
        (
            (
                R + "router",
                "is_refused",
                lambda source: routing_addresses.parse_address(source) is None,
            ),
        ),
    ],
    14: [
        ((R + "trunks", "number_key", same),),
        ((R + "trunks", "caller_keys", lambda trunk: (None,)),),
        ((R + "trunks", "AddressFilter.admits", always),),
    ],
    15: [
        ((R + "trunks", "one_that_lists", lambda found, called, era: TrunkMatch(found[0])),),
        ((R + "trunks", "stands_twice", never),),
    ],
    16: [
        ((R + "trunks", "one_default", lambda found: TrunkMatch(found[0])),),
        ((R + "trunks", "one_default", lambda found: TrunkMatch(None)),),
    ],
    17: [
        ((R + "addresses", "is_considered", always),),
        ((R + "addresses", "parse_prefix", nothing),),
        ((R + "addresses", "AddressFilter._enter_old", ORIGINAL_FILTER._enter_new),),
        ((R + "addresses", "AddressFilter._enter_new", ORIGINAL_FILTER._enter_old),),
        ((R + "addresses", "Prefix.contains", always),),
    ],
    18: [
        (
            (R + "trunks", "is_challenged", lambda trunk: trunk is not None),
            (R + "steps", "is_challenged", always),
        ),
        ((R + "steps", "is_challenged", always),),
    ],
    19: [
        ((R + "rules", "RuleIndex.failure", nothing),),
        ((R + "rules", "RuleIndex.failure", lambda self, trunk: self._first),),
        ((R + "rules", "RuleIndex.failure", lambda self, trunk: self._failures.get(trunk)),),
    ],
    20: [((R + "rules", "filter_keys", lambda call: ((None, None),)),)],
    21: [
        ((R + "rules", "groups_of", lambda trunk: (None,) if trunk is None else (None, trunk)),),
        ((R + "rules", "groups_of", lambda trunk: (trunk,)),),
    ],
    22: [
        ((R + "rules", "priority", lambda rule: 0),),
        ((R + "rules", "rank", lambda rule: (routing_rules.priority(rule), "", rule.order)),),
        (
            (
                R + "rules",
                "rank",
                lambda rule: (routing_rules.priority(rule), rule.room, -rule.order),
            ),
        ),
    ],
    23: [((R + "steps", "_unanswered", lambda router, call: (23, "")),)],
    24: [
        ((R + "rules", "passing", lambda bucket, call: bucket.best),),
        (
            (
                R + "rules",
                "passing",
                lambda bucket, call: (bucket.by_pin or {}).get(call.pin) or bucket.open,
            ),
        ),
    ],
    25: [((R + "router", "asks_for_pin", never),)],
    26: [((R + "steps", "can_be_typed", always),), ((R + "pins", "MAX_DIGITS", 15),)],
    27: [
        ((R + "room", "individual_room", lambda rule, caller, era: caller),),
        ((R + "router", "room_of", lambda rule, call, era: rule.room),),
    ],
    28: [((R + "room", "joined", lambda prefix, number: prefix + number),)],
    29: [
        ((R + "room", "shown_caller", lambda rule, call: call.caller),),
        ((R + "room", "masked", lambda n: n[-4:]),),
    ],
    30: [
        ((R + "router", "identity_of", lambda rule, call: f"sip_{call.caller}"),),
        ((R + "room", "shown_caller", lambda rule, call: call.caller),),
    ],
    31: [((R + "room", "is_hidden", never),), ((R + "steps", "_metadata", empty),)],
    32: [((R + "router", "crashes", never),)],
    33: [
        ((R + "media", "encryption_of", lambda trunk, rule: rule.get("media.encryption")),),
        ((R + "media", "codec_owner", lambda trunk, rule: rule),),
        ((R + "media", "_is_on", never),),
        (
            (
                "tests.sip.routing.test_rooms_and_callers",
                "media_of",
                lambda t, r, era: ORIGINAL_MEDIA(t, r, Era.NEW),
            ),
        ),
    ],
    34: [
        (("reconciler.sip.check", "_check_inbound", empty),),
        ((E + "trunks", "check_inbound", nothing),),
    ],
    35: [
        (("reconciler.sip.check", "_check_outbound", empty),),
        ((E + "validation", "_check_host", nothing),),
    ],
    36: [
        (("reconciler.sip.check", "RESERVED", frozenset()),),
        (("reconciler.sip.check", "_check_header_name", empty),),
        (("reconciler.sip.check", "_is_header_value", always),),
        ((E + "validation", "_check_headers", nothing),),
    ],
    37: [
        (("reconciler.sip.check", "_check_header_name", empty),),
        ((E + "validation", "_check_headers", nothing),),
    ],
    38: [
        ((E + "validation", "_check_media", nothing),),
        (("reconciler.config.fields", "CODEC_FORBIDDEN", ""),),
    ],
    39: [((E + "rules", "check_rule", nothing),), ((E + "rules", "check_rule", refuse),)],
    40: [(("tests.sip.routing.test_storage", "check_honoured", empty),)],
    41: [
        ((E + "conflicts", "RuleConflicts.check", nothing),),
        ((E + "conflicts", "TrunkConflicts.check", nothing),),
    ],
    42: [((E + "trunks", "check_list_update", nothing),), ((E + "trunks", "apply_list", nothing),)],
    43: [((E + "context", "Context.refused_update", lambda self: Refused("invalid_argument")),)],
    44: [((E + "conflicts", "trunk_filter", lambda trunks: always),)],
    45: [
        ((E + "trunks", "InboundTrunks.remove", refuse),),
        ((R + "steps", "_other_trunk", lambda router, rule, trunk: (19, "it names other trunks")),),
    ],
    46: [((R + "router", "TrunkIndex", guarded_index),)],
}


def of_rule(rule: int) -> list[Callable[[], None]]:
    """The tests that name a rule."""
    return [
        test
        for module in MODULES
        for name, test in vars(module).items()
        if isinstance(test, FunctionType) and name.startswith(f"test_rule_{rule:02d}_")
    ]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_the_page_has_a_test_that_names_it(rule: int) -> None:
    """The number stands in the name of the test, and the test holds."""
    tests = of_rule(rule)
    assert tests
    for test in tests:
        test()


@pytest.mark.parametrize(
    ("rule", "switch"),
    [(rule, switch) for rule in RULES for switch in SWITCHES[rule]],
    ids=lambda value: str(value) if isinstance(value, int) else value[0][1],
)
def test_a_rule_that_is_switched_off_is_missed(
    rule: int, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least one of its tests fails."""
    for module, name, replacement in switch:
        target: Any = importlib.import_module(module)
        *owners, last = name.split(".")
        for owner in owners:
            target = getattr(target, owner)
        assert hasattr(target, last)
        monkeypatch.setattr(target, last, replacement)
    assert any(notices(test) for test in of_rule(rule))


def notices(test: Callable[[], None]) -> bool:
    """Whether a test fails."""
    try:
        test()
    except Exception:  # noqa: BLE001  # a test may stumble over what is switched off in any way
        return True
    except BaseException as failure:  # `pytest.raises` that waited in vain
        if type(failure).__name__ != "Failed":
            raise
        return True
    return False
