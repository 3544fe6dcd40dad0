"""The files of a project while they are changed: each is taken apart when somebody asks for it, and only then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.core.schema import Kind
from reconciler.writeback.draft import Draft
from reconciler.writeback.places import Entry, Keys, Place, Unwritable, resolved, variables_in


class Book:
    """Drafts by the names that the configuration gives its files."""

    def __init__(self, files: Mapping[Path, bytes]) -> None:
        self._files = files
        self._drafts: dict[str, Draft] = {}

    def draft(self, file: str) -> Draft:
        """The draft of a file. Raises `ReconcileError` where it cannot be taken apart."""
        found = self._drafts.get(file)
        if found is None:
            found = self._drafts[file] = Draft(file, self._files[Path(file)])
        return found

    def all(self) -> Iterator[Draft]:
        """The drafts of all files, in their order."""
        return (self.draft(str(path)) for path in self._files)

    def variables(self) -> frozenset[str]:
        """Every variable that a file names."""
        return frozenset(name for draft in self.all() for name in variables_in(draft.root))

    def section(self, *path: str) -> tuple[Draft, Keys, Entry] | None:
        """The file where a section stands, the mapping that has it, and its entry: the first that is not empty."""
        found = [one for draft in self.all() if (one := _section(draft, path)) is not None]
        filled = (one for one in found if getattr(one[2].value, "entries", None))
        return next(filled, found[0] if found else None)

    def section_in(self, draft: Draft, *path: str) -> tuple[Keys, Entry] | None:
        """A section of one file: the mapping that has it, and its entry."""
        found = _section(draft, path)
        return None if found is None else found[1:]

    def results(self) -> dict[Path, bytes]:
        """The bytes of all files, changed or not."""
        return {
            path: self._drafts[str(path)].result() if str(path) in self._drafts else data
            for path, data in self._files.items()
        }


def _section(draft: Draft, path: tuple[str, ...]) -> tuple[Draft, Keys, Entry] | None:
    place: Place = draft.root
    holder: Keys | None = None
    entry: Entry | None = None
    for key in path:
        found = resolved(place)
        entry = found.get(key) if isinstance(found, Keys) else None
        if entry is None:
            return None
        assert isinstance(found, Keys)  # noqa: S101  # only keys have an entry
        holder, place = found, entry.value
    return None if holder is None or entry is None else (draft, holder, entry)


def object_of(draft: Draft, kind: Kind, name: str) -> tuple[Keys, Entry, Entry]:
    """The section of an object in a file, with the entry that holds the section, and the object's own entry."""
    found = _section(draft, ("sip", kind.section))
    if found is not None and isinstance(found[2].value, Keys):
        entry = found[2].value.get(name)
        if entry is not None:
            return found[1], found[2], entry
    raise Unwritable("it is not written where it is read from", "write it out without anchors")
