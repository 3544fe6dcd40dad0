"""Objects whose writes have to be looked at together.

They are noticed by the same callers, or hand over a slot to each other, or one is named by another. Objects of
different clusters can be written in any order: nobody could tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from reconciler.sip.ordering.destinations import Destination
from reconciler.sip.ordering.waits import Waits
from reconciler.sip.ordering.world import World


class Cluster(NamedTuple):
    """Objects by their places, and the destinations where they are noticed."""

    places: tuple[int, ...]
    destinations: tuple[Destination, ...]


def clusters(waits: Waits, world: World) -> Iterator[Cluster]:
    """The objects of a plan, cluster by cluster; those that no caller notices are left out."""
    parent: dict[int, int] = {}

    def root(place: int) -> int:
        while parent.setdefault(place, place) != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    noticed: list[tuple[Destination, list[int]]] = []
    for destination in world.destinations:
        if destination.has_something_to_lose:
            places = [
                place for place in dict.fromkeys(destination.moving) if destination.concerns(place)
            ]
            if places:
                noticed.append((destination, places))
                for place in places[1:]:
                    parent[root(place)] = root(places[0])
                root(places[0])
    for earlier, later in waits.links:
        parent[root(waits.owners[later])] = root(waits.owners[earlier])
    members: dict[int, list[int]] = defaultdict(list)
    for place in sorted(parent):
        members[root(place)].append(place)
    found: dict[int, list[Destination]] = defaultdict(list)
    for destination, places in noticed:
        found[root(places[0])].append(destination)
    for top, destinations in found.items():
        yield Cluster(tuple(members[top]), tuple(destinations))
