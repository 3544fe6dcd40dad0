"""A real PostgreSQL on loopback for tests, with a folder and a port of its own, started and stopped by this process.

PostgreSQL refuses to run as root; there it runs as an account without rights (`postgres`, else `nobody`). Nothing is
synced to the disk: what survives a power failure is not what these tests are about.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import sql

from tests.support.missing import ServerMissing
from tests.support.ports import free_port

USER = "reconcile"
PASSWORD = "a-password-with-@-and-%"
PATIENCE = 30.0


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: the newest that Debian installed, or the one on PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(versions, key=lambda path: float(path.parts[-3]), reverse=True)
    found = [*newest, *(Path(path) for path in [shutil.which("initdb")] if path is not None)]
    return next((one.parent for one in found if (one.parent / "postgres").exists()), None)


class PostgresServer:
    """A server; a context manager that owns the process. `port` is where it listens."""

    def __init__(self) -> None:
        self.port = 0
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._user, self._group = _account()

    def __enter__(self) -> PostgresServer:
        binaries = find_binaries()
        if binaries is None:
            raise ServerMissing("no PostgreSQL: run `apt-get install postgresql`")
        try:
            self._make(binaries)
            self.start(binaries)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def url(self, database: str = "postgres") -> str:
        """The URL of a database on it, password and all."""
        password = PASSWORD.replace("%", "%25").replace("@", "%40")
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, encoding: str = "UTF8") -> str:
        """An empty database; returns its name."""
        name = f"journal_{uuid.uuid4().hex}"
        self.command(
            sql.SQL("CREATE DATABASE {} ENCODING {} TEMPLATE template0").format(
                sql.Identifier(name), sql.Literal(encoding)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        """Removes a database, and whoever is still connected to it."""
        self.command(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def command(self, statement: sql.Composed) -> None:
        """Runs one statement."""
        with self.connection() as connection:
            connection.execute(statement)

    def connection(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the owner, which commits each statement."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        )

    def start(self, binaries: Path | None = None) -> None:
        """Starts it, on the port that it had before if it ran before."""
        folder = binaries or find_binaries()
        assert folder is not None
        self.port = self.port or free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "50",
        }
        command = [str(folder / "postgres"), "-D", str(self._folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as sink:
            self._process = subprocess.Popen(
                command,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                user=self._user,
                group=self._group,
            )
        self._wait()

    def stop(self) -> None:
        """Ends it as its own `fast` shutdown does: connections are cut, nothing is lost."""
        if self._process is None:
            return
        self._process.send_signal(2)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        """Ends it and removes its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self._folder / "postgres.log"

    def _make(self, binaries: Path) -> None:
        password = self._folder / "password"
        password.write_text(f"{PASSWORD}\n")
        if self._user is not None:
            for path in (self._folder, password):
                shutil.chown(path, self._user, self._group)
        command = [
            str(binaries / "initdb"),
            f"--pgdata={self._folder / 'data'}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=self._folder,
            check=False,
            user=self._user,
            group=self._group,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.connection().close()
                return
            except psycopg.OperationalError:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = self._log.read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not get ready; its log:\n{log}") from None
                time.sleep(0.05)


def _account() -> tuple[str | None, str | None]:
    """User and group that have no rights, where this is root; nothing where it is not."""
    if os.geteuid() != 0:
        return None, None
    names = {entry.pw_name for entry in pwd.getpwall()}
    name = next(one for one in ("postgres", "nobody") if one in names)
    return name, grp.getgrgid(pwd.getpwnam(name).pw_gid).gr_name
