"""How two sets of fields differ. Equality is the values' own business (`core.values`); nothing here knows a field."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.objects import Fields, covers
from reconciler.core.plan import FieldChange
from reconciler.core.values import Hidden, PlainValue, Secret, SecretRef, Value, without_secret


def diff_fields(
    before: Fields, after: Fields, unmanaged: Iterable[str] = ()
) -> tuple[FieldChange, ...]:
    """The leaves that differ, in the order of their paths, those under an `unmanaged` path left out."""
    if before == after:
        return ()
    foreign = tuple(unmanaged)
    changes = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new or any(covers(parent, path) for parent in foreign):
            continue
        changes.append(field_change(path, old, new))
    return tuple(changes)


def field_change(path: str, before: Value | None, after: Value | None) -> FieldChange:
    """One leaf as a plan holds it: secrets become the place they come from, or a mark that there is one."""
    sensitive = isinstance(before, Secret) or isinstance(after, Secret)
    return FieldChange(
        path,
        _plain(before, sensitive),
        _plain(after, sensitive),
        sensitive,
    )


def _plain(value: Value | None, sensitive: bool) -> PlainValue | None:
    if value is None:
        return None
    plain = without_secret(value)
    # A text that a secret replaces, or is replaced by, was a secret in clear: it is not told either.
    if sensitive and not isinstance(plain, SecretRef):
        return Hidden()
    return plain
