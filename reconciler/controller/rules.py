"""The file in force: which room falls under which convention. A file that changes is taken over when it is valid.

One that is not valid, or is for another project, changes nothing: the rules of before stay in force, and whoever broke
the file is told.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from reconciler.agents.conventions import Convention, Conventions
from reconciler.config.files import Overlays
from reconciler.config.load import load, read_files, read_overlays
from reconciler.config.model import Configuration
from reconciler.core.finding import Severity
from reconciler.errors import ReconcileError, Refused
from reconciler.gateway.endpoint import Endpoint
from reconciler.pipeline.guards import ConfigError, endpoint_of, require_known_project

# The files and the overlays over them.
_Content: TypeAlias = tuple[Mapping[Path, bytes], Overlays]

# What else may be wrong with a file is the business of `validate` and `plan`.
_OWN = re.compile(r"(agents\b|version\b|$)")


@dataclass(frozen=True, slots=True)
class Rules:
    """The conventions of a file, and the project that they are for."""

    project: str
    conventions: Conventions
    endpoint: Endpoint
    agents: frozenset[str] = frozenset()
    """The agent names of the file: all others are strangers, of whom there may be any number."""

    @property
    def identity(self) -> str:
        """What tells this project from others, in Redis and in the journal.

        No address is in it: processes on several machines may know the server by different ones.
        """
        return f"{self.project}:{self.endpoint.api_key}"

    def of(self, room: str) -> Convention | None:
        """The convention of a room by its name."""
        return self.conventions.of_room(room)


class RulesInForce:
    """The rules that count now; they change between two events, never within one."""

    def __init__(
        self,
        paths: tuple[Path, ...],
        environ: Mapping[str, str],
        overlays: tuple[Path, ...] = (),
    ) -> None:
        self._paths = paths
        self._overlays = overlays
        self._environ = environ
        # What was judged last, what is in force, and what was read last: None where it could not be read.
        self._content = self._in_force = self._read()
        self._next: _Content | None = self._content
        self.now = self._rules_of(self._content)
        self.is_current = True

    async def watch(
        self,
        interval: float,
        on_change: Callable[[], Awaitable[None]],
        on_failure: Callable[[str], None],
    ) -> None:
        """Reads the files every so many seconds, for ever; a changed one is taken over, or told to `on_failure`."""
        while True:
            await asyncio.sleep(interval)
            try:
                if await asyncio.to_thread(self.reload):
                    await on_change()
            except ReconcileError as error:
                self.is_current = False
                on_failure(_told(error))

    def reload(self) -> bool:
        """Whether the rules changed. Raises `ReconcileError` once for each content that cannot be used."""
        try:
            content = self._read()
        except ReconcileError:
            if self._next is None:
                raise
            # Gone for a moment, as when an editor saves: only if it stays away that is worth a word.
            self._next = None
            return False
        # One that is still being written reads differently the next time.
        is_whole = content == self._next
        was_away, self._next = self._next is None, content
        if content == self._content:
            return was_away and self._is_back()
        if not is_whole:
            return False
        self._content = content
        rules = self._rules_of(content)
        if (rules.endpoint, rules.identity) != (self.now.endpoint, self.now.identity):
            raise Refused(
                f"the file is for {_named(rules)} now, and this process serves {_named(self.now)}: start another one"
            )
        self.now = rules
        self.is_current = True
        self._in_force = content
        return True

    def _read(self) -> _Content:
        return read_files(self._paths), read_overlays(self._overlays)

    def _rules_of(self, content: _Content) -> Rules:
        files, overlays = content
        return rules_in(load(files, self._environ, overlays), self._environ)

    def _is_back(self) -> bool:
        """A file that was away is there again as it was: if it was a good one, all is well."""
        was_missed, self.is_current = not self.is_current, self._content == self._in_force
        return was_missed and self.is_current


def _named(rules: Rules) -> str:
    return f"{rules.project} on {rules.endpoint.host}"


def rules_in(configuration: Configuration, environ: Mapping[str, str]) -> Rules:
    """The rules of a configuration.

    Raises `ConfigError` where its agent plane or the project it is for cannot be read, and `EndpointError` or
    `Refused` as any command. What is wrong with the SIP plane is not this process's business.
    """
    require_known_project(configuration)
    unread = tuple(
        one
        for one in configuration.findings
        if one.severity is Severity.ERROR and _OWN.match(one.path)
    )
    if unread:
        raise ConfigError(unread)
    plane = configuration.agents
    return Rules(
        configuration.project.name,
        plane.conventions if plane else Conventions(()),
        endpoint_of(configuration, environ),
        frozenset(one.agent_name for one in plane.names.values()) if plane else frozenset(),
    )


def _told(error: ReconcileError) -> str:
    if isinstance(error, ConfigError):
        first = next(one for one in error.findings if one.severity is Severity.ERROR)
        more = len(error.findings) - 1
        return f"{first}" + (f" (and {more} more)" if more else "")
    return str(error)
