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
    numbers = ", ".join(f'"+1555{n:07}"' for n in range(size))
    trunk = f"    t: {{numbers: [{numbers}], {GUARD}}}\n"
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


SHAPES = [_trunks_and_rules, _rules_of_one_trunk, _pins_of_one_trunk, _conventions, _ambiguous]


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_objects_are_twice_the_work(shape: Callable[[int], str]) -> None:
    """No check compares everything with everything."""
    small, large = (_calls(_read(shape(size))) for size in (200, 400))
    assert large < 2.2 * small, (small, large)


def test_an_ordinary_object_costs_few_calls() -> None:
    """A plan of ten thousand objects must not notice the lint."""
    assert _calls(_read(_trunks_and_rules(200))) / 400 < 60


def _read(text: str) -> Configuration:
    return load({Path("dispatch.yaml"): text.encode()}, {})


def _calls(configuration: Configuration) -> int:
    list(lint(configuration, Era.NEW))  # caches and imports
    profile = cProfile.Profile()
    profile.enable()
    list(lint(configuration, Era.NEW))
    profile.disable()
    statistics = pstats.Stats(profile)
    total: int = statistics.total_calls  # type: ignore[attr-defined]
    return total
