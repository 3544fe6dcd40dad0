"""Loads the files of a project and merges them, section by section, into one configuration.

Everything that is wrong is collected and returned with the configuration, all of it at once. Only what leaves
nothing to read (no such file) is raised.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reconciler.agents.conventions import AgentPlane, Conventions
from reconciler.config.model import Configuration, Project
from reconciler.config.planes import FileReader, Sections
from reconciler.config.problems import Problems, did_you_mean
from reconciler.config.secrets import SecretSource
from reconciler.config.tree import Unparsable, parse
from reconciler.core.values import References
from reconciler.errors import FileError

SUFFIXES = (".yaml", ".yml")


def read_files(paths: Sequence[Path]) -> dict[Path, bytes]:
    """The bytes of some files, and of the YAML files in some folders. Raises `FileError` where there is nothing."""
    return {path: _bytes(path) for path in _files(paths)}


def load(files: Mapping[Path, bytes], environ: Mapping[str, str]) -> Configuration:
    """The configuration that some files make together."""
    problems = Problems()
    sections = Sections(problems, SecretSource(environ))
    with _no_collection():
        for path, data in files.items():
            try:
                tree = parse(data, str(path))
            except Unparsable as error:
                problems.extend(error.findings)
                continue
            FileReader(tree, sections).read(tree.root)
        if sections.version is None and not problems:
            problems.error(
                "missing-key", "version", 'the file needs "version"', "write version: 1 at its top"
            )
        conventions = _conventions(sections)
    _check_renames(sections)
    return Configuration(
        files=tuple(str(path) for path in files),
        project=_project(sections),
        sip={kind: tuple(objects.values()) for kind, objects in sections.sip.items()},
        lines=sections.lines,
        agents=AgentPlane(sections.names, conventions) if sections.manages_agents else None,
        findings=problems.sorted(),
        missing=tuple(sections.secrets.missing),
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without garbage collection: the tree only grows, and scanning it over and over costs a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(
                p for p in path.iterdir() if p.suffix in SUFFIXES and not p.name.startswith(".")
            )
            if not inside:
                raise FileError(
                    f"{path}: no .yaml file in this folder: write one with `reconcile init -c {path}/dispatch.yaml`"
                )
            yield from inside
        else:
            yield path


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileError(
            f"{path}: no such file: write one with `reconcile init`, or name another with -c"
        ) from error
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error


def _project(sections: Sections) -> Project:
    project = Project()
    # Every key of the section is a field of the same name, and a value that could not be read is left out.
    known = {key: value for key, (value, _) in sections.project.items() if value is not None}
    return replace(project, **known) if known else project  # type: ignore[arg-type]


def _conventions(sections: Sections) -> Conventions:
    found = []
    for convention, reader, mapping in sections.pending:
        path = _path(convention.origin)
        agents, lines = reader.agents_of(mapping, path)
        found.append(replace(convention, agents=agents, lines=lines))
    return Conventions(found)


def _path(origin: object) -> str:
    key = getattr(origin, "key", None)
    return key.text if key is not None else "agents.rooms"


def _check_renames(sections: Sections) -> None:
    """What cannot be true of a whole project: a former name that is listed, an id that is pinned twice."""
    for kind, objects in sections.sip.items():
        pinned: dict[str, str] = {}
        for one in objects.values():
            path = f"{kind}s.{one.name}"
            if one.renamed_from is not None and one.renamed_from in objects:
                sections.problems.error(
                    "renamed-from-listed",
                    f"sip.{path}.renamed_from",
                    f'"{one.renamed_from}" is listed as well',
                    "remove renamed_from: the rename is done, or never happened",
                    one.origin.mark("renamed_from"),
                )
            if one.id is not None and pinned.setdefault(one.id, one.name) != one.name:
                sections.problems.error(
                    "id-twice",
                    f"sip.{path}.id",
                    f'"{pinned[one.id]}" has the id {one.id} already',
                    "an id pins one object",
                    one.origin.mark("id"),
                )
    _check_references(sections)


def _check_references(sections: Sections) -> None:
    """Rules name trunks: a name must be listed where trunks are, unless it is an id (`ST_…`)."""
    trunks = sections.sip.get("inbound_trunk")
    if trunks is None:
        return
    for rule in sections.sip.get("dispatch_rule", {}).values():
        references = rule.fields.get("trunks")
        if not isinstance(references, References):
            continue
        for index, reference in enumerate(references.entries):
            if reference.name in trunks or reference.name.startswith("ST_"):
                continue
            sections.problems.error(
                "unknown-trunk",
                f"sip.dispatch_rules.{rule.name}.trunks[{index}]",
                f'sip.inbound_trunks has no "{reference.name}"',
                did_you_mean(reference.name, trunks),
                rule.origin.mark("trunks"),
            )
