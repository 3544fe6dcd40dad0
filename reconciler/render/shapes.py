"""The shapes of the documents: what `--format json` prints, key by key. The schemas in `schemas/` say the same.

Only types stand here. Keys that are not always there are marked; all others are, and are null where there is nothing
to say.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

from reconciler.core.values import JsonValue
from reconciler.render.history_shapes import HistoryDocument
from reconciler.render.room_shapes import (
    ProbeDocument,
    RoomCounts,
    RoomPlanDocument,
    RoomResultDocument,
    RoomsDocument,
    RoomTally,
)

Cause: TypeAlias = Literal["live", "file", "both", "unknown"]
"""Who made a drift, as far as the receipt of the last apply tells."""

Effect: TypeAlias = Literal["set", "changed", "removed", "rewritten"]
"""What happens to a secret. `rewritten`: the server does not tell whether it differs, and it is sent anyway."""


class FieldDocument(TypedDict):
    """One leaf. Of a sensitive one both values are null, `effect` says what happens, `source` where it comes from."""

    path: str
    before: JsonValue
    after: JsonValue
    sensitive: bool
    effect: NotRequired[Effect]
    source: NotRequired[str]
    cause: NotRequired[Cause]


class ChangeDocument(TypedDict):
    """One object that differs in one plane; `id` is null as long as there is none.

    `file`, `line` and `column` say where the file has it, where it was read for this plan and has it at all.
    """

    plane: str
    kind: str
    name: str
    id: str | None
    action: str
    renamed_from: NotRequired[str]
    fields: list[FieldDocument]
    file: NotRequired[str]
    line: NotRequired[int]
    column: NotRequired[int]


class CallDocument(TypedDict):
    """One write; `after` are the steps that must have succeeded before."""

    step: int
    action: str
    kind: str
    name: str
    id: str | None
    new_name: NotRequired[str]
    planes: list[str]
    fields: list[str]
    after: list[int]
    batch: int
    lane: int
    reason: str


class GapDocument(TypedDict):
    """Calls that nobody answers from one step to another."""

    after_step: int
    before_step: int
    numbers: list[str]
    callers: list[str]
    needs_pin: bool
    message: str


class UnlistedDocument(TypedDict):
    """A live object that the file does not list; `hint` may be empty."""

    kind: str
    name: str
    id: str
    hint: str


class FindingDocument(TypedDict):
    """One finding; file, line and column are null where it is about no file."""

    code: str
    severity: str
    file: str | None
    line: int | None
    column: int | None
    path: str
    message: str
    fix: str
    url: str


class TestDocument(TypedDict):
    """One expectation about a call, and whether it holds."""

    name: str
    passed: bool
    message: str


class Counts(TypedDict):
    """How many objects of a plane differ in which way."""

    create: int
    update: int
    delete: int
    rename: int
    unlisted: int


class Summary(TypedDict):
    """The counts of both planes, and of live rooms where they were read."""

    sip: Counts
    agents: Counts
    rooms: NotRequired[RoomCounts]


class PlanDocument(TypedDict):
    """A plan, or with `drift` the answer to whether live differs; with `backup` one that leads back to it."""

    format_version: int
    project: str
    host: str
    drift: NotRequired[bool]
    backup: NotRequired[str]
    summary: Summary
    changes: list[ChangeDocument]
    order: list[CallDocument]
    gaps: list[GapDocument]
    rooms: list[RoomPlanDocument]
    unlisted: list[UnlistedDocument]
    findings: list[FindingDocument]
    tests: list[TestDocument]
    notes: list[str]
    reroutes: list[RerouteDocument]


class FindingsDocument(TypedDict):
    """Findings alone."""

    format_version: int
    findings: list[FindingDocument]
    tests: list[TestDocument]


class Tally(TypedDict):
    """How many calls of each kind ended in one way."""

    create: int
    update: int
    delete: int
    rename: int


class ReportSummary(TypedDict):
    """What was really done, and what was not."""

    done: Tally
    failed: Tally
    not_tried: Tally
    rooms: NotRequired[RoomTally]


class ResultDocument(TypedDict):
    """One call and what became of it: `done`, `failed` or `not_tried`, with the reason."""

    step: int
    action: str
    kind: str
    name: str
    id: str | None
    new_name: NotRequired[str]
    planes: list[str]
    fields: list[str]
    outcome: str
    message: str


class ReportDocument(TypedDict):
    """What an apply did. `differences` are what differed when the live project was read again afterwards."""

    format_version: int
    project: str
    host: str
    complete: bool
    interrupted: bool
    summary: ReportSummary
    results: list[ResultDocument]
    rooms: NotRequired[list[RoomResultDocument]]
    differences: list[str]
    plan: PlanDocument


class SkippedDocument(TypedDict):
    """Live objects that have no entry of their own among the ids, and why."""

    kind: str
    name: str
    ids: list[str]
    reason: str


class IdsDocument(TypedDict):
    """Names to ids, kind by kind; `variables` are the same ids under names for a shell."""

    format_version: int
    host: str
    inbound_trunk: dict[str, str]
    outbound_trunk: dict[str, str]
    dispatch_rule: dict[str, str]
    variables: dict[str, str]
    skipped: list[SkippedDocument]


class LeafDocument(TypedDict):
    """One leaf of a live object; a sensitive one has a null value."""

    path: str
    value: JsonValue
    sensitive: bool


class ObjectDocument(TypedDict):
    """One live object."""

    kind: str
    name: str
    id: str
    fields: list[LeafDocument]


class SnapshotDocument(TypedDict):
    """The objects of a live project; `counts` has an entry for every kind that was read."""

    format_version: int
    host: str
    counts: dict[str, int]
    objects: list[ObjectDocument]


class NodeDocument(TypedDict):
    """One node of a map. `members` are the numbers of a group, `findings` indices into those of the map."""

    id: str
    plane: str
    kind: str
    label: str
    details: list[str]
    members: list[str]
    change: str
    outgoing: bool
    missing: bool
    findings: list[int]


class EdgeDocument(TypedDict):
    """One edge of a map, in the direction of a call; its ends are ids of nodes."""

    source: str
    target: str
    label: str
    change: str


class GraphDocument(TypedDict):
    """The map of a project; `shows_plan`: `change` says what an apply would do."""

    format_version: int
    project: str
    host: str
    shows_plan: bool
    nodes: list[NodeDocument]
    edges: list[EdgeDocument]
    findings: list[FindingDocument]


class StepDocument(TypedDict):
    """One thing that happened to a call on its way; `rule` is the number of the rule of SIP-SEMANTICS behind it."""

    rule: int
    text: str


class CallAnswerDocument(TypedDict):
    """What becomes of a call. `room` and `identity` are null unless it is accepted; `agents` come by its rule."""

    format_version: int
    outcome: str
    trunk: str | None
    rule: str | None
    room: str | None
    identity: str | None
    auth_required: bool
    convention: str | None
    agents: list[str]
    steps: list[StepDocument]


class PinDocument(TypedDict):
    """A PIN that callers enter, told by its rule; `side`: whether the rule has it before, after, or on both sides."""

    rule: str
    side: Literal["both", "before", "after"]


class RerouteDocument(TypedDict):
    """Calls that meet something else when a plan is applied: `before` is what they meet as the project lives.

    No `callers`, or no `sources`: whoever calls, from wherever. `pin` is what is entered.
    """

    numbers: list[str]
    callers: list[str]
    sources: list[str]
    pin: PinDocument | None
    before: CallAnswerDocument
    after: CallAnswerDocument


class CallDiffDocument(TypedDict):
    """One call in the project as it lives, and in what an apply would make of it."""

    format_version: int
    same: bool
    live: CallAnswerDocument
    after: CallAnswerDocument


class RoomDocument(TypedDict):
    """How the agents of a room arrive: who brings them, what that needs, and what would keep them away."""

    format_version: int
    room: str
    convention: str | None
    dispatch: list[str]
    agents: list[str]
    rules: list[str]
    needed: list[str]
    obstacles: list[str]


Document: TypeAlias = (
    CallAnswerDocument
    | CallDiffDocument
    | RoomDocument
    | PlanDocument
    | FindingsDocument
    | ReportDocument
    | IdsDocument
    | SnapshotDocument
    | GraphDocument
    | HistoryDocument
    | RoomsDocument
    | ProbeDocument
)
