"""The plan of a project: configuration and live snapshot in, typed changes and ordered calls out. No I/O.

targets.py      what every listed object is to be: references looked up, agents compiled
differences.py  what differs, as far as the options allow
ties.py         what hangs on the ids of live objects
settle.py       what differs and in which order it is written, which decide on each other
placed.py       the objects of a project as they take part in routing
routes.py       where calls go, and what the conventions say of the room
reroutes.py     which calls meet something else than before
expectations.py the routing tests of the file
unlisted.py     live objects that the file does not list
calls.py        changes as they are shown, calls as they are sent
plan.py         all of it in order, and what would be refused or would fail calls
"""

from reconciler.planning.options import Options
from reconciler.planning.plan import Draft, check, check_routes, make_plan, matches

__all__ = ["Draft", "Options", "check", "check_routes", "make_plan", "matches"]
