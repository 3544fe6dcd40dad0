"""All scenarios with everything shuffled whose order means nothing: a program of its own, for another hash seed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from reconciler.core.objects import Snapshot
from reconciler.core.values import AgentList, References, TextList, Value
from reconciler.render.formats import Format, show_plan
from tests.support.scenarios import Scenario, names, scenario

T = TypeVar("T")


def digest(rounds: int = 4) -> str:
    """One digest of all formats of all scenarios; raises where two rounds differ."""
    found = hashlib.sha256()
    for name in names():
        one = scenario(name)
        plain = _all(one)
        for seed in range(rounds):
            assert _all(shuffled(one, seed)) == plain, f"{name}, round {seed}"
        found.update(plain.encode())
    return found.hexdigest()


def _all(one: Scenario) -> str:
    return "".join(show_plan(one.document, form, verbose=True) for form in Format)


def shuffled(one: Scenario, seed: int) -> Scenario:
    """The same scenario in another order. Of two listed objects in conflict the later one in the file has the finding:
    there the order of the file is a fact, and stays."""
    dice = random.Random(seed)  # the same dice every time is what is wanted
    objects = {
        kind: _mixed([replace(live, fields=_fields(live.fields, dice)) for live in found], dice)
        for kind, found in one.live.objects.items()
    }
    mixed_fields = [
        (kind, [replace(wanted, fields=_fields(wanted.fields, dice)) for wanted in found])
        for kind, found in one.configuration.sip.items()
    ]
    is_free = not any(finding.mark.line for finding in one.plan.findings)
    sip = {
        kind: tuple(_mixed(wanted, dice) if is_free else wanted) for kind, wanted in mixed_fields
    }
    return replace(
        one,
        configuration=replace(one.configuration, sip=sip),
        live=Snapshot(one.live.host, objects),
    )


def _fields(fields: Mapping[str, Value], dice: random.Random) -> dict[str, Value]:
    return {path: _value(value, dice) for path, value in _mixed(list(fields.items()), dice)}


def _value(value: Value, dice: random.Random) -> Value:
    match value:
        case TextList(written=written, key=key):
            return TextList(tuple(_mixed(written, dice)), key)
        case References(entries=references):
            return References(tuple(_mixed(references, dice)))
        case AgentList(entries=agents):
            return AgentList(tuple(_mixed(agents, dice)))
        case _:
            return value


def _mixed(found: Sequence[T], dice: random.Random) -> list[T]:
    return dice.sample(list(found), len(found))
