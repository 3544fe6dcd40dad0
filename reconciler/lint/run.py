"""All checks in a row. The order means nothing: findings are sorted by their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from reconciler.config.model import Configuration
from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.lint import (
    addresses,
    ambiguity,
    conventions,
    numbers,
    priority,
    rooms,
    rules,
    texts,
    trunks,
)
from reconciler.lint.facts import Facts
from reconciler.lint.silence import check_ignores
from reconciler.sip.era import Era

ObjectCheck = Callable[[Desired, Facts], Iterable[Finding]]
ProjectCheck = Callable[[Facts], Iterable[Finding]]

INBOUND: tuple[ObjectCheck, ...] = (
    trunks.check_guard,
    trunks.check_credentials,
    addresses.check_addresses,
    numbers.check_numbers,
    numbers.check_callers,
    texts.check_metadata,
)
OUTBOUND: tuple[ObjectCheck, ...] = (
    trunks.check_encryption,
    trunks.check_password,
    numbers.check_numbers,
    numbers.check_callback,
    texts.check_metadata,
)
RULE: tuple[ObjectCheck, ...] = (
    rules.check_trunks,
    rules.check_strangers,
    rules.check_pin,
    rules.check_hidden,
    rules.check_prefix,
    numbers.check_numbers,
    numbers.check_callers,
    numbers.check_filters,
    rooms.check_preset,
    rooms.check_existing_room,
    rooms.check_token,
    texts.check_metadata,
)
PROJECT: tuple[ProjectCheck, ...] = (
    ambiguity.check_ambiguous,
    trunks.check_unused,
    priority.check_priority,
    conventions.check_names,
    conventions.check_unnamed,
    conventions.check_twice,
    conventions.check_patterns,
    conventions.check_sources,
    conventions.check_fixed_rooms,
    texts.check_agents,
)


def lint(configuration: Configuration, era: Era) -> Iterator[Finding]:
    """Everything that is worth a word although LiveKit takes it."""
    facts = Facts(configuration, era)
    for checks, objects in (
        (INBOUND, facts.inbound),
        (OUTBOUND, facts.outbound),
        (RULE, facts.rules),
    ):
        for check in checks:
            for one in objects:
                yield from check(one, facts)
    for check_all in PROJECT:
        yield from check_all(facts)
    yield from check_ignores(configuration.ignores)
