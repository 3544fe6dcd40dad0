"""The lint's work grows with the number of objects, no faster; counted in calls, because machines differ."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.lint import lint
from reconciler.sip.era import Era
from tests.lint.reading import GUARD


def _trunks_and_rules(size: int) -> str:
    trunks = "".join(f'    t{n}: {{numbers: ["+1555{n:07}"], {GUARD}}}\n' for n in range(size))
    rules = "".join(
        f"    r{n}: {{trunks: [t{n}], rooms: {{individual: {{prefix: c-}}}}}}\n"
        for n in range(size)
    )
    return f"version: 1\nsip:\n  inbound_trunks:\n{trunks}  dispatch_rules:\n{rules}"


def _rules_of_one_trunk(size: int) -> str:
    rules = "".join(
        f'    r{n}: {{trunks: [t], numbers: ["+1555{n:07}"], rooms: {{individual: {{prefix: c{n}-}}}}}}\n'
        for n in range(size)
    )
    trunk = f"    t: {{numbers: [{_numbers(size)}], {GUARD}}}\n"
    return f"version: 1\nsip:\n  inbound_trunks:\n{trunk}  dispatch_rules:\n{rules}"


def _pins_of_one_trunk(size: int) -> str:
    rules = "".join(
        f"    r{n}: {{trunks: [t], rooms: {{direct: {{room: r{n}, pin: {{env: P{n}}}}}}}}}\n"
        for n in range(size)
    )
    return f"version: 1\nsip:\n  inbound_trunks:\n    t: {{numbers: any, {GUARD}}}\n  dispatch_rules:\n{rules}"


def _conventions(size: int) -> str:
    rules = "".join(
        f"    r{n}: {{trunks: [t], numbers: [n{n}], rooms: {{individual: {{prefix: c{n}-}}}}}}\n"
        for n in range(size)
    )
    rooms = "".join(f"    - {{prefix: c{n}-1, agents: [a], dispatch: sip}}\n" for n in range(size))
    return (
        f"version: 1\nsip:\n  inbound_trunks:\n    t: {{numbers: any, {GUARD}}}\n  dispatch_rules:\n{rules}"
        f"agents:\n  names: {{a: {{agent_name: a}}}}\n  rooms:\n{rooms}"
    )


def _ambiguous(size: int) -> str:
    trunks = "".join(
        f'    s{n}: {{numbers: ["+15550100001"], callers: ["+1555{n:07}"], {GUARD}}}\n'
        for n in range(size)
    )
    return f'version: 1\nsip:\n  inbound_trunks:\n    t: {{numbers: ["+15550100001"], {GUARD}}}\n{trunks}'


def _pins_behind_an_open_rule(size: int) -> str:
    numbers = _numbers(size)
    opened = (
        f"    o: {{trunks: [t], numbers: [{numbers}], rooms: {{individual: {{prefix: o-}}}}}}\n"
    )
    return _pins_of_one_trunk(size).replace("any", f"[{numbers}]") + opened


def _callers_of_rules(size: int) -> str:
    rules = "".join(
        f"    r{n}: {{trunks: [t], callers: [{_numbers(20, 20 * n)}], rooms: {{individual: {{prefix: c-}}}}}}\n"
        for n in range(size)
    )
    trunk = f"    t: {{numbers: [{_numbers(size, 9_000_000)}], {GUARD}}}\n"
    return f"version: 1\nsip:\n  inbound_trunks:\n{trunk}  dispatch_rules:\n{rules}"


def _numbers_and_callers_of_one_trunk(size: int) -> str:
    trunk = (
        f"    t: {{numbers: [{_numbers(size)}], callers: [{_numbers(size, 9_000_000)}], {GUARD}}}\n"
    )
    rules = "    r: {trunks: [t], rooms: {individual: {prefix: c-}}}\n"
    return f"version: 1\nsip:\n  inbound_trunks:\n{trunk}  dispatch_rules:\n{rules}"


def _trunks_apart(size: int) -> str:
    """Each has all the numbers for one caller, beside one that has them for all."""
    numbers, addresses = _numbers(20), ", ".join(f'"198.51.100.{n}"' for n in range(20))
    trunks = "".join(
        f'    s{n}: {{numbers: [{numbers}], callers: ["+1555{n + 100:07}"], allowed_addresses: [{addresses}]}}\n'
        for n in range(size)
    )
    return (
        f"version: 1\nsip:\n  inbound_trunks:\n    t: {{numbers: [{numbers}], {GUARD}}}\n{trunks}"
    )


def _lines(size: int) -> str:
    rules = "".join(
        f"    r{n}: {{trunks: [t], numbers: [n{n}], line: l{n}, rooms: {{individual: {{prefix: c-}}}}}}\n"
        for n in range(size)
    )
    lines = ", ".join(f"l{n}: {{agents: [a]}}" for n in range(size))
    return (
        f"version: 1\nsip:\n  inbound_trunks:\n    t: {{numbers: any, {GUARD}}}\n  dispatch_rules:\n{rules}"
        "agents:\n  names: {a: {agent_name: a}}\n  rooms:\n"
        f"    - {{prefix: c-, dispatch: sip, lines: {{{lines}}}}}\n"
    )


def _numbers(size: int, first: int = 0) -> str:
    return ", ".join(f'"+1555{n:07}"' for n in range(first, first + size))


SHAPES = [
    _trunks_and_rules,
    _rules_of_one_trunk,
    _pins_of_one_trunk,
    _pins_behind_an_open_rule,
    _callers_of_rules,
    _numbers_and_callers_of_one_trunk,
    _conventions,
    _lines,
    _ambiguous,
    _trunks_apart,
]


@pytest.mark.parametrize("era", list(Era))
@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_objects_are_twice_the_work(shape: Callable[[int], str], era: Era) -> None:
    """No check compares everything with everything."""
    small, large = (_calls(_read(shape(size)), era) for size in (200, 400))
    assert large < 2.2 * small, (small, large)


def test_an_ordinary_object_costs_few_calls() -> None:
    """A plan of ten thousand objects must not notice the lint."""
    assert _calls(_read(_trunks_and_rules(200))) / 400 < 60


def _read(text: str) -> Configuration:
    return load({Path("dispatch.yaml"): text.encode()}, {})


def _calls(configuration: Configuration, era: Era = Era.NEW) -> int:
    list(lint(configuration, era))  # caches and imports
    profile = cProfile.Profile()
    profile.enable()
    list(lint(configuration, era))
    profile.disable()
    statistics = pstats.Stats(profile)
    total: int = statistics.total_calls  # type: ignore[attr-defined]
    return total
