"""The plan of a project: configuration and live snapshot in, typed changes and ordered calls out. No I/O.

targets.py      what every listed object is to be: references looked up, agents compiled
differences.py  what differs, as far as the options allow
unlisted.py     live objects that the file does not list
calls.py        changes as they are shown, calls as they are sent
plan.py         all of it in order, and what would be refused or would fail calls
"""

from reconciler.planning.options import Options
from reconciler.planning.plan import check, make_plan, matches

__all__ = ["Options", "check", "make_plan", "matches"]
