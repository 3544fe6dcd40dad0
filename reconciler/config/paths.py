"""Paths of fields, as `unmanaged` lists them: leaves, entries of mappings, and the groups above them."""

from __future__ import annotations

from functools import cache

from reconciler.config.nodes import Node, Scalar, Sequence
from reconciler.config.scalars import ScalarReader
from reconciler.core.schema import Kind


@cache
def known_paths(kind: Kind) -> tuple[str, ...]:
    """Every leaf of a kind and every group above one."""
    paths: set[str] = set()
    for field in kind.fields:
        parts = field.parent.split(".")
        paths.update(".".join(parts[: i + 1]) for i in range(len(parts)))
    return tuple(sorted(paths))


@cache
def mappings_of(kind: Kind) -> tuple[str, ...]:
    """The mappings of a kind whose entries are leaves of their own, such as `headers`."""
    return tuple(field.parent for field in kind.fields if field.is_mapping)


def is_known_path(kind: Kind, path: str) -> bool:
    """Whether a path names a leaf, an entry of a mapping, or a group of a kind."""
    if path in known_paths(kind):
        return True
    return any(path.startswith(f"{parent}.") for parent in mappings_of(kind))


def read_paths(
    reader: ScalarReader, node: Node, path: str, kinds: tuple[Kind, ...], complaint: str
) -> tuple[str, ...]:
    """A list of paths that one of some kinds has; `complaint` goes before one that none has."""
    texts = reader.texts(node, path, "fields") or []
    if type(node) is not Sequence:
        return ()
    for index, item in enumerate(node.items):
        if type(item) is not Scalar or not item.text or item.is_null:
            continue
        if not any(is_known_path(kind, item.text) for kind in kinds):
            known = tuple(sorted({one for kind in kinds for one in known_paths(kind)}))
            message = f'{complaint} "{item.text}"'
            fix = reader.problems.did_you_mean(item.text, known, known)
            reader.error("unknown-key", item, f"{path}[{index}]", message, fix)
    return tuple(texts)
