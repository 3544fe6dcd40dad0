"""Programs written in Go that look at workflows and manifests; `tools/get-go-tool` builds them."""

from __future__ import annotations

from pathlib import Path

from tests.support.livekit_server import cache_folder
from tests.support.missing import missing

ACTIONLINT = "actionlint 1.7.9"
KUSTOMIZE = "kustomize 5.8.0"


def program(name_and_version: str) -> Path:
    """Where the program is; the test is skipped where it is missing, and fails where nothing may be."""
    name, version = name_and_version.split()
    path = cache_folder() / f"{name}-{version}"
    if not path.exists():
        missing(f"there is no {name_and_version}: tools/get-go-tool {name_and_version} builds it")
    return path
