"""Each rule of SIP-SEMANTICS has a test that names it, and that test fails when the code of the rule is switched off.

A switch replaces the few lines that follow a rule by what somebody would write who did not know it, always in the code
and never in a test. The tests of the rule (`test_rule_07_…`) are then run again, and one of them has to notice: by what
it asserts, not by stumbling.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import pytest
from msgspec import structs

from reconciler.core.values import Secret
from reconciler.emulator import quirks
from reconciler.emulator.context import Refused
from reconciler.emulator.errors import TwirpError
from reconciler.sip import conflicts, numbers, occupancy
from reconciler.sip.era import Era
from reconciler.sip.routing import addresses as routing_addresses
from reconciler.sip.routing import room as routing_room
from reconciler.sip.routing import rules as routing_rules
from reconciler.sip.routing import steps as routing_steps
from reconciler.sip.routing import trunks as routing_trunks
from reconciler.sip.routing.call import RANDOM
from reconciler.sip.routing.router import Router
from reconciler.sip.routing.trunks import TrunkMatch
from reconciler.sip.spec import KIND_BY_NAME
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

VERSIONS = test_storage.VERSIONS

R = "reconciler.sip.routing."
E = "reconciler.emulator."
C = "reconciler.sip."


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


def unfiltered(ignored: str) -> Any:
    """Rules without one of their filters."""
    return lambda rule, path: () if path == ignored else ORIGINAL_TEXTS(rule, path)


def literal_slots(era: Era) -> Any:
    """Every server as if it were one of this era."""
    return lambda numbers, callers, _: ORIGINAL_TRUNK_SLOTS(numbers, callers, era)


def slots_with_addresses(kind: str, fields: Any, era: Era) -> Any:
    """Trunks whose networks differ live side by side."""
    networks = fields.get("allowed_addresses")
    found = ORIGINAL_SLOTS_OF(kind, fields, era)
    return [(slot, networks.key if networks is not None else ()) for slot in found]


def slots_with_user(kind: str, fields: Any, era: Era) -> Any:
    """Trunks whose user names or passwords differ live side by side."""
    known = [fields.get(path) for path in ("auth.username", "auth.password")]
    told = tuple(one.reveal() if isinstance(one, Secret) else one for one in known)
    return [(slot, told) for slot in ORIGINAL_SLOTS_OF(kind, fields, era)]


def swapped_callee(rule: Any, call: Any, era: Era) -> str:
    """The random tail of rooms of numbers called, by default as that of rooms of callers."""
    if rule.kind != "callee":
        return ORIGINAL_ROOM(rule, call, era)
    name = ORIGINAL_JOINED(rule.text("rooms.callee.prefix"), call.called)
    has_tail = rule.fields.get("rooms.callee.random_suffix") is not False
    return f"{name}_{RANDOM}" if has_tail else name


def masked_callee(rule: Any, call: Any, era: Era) -> str:
    """The number called hidden as well."""
    return ORIGINAL_ROOM(rule, structs.replace(call, called=call.called[-4:]), era)


def own_attributes_last(rule: Any, trunk: Any, call: Any) -> dict[str, str]:
    """What the rule says goes before what LiveKit says."""
    given = {
        path.removeprefix("attributes."): str(value)
        for path, value in rule.fields.items()
        if path.startswith("attributes.")
    }
    return {**ORIGINAL_ATTRIBUTES(rule, trunk, call), **given}


def ageless() -> dict[str, SimpleNamespace]:
    """Kinds of objects whose fields all servers know."""
    known = SimpleNamespace(since=None)
    return {
        name: SimpleNamespace(section=kind.section, field=lambda _: known)
        for name, kind in KIND_BY_NAME.items()
    }


def pins_before_numbers(rule: Any) -> int:
    """A PIN outranks a filter."""
    return ORIGINAL_PRIORITY(rule) + (0 if rule.pin else 10_000)


def like(version: str) -> Any:
    """Every server as if it were of this version."""
    return classmethod(lambda cls, _: ORIGINAL_QUIRKS(version))


ORIGINAL_TEXTS = routing_rules.Rule.texts
ORIGINAL_PRIORITY = routing_rules.priority
ORIGINAL_SLOTS_OF = occupancy.slots_of
ORIGINAL_ROOM = routing_room.room_of
ORIGINAL_JOINED = routing_room.joined
ORIGINAL_INDIVIDUAL = routing_room.individual_room
ORIGINAL_ATTRIBUTES = routing_room.attributes_of
ORIGINAL_UNANSWERED = routing_steps._unanswered
ORIGINAL_QUIRKS = quirks.Quirks.of
ORIGINAL_RULE_SLOTS = conflicts.rule_slots
ORIGINAL_TRUNK_SLOTS = conflicts.trunk_slots
ORIGINAL_FILTER = routing_addresses.AddressFilter
ORIGINAL_INDEX = routing_trunks.TrunkIndex


def literally_compared(pin: str, trunks: Any, callers: Any, called: Any, *_: Any) -> Any:
    """Two spellings of a number are two numbers."""
    return ORIGINAL_RULE_SLOTS(pin, trunks, callers, called, same)


def slots_without_trunk(pin: str, trunks: Any, callers: Any, called: Any, *_: Any) -> Any:
    """All rules in the way of each other."""
    return ORIGINAL_RULE_SLOTS(pin, (), callers, called)


def guarded_index(trunks: Iterable[Any], *rest: Any, **named: Any) -> Any:
    """Only trunks that could be created today."""
    return ORIGINAL_INDEX([one for one in trunks if one.texts("numbers")], *rest, **named)


def refuse(*_: Any, **__: Any) -> None:
    """No object is good enough."""
    raise TwirpError("invalid_argument", "no")


# What is replaced (module, name in it), and by what; all at once.
Switch = tuple[tuple[str, str, Any], ...]


def off(module: str, name: str, replacement: Any) -> Switch:
    """A switch that replaces one thing."""
    return ((module, name, replacement),)


SWITCHES: dict[int, list[Switch]] = {
    1: [
        off(R + "trunks", "normalize", same),
        off(R + "trunks", "normalize", lambda text: numbers.normalize(text) or "+"),
    ],
    2: [off(R + "trunks", "normalize", without_punctuation)],
    3: [off(R + "trunks", "normalize", with_country_code)],
    4: [
        off(R + "rules", "Rule.texts", in_normal_form),
        off(
            R + "room",
            "joined",
            lambda prefix, number: ORIGINAL_JOINED(prefix, numbers.normalize(number)),
        ),
    ],
    5: [
        off(C + "occupancy", "trunk_slots", empty),
        off(
            C + "occupancy",
            "trunk_slots",
            lambda numbers, callers, era: ORIGINAL_TRUNK_SLOTS(numbers, (), era),
        ),
        off(
            C + "occupancy",
            "trunk_slots",
            lambda numbers, callers, era: ORIGINAL_TRUNK_SLOTS((), callers, era),
        ),
    ],
    6: [off(C + "occupancy", "trunk_slots", wildcard_slots)],
    7: [
        off(C + "collisions", "slots_of", slots_with_addresses),
        off(C + "collisions", "slots_of", slots_with_user),
    ],
    8: [off(C + "occupancy", "trunk_slots", literal_slots(era)) for era in Era],
    9: [
        off(R + "rules", "rule_slots", empty),
        off(R + "rules", "rule_slots", literally_compared),
    ],
    10: [
        off(R + "rules", "rule_slots", slots_without_trunk),
        off(
            R + "rules",
            "rule_slots",
            lambda pin, trunks, callers, called: ORIGINAL_RULE_SLOTS(pin, trunks, (), ()),
        ),
        off(R + "rules", "rule_slots", lambda pin, *others: ORIGINAL_RULE_SLOTS("", *others)),
    ],
    11: [off(R + "rules", "is_repetitive", never)],
    12: [off(R + "rules", "has_no_kind", never)],
    13: [
        off(R + "router", "is_refused", never),
        off(
            R + "router",
            "is_refused",
            lambda source: routing_addresses.parse_address(source) is None,
        ),
    ],
    14: [
        off(R + "trunks", "number_key", same),
        off(R + "trunks", "caller_keys", lambda trunk: (None,)),
        off(R + "trunks", "AddressFilter.admits", always),
    ],
    15: [
        off(R + "trunks", "one_that_lists", lambda found, called, era: TrunkMatch(found[0])),
        off(R + "trunks", "stands_twice", never),
    ],
    16: [
        off(R + "trunks", "one_default", lambda found: TrunkMatch(found[0])),
        off(R + "trunks", "one_default", lambda found: TrunkMatch(None)),
    ],
    17: [
        off(R + "addresses", "is_considered", always),
        off(R + "addresses", "parse_prefix", nothing),
        off(R + "addresses", "AddressFilter._enter_old", ORIGINAL_FILTER._enter_new),
        off(R + "addresses", "AddressFilter._enter_new", ORIGINAL_FILTER._enter_old),
        off(R + "addresses", "Prefix.contains", always),
    ],
    18: [
        (
            (R + "trunks", "is_challenged", lambda trunk: trunk is not None),
            (R + "steps", "is_challenged", always),
        ),
        off(R + "steps", "is_challenged", always),
    ],
    19: [
        off(R + "rules", "RuleIndex.failure", nothing),
        off(R + "rules", "RuleIndex.failure", lambda self, trunk: self._first),
        off(R + "rules", "RuleIndex.failure", lambda self, trunk: self._failures.get(trunk)),
    ],
    20: [
        off(R + "rules", "filter_keys", lambda call: ((None, None),)),
        off(R + "rules", "Rule.texts", unfiltered("callers")),
        off(R + "rules", "Rule.texts", unfiltered("numbers")),
        off(R + "rules", "groups_of", lambda trunk: ("ST_in", "ST_out")),  # whatever the trunk
    ],
    21: [
        off(R + "rules", "groups_of", lambda trunk: (None,) if trunk is None else (None, trunk)),
        off(R + "rules", "groups_of", lambda trunk: (trunk,)),
    ],
    22: [
        off(R + "rules", "priority", lambda rule: 0),
        off(R + "rules", "priority", pins_before_numbers),
        off(R + "rules", "rank", lambda rule: (routing_rules.priority(rule), "", rule.order)),
        off(
            R + "rules", "rank", lambda rule: (routing_rules.priority(rule), rule.room, -rule.order)
        ),
    ],
    23: [
        off(
            R + "steps",
            "_unanswered",
            lambda _, call, era=era: ORIGINAL_UNANSWERED(Router([], [], era), call),
        )
        for era in Era
    ],
    24: [
        off(R + "rules", "passing", lambda bucket, call: bucket.best),
        off(
            R + "rules",
            "passing",
            lambda bucket, call: (bucket.by_pin or {}).get(call.pin) or bucket.open,
        ),
    ],
    25: [off(R + "router", "asks_for_pin", never)],
    26: [off(R + "steps", "can_be_typed", always), off(R + "pins", "MAX_DIGITS", 15)],
    27: [
        off(R + "room", "individual_room", lambda rule, caller, era: caller),
        off(R + "router", "room_of", lambda rule, call, era: rule.room),
        off(R + "router", "room_of", swapped_callee),
        *(
            off(
                R + "room",
                "individual_room",
                lambda rule, caller, _, era=era: ORIGINAL_INDIVIDUAL(rule, caller, era),
            )
            for era in Era
        ),
    ],
    28: [off(R + "room", "joined", lambda prefix, number: prefix + number)],
    29: [
        off(R + "room", "shown_caller", lambda rule, call: call.caller),
        off(R + "room", "masked", lambda n: n[-4:]),
        off(R + "router", "room_of", masked_callee),
    ],
    30: [
        off(R + "router", "identity_of", lambda rule, call: f"sip_{call.caller}"),
        off(R + "room", "shown_caller", lambda rule, call: call.caller),
    ],
    31: [
        off(R + "room", "is_hidden", never),
        off(R + "room", "attributes_of", own_attributes_last),
        off(R + "steps", "_metadata", empty),
        off(R + "steps", "_fields", empty),
    ],
    32: [off(R + "router", "crashes", never)],
    33: [
        off(R + "media", "encryption_of", lambda trunk, rule: rule.get("media.encryption")),
        off(R + "media", "codec_owner", lambda trunk, rule: rule),
        off(R + "media", "_is_on", never),
        off(R + "media", "honours_media", always),
        off(R + "media", "honours_media", never),
    ],
    34: [
        *(off(E + "quirks", "Quirks.of", like(version)) for version in VERSIONS),
        off(C + "check", "_check_inbound", empty),
        off(E + "trunks", "check_inbound", nothing),
    ],
    35: [
        off(C + "check", "_check_outbound", empty),
        off(E + "validation", "_check_host", nothing),
        *(off(E + "quirks", "Quirks.of", like(version)) for version in VERSIONS),
    ],
    36: [
        off(C + "check", "RESERVED", frozenset()),
        off(C + "check", "_check_header_name", empty),
        off(C + "check", "_is_header_value", always),
        off(E + "validation", "_check_headers", nothing),
    ],
    37: [
        off(C + "check", "_check_header_name", empty),
        off(E + "validation", "_check_headers", nothing),
    ],
    38: [
        off(E + "validation", "_check_media", nothing),
        *(off(E + "quirks", "Quirks.of", like(version)) for version in VERSIONS),
        off("reconciler.config.fields", "CODEC_FORBIDDEN", ""),
    ],
    39: [off(E + "rules", "check_rule", nothing), off(E + "rules", "check_rule", refuse)],
    40: [
        off(C + "check", "KIND_BY_NAME", ageless()),
        off(C + "check", "_NEW_TO_AGENTS", ()),
    ],
    41: [
        off(E + "trunks", "need", nothing),
        off(E + "conflicts", "trunk_filter", lambda trunks: always),
        off(E + "conflicts", "RuleConflicts.check", nothing),
        off(E + "conflicts", "TrunkConflicts.check", nothing),
    ],
    42: [
        off(E + "updating", "check_list_update", nothing),
        off(E + "updating", "apply_list", nothing),
        off(E + "updating", "need_own_id", nothing),
    ],
    43: [
        off(E + "context", "Context.refused_update", lambda self: Refused("invalid_argument")),
        *(off(E + "quirks", "Quirks.of", like(version)) for version in VERSIONS),
    ],
    44: [
        off(E + "conflicts", "trunk_filter", lambda trunks: always),
        off(E + "conflicts", "spelling_filter", lambda numbers, quirks: always),
    ],
    45: [
        off(E + "rules", "DispatchRules.delete", nothing),
        off(E + "trunks", "InboundTrunks.remove", refuse),
        off(R + "steps", "_other_trunk", lambda router, rule, trunk: (19, "it names other trunks")),
    ],
    46: [off(R + "router", "TrunkIndex", guarded_index)],
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
    """Whether a test fails by what it asserts; `pytest.raises` that waits in vain does so, too."""
    try:
        test()
    except (AssertionError, pytest.fail.Exception):
        return True
    except Exception:  # noqa: BLE001  # whoever stumbles has not noticed anything
        return False
    return False
