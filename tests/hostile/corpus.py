"""Every configuration that the project has anywhere: its examples, those of its pages, its scenarios and recipes.

They are what is mutated: each key and each kind of value of the language is in one of them.
"""

from __future__ import annotations

from functools import cache

from tests.docs.documents import DOCUMENTS
from tests.docs.markdown import blocks
from tests.project.repository import ROOT

_PLACES = (
    "examples/*.yaml",
    "config/*.yaml",
    "demo/*.yaml",
    "tests/docs/*.yaml",
    "tests/export/golden/*.yaml",
    "tests/scenarios/*/*.yaml",
)


@cache
def configurations() -> tuple[bytes, ...]:
    """The bytes of all of them, in an order that is always the same."""
    files = [path.read_bytes() for place in _PLACES for path in sorted(ROOT.glob(place))]
    examples = [
        block.text.encode()
        for _, text in sorted(DOCUMENTS.items())
        for block in blocks(text)
        if block.language == "yaml" and block.directive != "not ours"
    ]
    return tuple(dict.fromkeys(files + examples))
