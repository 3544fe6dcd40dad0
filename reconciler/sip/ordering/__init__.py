"""The order of calls: which write comes when, so that no moment in between is worse than it has to be.

LiveKit has no transactions. Between two calls the project lives with what has been written so far, and callers go on
calling. So, in this order of weight:

1. No moment is a conflict that LiveKit would refuse calls for.
2. A call that is answered before and after is answered in between, wherever any allowed sequence of writes can do it.
   What remains is shown: the gaps of a plan.
3. The fewest writes.
4. No call is let in that is let in neither before nor after; and creations come before changes, changes before
   deletions.

Allowed are writes by which every object is, at each moment, absent, old, new, or the old one with entries taken off
its lists or new ones put on them, and lets in nobody whom neither its old nor its new self lets in.

steps.py         what an order is: steps in their places, and the silences between them
operation.py     a write that is wanted, and what it lets go of and takes over
waits.py         which write has to wait for which, whatever else is wanted
rings.py         writes that wait for each other, and how that is broken up
arrange.py       batches and lanes out of who waits for whom
moments.py       what an object can be between two calls
calls.py         all calls to one number as the bits of a whole number
destinations.py  the calls to one number, and which of them are answered at a moment
world.py         the numbers whose calls several writes concern
clusters.py      objects whose writes have to be looked at together
replay.py        what callers meet while the writes are made one by one
search.py        the sequence of a few writes that callers notice least
writes.py        writes as moments, and moments as writes
order.py         all of it: by the rules of waits.py first, and by search where callers would notice
"""

from reconciler.sip.ordering.operation import Operation, Stage, Tie
from reconciler.sip.ordering.steps import Ordered, Silence, Step

# `order` and all that it needs is imported where there is something to order: most plans are empty.
__all__ = ["Operation", "Ordered", "Silence", "Stage", "Step", "Tie"]
