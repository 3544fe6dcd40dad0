"""What goes wrong on purpose: faults armed for the nth call of a method, shared by the emulator and the fault proxy.

A test arms faults (`lose_answer("CreateSIPInboundTrunk", nth=2)`); whoever serves calls asks `take` once for each
call and obeys what it gets. `method` is a method's name or a pattern (`Create*`, `*`). Each fault fires `times`
times, from the nth matching call after it was armed. This module does no I/O.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class LoseRequest:
    """The connection breaks before the request has any effect."""


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """The request takes effect, the connection breaks before the answer."""


@dataclass(frozen=True, slots=True)
class Delay:
    """The answer comes `seconds` late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Truncate:
    """The request takes effect, and the connection breaks after `size` bytes of the answer's body."""

    size: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The request has no effect (unless `after_effect`), and this is the answer instead of the server's."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    after_effect: bool = False


Fault = LoseRequest | LoseAnswer | Delay | Truncate | Answer


@dataclass(slots=True)
class _Armed:
    pattern: str
    wait: int
    left: int
    fault: Fault


class Faults:
    """The faults that are armed. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def lose_request(self, method: str = "*", nth: int = 1, times: int = 1) -> None:
        """Break the connection before the request has an effect."""
        self._arm(method, nth, times, LoseRequest())

    def lose_answer(self, method: str = "*", nth: int = 1, times: int = 1) -> None:
        """Let the request take effect, then break the connection."""
        self._arm(method, nth, times, LoseAnswer())

    def delay(self, method: str = "*", seconds: float = 1.0, nth: int = 1, times: int = 1) -> None:
        """Answer late."""
        self._arm(method, nth, times, Delay(seconds))

    def truncate(self, method: str = "*", size: int = 1, nth: int = 1, times: int = 1) -> None:
        """Let the request take effect, then break off inside the answer."""
        self._arm(method, nth, times, Truncate(size))

    def answer(
        self,
        method: str = "*",
        status: int = 500,
        code: str = "internal",
        message: str = "injected",
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        after_effect: bool = False,
        nth: int = 1,
        times: int = 1,
    ) -> None:
        """Answer with this error (or this `body`) instead: 429 with `Retry-After`, 500, 503 and so on."""
        if body is None:
            body = f'{{"code":"{code}","msg":"{message}"}}'.encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        self._arm(method, nth, times, Answer(status, body, sent, after_effect))

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._armed.clear()

    @property
    def pending(self) -> int:
        """How many firings are still to come."""
        with self._lock:
            return sum(armed.left for armed in self._armed)

    def take(self, method: str) -> Fault | None:
        """Count one call of a method and get the fault it is due, the one armed first if there are several."""
        due: Fault | None = None
        with self._lock:
            for armed in self._armed:
                if not fnmatchcase(method, armed.pattern):
                    continue
                if armed.wait > 0:
                    armed.wait -= 1
                elif due is None:
                    armed.left -= 1
                    due = armed.fault
            self._armed = [armed for armed in self._armed if armed.left > 0]
        return due

    def _arm(self, method: str, nth: int, times: int, fault: Fault) -> None:
        if nth < 1 or times < 1:
            raise ValueError("nth and times count from 1")
        with self._lock:
            self._armed.append(_Armed(method, nth - 1, times, fault))


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was answered; `status` 0 means that the connection was broken instead."""

    order: int
    service: str
    method: str
    status: int
    code: str = ""


class CallLog:
    """The calls in the order in which they were answered. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def record(self, service: str, method: str, status: int, code: str = "") -> None:
        """Note one call."""
        with self._lock:
            self._calls.append(Call(len(self._calls) + 1, service, method, status, code))

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()

    def all(self) -> tuple[Call, ...]:
        """Every call so far."""
        with self._lock:
            return tuple(self._calls)

    def count(self, method: str = "*") -> int:
        """How many calls a method, or a pattern of methods, had."""
        return sum(fnmatchcase(call.method, method) for call in self.all())
