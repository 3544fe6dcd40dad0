"""Reads what tokens need of a configuration: the `project` and `agents` sections of its files.

A web backend has no SIP passwords in its environment, and should start while somebody still mends a trunk: the other
sections are not looked at, and their readers are not even imported. A section whose name nobody knows is an error all
the same: `agent:` for `agents:` would otherwise be a backend without conventions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.agents.conventions import AgentPlane, Conventions
from reconciler.config.agents import AgentsReader
from reconciler.config.files import Overlays
from reconciler.config.nodes import Tree
from reconciler.config.problems import Problems
from reconciler.config.project import ProjectReader
from reconciler.config.secrets import SecretSource
from reconciler.config.section import SectionReader
from reconciler.config.sections import Sections
from reconciler.config.trees import parse_all
from reconciler.core.finding import Finding, Severity
from reconciler.sip.era import Era
from reconciler.tokens.errors import ConventionsInvalid

_SECTIONS = ("version", "project", "sip", "agents", "tests", "lint")
# Those that say nothing about agents.
_ELSEWHERE = frozenset(("version", "sip", "tests", "lint"))
_IGNORED = "x-"


@dataclass(frozen=True, slots=True)
class PlaneOfFiles:
    """The agent plane of some files, and which project it is for.

    `host` and `era` are None where the file does not say which server it is for, and how old that is.
    """

    project: str
    host: str | None
    env_prefix: str
    era: Era | None
    plane: AgentPlane


def read_plane(files: Mapping[Path, bytes], overlays: Overlays = ()) -> PlaneOfFiles:
    """The agent plane that some files make together, with overlays over it.

    Raises `ConventionsInvalid` with all that is wrong in it.
    """
    problems = Problems()
    sections = Sections(problems, SecretSource({}))
    trees, told = parse_all(files, overlays, sections)
    for tree in trees:
        _read_sections(tree, sections)
        told += tree.findings
    problems.extend(one for one in told if not _is_elsewhere(one))
    found = [reader.convention(node, path) for reader, node, path in sections.conventions]
    errors = tuple(one for one in problems.sorted() if one.severity is Severity.ERROR)
    if errors:
        raise ConventionsInvalid(errors)
    draft = sections.project
    return PlaneOfFiles(
        project=draft.name or "",
        host=draft.host,
        env_prefix=draft.env_prefix or "",
        era=Era.of(draft.server) if draft.server else None,
        plane=AgentPlane(sections.names, Conventions(one for one in found if one is not None)),
    )


def _is_elsewhere(finding: Finding) -> bool:
    return finding.path.partition(".")[0].partition("[")[0] in _ELSEWHERE


def _read_sections(tree: Tree, sections: Sections) -> None:
    reader = SectionReader(sections)
    for key, node in tree.root:
        if key == "project":
            ProjectReader(sections).project(node)
        elif key == "agents":
            AgentsReader(sections).agents(node)
        elif key not in _ELSEWHERE and not key.startswith(_IGNORED):
            message = f'there is no section "{key}"'
            reader.unknown_key(tree.root, key, key, message, _SECTIONS)
