"""The errors a user can meet. Each is one line: what, where, what to do next.

    ReconcileError            exit code 1
    ├── ConfigError           the file cannot be used; carries every finding at once
    ├── SecretMissing         variables or files that the configuration refers to are not there
    ├── EndpointError         no usable URL or key in the environment
    ├── ApiError              the server could not be asked, or said no
    │   ├── Unreachable       no connection, a time-out, an answer that never came
    │   ├── Unauthorized      the key or the secret is wrong, or may not administer SIP
    │   ├── NotSupported      the server has no such method, or no SIP
    │   ├── Rejected          the server refused this request
    │   └── BadAnswer         the answer is not LiveKit's
    ├── FileError             a saved plan, snapshot, receipt or backup cannot be read or written
    ├── JournalError          the journal cannot be opened, read or written
    ├── TokenError            a token cannot be made or read; its kinds stand in `tokens/errors.py`
    ├── QueueError            the queue of `serve` cannot be reached
    └── Refused               exit code 3: nothing was written

Foreign exceptions become one of these where they arise (`raise … from`); nothing above the gateway, the
configuration loader and the command line sees another kind.
"""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """What a command's exit code says to a script; the same for every command."""

    OK = 0  # done, or nothing to change
    ERROR = 1  # an error, a partial apply and a failing routing test included
    CHANGES = 2  # changes, drift or bad verdicts, where the command promises to tell
    REFUSED = 3  # nothing was written: stale plan, deletion guard, no approval, wrong host
    USAGE = 64  # wrong usage; never 2, which pipelines read as drift
    INTERRUPTED = 130  # Ctrl-C


class ReconcileError(Exception):
    """The root of all errors shown to a user; `str()` is the message: one line, or one for each text it is made of.

    Names in a line may hold a newline, which makes no line of its own: who shows an error goes by `lines`.
    """

    exit_code: ExitCode = ExitCode.ERROR

    @property
    def lines(self) -> tuple[str, ...]:
        """The message, line by line."""
        return self.args

    def __str__(self) -> str:
        return "\n".join(self.lines)


class SecretMissing(ReconcileError):
    """A referenced environment variable or file is not set, empty or not readable."""


class EndpointError(ReconcileError):
    """The URL, key or secret of the project is missing or malformed."""


class FileError(ReconcileError):
    """A file that a command reads or writes besides the configuration cannot be used."""


class QueueError(ReconcileError):
    """Redis, where the processes of `serve` share their work, cannot be reached or does not answer."""


class JournalError(ReconcileError):
    """The database of the journal cannot be used; the message names it without its password."""


class Refused(ReconcileError):
    """Nothing was written, on purpose; the message names the flag or the step that would pass."""

    exit_code = ExitCode.REFUSED


class ApiError(ReconcileError):
    """A call to the LiveKit API failed; `method` is the API's own name of it.

    `said` is all that the server wrote, which is never shown as it is.
    """

    said: str = ""

    def __init__(self, message: str, *, method: str = "", code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.method = method
        self.code = code
        self.status = status


class Unreachable(ApiError):
    """The request may or may not have had its effect; `sent` says whether it can have."""

    def __init__(self, message: str, *, method: str = "", status: int = 0, sent: bool) -> None:
        super().__init__(message, method=method, status=status)
        self.sent = sent


class Unauthorized(ApiError):
    """401 or 403."""


class NotSupported(ApiError):
    """The server does not know the method, or runs without SIP."""


class Rejected(ApiError):
    """A definite no of the server to this one request: it had no effect."""


class BadAnswer(ApiError):
    """Something answered that is not a LiveKit API."""
