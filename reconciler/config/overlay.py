"""Lays one file over others, as RFC 7396 (JSON merge patch) has it: for an environment that differs in a few values.

A mapping is merged key by key, `null` takes away, and everything else replaces: a list as a whole. Several files are
one project, so what a key of the overlay is about is looked for in all of them. Nodes keep the places where they stand,
so every finding about a merged value names the file that has to be mended. Nothing is read or judged here.

Mappings are copied on the way and never changed: an alias may have put one mapping into several places.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.config.nodes import Mapping, Node, Scalar, Tree
from reconciler.core.finding import Finding, Mark, Severity


def lay_over(trees: Sequence[Tree], overlay: Tree) -> tuple[list[Tree], list[Finding]]:
    """The trees of a project with an overlay over them, and what of it had nothing to take away."""
    patch = _Patch()
    roots = patch.over([tree.root for tree in trees], overlay.root, "") if trees else []
    merged = [Tree(root, tree.findings) for root, tree in zip(roots, trees, strict=True)]
    return merged, patch.findings


class _Patch:
    """One overlay on its way over the files."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        # An overlay may repeat a mapping by aliases: each is made once.
        self._made: dict[int, Mapping] = {}

    def over(self, bases: Sequence[Mapping], patch: Mapping, path: str) -> list[Mapping]:
        """The mappings that some files have at one place, with the overlay's over them; there is at least one."""
        merged = [_copy(base) for base in bases]
        for key, entry in patch.entries.items():
            value, where = entry[2], f"{path}.{key}" if path else key
            holders = [one for one in merged if key in one.entries]
            below = [one for one in holders if type(one.entries[key][2]) is Mapping]
            if type(value) is Scalar and value.is_null:
                if not holders:
                    self._note(patch.key(key), where)
                _take_away(holders, key)
            elif type(value) is Mapping and below:
                found = [_mapping(one.entries[key][2]) for one in below]
                for one, node in zip(below, self.over(found, value, where), strict=True):
                    line, column, _, plain, file = one.entries[key]
                    one.entries[key] = (line, column, node, plain, file)
            else:
                _take_away(holders[1:], key)
                line, column, _, plain, file = entry
                made = self._new(value, where) if type(value) is Mapping else value
                (holders or merged)[0].entries[key] = (line, column, made, plain, file)
        return merged

    def _new(self, patch: Mapping, path: str) -> Mapping:
        """What an overlay's mapping makes of nothing: itself, without what it takes away."""
        made = self._made.get(id(patch))
        if made is None:
            nothing = Mapping(patch.line, patch.column, patch.file)
            (made,) = self.over([nothing], patch, path)
            self._made[id(patch)] = made
        return made

    def _note(self, key: Scalar, path: str) -> None:
        mark = Mark(key.file, key.line + 1, key.column + 1)
        message = "there is nothing here that null could take away"
        fix = "remove the key from the overlay, or correct it"
        finding = Finding("overlay-deletes-nothing", Severity.NOTE, path, message, fix, mark)
        self.findings.append(finding)


def _take_away(holders: Sequence[Mapping], key: str) -> None:
    for one in holders:
        del one.entries[key]


def _mapping(node: Node) -> Mapping:
    assert isinstance(node, Mapping)  # noqa: S101  # the caller chose those that are
    return node


def _copy(mapping: Mapping) -> Mapping:
    copied = Mapping(mapping.line, mapping.column, mapping.file)
    copied.entries = dict(mapping.entries)
    return copied
