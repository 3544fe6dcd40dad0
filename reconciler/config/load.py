"""Loads the files of a project and merges them, section by section, into one configuration.

Everything that is wrong is collected and returned with the configuration, all of it at once. Only what leaves
nothing to read (no such file) is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reconciler.agents.conventions import AgentPlane, Conventions
from reconciler.config.file import FileReader
from reconciler.config.ignore import ignored_on_lines
from reconciler.config.model import Configuration, Project
from reconciler.config.problems import Problems
from reconciler.config.references import check_identities, resolve_trunks
from reconciler.config.secrets import SecretSource
from reconciler.config.sections import ProjectDraft, Sections
from reconciler.config.tree import parse
from reconciler.config.yaml_text import Unparsable
from reconciler.core.finding import Mark
from reconciler.errors import FileError

SUFFIXES = (".yaml", ".yml")


def read_files(paths: Sequence[Path]) -> dict[Path, bytes]:
    """The bytes of some files, and of the YAML files in some folders. Raises `FileError` where there is nothing."""
    return {path: _bytes(path) for path in _files(paths)}


def load(files: Mapping[Path, bytes], environ: Mapping[str, str]) -> Configuration:
    """The configuration that some files make together."""
    problems = Problems()
    sections = Sections(problems, SecretSource(environ))
    for path, data in files.items():
        try:
            tree = parse(data, str(path))
        except Unparsable as error:
            problems.extend(error.findings)
            sections.is_partial = True
            continue
        problems.extend(tree.findings)
        FileReader(tree, sections).read()
        sections.ignores.extend(ignored_on_lines(data, str(path)))
    if not (sections.has_version or sections.is_partial):
        mark = Mark(str(next(iter(files), "")), 1, 1)
        fix = "write version: 1 at its top"
        problems.error("missing-key", "version", 'the file needs "version"', fix, mark)
    found = [reader.convention(node, path) for reader, node, path in sections.conventions]
    tests = [reader.expectation(node, path) for reader, node, path in sections.tests]
    check_identities(sections)
    resolve_trunks(sections)
    conventions = Conventions(one for one in found if one is not None)
    return Configuration(
        files=tuple(str(path) for path in files),
        project=_project(sections.project),
        sip={kind: tuple(objects.values()) for kind, objects in sections.sip.items()},
        lines=sections.lines,
        agents=AgentPlane(sections.names, conventions) if sections.manages_agents else None,
        findings=problems.sorted(),
        missing=tuple(sections.secrets.missing),
        ignores=tuple(sections.ignores),
        tests=tuple(test for test in tests if test is not None),
    )


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if _is_configuration(one))
            if not inside:
                raise FileError(
                    f"{path}: no .yaml file in this folder: write one with `reconcile init -c {path}/dispatch.yaml`"
                )
            yield from inside
        else:
            yield path


def _is_configuration(path: Path) -> bool:
    """Whether a file of a folder belongs to the project; a link that leads nowhere does, and is an error."""
    return path.suffix in SUFFIXES and not path.name.startswith(".") and not path.is_dir()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileError(
            f"{path}: no such file: write one with `reconcile init`, or name another with -c"
        ) from error
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FileError(f"{path}: this cannot be the path of a file") from error


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
