"""Many projects: every file of a folder is one, and so is every folder of files in it. Each has a result of its own.

    read_projects     reads all of them, and tells them apart by name
    plan_projects     asks all servers at the same time, and plans each
    over_projects     the same on all cores, where only what is made of the plans is wanted
    carry_out_projects    applies some of them at the same time

What is wrong with one project is kept beside it, and never keeps another from being planned or applied. Only a folder
that cannot be read, or in which there is no project, is an error of the whole.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reconciler.background import background
from reconciler.config.files import configurations_in
from reconciler.config.model import Configuration
from reconciler.config.suggest import closest, listing
from reconciler.errors import EndpointError, FileError, ReconcileError
from reconciler.forked import cores, over_cores
from reconciler.gateway.endpoint import Endpoint, endpoint_from
from reconciler.interrupts import noticed
from reconciler.pipeline.configuration import configuration_of
from reconciler.pipeline.overlaps import Claimant, overlaps

if TYPE_CHECKING:
    from reconciler.apply import Result
    from reconciler.pipeline.carry_out import Applied
    from reconciler.pipeline.request import Prepared, Request

Told = TypeVar("Told")

PLANNED_AT_ONCE = 64
"""Projects whose servers are asked at the same time: enough to wait for all at once, few enough not to wait in line."""
WORTH_A_CORE = 16
"""Projects whose plans take longer than another process costs."""
APPLIED_AT_ONCE = 8
"""Projects that are written at the same time, each with `--concurrency` calls."""


@dataclass(frozen=True, slots=True)
class ProjectRead:
    """One project of a folder: its file or folder, its name, and what stands there or why that is not known.

    `endpoint` is its server, None where the environment does not name one. `notes` are what its owner should know about
    its neighbours.
    """

    place: Path
    name: str
    configuration: Configuration | None
    endpoint: Endpoint | None = None
    error: ReconcileError | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectPlanned:
    """A project with its plan, or with the reason why there is none."""

    project: ProjectRead
    result: Prepared | ReconcileError


# ---------------------------------------------------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------------------------------------------------


def read_projects(
    request: Request, folder: Path, wanted: Sequence[str] = ()
) -> tuple[ProjectRead, ...]:
    """The projects of a folder, or those of the wanted names, by the names of their files.

    Raises `FileError` where there is none, or none of a wanted name.
    """
    read = [_read(request, place) for place in places_in(folder)]
    chosen = _chosen(read, folder, wanted)
    # Two names, or two claims to one server, are found among all: what was not asked for is there all the same.
    told = _told_apart(read)
    claims = overlaps(
        Claimant(one.name, one.place, one.configuration, one.endpoint)
        for one in read
        if one.configuration is not None and one.endpoint is not None
    )
    result = []
    for one in chosen:
        claim = claims.get(one.place)
        error = one.error or told.get(one.place) or (claim.error if claim is not None else None)
        notes = claim.notes if claim is not None else ()
        result.append(replace(one, error=error, notes=notes))
    return tuple(result)


def places_in(folder: Path) -> list[Path]:
    """The files and folders that are a project each, in order. Raises `FileError` where there is none."""
    if not folder.is_dir():
        raise FileError(
            f"{folder}: no such folder: --projects takes one in which every file is a project"
        )
    places = [*configurations_in(folder), *_folders_in(folder)]
    if not places:
        raise FileError(
            f"{folder}: no project in this folder: every .yaml file, and every folder of .yaml files, is one"
        )
    return sorted(places)


def _folders_in(folder: Path) -> Iterable[Path]:
    for one in folder.iterdir():
        if one.is_dir() and not one.name.startswith(".") and _may_hold_files(one):
            yield one


def _may_hold_files(folder: Path) -> bool:
    """Whether a folder has files of a project; one that cannot be listed is a project with an error."""
    try:
        return bool(configurations_in(folder))
    except FileError:
        return True


def _read(request: Request, place: Path) -> ProjectRead:
    own = _own_name(place)
    try:
        configuration = configuration_of(replace(request, paths=(place,)))
    except ReconcileError as error:
        return ProjectRead(place, own, None, error=error)
    return ProjectRead(
        place, configuration.project.name or own, configuration, _endpoint(request, configuration)
    )


def _endpoint(request: Request, configuration: Configuration) -> Endpoint | None:
    try:
        return endpoint_from(request.environ, configuration.project.env_prefix)
    except EndpointError:
        return None  # what is missing is told when the server is to be asked


def _own_name(place: Path) -> str:
    """What a project is called that does not say it: its file without the ending, or its folder."""
    return place.name if place.is_dir() else place.stem


def _chosen(
    read: Sequence[ProjectRead], folder: Path, wanted: Sequence[str]
) -> Sequence[ProjectRead]:
    if not wanted:
        return read
    for name in wanted:
        if not any(name in (one.name, _own_name(one.place)) for one in read):
            names = list(dict.fromkeys(one.name for one in read))
            guess = closest(name, names) or listing(names)
            raise FileError(f'{folder}: there is no project "{name}": {guess}')
    return [one for one in read if one.name in wanted or _own_name(one.place) in wanted]


def _told_apart(read: Iterable[ProjectRead]) -> dict[Path, ReconcileError]:
    """Errors of the projects that have one name together."""
    by_name: dict[str, list[Path]] = {}
    for one in read:
        by_name.setdefault(one.name, []).append(one.place)
    return {
        place: FileError(
            f'the name "{name}" is that of {", ".join(map(str, places))}: a project is known by its name, '
            "so give each its own project.name"
        )
        for name, places in by_name.items()
        if len(places) > 1
        for place in places
    }


# ---------------------------------------------------------------------------------------------------------------------
# Planning
# ---------------------------------------------------------------------------------------------------------------------


def plan_projects(request: Request, projects: Sequence[ProjectRead]) -> list[ProjectPlanned]:
    """Plans all projects, as many as possible at the same time; the order stays."""
    from reconciler.gateway.neighbours import Neighbours
    from reconciler.pipeline.prepare import prepare_read

    workers = min(len(projects), PLANNED_AT_ONCE)
    neighbours = Neighbours(max(workers, APPLIED_AT_ONCE * request.concurrency))

    def plan(project: ProjectRead) -> ProjectPlanned:
        if project.error is not None:
            return ProjectPlanned(project, project.error)
        assert project.configuration is not None  # noqa: S101  # what could not be read has an error
        try:
            prepared = prepare_read(request, project.configuration, neighbours)
            return ProjectPlanned(project, prepared)
        except ReconcileError as error:
            return ProjectPlanned(project, error)

    with background(workers, "project") as pool:
        return list(pool.map(plan, projects))


def over_projects(
    request: Request, projects: Sequence[ProjectRead], tell: Callable[[ProjectPlanned], Told]
) -> list[Told]:
    """Plans all projects on all cores, and returns what `tell` makes of each, which has to be data; the order stays."""

    def work(numbers: Sequence[int]) -> list[Told]:
        return [*map(tell, plan_projects(request, [projects[number] for number in numbers]))]

    parts = _parts(projects)
    found = dict(zip(chain(*parts), chain(*over_cores(parts, work)), strict=True))
    return [found[number] for number in range(len(projects))]


def _parts(projects: Sequence[ProjectRead]) -> list[list[int]]:
    """The projects' numbers in as many parts as are worth while. Projects of one host share its limit, and a part."""
    by_host: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(projects):
        by_host[one.endpoint.host if one.endpoint is not None else ""].append(number)
    most = min(cores(), len(by_host), len(projects) // WORTH_A_CORE)
    parts: list[list[int]] = [[] for _ in range(max(most, 1))]
    for numbers in sorted(by_host.values(), key=len, reverse=True):
        min(parts, key=len).extend(numbers)
    return parts


# ---------------------------------------------------------------------------------------------------------------------
# Applying
# ---------------------------------------------------------------------------------------------------------------------


def carry_out_projects(
    request: Request,
    planned: Sequence[Prepared],
    progress: Callable[[Prepared, Result], None],
) -> list[Applied]:
    """Applies the plans of several projects, a few at the same time; one that fails stops no other. The order stays.

    An interrupt lets calls in flight finish, here as in a single project; what has not begun by then is not tried.
    """
    from reconciler.pipeline.carry_out import carry_out

    stopping = threading.Event()

    def apply(prepared: Prepared) -> Applied:
        return carry_out(
            request, prepared, lambda result: progress(prepared, result), stopping=stopping
        )

    def stop() -> None:
        stopping.set()
        for prepared in planned:
            if prepared.server is not None:
                prepared.server.hurry()

    with ThreadPoolExecutor(APPLIED_AT_ONCE, thread_name_prefix="apply") as pool, noticed(stop):
        return [*pool.map(apply, planned)]
