"""Journals for tests: each test that asks for one runs twice, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.journal.database import Journal, open_journal
from tests.support.postgres import PostgresServer


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of either kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    found: str = request.getfixturevalue(name)
    return found


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    """An empty journal in a database of either kind."""
    opened = open_journal(url)
    yield opened
    opened.close()


@pytest.fixture
def stranger() -> str:
    """Another user of this machine, which only root can become."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    return pwd.getpwnam("nobody").pw_name


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user can look into: pytest's own is its user's alone."""
    folder = Path(tempfile.mkdtemp(prefix="journal-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
