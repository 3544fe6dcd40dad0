"""Objects that come to a section of the file, and objects that go from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.export.document import Map
from reconciler.writeback.block import gaps_are_blank, remove_object
from reconciler.writeback.draft import Draft
from reconciler.writeback.editor import Editor
from reconciler.writeback.flow import change_flow
from reconciler.writeback.places import Entry, Keys, Unwritable


def change_section(
    draft: Draft,
    editor: Editor,
    holder: Keys,
    entry: Entry,
    removed: Collection[str],
    added: Sequence[tuple[str, Map]],
) -> None:
    """Changes the members of a section. One that loses all of them stays, as `{}`: without it nothing is managed."""
    section = entry.value
    if not isinstance(section, Keys) or section.uses:
        raise Unwritable("its section stands at an anchor", "write it out without anchors")
    if not section.entries:
        if added:
            editor.put(holder, entry, Map(dict(added), open=True))
        return
    if section.flow:
        numbers = {n for n, one in enumerate(section.entries) if one.key.text in removed}
        change_flow(draft, section, numbers, [editor.in_line(*one) for one in added])
        return
    for one in section.entries:
        if one.key.text in removed:
            remove_object(draft, one)
    if not added and all(one.key.text in removed for one in section.entries):
        colon = editor.colon(entry)
        draft.replace(colon, colon, " {}")
    spaced = gaps_are_blank(draft, section.entries)
    for key, body in added:
        editor.add(section, key, body, spaced=spaced)
