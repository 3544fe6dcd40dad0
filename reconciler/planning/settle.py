"""What differs, and in which order it is written: found together, because each decides on the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set

from reconciler.config.model import Configuration
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Live, Snapshot
from reconciler.core.ownership import Matched
from reconciler.core.plan import Action
from reconciler.planning.calls import operations
from reconciler.planning.differences import Difference, Remarks, difference, recreation
from reconciler.planning.options import Options
from reconciler.planning.takeovers import merge_takeovers, replaced_trunks
from reconciler.planning.targets import Target, Trunks, targets
from reconciler.planning.ties import Ties
from reconciler.sip.collisions import Collision
from reconciler.sip.era import Era
from reconciler.sip.ordering import Operation, Ordered, Silence, Stage
from reconciler.sip.spec import INBOUND_TRUNK, KIND_BY_NAME


class Settled:
    """Differences in their order, and what they were found from."""

    def __init__(
        self,
        trunks: Trunks,
        kinds: Collection[str],
        found: list[Target],
        differences: list[Difference],
        ordered: Ordered,
        silences: tuple[Silence, ...],
        remarks: Remarks,
    ) -> None:
        self.trunks = trunks
        self.kinds = kinds
        self.targets = found
        self.ids = {
            (one.desired.kind, one.desired.name): one.live.id
            for one in found
            if one.live is not None
        }
        self.differences = differences
        self.ordered = ordered
        self.silences = silences
        self.remarks = remarks


def settle(
    configuration: Configuration,
    live: Snapshot,
    matched: Mapping[str, Matched],
    deletions: list[Live],
    broken: Iterable[Collision],
    options: Options,
) -> Settled:
    """Differences and their order.

    A trunk that can only hand over its numbers by being created anew gets a new id, and one that is made out of
    another has an id already. Both change the rules that name it: hence the loop. It ends because every turn adds a
    trunk to one of the two.
    """
    offenders = {(one.kind, one.id) for collision in broken for one in _live_ends(collision)}
    recreated: frozenset[str] = frozenset()
    replaced: dict[str, str] = {}
    while True:
        remarks = Remarks([], [])
        trunks = Trunks(live, matched.get(INBOUND_TRUNK.name), recreated, replaced)
        found = targets(configuration, matched, trunks, options.era, remarks.findings)
        differences = list(_differences(configuration, found, recreated, options, remarks))
        wanted = merge_takeovers(list(operations(differences, deletions)), options.era)
        ties = Ties(live, found, deletions)
        ordered, silences = _ordered(live, wanted, ties, offenders, recreated, options)
        again = {
            step.operation.name
            for step in ordered.steps
            if step.operation.kind == INBOUND_TRUNK.name
            and step.operation.action is Action.DELETE
            and step.operation.stage is Stage.EARLIER
        }
        made = replaced_trunks(wanted)
        if again <= recreated and made.items() <= replaced.items():
            remarks.findings.extend(_must_stay(ordered, found, ties))
            remarks.notes.extend(_created_anew(ordered))
            return Settled(trunks, matched.keys(), found, differences, ordered, silences, remarks)
        recreated |= again
        replaced |= made


def _anew(ordered: Ordered) -> Iterator[Operation]:
    """The objects that are deleted and created again."""
    for step in ordered.steps:
        if step.operation.action is Action.DELETE and step.operation.stage is Stage.EARLIER:
            yield step.operation


def _must_stay(ordered: Ordered, found: Iterable[Target], ties: Ties) -> Iterator[Finding]:
    """Errors for objects that could only be written by creating them anew, and have to keep their ids."""
    stay = {(one.kind, one.name): why for one in _anew(ordered) if (why := ties.reason(one))}
    for target in found if stay else ():
        desired = target.desired
        if (desired.kind, desired.name) in stay:
            yield Finding(
                "id-must-stay",
                Severity.ERROR,
                f"sip.{KIND_BY_NAME[desired.kind].section}.{desired.name}",
                f"it could take over from others here only by being deleted and created again, but "
                f"{stay[desired.kind, desired.name]}",
                "do it in two applies, with a number or PIN in between that nobody else has",
                desired.origin.mark(),
            )


def _created_anew(ordered: Ordered) -> Iterator[str]:
    """One note for all objects that get new ids."""
    names = [f'{KIND_BY_NAME[one.kind].title} "{one.name}" ({one.id})' for one in _anew(ordered)]
    if names:
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        yield f"deleted and created again on the way, with a new id: {shown}"


def _ordered(
    live: Snapshot,
    wanted: Sequence[Operation],
    ties: Ties,
    offenders: Set[tuple[str, str]],
    recreated: Set[str],
    options: Options,
) -> tuple[Ordered, tuple[Silence, ...]]:
    """The writes in their order, beside all that they leave as it is."""
    if not wanted:
        return Ordered((), ()), ()
    from reconciler.sip.ordering.order import Request, order
    from reconciler.sip.ordering.world import Surroundings

    written = {one.id for one in wanted}
    spoofable = options.by_from_host
    around = Surroundings(
        [one for one in live if one.id not in written],
        options.era,
        options.era is Era.OLD if spoofable is None else spoofable,
        bool(offenders),
    )
    return order(Request(wanted, around, offenders, recreated, ties.of))


def _live_ends(collision: Collision) -> Iterator[Live]:
    for one in (collision.first, collision.second):
        if isinstance(one, Live):
            yield one


def _differences(
    configuration: Configuration,
    found: Iterable[Target],
    recreated: frozenset[str],
    options: Options,
    remarks: Remarks,
) -> Iterator[Difference]:
    foreign = configuration.project.unmanaged
    for target in found:
        one = difference(target, options, foreign, remarks)
        if target.desired.kind == INBOUND_TRUNK.name and target.desired.name in recreated:
            one = recreation(target, one, remarks)
        if one is not None:
            yield one
