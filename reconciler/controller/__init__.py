"""The agent plane at run time: `serve` keeps live rooms at their convention.

    serve.py       starts and stops everything below, in one event loop
    http.py        webhooks in; health, metrics and the status page out (page.py, style.py)
    events.py      what a webhook amounts to
    queue.py       events waiting to be worked on: in this process, or in Redis (redis.py)
    leases.py      one process at a time decides about a room: by the journal, or by Redis (redis_leases.py)
    tending.py     the heart: one look at one room, and what follows from it
    following.py   what an event adds to what is known of a room
    resync.py      every so often a look at all rooms, so that a lost webhook costs one interval and no more
    record.py      the journal, written in the background
    board.py       the rooms as this process sees them, for people and counters
    rules.py       the file in force; a changed one is taken over when it is valid
    metrics.py     what Prometheus is told

Nothing here decides who belongs into a room, or when to try again: that is pure, and stands in `agents/`.
"""
