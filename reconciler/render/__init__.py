"""What people and scripts see: functions from a document to a string, and nothing that writes to a stream.

A value of the core becomes a *document* first, which is what `--format json` prints; every other format walks that
document, so no text holds a fact that the JSON lacks. All strings end with one newline, and `""` is nothing to say.

    document.py   plan_document(plan, rooms=None) -> PlanDocument
                  drift_document(plan, causes=None, rooms=None) -> PlanDocument    causes: {(kind, name, path): Cause}
                  findings_document(findings, tests=()) -> FindingsDocument
                  to_json(document) -> str                                any of the documents
    report.py     report_document(planned, report, planned_rooms=None, room_results=()) -> ReportDocument
                  progress_line(result, done, total, *, color=False) -> str  result: apply.Result; no newline
    live.py       ids_document(snapshot) -> IdsDocument
                  snapshot_document(snapshot) -> SnapshotDocument
    room_plans.py room_plan_documents(plans), room_result_documents(results), and their sections
    rooms.py      rooms_document(survey) -> RoomsDocument; show_rooms(document, form, …) -> str
    probe.py      probe_document(…) -> ProbeDocument; show_probe(document, form, *, color=False) -> str
    formats.py    show_plan(document, form, *, color=False, verbose=False) -> str    a plan or a drift
                  show_report(document, form, *, color=False, verbose=False) -> str
                  show_findings(document, form, *, color=False) -> str
                  show_ids(document, form, *, color=False) -> str       all but JSON: NAME=ID lines
                  show_snapshot(document, form, *, color=False, verbose=False) -> str
                  Format = text | json | markdown | github
    text.py, markdown.py, github.py     the renderers behind them, imported when they are needed
    github.py     annotations(findings: Iterable[FindingDocument]) -> str  the `::warning …` lines of a workflow
    escape.py     escape(text) -> str     what nothing can break out of; for messages that quote names or values

`show_findings(…, Format.GITHUB)` gives annotations; for a plan, a drift or a report `Format.GITHUB` gives a comment
of at most 65,536 characters that starts with `comment_marker(project)`.
"""
