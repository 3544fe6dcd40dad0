"""The configuration as a value: what the files say, checked for form but not yet compared with anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.agents.conventions import AgentPlane
from reconciler.core.finding import NOWHERE, Finding, Mark
from reconciler.core.objects import Desired
from reconciler.core.ownership import UnlistedPolicy
from reconciler.core.values import AgentList, Secret, SecretRef


@dataclass(frozen=True, slots=True)
class Project:
    """The `project` section: which project this is, and what belongs to it."""

    name: str = ""
    host: str | None = None
    env_prefix: str = ""
    unlisted: UnlistedPolicy = UnlistedPolicy.REPORT
    owns: tuple[str, ...] = ()
    server: str | None = None
    unmanaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignore:
    """A code that is to be silent: in the whole project, or with `on_line` only on the line of `mark`."""

    code: str
    mark: Mark
    path: str = ""
    on_line: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """A call, and what is expected of it; None is anything.

    `room` is the room or what its name starts with. `agents` are names of workers, `(unnamed)` for one without.
    """

    name: str
    caller: str
    called: str
    source_ip: str = ""
    from_host: str = ""
    pin: Secret | None = None
    outcome: str | None = None
    trunk: str | None = None
    rule: str | None = None
    room: str | None = None
    convention: str | None = None
    agents: tuple[str, ...] | None = None
    path: str = ""
    mark: Mark = NOWHERE


@dataclass(frozen=True, slots=True)
class Former:
    """What is wanted back, where no file says what is wanted but a backup, which was taken at `taken_at`.

    `ids` are those under which the objects lived, by kind and name. `created` are the ids of what is to go, `refs`
    where the secrets of those come from: whoever rolls the rollback back needs them. `agents` are those of rules, by
    name: no convention is asked.
    """

    taken_at: str
    ids: Mapping[tuple[str, str], str]
    created: frozenset[str] = frozenset()
    agents: Mapping[str, AgentList] = field(default_factory=dict)
    refs: Mapping[str, Mapping[str, SecretRef]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configuration:
    """One project out of one or more files, and what `overlays` changed in them.

    `sip` has an entry for each kind that the files manage: a kind that is missing is left alone, an empty one is
    managed and empty. `lines` are the neutral labels of rules. `agents` is None where the plane is not managed.
    `ignores` are the codes of findings that somebody does not want to read, `tests` the calls that it is checked with.
    `former` is there where the objects come from a backup and not from files.
    """

    files: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    project: Project = field(default_factory=Project)
    sip: Mapping[str, tuple[Desired, ...]] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    agents: AgentPlane | None = None
    findings: tuple[Finding, ...] = ()
    missing: tuple[tuple[SecretRef, str, Mark], ...] = ()
    ignores: tuple[Ignore, ...] = ()
    tests: tuple[Expectation, ...] = ()
    former: Former | None = None
