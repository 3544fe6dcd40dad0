"""The main flow: load → observe → plan → apply → observe again. Commands call it and render what it returns.

    request.py     what a command was asked
    configuration.py    the files of a request, overlays over them
    guards.py      which server is meant, and what must be right before it is touched
    validate.py    what can be said of the files alone
    prepare.py     load, observe, plan: from the file, against a snapshot, or out of a saved plan
    carry_out.py   apply, and look again
    write_back.py  the other direction: the files accept what lives
    projects.py    many projects: read, planned and applied together, each with a result of its own
    overlaps.py    what projects on one server would do to each other
    pace.py        how long requests take where only so many a minute are allowed
    artefacts.py   what is left behind for later: saved plans, receipts
    backups.py     what is about to change, kept before the first write
    former.py      what a backup wants of the live project of today
    rollback.py    the plan back to a backup
    live.py        the live project alone: ids, snapshots, exports
    picture.py     what a map is drawn from
    rooms.py       the live rooms and the verdict on each
    room_writes.py    what rooms lack, and the writes that bring it, for --rooms of plan, apply and drift
    probe.py       canaries: does a worker answer to an agent's name
    required_agents.py    no apply whose agents do not answer
    event_loop.py  coroutines that an interrupt ends in an orderly way

Nothing here prints.
"""
