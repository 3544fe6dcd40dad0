"""Accepts the live state in the files of the configuration: the other direction of an apply.

The new files are loaded and planned against the same live snapshot before the first of them is written. Where a
difference is left that nobody was told about, nothing is written at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.config.load import load, read_files
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Snapshot, covers
from reconciler.core.plan import Change, Plan, Plane
from reconciler.errors import ReconcileError, Refused
from reconciler.files import replace_all
from reconciler.pipeline.guards import ConfigError
from reconciler.pipeline.prepare import draft_against, options_of
from reconciler.pipeline.request import Prepared, Request
from reconciler.planning import matches
from reconciler.sip.spec import DISPATCH_RULE
from reconciler.writeback import Done, Left, accept, require_library

__all__ = ["WrittenBack", "require_library", "write_back"]

_PASSES = 8


@dataclass(frozen=True, slots=True)
class WrittenBack:
    """What the files say from now on, what still differs, and which variables have to be set for it.

    `errors` are those that the next plan will have, and that the file as it was had not.
    """

    files: tuple[str, ...]
    done: tuple[Done, ...]
    left: tuple[Left, ...]
    notes: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    errors: tuple[Finding, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the files say all that lives."""
        return not (self.errors or any(one.is_error for one in self.left))


def write_back(request: Request, prepared: Prepared) -> WrittenBack:
    """Changes the files so that they say what lives. Raises `ReconcileError`; then no file was changed."""
    old = read_files(request.paths)
    configuration = load(old, request.environ)
    draft = draft_against(request, configuration, prepared.live, prepared.era)
    if draft.plan() != prepared.plan:
        raise Refused("the configuration changed while it was compared: nothing was written")
    new, told = _accepted(request, prepared, old, configuration)
    changed = {path: data for path, data in new.items() if data != old[path]}
    if changed:
        replace_all(old, changed, "configuration")
    return told


def _accepted(
    request: Request, prepared: Prepared, old: Mapping[Path, bytes], first: Configuration
) -> tuple[Mapping[Path, bytes], WrittenBack]:
    """The files after as many passes as it takes, looked at as the next plan will see them."""
    files, configuration, plan = old, first, prepared.plan
    options = options_of(request, first, prepared.era)
    done: dict[Done, None] = {}
    notes: dict[str, None] = {}
    for _ in range(_PASSES):
        touched = _touched(prepared.plan, first, plan, configuration)
        new, outcome = accept(files, configuration, plan, prepared.live, options, touched)
        done |= dict.fromkeys(outcome.done)
        notes |= dict.fromkeys(outcome.notes)
        if new == files:
            _require_told(request, plan, outcome.left)
            written = tuple(str(path) for path in files if files[path] != old[path])
            missing = {
                ref.env: str(mark) for ref, _, mark in configuration.missing if ref.env is not None
            }
            known = {ref.env for ref, _, _ in first.missing}
            variables = tuple((name, at) for name, at in missing.items() if name not in known)
            notes |= dict.fromkeys(
                f'routing test "{test.name}" fails with what lives: {test.message}'
                for test in plan.tests
                if not test.passed
            )
            left = tuple(outcome.left)
            errors = _new_errors(prepared.plan, plan)
            told = WrittenBack(written, tuple(done), left, tuple(notes), variables, errors)
            return files, told
        files, configuration = new, _loaded(request, new, first, prepared.live)
        plan = _planned(request, configuration, prepared)
    raise _bug("the file goes on changing")


def _new_errors(before: Plan, after: Plan) -> tuple[Finding, ...]:
    """What lives may be an error in a file: rooms of one rule under two conventions, say."""
    known = {(one.code, one.path) for one in before.findings if one.severity is Severity.ERROR}
    return tuple(
        one
        for one in after.findings
        if one.severity is Severity.ERROR and (one.code, one.path) not in known
    )


