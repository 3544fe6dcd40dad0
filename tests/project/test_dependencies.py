"""What the package imports is what it declares: nothing works by accident, and nothing is installed for no reason."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.repository import ROOT, pyproject

# Two distributions share these top-level names, so the second part tells which one is meant.
SHARED = {"livekit.api": "livekit-api", "livekit.protocol": "livekit-protocol"}


def imports(path: Path) -> Iterator[str]:
    """Every absolute module name that a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def distribution(module: str) -> str | None:
    """The distribution a module comes from; None for the standard library and the package itself."""
    top, second = (*module.split("."), "")[:2]
    if top in sys.stdlib_module_names or top == "reconciler":
        return None
    if shared := SHARED.get(f"{top}.{second}"):
        return shared
    if top == "google":
        return "protobuf"
    return canonicalize_name(packages_distributions()[top][0])


# The official SDK pins the protocol's messages, which are imported, to what it was released with; users' own code,
# the demo and the baselines of the benchmarks talk to a server through it.
PINNED = {"livekit-api"}


def used() -> set[str]:
    """All distributions that the package imports from, pytest left out: only pytest loads the plugin that needs it."""
    modules = {name for path in (ROOT / "reconciler").rglob("*.py") for name in imports(path)}
    return {found for module in modules if (found := distribution(module))} - {"pytest"}


def declared(*, extras: bool) -> set[str]:
    """All distributions that pyproject.toml names for users."""
    project = pyproject()["project"]
    texts = list(project["dependencies"])
    if extras:
        texts += [text for extra in project["optional-dependencies"].values() for text in extra]
    return {canonicalize_name(Requirement(text).name) for text in texts}


def test_every_import_is_declared() -> None:
    """No module relies on what another dependency happens to bring along."""
    assert used() - declared(extras=True) == set()


def test_every_dependency_is_imported() -> None:
    """Nobody has to install what the package never uses."""
    assert declared(extras=False) - used() - PINNED == set()
