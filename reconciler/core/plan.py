"""The plan: what differs, and the calls that end the difference. A value that outlives its command.

A plan is made of two snapshots and nothing else, holds no secret and no callable, and survives JSON and back
unchanged. `changes` say what differs, object by object and plane by plane; `calls` say what will be sent, in which
order, and which call waits for which. What is applied is exactly `calls`.
"""

from __future__ import annotations

import enum

import msgspec

from reconciler.core.finding import Finding
from reconciler.core.values import PlainValue


class Plane(enum.StrEnum):
    """Which of the two dispatch systems a change belongs to."""

    SIP = "sip"
    AGENTS = "agents"


class Action(enum.StrEnum):
    """What happens to an object; a rename may change other fields along the way."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RENAME = "rename"


class FieldChange(msgspec.Struct, frozen=True):
    """One leaf, before and after; None is "not set". Of a sensitive one only the place it comes from is known."""

    path: str
    before: PlainValue | None
    after: PlainValue | None
    sensitive: bool = False


class Change(msgspec.Struct, frozen=True):
    """One object that differs in one plane. `id` is None as long as the object does not exist."""

    plane: Plane
    kind: str
    name: str
    id: str | None
    action: Action
    fields: tuple[FieldChange, ...] = ()
    renamed_from: str | None = None


class Call(msgspec.Struct, frozen=True):
    """One write. A rename is an update with a `new_name`.

    `after` are the steps that must have succeeded before. Calls of one `batch` are sent together, those of one `lane`
    in it one after another. `reason` says why a call is not the obvious one.
    """

    step: int
    action: Action
    kind: str
    name: str
    id: str | None
    planes: tuple[Plane, ...]
    fields: tuple[FieldChange, ...] = ()
    new_name: str | None = None
    after: tuple[int, ...] = ()
    batch: int = 0
    lane: int = 0
    reason: str = ""


class Gap(msgspec.Struct, frozen=True):
    """Calls that nobody answers from one step to another, although somebody does before and after.

    `numbers` are those called and `callers` who calls, "" in either for all that nobody mentions.
    """

    after_step: int
    before_step: int
    message: str
    numbers: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    needs_pin: bool = False


class Unlisted(msgspec.Struct, frozen=True):
    """A live object that the file does not list and the plan leaves alone. `hint` says what it may be."""

    kind: str
    name: str
    id: str
    hint: str = ""


class RoutingTest(msgspec.Struct, frozen=True):
    """The outcome of one expectation of the file about a call."""

    name: str
    passed: bool
    message: str = ""


class Plan(msgspec.Struct, frozen=True):
    """Everything one comparison of the file with a live project has to say."""

    project: str
    host: str
    changes: tuple[Change, ...] = ()
    calls: tuple[Call, ...] = ()
    gaps: tuple[Gap, ...] = ()
    unlisted: tuple[Unlisted, ...] = ()
    findings: tuple[Finding, ...] = ()
    tests: tuple[RoutingTest, ...] = ()
    notes: tuple[str, ...] = ()
    # How many live objects of each kind there are: what the deletion limits are measured against.
    population: dict[str, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether an apply would write nothing."""
        return not self.calls

    def of_plane(self, plane: Plane) -> tuple[Change, ...]:
        """The changes of one plane, in the plan's order."""
        return tuple(change for change in self.changes if change.plane is plane)
