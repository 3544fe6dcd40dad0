"""What a test needs and this machine lacks: it is skipped with a sentence, but never where all tests must run."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


class ServerMissing(Exception):
    """There is no such server on this machine; the message says how to get one."""


def missing(what: object, required_by: str = "RECONCILE_REQUIRE_REAL") -> NoReturn:
    """Skips the test with a sentence; where the variable is 1, as in CI, it fails."""
    if os.environ.get(required_by) == "1":
        pytest.fail(str(what))
    pytest.skip(str(what))
