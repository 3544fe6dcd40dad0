"""What differs between the listed objects and the live ones, as far as the options let it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.diff import diff_fields
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired, Fields, Live
from reconciler.core.plan import FieldChange, Plane
from reconciler.core.values import Hidden, Secret, Unknown
from reconciler.planning.options import Options
from reconciler.planning.targets import Target
from reconciler.sip.spec import KIND_BY_NAME

NAME_PATH = "name"
PASSWORD_PATH = "auth.password"  # noqa: S105  # the name of a field


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that differs: every leaf that changes, and the fields that it will have then."""

    desired: Desired
    live: Live | None
    before: Fields
    after: Fields
    changes: tuple[FieldChange, ...]
    wanted: Fields

    @property
    def paths(self) -> frozenset[str]:
        """The leaves that change."""
        return frozenset(one.path for one in self.changes)


@dataclass(slots=True)
class Remarks:
    """What there is to say about the differences, besides themselves."""

    findings: list[Finding]
    notes: list[str]


def plane_of(change: FieldChange, kind: str) -> Plane:
    """The plane that owns a leaf; the name belongs to the SIP plane."""
    return Plane.SIP if change.path == NAME_PATH else KIND_BY_NAME[kind].field(change.path).plane


def difference(
    target: Target, options: Options, foreign: Sequence[str], remarks: Remarks
) -> Difference | None:
    """How one listed object differs from the live one, or None where it does not.

    `foreign` are the paths that the whole project leaves alone.
    """
    desired, live = target.desired, target.live
    if live is None:
        return _creation(target, options, remarks)
    changes = diff_fields(target.before, target.after, (*target.unmanaged, *foreign))
    if desired.id is None and desired.name != live.name and NAME_PATH not in desired.unmanaged:
        changes = (FieldChange(NAME_PATH, live.name, desired.name), *changes)
    changes = _with_password(target, options, changes, remarks)
    if not changes:
        return None
    allowed = _allowed(changes, desired.kind, options.only)
    if len(allowed) < len(changes):
        other = "agent" if options.only is Plane.SIP else "SIP"
        remarks.notes.append(
            f"{title(desired)} differs in the {other} plane as well: --only {options.only} leaves that undone"
        )
    if not allowed:
        return None
    after = _result(target, allowed)
    return Difference(desired, live, target.before, after, allowed, target.after)


def recreation(target: Target, one: Difference | None, remarks: Remarks) -> Difference:
    """A trunk that has to be created anew, which writes all of it, whether or not it differs."""
    told = target.before.get(PASSWORD_PATH), target.after.get(PASSWORD_PATH)
    if isinstance(told[0], Unknown) and not isinstance(told[1], Secret):
        remarks.findings.append(password_lost(target.desired, "this trunk is created anew"))
    if one is not None:
        return one
    return Difference(target.desired, target.live, target.before, target.before, (), target.after)


def _creation(target: Target, options: Options, remarks: Remarks) -> Difference | None:
    desired = target.desired
    if options.only is Plane.AGENTS:
        remarks.notes.append(
            f"{title(desired)} does not exist yet: --only agents leaves its creation to the SIP plane"
        )
        return None
    changes = diff_fields({}, target.after)
    allowed = _allowed(changes, desired.kind, options.only)
    if len(allowed) < len(changes):
        remarks.notes.append(
            f"{title(desired)} is created without agents: --only sip leaves them to the agent plane"
        )
    return Difference(desired, None, {}, _result(target, allowed), allowed, target.after)


def _allowed(
    changes: tuple[FieldChange, ...], kind: str, only: Plane | None
) -> tuple[FieldChange, ...]:
    return changes if only is None else tuple(one for one in changes if plane_of(one, kind) is only)


def _result(target: Target, changes: Iterable[FieldChange]) -> Fields:
    """The object when just these changes are made: everything else stays as it lives."""
    result = dict(target.before)
    for change in changes:
        if change.path == NAME_PATH:
            continue
        if change.after is None:
            result.pop(change.path, None)
        else:
            result[change.path] = target.after[change.path]
    return result


def _with_password(
    target: Target, options: Options, changes: tuple[FieldChange, ...], remarks: Remarks
) -> tuple[FieldChange, ...]:
    """The changes with the password among them, where the user asked for it or it would be lost otherwise.

    A password that the server does not tell is never a change by itself. But LiveKit's small update request covers
    few fields, anything else replaces the object, and what is not sent then is wiped.
    """
    if any(one.path == PASSWORD_PATH for one in changes):
        return changes
    live = target.live
    old, new = target.before.get(PASSWORD_PATH), target.after.get(PASSWORD_PATH)
    asked = target.desired.name in options.write_secrets or (
        live is not None and live.id in options.write_secrets
    )
    at_risk = isinstance(old, Unknown) and _replaces(target.desired.kind, changes)
    if not (asked or at_risk):
        return changes
    if isinstance(new, Secret):
        known = old if isinstance(old, Unknown) else Hidden() if old is not None else None
        return (*changes, FieldChange(PASSWORD_PATH, known, new.ref or Hidden(), sensitive=True))
    if at_risk:
        remarks.findings.append(
            password_lost(target.desired, "this change replaces the whole trunk")
        )
    return changes


def password_lost(desired: Desired, why: str) -> Finding:
    """The error that a password, which the server does not tell and the file does not have, would be wiped."""
    return Finding(
        "password-unknown",
        Severity.ERROR,
        f"sip.{KIND_BY_NAME[desired.kind].section}.{desired.name}",
        f"{why}, and its password, which the server does not tell, would be lost",
        "add auth.password to the file, so that it can be sent along",
        desired.origin.mark(),
    )


def _replaces(kind: str, changes: Iterable[FieldChange]) -> bool:
    """Whether LiveKit's small update request cannot say all of it."""
    described = KIND_BY_NAME[kind]
    return any(one.path != NAME_PATH and not described.field(one.path).patch for one in changes)


def title(one: Desired) -> str:
    """An object in a sentence: `dispatch rule "inbound"`."""
    return f'{KIND_BY_NAME[one.kind].title} "{one.name}"'
