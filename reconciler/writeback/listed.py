"""The objects of the files beside the live ones: which are gone, which differ, which go by another name or id now."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.config.model import Configuration
from reconciler.core.objects import Desired, Live, Snapshot
from reconciler.core.plan import Action, Plan, Plane
from reconciler.core.values import References
from reconciler.planning import matches
from reconciler.planning.differences import NAME_PATH

Key: TypeAlias = tuple[str, str]
"""The kind and the name of a listed object."""
TRUNKS = "trunks"


@dataclass(slots=True)
class Wanted:
    """What a listed object is to become: the leaves that differ, the name it goes back to, the id that it has now."""

    desired: Desired
    live: Live | None
    paths: list[str] = field(default_factory=list)
    former: str = ""
    identifier: str = ""


class ListedObjects:
    """The listed objects, each with the live one that it is."""

    def __init__(self, configuration: Configuration, plan: Plan, live: Snapshot) -> None:
        self.plan = plan
        self.live = live
        self.matched = matches(configuration, live)
        self.all = {
            (one.kind, one.name): one for kind in configuration.sip.values() for one in kind
        }
        self.paired = {
            (one.kind, one.name): lives
            for found in self.matched.values()
            for one, lives in found.pairs
        }

    def removed(self) -> dict[Key, Desired]:
        """Listed objects that do not live."""
        created = {
            (one.kind, one.name)
            for one in self.plan.changes
            if one.action is Action.CREATE and one.plane is Plane.SIP
        }
        return {
            key: one
            for key, one in self.all.items()
            if key in created or (self._lost_its_id(one) and not self._made_anew(one))
        }

    def _lost_its_id(self, one: Desired) -> bool:
        return one.id is not None and all(lives.id != one.id for lives in self.live.of(one.kind))

    def _made_anew(self, one: Desired) -> str:
        """The id of the one live object that has the name of an object whose own id is gone, and nobody else's."""
        taken = {lives.id for lives in self.paired.values() if lives is not None}
        found = [
            lives.id
            for lives in self.live.of(one.kind)
            if lives.name == one.name and lives.id not in taken
        ]
        return found[0] if len(found) == 1 else ""

    def wanted(self) -> dict[Key, Wanted]:
        """Listed objects that live with other fields, or under the name that they were to lose."""
        found: dict[Key, Wanted] = {}
        for change in self.plan.changes:
            if change.plane is not Plane.SIP or change.action not in (Action.UPDATE, Action.RENAME):
                continue
            key = change.kind, change.name
            lives = self.paired.get(key)
            assert lives is not None  # noqa: S101  # what is updated lives
            paths = [one.path for one in change.fields if one.path != NAME_PATH]
            former = lives.name if change.action is Action.RENAME else ""
            found[key] = Wanted(self.all[key], lives, paths, former)
        for key, one in self.all.items():
            if self._lost_its_id(one) and (identifier := self._made_anew(one)):
                found[key] = Wanted(one, None, identifier=identifier)
            elif key not in self.paired and one.renamed_from is not None and one.id is None:
                found[key] = Wanted(one, None)  # both names live: the rename is no more to be made
        return found

    def trunks_of(self, rules: Set[Key]) -> set[str]:
        """The names of trunks that some rules of the file have."""
        found = (self.all[key].fields.get(TRUNKS) for key in rules if key in self.all)
        return {
            one.name for value in found if isinstance(value, References) for one in value.entries
        }
