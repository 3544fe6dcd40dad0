"""Digests that tell whether a value changed, and tell nothing else.

Saved plans and receipts have to recognise live objects later on, secrets included, without holding them. Digests are
keyed by the project's API secret: a PIN of four digits cannot be found by trying all of them, except by somebody who
could ask the server for it anyway.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from reconciler.core.objects import Live
from reconciler.core.values import (
    JsonValue,
    Metadata,
    References,
    Secret,
    TextList,
    Value,
    canonical_json,
    natural,
)


class Fingerprints:
    """Digests under one key; equal values have equal digests, and only they."""

    def __init__(self, key: Secret) -> None:
        text = key.reveal() or ""
        self._key = hashlib.sha256(b"livekit-reconciler fingerprint\0" + text.encode()).digest()

    def of_value(self, value: Value | None) -> str:
        """The digest of one field; of a missing one too."""
        return self._digest(canonical_value(value))

    def of_object(self, one: Live) -> str:
        """The digest of a whole object, its name included."""
        fields: dict[str, JsonValue] = {
            path: canonical_value(value) for path, value in one.fields.items()
        }
        return self._digest([one.kind, one.name, fields])

    def seal(self, data: bytes) -> str:
        """A digest of a whole file, which nobody can make who has not the key."""
        return hmac.new(self._key, b"seal\0" + data, "sha256").hexdigest()

    def _digest(self, value: JsonValue) -> str:
        # JSON can escape half a character, which is no UTF-8 by itself.
        data = canonical_json(value).encode(errors="surrogatepass")
        return hmac.new(self._key, data, "sha256").hexdigest()[:32]


def canonical_value(value: Value | None) -> JsonValue:
    """A value in the form in which equal ones are the same: sets sorted, JSON parsed, secrets as they are."""
    match value:
        case Secret():
            return value.reveal()
        case TextList(key=key):
            return list(key)
        case References():
            return [list(entry) for entry in value.key]
        case Metadata(text=text):
            try:
                parsed: JsonValue = json.loads(text)
            except (ValueError, RecursionError):
                return text
            return parsed if isinstance(parsed, dict | list) else text
        case _:
            return natural(value)
