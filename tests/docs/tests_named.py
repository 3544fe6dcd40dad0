"""Tests that a page names, `tests/a.py::test_b` or a whole file, and whether they exist."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


def exists(test: str) -> bool:
    """Whether there is such a test, or such a file of tests."""
    file, _, name = test.partition("::")
    path = ROOT / file
    if not path.is_file():
        return False
    return not name or name in _functions(path)


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        one.name
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    )
