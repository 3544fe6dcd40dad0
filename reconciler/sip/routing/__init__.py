"""What LiveKit does with a call that comes in, to the letter of SIP-SEMANTICS. Pure, and without a word about agents.

call.py       a call, the answer to it, and the steps that explain the answer
addresses.py  source addresses and the filters on them
trunks.py     which trunk a call matches
rules.py      which rule answers it
room.py       the room, and who the caller is in it
media.py      encryption, codecs and noise cancellation
router.py     all of it: an index made once, and the answer to one call
pins.py       the PIN of a rule, as far as it is known
steps.py      why: every trunk and rule that did not get the call, and what became of each field

A router is made of a project in normal form and answers any number of calls; what a call costs does not depend on
the number of trunks and rules. Texts are only made when somebody asks why.
"""
