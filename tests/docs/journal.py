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
    at = MORNING
    return [
        Entry(at, *_SERVED, Step.ROOM_STARTED),
        Entry(at + 0.01, *_SERVED, Step.CONVENTION, text="prefix call-"),
        Entry(at + 0.06, *_SERVED, Step.DISPATCHED, _AGENT, 1, 41.0, "dispatch AD_8fKq"),
        Entry(at + 10.1, *_SERVED, Step.RETRIED, _AGENT, 2, text="no worker took the job in time"),
        Entry(at + 10.16, *_SERVED, Step.DISPATCHED, _AGENT, 2, 44.0, "dispatch AD_v2Zr"),
        Entry(at + 11.4, *_SERVED, Step.JOINED, _AGENT, 2, 1240.0),
        Entry(at + 193.0, *_SERVED, Step.FINISHED),
    ]


def _not_answered() -> list[Entry]:
    at, why = MORNING + 1260, "5 dispatches, and no worker took one"
    return [
        Entry(at, *_UNSERVED, Step.ROOM_STARTED),
        Entry(at + 0.01, *_UNSERVED, Step.CONVENTION, text="prefix call-"),
        Entry(at + 0.05, *_UNSERVED, Step.DISPATCHED, _AGENT, 1, 38.0, "dispatch AD_m5Tw"),
        Entry(at + 50.2, *_UNSERVED, Step.GAVE_UP, _AGENT, 5, text=why, failed=True),
        Entry(at + 52.0, *_UNSERVED, Step.FINISHED),
    ]
