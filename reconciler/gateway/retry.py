"""How long to wait before the next try of a call, and when to give up.

Exponential with jitter, or as long as the server asks (`Retry-After`), within the time that all tries of one call
have together. A connection that is refused is given up after three tries: the address is wrong more often than the
server is restarting.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import tenacity

from reconciler.errors import ApiError, Unreachable
from reconciler.gateway.failures import Throttled, is_retryable

REFUSED_TRIES = 3
# A source of its own: waits happen in threads, and whoever seeds the common one counts on nobody else using it.
_JITTER = random.Random()  # noqa: S311  # not cryptography
FIRST_WAIT = 0.25
LONGEST_WAIT = 8.0
_SOON = 0.05


def retrying(
    first: ApiError, left: Callable[[], float], *, repeat: bool
) -> Iterator[tenacity.AttemptManager]:
    """The further tries after a first that failed, waiting before each; the last error is raised as it is.

    `left` tells how many seconds there are for all of them.
    """
    failures = [first]
    time.sleep(_first_wait(failures, left))
    return iter(tenacity.Retrying(**_policy(failures, left, repeat=repeat)))


async def retrying_async(
    first: ApiError, left: Callable[[], float], *, repeat: bool
) -> tenacity.AsyncRetrying:
    """The same for a coroutine: `async for attempt in await retrying_async(…)`."""
    import asyncio  # only those who wait in a coroutine have it already

    failures = [first]
    await asyncio.sleep(_first_wait(failures, left))
    return tenacity.AsyncRetrying(**_policy(failures, left, repeat=repeat))


def _first_wait(failures: list[ApiError], left: Callable[[], float]) -> float:
    wait = _wait(failures)
    if wait >= left():
        raise failures[0]
    return wait


def _policy(failures: list[ApiError], left: Callable[[], float], *, repeat: bool) -> dict[str, Any]:
    """What tenacity has to know, the same for threads and coroutines."""

    def stop(state: tenacity.RetryCallState) -> bool:
        _note(state, failures)
        refused = sum(isinstance(error, Unreachable) and not error.sent for error in failures)
        return refused >= REFUSED_TRIES or _wait(failures) >= left()

    return {
        "retry": tenacity.retry_if_exception(
            lambda error: isinstance(error, ApiError) and is_retryable(error, repeat=repeat)
        ),
        "stop": stop,
        "wait": lambda _: _wait(failures),
        "reraise": True,
    }


def _note(state: tenacity.RetryCallState, failures: list[ApiError]) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, ApiError) and error is not failures[-1]:
        failures.append(error)


def _wait(failures: list[ApiError]) -> float:
    """Seconds until the next try."""
    longest: float = min(FIRST_WAIT * 2.0 ** len(failures), LONGEST_WAIT)
    usual: float = longest * _JITTER.uniform(0.5, 1.0)  # not cryptography
    last = failures[-1]
    if isinstance(last, Throttled) and last.retry_after is not None:
        # A server that says "at once" over and over does not mean it.
        return last.retry_after if last.retry_after >= _SOON or len(failures) == 1 else usual
    return usual
