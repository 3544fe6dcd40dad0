"""What SQLAlchemy and the drivers raise, in our words: whether it may pass, what it is, and what to do.

A message names the database without user and password. What a driver says is cut to its first line, and the
password is masked in it, should a driver ever repeat it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import exc

from reconciler.core.values import MASK
from reconciler.errors import JournalError

# SQLite's primary result codes.
_BUSY, _LOCKED, _READONLY, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 6, 8, 11, 13, 14, 26
_SQLITE_ADVICE = {
    _BUSY: "another process holds it",
    _LOCKED: "another process holds it",
    _READONLY: "let this user write to the file and its folder",
    _CORRUPT: "move it away and start a new one, or restore a backup",
    _FULL: "make room on its disk",
    _CANTOPEN: "let this user read and write the file and its folder",
    _NOTADB: "name another file",
}
# PostgreSQL's SQLSTATE, the whole or its class.
_POSTGRES_ADVICE = {
    "28": "check user and password",
    "3D": "create the database first",
    "42501": "give this user the right to create tables, and to read and write them",
    "25006": "name the primary server, not a replica",
    "53100": "make room on its disk",
    "22P05": "create the database with the encoding UTF8",
}
# Connections lost, a server that starts or stops, too many clients, locks, deadlocks, and clashes of transactions.
_PASSING = ("08", "40", "55P03", "57P", "53300")


@dataclass(frozen=True, slots=True)
class Place:
    """How a database is called in messages, and what must never stand in one."""

    name: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def error(self, problem: str, advice: str = "") -> JournalError:
        """An error about this database."""
        remedy = f": {advice}" if advice else ""
        return JournalError(f"journal {self.name}: {self._masked(problem)}{remedy}")

    def failed(self, doing: str, error: exc.SQLAlchemyError) -> JournalError:
        """A foreign error as ours; `doing` is `read`, `written` or `opened`."""
        reason = _first_line(getattr(error, "orig", None) or error)
        return self.error(f"cannot be {doing}: {reason}", _advice(error))

    def _masked(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text


def may_pass(error: BaseException) -> bool:
    """Whether the same call can succeed in a moment: the database is busy, or the connection to it was lost."""
    if is_busy(error):
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    # A connection that cannot be made has no state.
    is_postgres = _sqlite_code(error) is None and _sqlstate(error) is None
    return is_postgres and isinstance(error, exc.OperationalError)


def is_busy(error: BaseException) -> bool:
    """Whether a database that is there has no time just now."""
    if isinstance(error, exc.TimeoutError):  # all connections of the pool are in use
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    return _sqlite_code(error) in (_BUSY, _LOCKED) or (_sqlstate(error) or "").startswith(_PASSING)


def _sqlite_code(error: exc.DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _sqlstate(error: exc.DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


def _advice(error: exc.SQLAlchemyError) -> str:
    if not isinstance(error, exc.DBAPIError):
        return ""
    code = _sqlite_code(error)
    if code is not None:
        return _SQLITE_ADVICE.get(code, "")
    state = _sqlstate(error) or ""
    return _POSTGRES_ADVICE.get(state) or _POSTGRES_ADVICE.get(state[:2], "")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].removeprefix("connection failed: ") if lines else type(error).__name__
