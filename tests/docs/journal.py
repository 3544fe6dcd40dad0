"""The journal that documents ask: two calls of one morning, of which one was not answered."""

from __future__ import annotations

from pathlib import Path

from reconciler.journal.database import open_journal
from reconciler.journal.entries import Entry, Step

# 2026-03-02, 08:15 in UTC.
MORNING = 1_772_439_300.0
_AGENT = "support-agent"
_SERVED = ("call-_+15550100099_x7GqTnM2", "RM_k3VtWq9ZsB5e")
_UNSERVED = ("call-_+15550100042_pR4dYc8L", "RM_u6HnXa2JfD7m")


def write_journal(folder: Path) -> None:
    """Writes it into a folder, under the name that it has where no other is given."""
    journal = open_journal(f"sqlite:///{folder / 'reconcile-journal.db'}")
    journal.write([*_answered(), *_not_answered()])
    journal.close()


def _answered() -> list[Entry]:
    at, convention = MORNING, f"call-*: {_AGENT}, brought by sip"
    return [
        Entry(at, *_SERVED, Step.ROOM_STARTED),
        Entry(at, *_SERVED, Step.CONVENTION, text=convention),
        Entry(at + 0.01, *_SERVED, Step.DISPATCHED, _AGENT, text=_by("AD_8fKqW2mZrT4x")),
        Entry(
            at + 10.1,
            *_SERVED,
            Step.RETRIED,
            _AGENT,
            1,
            44.0,
            "no worker took the job within 10 s (AD_v2ZrN7cQpL9d)",
        ),
        Entry(at + 11.4, *_SERVED, Step.JOINED, _AGENT, None, 1240.0, "as agent-AJ_kQ3hVb6tXw1e"),
        Entry(at + 193.0, *_SERVED, Step.FINISHED, milliseconds=193_000.0),
    ]


def _not_answered() -> list[Entry]:
    at, convention = MORNING + 1260, f"call-*: {_AGENT}, brought by sip"
    why = f"{_AGENT} was dispatched 5 times: no worker took the job within 60 s"
    return [
        Entry(at, *_UNSERVED, Step.ROOM_STARTED),
        Entry(at, *_UNSERVED, Step.CONVENTION, text=convention),
        Entry(at + 0.01, *_UNSERVED, Step.DISPATCHED, _AGENT, text=_by("AD_m5TwJ8yKsR3f")),
        Entry(at + 230.2, *_UNSERVED, Step.GAVE_UP, _AGENT, text=why, failed=True),
        Entry(at + 232.0, *_UNSERVED, Step.FINISHED, milliseconds=232_000.0),
    ]


def _by(dispatch: str) -> str:
    return f"somebody else asked for it ({dispatch})"
