"""Calls the database, tries again what may pass, and turns what does not into a `JournalError`."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import exc

from reconciler.journal.failures import Place, may_pass

_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0
# A source of its own: whoever seeds the common one counts on nobody else using it.
_JITTER = random.Random()  # noqa: S311  # not cryptography

Result = TypeVar("Result")


class Tries:
    """How patient calls of one database are."""

    def __init__(
        self, place: Place, patience: float, again: Callable[[BaseException], bool] = may_pass
    ) -> None:
        self._place = place
        self._patience = patience
        self._again = again

    def run(self, doing: str, work: Callable[[], Result]) -> Result:
        """The result of `work`, which is begun again for `patience` seconds. Raises `JournalError`.

        `doing` is what cannot be done then: `read`, `written`, `opened`.
        """
        from tenacity import Retrying, retry_if_exception, stop_after_delay

        tries = Retrying(
            retry=retry_if_exception(self._again),
            stop=stop_after_delay(self._patience),
            wait=lambda state: _wait(state.attempt_number),
            sleep=time.sleep,
            reraise=True,
        )
        try:
            return tries(work)
        except exc.SQLAlchemyError as error:
            raise self._place.failed(doing, error) from error


def _wait(attempt: int) -> float:
    return _JITTER.uniform(0.5, 1) * min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt, 10))
