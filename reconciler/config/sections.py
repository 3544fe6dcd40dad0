"""What the files of a project say so far: several files fill one of these, section by section."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.agents.conventions import AgentName, Convention
from reconciler.config.model import Ignore
from reconciler.config.problems import Problems
from reconciler.config.secrets import SecretSource
from reconciler.core.finding import Mark
from reconciler.core.objects import Desired
from reconciler.core.ownership import UnlistedPolicy

if TYPE_CHECKING:
    from reconciler.config.agents import AgentsReader
    from reconciler.config.expectations import TestsReader
    from reconciler.config.nodes import Node


@dataclass(slots=True)
class ProjectDraft:
    """The `project` section while it is read: what no file has said is None."""

    name: str | None = None
    host: str | None = None
    env_prefix: str | None = None
    unlisted: UnlistedPolicy | None = None
    owns: tuple[str, ...] | None = None
    server: str | None = None
    unmanaged: tuple[str, ...] | None = None
    places: dict[str, Mark] = field(default_factory=dict)


@dataclass(slots=True)
class Sections:
    """The sections. `is_partial`: a file could not be parsed, so that nothing can be said to be missing.

    An agent may be named in one file and used in another, so conventions and `tests` wait until all files are
    read; `rooms` has them by what they are about. `unread` are kinds and names of objects that could not be read: they
    are listed, and nobody is told that they are not. `overlays` are those of a partial project: what stands in one
    alone may be half of something in the file that could not be parsed, and nobody judges halves.
    """

    problems: Problems
    secrets: SecretSource
    project: ProjectDraft = field(default_factory=ProjectDraft)
    sip: dict[str, dict[str, Desired]] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    unread: set[tuple[str, str]] = field(default_factory=set)
    names: dict[str, AgentName] = field(default_factory=dict)
    conventions: list[tuple[AgentsReader, Node, str]] = field(default_factory=list)
    rooms: dict[tuple[str, str], Convention] = field(default_factory=dict)
    ignores: list[Ignore] = field(default_factory=list)
    tests: list[tuple[TestsReader, Node, str]] = field(default_factory=list)
    manages_agents: bool = False
    has_version: bool = False
    is_partial: bool = False
    overlays: frozenset[str] = frozenset()
