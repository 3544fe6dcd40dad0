"""What LiveKit accepts and its author will regret: warnings and notes about a whole file. No I/O.

codes.py         every code of a finding, its severity and its reason; those that others report, too
facts.py         the objects of the file, looked up once for all checks
trunks.py        who may call: passwords, encryption, trunks that nobody answers
addresses.py     source addresses that let in nobody or everybody
ambiguity.py     trunks that get in each other's way
numbers.py       numbers that are none, and numbers that a rule will never see
rules.py         one rule for itself: who gets in, who meets whom
priority.py      rules that others always win against, or hide behind a PIN
rooms.py         rules and conventions together: which agents come into the rooms of calls
conventions.py   the agent plane for itself
bringers.py      who brings the agents of a convention
texts.py         metadata
report.py        makes findings
run.py           all checks in a row
silence.py       findings that somebody does not want to read

Each check is a function of its own and grounded in a rule of LiveKit's or in a real report; its page under
`docs/findings/` shows what it finds and how that is mended. The work grows with the number of objects, no faster.
"""

from reconciler.lint.run import lint
from reconciler.lint.silence import silence

__all__ = ["lint", "silence"]
