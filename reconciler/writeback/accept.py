"""One pass: the live state accepted in the text of the files, as far as one look at the plan tells what to do.

Passes are repeated until nothing is left to write: which agents a rule is to have follows from what its fields are
now, and who a name belongs to is clear only when an id that no longer lives is gone. The conventions wait until the SIP
plane is settled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from reconciler.config.model import Configuration
from reconciler.core.objects import Snapshot
from reconciler.core.plan import Plan
from reconciler.planning import Options
from reconciler.writeback.agents import accept_agents
from reconciler.writeback.book import Book
from reconciler.writeback.notes import Outcome
from reconciler.writeback.sip import accept_sip


def accept(
    files: Mapping[Path, bytes],
    configuration: Configuration,
    plan: Plan,
    live: Snapshot,
    options: Options,
    touched: Collection[str],
) -> tuple[dict[Path, bytes], Outcome]:
    """The files after one pass, and what there is to tell. `touched` are the rules that were changed by hand.

    Raises `ReconcileError` for a file that cannot be taken apart.
    """
    book = Book(files)
    outcome = accept_sip(book, configuration, plan, live, options)
    if not outcome.done:
        agents = accept_agents(book, configuration, plan, live, options, touched)
        outcome.done += agents.done
        outcome.left += agents.left
        outcome.notes += agents.notes
    return book.results(), outcome
