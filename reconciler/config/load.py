"""Loads the files of a project, lays its overlays over them, and merges them, section by section, into one value.

Everything that is wrong is collected and returned with the configuration, all of it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.agents.conventions import AgentPlane, Conventions
from reconciler.config.file import FileReader
from reconciler.config.files import Overlays, read_files, read_overlays
from reconciler.config.ignore import ignored_on_lines
from reconciler.config.model import Configuration, Project
from reconciler.config.problems import Problems
from reconciler.config.references import check_identities, resolve_trunks
from reconciler.config.secrets import SecretSource
from reconciler.config.sections import ProjectDraft, Sections
from reconciler.config.trees import parse_all
from reconciler.core.finding import Mark

__all__ = ["load", "read_files", "read_overlays"]


def load(
    files: Mapping[Path, bytes], environ: Mapping[str, str], overlays: Overlays = ()
) -> Configuration:
    """The configuration that some files make together, with overlays over it."""
    problems = Problems()
    sections = Sections(problems, SecretSource(environ))
    trees, told = parse_all(files, overlays, sections)
    problems.extend(told)
    for tree in trees:
        problems.extend(tree.findings)
        FileReader(tree, sections).read()
    for path, data in (*files.items(), *overlays):
        sections.ignores.extend(ignored_on_lines(data, str(path)))
    if not (sections.has_version or sections.is_partial):
        mark = Mark(str(next(iter(files), "")), 1, 1)
        fix = "write version: 1 at its top"
        fix += ", and let no overlay take it away" if overlays else ""
        problems.error("missing-key", "version", 'the file needs "version"', fix, mark)
    found = [reader.convention(node, path) for reader, node, path in sections.conventions]
    tests = [reader.expectation(node, path) for reader, node, path in sections.tests]
    check_identities(sections)
    resolve_trunks(sections)
    conventions = Conventions(one for one in found if one is not None)
    return Configuration(
        files=tuple(str(path) for path in files),
        overlays=tuple(str(path) for path, _ in overlays),
        project=_project(sections.project),
        sip={kind: tuple(objects.values()) for kind, objects in sections.sip.items()},
        lines=sections.lines,
        agents=AgentPlane(sections.names, conventions) if sections.manages_agents else None,
        findings=problems.sorted(),
        missing=tuple(sections.secrets.missing),
        ignores=tuple(sections.ignores),
        tests=tuple(test for test in tests if test is not None),
    )


def _project(draft: ProjectDraft) -> Project:
    default = Project()
    return Project(
        name=draft.name or default.name,
        host=draft.host,
        env_prefix=draft.env_prefix or default.env_prefix,
        unlisted=draft.unlisted or default.unlisted,
        owns=draft.owns or default.owns,
        server=draft.server,
        unmanaged=draft.unmanaged or default.unmanaged,
    )
