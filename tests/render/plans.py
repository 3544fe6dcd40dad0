"""Small plans for the tests of the renderers."""

from __future__ import annotations

from reconciler.core.finding import Finding, Mark, Severity
from reconciler.core.plan import Action, Call, Change, FieldChange, Plan, Plane
from reconciler.core.values import PlainValue


def field(
    path: str, before: PlainValue | None, after: PlainValue | None, *, sensitive: bool = False
) -> FieldChange:
    """One leaf."""
    return FieldChange(path, before, after, sensitive)


def update(*fields: FieldChange, kind: str = "inbound_trunk", name: str = "a") -> Plan:
    """A plan that updates one object."""
    change = Change(Plane.SIP, kind, name, "ST_1", Action.UPDATE, fields)
    call = Call(1, Action.UPDATE, kind, name, "ST_1", (Plane.SIP,), fields)
    return Plan("acme", "host.example", (change,), (call,))


def creations(count: int, *, name: str = "trunk", metadata: str = "") -> Plan:
    """A plan that creates many objects."""
    fields = (FieldChange("metadata", None, metadata),) if metadata else ()
    changes = tuple(
        Change(Plane.SIP, "inbound_trunk", f"{name}-{index}", None, Action.CREATE, fields)
        for index in range(count)
    )
    return Plan("acme", "host.example", changes)


def finding(
    code: str = "some-code",
    severity: Severity = Severity.WARNING,
    message: str = "something is odd",
    *,
    file: str = "dispatch.yaml",
    line: int = 3,
    path: str = "sip.x",
    fix: str = "",
) -> Finding:
    """One finding."""
    mark = Mark(file, line, 7) if file else Mark()
    return Finding(code, severity, path, message, fix, mark)
