"""One live project: everything the pipeline asks of it, over one client."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.objects import Live, Snapshot
from reconciler.core.plan import Call
from reconciler.core.values import Reference
from reconciler.gateway import write
from reconciler.gateway.decode import live_object
from reconciler.gateway.endpoint import Endpoint
from reconciler.gateway.messages import ID_FIELD
from reconciler.gateway.read import ALL_KINDS, read_messages, snapshot
from reconciler.gateway.twirp import TwirpClient
from reconciler.gateway.version import found_era
from reconciler.sip.era import Era
from reconciler.sip.spec import KIND_BY_NAME

if TYPE_CHECKING:
    from reconciler.gateway.neighbours import Neighbours
    from reconciler.gateway.rate import RateLimit

SecretOf = Callable[[Call, str], str]
"""The text of the sensitive field at a path that a call writes."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Live messages by kind, and the server's era where one of them shows it."""

    messages: dict[str, list[Any]]
    found_era: Era | None


class LiveServer:
    """Reads and writes the objects of one project. `era` decides how fields with two places are read.

    With `neighbours` it is one of many: connections are theirs together, and lists are read one after the other, since
    the others are read meanwhile.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        era: Era = Era.NEW,
        timeout: float = 30.0,
        concurrency: int = 8,
        limit: RateLimit | None = None,
        neighbours: Neighbours | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.era = era
        self._neighbours = neighbours
        self._client = TwirpClient(
            endpoint,
            timeout=timeout,
            connections=max(concurrency, len(ALL_KINDS)),
            limit=limit,
            pool=neighbours.connections(endpoint) if neighbours is not None else None,
        )
        self._secret_of: SecretOf | None = None

    def use_secrets(self, secret_of: SecretOf) -> None:
        """Says where the texts of sensitive fields come from; needed before the first write."""
        self._secret_of = secret_of

    def close(self) -> None:
        """Closes all connections."""
        self._client.close()

    def observe(self, *, find_era: bool = False, kinds: Iterable[str] = ALL_KINDS) -> Observed:
        """The live messages of some kinds, and with `find_era` what they tell of the server."""
        messages = self._messages(kinds)
        return Observed(messages, self._found_era(messages) if find_era else None)

    def _messages(self, kinds: Iterable[str]) -> dict[str, list[Any]]:
        return read_messages(self._client, kinds, at_once=self._neighbours is None)

    def _found_era(self, messages: dict[str, list[Any]]) -> Era | None:
        if self._neighbours is None:
            return found_era(self._client, messages)
        return self._neighbours.era(self.endpoint, lambda: found_era(self._client, messages))

    def hurry(self) -> None:
        """Lets calls that wait for their turn go out at once: no more are begun, and what has begun shall end."""
        if self._client.limit is not None:
            self._client.limit.hurry()

    def snapshot(self, observed: Observed) -> Snapshot:
        """Observed messages in normal form, as this server's era has them."""
        return snapshot(self.endpoint.host, observed.messages, self.era)

    def read(self, kinds: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The live messages of some kinds by id."""
        return {
            kind: {getattr(message, ID_FIELD[kind]): message for message in messages}
            for kind, messages in self._messages(kinds).items()
        }

    def live(self, kind: str, message: Any) -> Live:
        """A message in normal form."""
        return live_object(KIND_BY_NAME[kind], message, self.era)

    def create(
        self,
        call: Call,
        ids: Callable[[Reference], str],
        known: Collection[str],
        former: Any = None,
    ) -> str:
        """Creates an object, in the place of a former one if there was one, and returns its id."""
        return write.create(self._client, call, self._secrets(call), ids, known, former)

    def update(self, call: Call, live: Any, ids: Callable[[Reference], str]) -> Any:
        """Changes an object, starting from its live message; returns the new one."""
        return write.update(self._client, call, live, self._secrets(call), ids)

    def delete(self, call: Call) -> None:
        """Deletes an object."""
        write.delete(self._client, call)

    def _secrets(self, call: Call) -> Callable[[str], str]:
        secret_of = self._secret_of
        if secret_of is None:
            raise AssertionError("this server was opened for reading")
        return lambda path: secret_of(call, path)
