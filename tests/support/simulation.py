"""A project in memory that obeys calls as LiveKit would, and random projects to try plans on.

`Project.run` carries out a plan's calls one by one in any order that their dependencies allow, and fails when a call
refers to what is not there, when a call meets another state than the plan promised, or when the state after a call
holds a conflict that was not there at the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from random import Random

from reconciler.config.model import Configuration, Project
from reconciler.core.objects import Desired, Fields, Live, Snapshot
from reconciler.core.ownership import UnlistedPolicy
from reconciler.core.plan import Action, Call, Plan
from reconciler.core.values import Reference, References, Secret, SecretRef, Value, text_set
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.occupancy import slots_of

NUMBERS = ("+15550100001", "+15550100002", "+15550100003", "+15550100004")
ADDRESSES = ("203.0.113.0/24", "198.51.100.0/25", "198.51.100.7")
CALLERS = ("+15550100011", "+15550100012")
KINDS = ("inbound_trunk", "outbound_trunk", "dispatch_rule")


class SimulatedProject:
    """The live objects by id."""

    def __init__(self, live: Snapshot, configuration: Configuration, era: Era = Era.NEW) -> None:
        self._era = era
        self._objects = {one.id: one for one in live}
        self._created: dict[tuple[str, str], str] = {}
        self._wanted = {
            (one.kind, one.name): one.fields for kind in configuration.sip.values() for one in kind
        }
        self._known = self._conflicts()

    def run(self, plan: Plan, random: Random) -> Snapshot:
        """Carries out all calls in a random order that the dependencies allow."""
        for _ in self.moments(plan, random):
            pass
        return self.snapshot()

    def moments(self, plan: Plan, random: Random | None) -> Iterator[Snapshot]:
        """The project after each call, in a random order that the dependencies allow, or in the order of the plan."""
        waiting = list(plan.calls)
        done: set[int] = set()
        while waiting:
            ready = [call for call in waiting if done.issuperset(call.after)]
            call = random.choice(ready) if random is not None else waiting[0]
            assert call in ready, call
            waiting.remove(call)
            self._send(call)
            done.add(call.step)
            new = self._conflicts() - self._known
            assert not new, f"after step {call.step} ({call.action} {call.name}): {new}"
            yield self.snapshot()

    def snapshot(self) -> Snapshot:
        """The project as it lives now."""
        return Snapshot(
            "simulated",
            {kind: [o for o in self._objects.values() if o.kind == kind] for kind in KINDS},
        )

    def _send(self, call: Call) -> None:
        if call.action is Action.DELETE:
            assert call.id is not None
            del self._objects[call.id]
            return
        if call.action is Action.CREATE:
            identifier = f"{'SDR' if call.kind == 'dispatch_rule' else 'ST'}_new{len(self._created)}{call.name}"
            self._created[(call.kind, call.name)] = identifier
            fields: dict[str, Value] = {}
            name = call.name
        else:
            assert call.id is not None
            identifier = call.id
            fields = dict(self._objects[identifier].fields)
            name = call.new_name or self._objects[identifier].name
        for change in call.fields:
            if not change.sensitive:
                assert fields.get(change.path) == self._resolved(change.before), (call, change)
            self._write(call, fields, change.path, change.after)
        self._objects[identifier] = Live(call.kind, identifier, name, fields)

    def _write(self, call: Call, fields: dict[str, Value], path: str, after: Value | None) -> None:
        if after is None:
            fields.pop(path, None)
        elif isinstance(after, SecretRef):
            fields[path] = self._wanted[(call.kind, call.new_name or call.name)][path]
        else:
            resolved = self._resolved(after)
            assert resolved is not None
            fields[path] = resolved

    def _resolved(self, value: Value | None) -> Value | None:
        """References as the server has them: by id."""
        if not isinstance(value, References):
            return value
        return References(
            tuple(
                Reference("", e.id or self._created[("inbound_trunk", e.name)])
                for e in value.entries
            )
        )

    def _conflicts(self) -> set[tuple[str, str]]:
        """Every two objects that share a slot, or one that has it twice."""
        holders: dict[object, list[str]] = {}
        for one in self._objects.values():
            for slot in slots_of(one.kind, one.fields, self._era):
                holders.setdefault(slot, []).append(one.id)
        return {pair for ids in holders.values() for pair in combinations(sorted(ids), 2)}


def random_trunks(
    random: Random, count: int, *, hostile: bool = False, broken: bool = False
) -> dict[str, Fields]:
    """Inbound trunks without conflicts that fight for a handful of numbers.

    Hostile ones have passwords, several addresses and odd spellings as well; broken ones may conflict after all.
    """

    def make() -> Fields:
        fields: dict[str, Value] = {"allowed_addresses": text_set(["203.0.113.0/24"])}
        numbers = random.sample(NUMBERS, random.randint(0, 3))
        callers = random.sample(CALLERS, random.randint(0, 2)) if random.random() < 0.4 else []
        if hostile:
            addresses = random.sample(ADDRESSES, random.randint(1, 2))
            fields["allowed_addresses"] = text_set(addresses)
            numbers = [random.choice((one, one, _oddly(one))) for one in numbers]
            if random.random() < 0.3:
                fields["auth.username"] = "acme"
                fields["auth.password"] = Secret("never shown", SecretRef(env="PASSWORD"))
        if numbers:
            fields["numbers"] = phone_numbers(numbers)
        if callers:
            fields["callers"] = phone_numbers(callers)
        return fields

    return _without_conflicts(random, "inbound_trunk", "t", count, make, broken=broken)


def _oddly(number: str) -> str:
    """The same number to a trunk, and another one to a rule."""
    return f"{number[:2]} ({number[2:5]}) {number[5:]}"


def random_rules(
    random: Random,
    count: int,
    trunks: Iterable[str],
    *,
    hostile: bool = False,
    broken: bool = False,
) -> dict[str, Fields]:
    """Dispatch rules without conflicts on some of the trunks, by name.

    Hostile ones list numbers called, in odd spellings, too, and make rooms of all kinds; broken ones
    may conflict after all, or name no kind of room.
    """
    names = sorted(trunks)

    def make() -> Fields:
        kind = random.choice(("individual", "direct", "callee")) if hostile else "individual"
        path = "rooms.direct.room" if kind == "direct" else f"rooms.{kind}.prefix"
        fields: dict[str, Value] = {"rooms": kind, path: random.choice(("a", "b"))}
        chosen = random.sample(names, random.randint(0, min(2, len(names))))
        if chosen:
            fields["trunks"] = References(tuple(Reference(name) for name in chosen))
        callers = random.sample(CALLERS, random.randint(0, 2)) if random.random() < 0.5 else []
        if callers:
            fields["callers"] = text_set(callers)
        if random.random() < 0.3:
            pin = Secret(random.choice(("1", "2")), SecretRef(env="PIN"))
            fields[f"rooms.{kind}.pin"] = pin
        if hostile and random.random() < 0.4:
            called = random.sample(NUMBERS, random.randint(1, 2))
            fields["numbers"] = text_set([random.choice((one, one, _oddly(one))) for one in called])
        if broken and random.random() < 0.05:
            fields = {path: value for path, value in fields.items() if "rooms" not in path}
        return fields

    return _without_conflicts(random, "dispatch_rule", "r", count, make, broken=broken)


def _without_conflicts(
    random: Random,
    kind: str,
    letter: str,
    count: int,
    make: Callable[[], Fields],
    *,
    broken: bool,
) -> dict[str, Fields]:
    found: dict[str, Fields] = {}
    taken: set[object] = set()
    for index in range(count):
        for _ in range(20):
            fields = make()
            slots = slots_of(kind, fields, Era.NEW)
            if broken or (taken.isdisjoint(slots) and len(set(slots)) == len(slots)):
                taken.update(slots)
                found[f"{letter}{index}"] = fields
                break
    return found


def configuration_of(
    trunks: dict[str, Fields],
    rules: dict[str, Fields],
    unlisted: UnlistedPolicy = UnlistedPolicy.DELETE,
) -> Configuration:
    """A configuration that lists just these objects."""
    return Configuration(
        project=Project("simulated", unlisted=unlisted),
        sip={
            "inbound_trunk": tuple(
                Desired("inbound_trunk", name, fields) for name, fields in trunks.items()
            ),
            "outbound_trunk": (),
            "dispatch_rule": tuple(
                Desired("dispatch_rule", name, fields) for name, fields in rules.items()
            ),
        },
    )


def snapshot_of(trunks: dict[str, Fields], rules: dict[str, Fields]) -> Snapshot:
    """A live project that has just these objects."""
    ids = {name: f"ST_{name}" for name in trunks}
    live_rules = []
    for name, fields in rules.items():
        references = fields.get("trunks")
        if isinstance(references, References):
            entries = tuple(Reference("", ids[entry.name]) for entry in references.entries)
            fields = {**fields, "trunks": References(entries)}
        live_rules.append(Live("dispatch_rule", f"SDR_{name}", name, fields))
    return Snapshot(
        "simulated",
        {
            "inbound_trunk": [
                Live("inbound_trunk", ids[name], name, fields) for name, fields in trunks.items()
            ],
            "outbound_trunk": [],
            "dispatch_rule": live_rules,
        },
    )
