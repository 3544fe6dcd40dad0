"""Makes findings: the severity is the code's, the place that of a field."""

from __future__ import annotations

from reconciler.agents.conventions import Convention
from reconciler.config.origin import ObjectOrigin
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired
from reconciler.lint.codes import CODES
from reconciler.sip.spec import KIND_BY_NAME


def report(
    code: str,
    one: Desired,
    field: str,
    message: str,
    fix: str,
    severity: Severity | None = None,
) -> Finding:
    """A finding at a field of an object."""
    path = f"sip.{KIND_BY_NAME[one.kind].section}.{one.name}.{field}"
    return Finding(
        code, severity or CODES[code].severity, path, message, fix, one.origin.mark(field)
    )


def report_convention(
    code: str,
    one: Convention,
    field: str,
    message: str,
    fix: str,
    severity: Severity | None = None,
) -> Finding:
    """A finding at a field of a convention."""
    origin = one.origin
    above = origin.key.text if isinstance(origin, ObjectOrigin) else "agents.rooms"
    return Finding(
        code,
        severity or CODES[code].severity,
        f"{above}.{field}",
        message,
        fix,
        origin.mark(field),
    )
