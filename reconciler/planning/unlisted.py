"""Live objects that the file does not list: what they are, and what they may be under another name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.objects import Desired, Fields, Live
from reconciler.core.plan import Unlisted
from reconciler.planning.differences import Difference
from reconciler.planning.targets import Trunks
from reconciler.sip.era import Era
from reconciler.sip.occupancy import slots_of


def describe(
    unlisted: Iterable[Live], differences: Iterable[Difference], trunks: Trunks, era: Era
) -> Iterator[Unlisted]:
    """Unlisted objects, each with a hint where a listed one that is to be created looks just like it."""
    wanted: dict[object, Desired] = {}
    for one in differences:
        if one.live is None:
            for trait in _likeness(one.desired.kind, one.after, era):
                wanted.setdefault(trait, one.desired)
    for lives in unlisted:
        hint = ""
        if wanted:
            traits = _likeness(lives.kind, trunks.named(lives.fields), era)
            twin = next((wanted[trait] for trait in traits if trait in wanted), None)
            hint = _hint(lives, twin) if twin is not None else ""
        yield Unlisted(lives.kind, lives.name, lives.id, hint)


def _hint(lives: Live, twin: Desired) -> str:
    by_name = f'renamed_from: "{lives.name}" or ' if lives.name else ""
    return f'looks like "{twin.name}" under another name: if it is, write {by_name}id: {lives.id} there'


def _likeness(kind: str, fields: Fields, era: Era) -> Iterator[object]:
    """What two versions of one object have in common: their slots, or where they have none what they dial through."""
    slots = slots_of(kind, fields, era)
    yield from slots
    if not slots:
        yield (kind, fields.get("address"), fields.get("numbers"))
