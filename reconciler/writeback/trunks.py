"""What the file calls a trunk that a rule names by its id, once the live state is accepted."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.export.leaves import Inexpressible
from reconciler.planning.targets import Trunks, is_id


class TrunkNames:
    """Names of inbound trunks by id and back.

    `listed` are the keys that trunks have in the file from now on, by id; `is_managed`: the file lists trunks at all,
    so that it may name no others but by their ids.
    """

    def __init__(self, trunks: Trunks, listed: Mapping[str, str], *, is_managed: bool) -> None:
        self._trunks = trunks
        self._listed = listed
        self._keys = frozenset(listed.values())
        self._is_managed = is_managed

    def name_of(self, identifier: str) -> str:
        """The key of a trunk, or its id where it has none. Raises `Inexpressible`."""
        key = self._listed.get(identifier)
        if key is not None:
            return key
        name = self._trunks.names.get(identifier, "")
        if not self._is_managed and name and self.id_of(name) == identifier:
            return name
        if is_id(identifier):
            return identifier
        raise Inexpressible("it names a trunk by something that is no trunk's id")

    def id_of(self, name: str) -> str:
        """The id of a trunk as a rule of the file names it."""
        return name if is_id(name) and name not in self._keys else self._trunks.key(name)

    def is_known(self, name: str) -> bool:
        """Whether a rule may go on naming a trunk so."""
        return not self._is_managed or is_id(name) or name in self._keys
