"""The alerts of `reconcile drift`: who is told of a drift, when, and in which words; and the figures for Prometheus.

    found.py     what one look found: whether it is the same drift as before, and how many objects differ
    memory.py    what is remembered from one run to the next
    state.py     the file that it is kept in
    decide.py    who is to be told what now: a pure function of the memory, the look, the policy and the clock
    message.py   the words of each message
    letter.py    a message as text or Markdown, cut to what its target takes
    safe.py      names in messages: nothing in them can mention anybody, become a link or end a line
    send.py      delivery by Apprise, the only module that knows it
    run.py       the end of a run: all of this, one after the other
    metrics.py   figures in the text format of Prometheus

Nothing here looks at a project or knows an option of the command line.
"""
