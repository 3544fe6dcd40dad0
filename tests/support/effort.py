"""How much a test does: what fits into every run, or with `RECONCILE_SOAK=1` all of what it can do.

`make soak` sets it and runs the tests marked `soak`. Such a test looks at the same thing in both, at fewer cases or
for a shorter time, and tells by a figure how much it was.
"""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

SOAK = os.environ.get("RECONCILE_SOAK") == "1"


def effort(usual: T, soak: T) -> T:
    """The size for every run, or the one for the long run."""
    return soak if SOAK else usual
