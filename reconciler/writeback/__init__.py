"""The live state as a change of the files: the smallest one after which a plan is empty.

lines.py, draft.py   a text, and edits of it that leave all other bytes alone
places.py            where each value stands in the text
patch.py, editor.py  what is to become of a mapping, and the edits that say it
block.py, flow.py    entries with lines of their own, and those in brackets
judge.py, spelling.py  what a file says already, and in which quotes a value stands
fields.py            one field of a listed object as it lives
sections.py          objects that come and go
additions.py         unlisted objects, as an export writes them
listed.py            the objects of the files beside the live ones
sip.py, agents.py    the two planes
accept.py            one pass over both

Pure: bytes in, bytes out. Whether the result loads and plans to nothing is for `pipeline.write_back` to see.
"""

from reconciler.writeback.accept import accept
from reconciler.writeback.notes import Done, Left, Outcome
from reconciler.writeback.places import require_library

__all__ = ["Done", "Left", "Outcome", "accept", "require_library"]
