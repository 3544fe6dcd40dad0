"""What an order is: steps in their places, and the silences between them."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.sip.ordering.operation import Operation


@dataclass(frozen=True, slots=True)
class Step:
    """An operation in its place. Steps of one lane follow each other at once; `after` are places in the order."""

    operation: Operation
    batch: int
    lane: int
    after: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ordered:
    """All steps in order; `owners` tells which object each is of."""

    steps: tuple[Step, ...]
    owners: tuple[int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Silence:
    """Calls that are answered before and after, but by nobody from one step to another (places in the order).

    `numbers` are those called, "" for all that nobody mentions, and `callers` likewise. `needs_pin`: it is callers with
    a PIN who are not answered.
    """

    since: int
    until: int
    numbers: tuple[str, ...]
    callers: tuple[str, ...]
    needs_pin: bool = False
