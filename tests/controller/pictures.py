"""Rooms of every verdict and failures of every kind, for status pages in tests."""

from __future__ import annotations

import time
from dataclasses import replace

from reconciler.agents.live import LiveRoom
from reconciler.agents.verdict import Judgement, Verdict
from reconciler.controller.board import Board
from reconciler.journal.database import Journal
from reconciler.journal.entries import Entry, Step
from tests.controller.fronts import IDENTITY

HOSTILE = (
    "<script>document.title='hacked'</script>",
    '"><img src=x onerror="document.title=\'hacked\'">',
    "call-\u202egnp.exe\u202c",
    "two\nlines\tand\x00more",
    "&lt;b&gt; 'quoted'",
    "ornina-" + "x" * 300,
    "",
)

_ROOMS = (
    ("call-_+15550100001_h3kXw2", Verdict.OK, "SW Telephony Agent is there", "call-*", 1),
    ("call-_+15550100002_Zm8Ls0", Verdict.OK, "SW Telephony Agent is there", "call-*", 1),
    ("call-_+15550100003_q7YpEt", Verdict.OK, "SW Telephony Agent is there", "call-*", 2),
    (
        "call-outbound-8841",
        Verdict.WAITING,
        "SW Telephony Agent is dispatched and not there yet",
        "call-outbound-*",
        1,
    ),
    (
        "call-outbound-8842",
        Verdict.MISSING_DISPATCH,
        "nobody dispatched SW Telephony Agent",
        "call-outbound-*",
        1,
    ),
    (
        "ornina-demo",
        Verdict.NEVER_JOINED,
        "no worker took the job of ornina-avatar-agent: is one registered under this name?",
        "ornina-*",
        1,
    ),
    (
        "ornina-showroom",
        Verdict.LEFT,
        "a worker took the job of ornina-avatar-agent; its agent left, or never got in",
        "ornina-*",
        3,
    ),
    ("ornina-stage", Verdict.DUPLICATE, "ornina-avatar-agent is there 2 times", "ornina-*", 1),
    (
        "interview-2f0c1",
        Verdict.UNEXPECTED,
        "SW Telephony Agent is there, and the convention does not name it",
        "interview-*",
        2,
    ),
    ("scratch", Verdict.NO_CONVENTION, "no convention covers this room", None, 1),
    *(
        (f"interview-9d{number:02d}", Verdict.OK, "(unnamed) is there", "interview-*", 1)
        for number in range(10)
    ),
)


def fill_board(board: Board) -> None:
    """Twenty rooms."""
    now = time.time()
    for number, (name, verdict, reason, convention, waiting) in enumerate(_ROOMS):
        room = LiveRoom(name, f"RM_{number}", now - 7 * 1.9**number % 40_000, waiting)
        board.show(room, convention, Judgement(verdict, reason), now, is_settled=False)


def fill_hostile(board: Board, journal: Journal) -> None:
    """Rooms and agents that are called what no room should be called."""
    now = time.time()
    for number, name in enumerate(HOSTILE):
        room = LiveRoom(name, f"RM_h{number}", now, 1)
        board.show(room, name, Judgement(Verdict.LEFT, name), now, is_settled=False)
        step = Entry(now - 1, name, f"RM_h{number}", Step.GAVE_UP, name, 1, 2.0, name, True)
        journal.write([_ours(step)])


def fill_journal(journal: Journal) -> None:
    """Failures of the last hours, and the whole story of one room."""
    now = time.time()
    failures = [
        ("ornina-showroom", Step.GAVE_UP, "ornina-avatar-agent was dispatched 5 times: no worker took the job"),
        ("call-_+15550100009_kk1Wd9", Step.NOBODY_CAME, "it was dispatched, and no worker took the job"),
        ("interview-2f0c1", Step.ALERT, "SW Telephony Agent is there, and the convention interview-* does not name it"),
        ("ornina-stage", Step.ALERT, "ornina-avatar-agent is there 2 times"),
    ]  # fmt: skip
    for number, (room, step, text) in enumerate(failures):
        agent = "ornina-avatar-agent" if room.startswith("ornina") else "SW Telephony Agent"
        at = now - 900 * (number + 1)
        entry = Entry(at, room, f"RM_f{number}", step, agent, text=text, failed=True)
        journal.write([_ours(entry), replace(entry, room="staging", project="another", key=None)])
    name = "ornina-avatar-agent"
    story = [
        (Step.ROOM_STARTED, None, None, ""),
        (Step.CONVENTION, None, None, f"ornina-*: {name}, brought by controller"),
        (Step.DISPATCHED, name, 7.4, "the convention ornina-* wants it (AD_kX8f2Lm)"),
        (Step.RETRIED, name, 6.1, "no worker took the job within 10 s (AD_pW0s7Qe)"),
        (Step.JOB_TAKEN, name, 412.0, ""),
        (Step.JOINED, name, 1630.0, "as agent-AJ_9sT2"),
        (Step.LEFT, name, 95_000.0, "as agent-AJ_9sT2"),
        (Step.REPLACED, name, 8.8, "it left, and somebody waits (AD_Yb3c1Nz)"),
        (Step.JOINED, name, 1210.0, "as agent-AJ_77Qa"),
        (Step.FINISHED, None, 312_000.0, ""),
    ]
    journal.write(
        [
            _ours(
                Entry(now - 400 + 20 * number, "ornina-demo", "RM_d", step, agent, None, took, text)
            )
            for number, (step, agent, took, text) in enumerate(story)
        ]
    )


def _ours(entry: Entry) -> Entry:
    """An entry of the project whose page it is."""
    return replace(entry, project=IDENTITY)