def _touched(
    before: Plan, first: Configuration, now: Plan, configuration: Configuration
) -> set[str]:
    """The rules that were added, or whose rooms got other names: their conventions may have to be written, too."""
    rules = DISPATCH_RULE.name
    listed = {one.name for one in first.sip.get(rules, ())}
    added = {one.name for one in configuration.sip.get(rules, ()) if one.name not in listed}
    return (added | _with_other_rooms(before)) - _with_other_rooms(now)


def _with_other_rooms(plan: Plan) -> set[str]:
    return {
        one.name
        for one in plan.changes
        if one.kind == DISPATCH_RULE.name
        and any(covers("rooms", field.path) for field in one.fields)
    }


def _loaded(
    request: Request, files: Mapping[Path, bytes], first: Configuration, live: Snapshot
) -> Configuration:
    """The new files, as every command will read them from now on."""
    configuration = load(files, request.environ)
    wrong = [one for one in configuration.findings if one.severity is Severity.ERROR]
    if wrong:
        raise _bug(f"the new file would not load: {wrong[0]}")
    if _apart(configuration) != _apart(first) or not _keeps(configuration, first, live):
        raise _bug("the new file would say something else than before beside what lives")
    return configuration


def _apart(configuration: Configuration) -> tuple[object, ...]:
    """What no write-back changes."""
    return (
        configuration.project,
        configuration.sip.keys(),
        [one.path for one in configuration.tests],
        [one.code for one in configuration.ignores if not one.on_line],
    )


def _keeps(configuration: Configuration, first: Configuration, live: Snapshot) -> bool:
    """Whether every object that lives keeps its id, its line and what it leaves to others, and conventions the rest."""
    objects = {(one.kind, one.name): one for kind in configuration.sip.values() for one in kind}
    for kind in matches(first, live).values():
        for old, lives in kind.pairs:
            new = objects.get((old.kind, old.name))
            if lives is None or new is None:
                continue
            if new.unmanaged != old.unmanaged or (old.id is not None and new.id != old.id):
                return False
            is_rule = old.kind == DISPATCH_RULE.name
            if is_rule and configuration.lines.get(old.name) != first.lines.get(old.name):
                return False
    plane, before = configuration.agents, first.agents
    if plane is None or before is None:
        return plane is before
    conventions = {one.label: one for one in plane.conventions.all}
    for one in before.conventions.all:
        same = conventions.get(one.label)
        if same is None or replace(same, agents=one.agents, lines=one.lines) != one:
            return False
    names = {one.key: (one.agent_name, one.deployment) for one in plane.names.values()}
    return all(
        names.get(key) == (one.agent_name, one.deployment) for key, one in before.names.items()
    )


def _planned(request: Request, configuration: Configuration, prepared: Prepared) -> Plan:
    try:
        return draft_against(request, configuration, prepared.live, prepared.era).plan()
    except ConfigError as error:
        raise _bug(f"the new file cannot be planned: {error.findings[-1]}") from error


def _require_told(request: Request, plan: Plan, left: list[Left]) -> None:
    """Raises `ReconcileError` for a difference that is neither written nor told."""
    told = {(one.kind, one.name, one.path) for one in left}
    for change in plan.changes:
        if not _is_told(change, told):
            raise _bug(f'{change.kind.replace("_", " ")} "{change.name}" would still differ')
    for one in plan.unlisted if request.only is not Plane.AGENTS else ():
        if (one.kind, one.id, "") not in told:
            raise _bug(f'{one.kind.replace("_", " ")} "{one.name or one.id}" would not be listed')


def _is_told(change: Change, told: set[tuple[str, str, str]]) -> bool:
    whole = {(change.kind, change.name, ""), (change.kind, change.id or "", "")}
    if whole & told:
        return True
    return bool(change.fields) and all(
        (change.kind, change.name, field.path) in told for field in change.fields
    )


def _bug(what: str) -> ReconcileError:
    return ReconcileError(f"{what}: nothing was written; please report this")
