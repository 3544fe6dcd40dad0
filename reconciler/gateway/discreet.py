"""A server's own words are not shown where they repeat a secret that was sent to it.

Some servers, and some proxies in front of them, put what they refuse into their reason. Which texts are secret is known
from the fields of the object that was sent, not guessed from the words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reconciler.core.schema import Kind
from reconciler.core.values import Secret
from reconciler.errors import ApiError
from reconciler.gateway.decode import live_object
from reconciler.sip.era import Era

# Parts of a secret that are as long are looked for alone: the rest of it may have come back in another spelling.
_TELLING = 6


@contextmanager
def discreetly(kind: Kind, *messages: Any) -> Iterator[None]:
    """Replaces the words of an `ApiError` that hold a secret of one of these messages."""
    try:
        yield
    except ApiError as error:
        if error.said and any(_repeats(error.said, one) for one in _secrets(kind, messages)):
            error.args = (
                f"{error.method}: the server refuses, in words that repeat a secret and are not shown",
            )
        raise


def _secrets(kind: Kind, messages: tuple[Any, ...]) -> Iterator[str]:
    for message in messages:
        for value in live_object(kind, message, Era.NEW).fields.values():
            text = value.reveal() if isinstance(value, Secret) else None
            if text:
                yield from _texts(text)


def _texts(text: str) -> Iterator[str]:
    """The secret; of one that is a JSON document, the texts in it."""
    try:
        document = json.loads(text) if text.startswith("{") else text
    except ValueError:
        document = text
    pending = [document]
    while pending:
        match pending.pop():
            case dict() as table:
                pending += table.values()
            case list() as items:
                pending += items
            case str() as found if found:
                yield found


def _repeats(said: str, secret: str) -> bool:
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", secret) if len(part) >= _TELLING]
    if parts:
        return any(part in said for part in parts)
    # A short one stands in many a word by chance.
    return re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", said) is not None
