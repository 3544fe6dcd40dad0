"""How fast the simulator is: the index of a large project, calls a second, and what its size adds to a call.

There is no bare script to stand beside it. What it is measured by are limits: so long may the index take, so many calls
must be answered by one process, and a call to a thousand times the objects may cost hardly more.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Iterator

from benchmarks import generate
from benchmarks.figures import Figure
from benchmarks.measure import Spread
from reconciler.core.objects import Live
from reconciler.gateway.decode import live_object
from reconciler.sip.era import Era
from reconciler.sip.routing.call import Call, Outcome
from reconciler.sip.routing.router import Router
from reconciler.sip.routing.rules import Rule
from reconciler.sip.routing.trunks import Trunk
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK

PAIRS = 10_000
CALLS = 20_000
_SMALL, _LARGE = 50, 50_000  # pairs of a trunk and a rule: 100 and 100,000 objects
_INDEX_LIMIT = 0.3
_LEAST_RATE = 20_000.0
# Larger tables miss the caches of the processor more often, on a busy machine above all; that is all that size costs.
_FLAT = 3.0


def routing(runs: int) -> Iterator[Figure]:
    """The figures of the simulator."""
    objects = project(PAIRS)
    builds, rates = [], []
    for _ in range(runs + 1):
        seconds, router = _index(objects)
        builds.append(seconds)
        rates.append(CALLS / _answered(router, calls(PAIRS)))
    name = f"explain, {2 * PAIRS:,} objects"
    limit, least = Spread.of([_INDEX_LIMIT]), Spread.of([_LEAST_RATE])
    yield Figure(f"{name}: index, bare: limit", "s", Spread.of(builds[1:]), limit, 1.0)
    yield Figure(f"{name}: calls, bare: least", "/s", Spread.of(rates[1:]), least, 1.0, True)
    small, large = _costs(runs)
    yield Figure("explain, a call: 100 → 100,000 objects", "µs", large, small, _FLAT)


def project(pairs: int) -> tuple[list[Live], list[Live]]:
    """So many trunks, and a rule for each."""
    trunks = [
        live_object(INBOUND_TRUNK, generate.inbound_trunk(index), Era.NEW) for index in range(pairs)
    ]
    rules = [
        live_object(DISPATCH_RULE, generate.dispatch_rule(index), Era.NEW) for index in range(pairs)
    ]
    return trunks, rules


def calls(pairs: int) -> list[Call]:
    """Calls that all go somewhere, each through a trunk of its own lot."""
    lot = random.Random(pairs)  # noqa: S311  # the same calls in every run
    chosen = [lot.randrange(pairs) for _ in range(CALLS)]
    return [
        Call(
            "+15550100099",
            generate.inbound_numbers(index)[0],
            generate.network(index).replace("0/24", "7"),
        )
        for index in chosen
    ]


def _costs(runs: int) -> tuple[Spread, Spread]:
    """Microseconds a call in a small and in a large project, in turn, so that a slow moment hits both.

    The first round reads the filters on addresses and is not counted.
    """
    sides = [(_index(project(pairs))[1], calls(pairs)) for pairs in (_SMALL, _LARGE)]
    rounds = [
        [1e6 * _answered(router, asked) / CALLS for router, asked in sides]
        for _ in range(max(runs, 5) + 1)
    ]
    small, large = zip(*rounds[1:], strict=True)
    return Spread.of([*small]), Spread.of([*large])


def _index(objects: tuple[list[Live], list[Live]]) -> tuple[float, Router]:
    trunks, rules = objects
    gc.collect()
    gc.disable()  # as the commands do
    started = time.perf_counter()
    router = Router(
        [Trunk(one.id, one.label, one.fields) for one in trunks],
        [Rule(one.id, one.label, one.fields) for one in rules],
        Era.NEW,
    )
    seconds = time.perf_counter() - started
    gc.enable()
    return seconds, router


def _answered(router: Router, asked: list[Call]) -> float:
    """Seconds for all calls; one that goes astray would make the figure worthless."""
    gc.disable()  # as the commands do
    started = time.perf_counter()
    answers = [router.answer(call) for call in asked]
    seconds = time.perf_counter() - started
    gc.enable()
    if any(answer.outcome is not Outcome.ACCEPTED for answer in answers):
        raise AssertionError("a call of the benchmark was not accepted")
    return seconds
