"""The recording of a rule's rooms: LiveKit's JSON, with its secrets as references to variables.

What a secret is cannot be read off a type here, so it is told by the name of the field and by the look of the text:
keys and passwords of a storage, stream addresses (they end in the stream's key), addresses with a user or a query in
them. A text too many behind a variable does no harm; one too few would stand in git.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from reconciler.core.values import JsonValue
from reconciler.export.document import Map, Node, Word
from reconciler.export.keys import is_key
from reconciler.export.leaves import Inexpressible

_SECRET_KEY = re.compile(
    r"secret|password|passwd|token|credential|signature|external_id|(?:^|_)urls?$|(?:^|_)key$",
    re.IGNORECASE,
)
_OPEN_URL = re.compile(r"https?://[^/?@#]+(?:/[^?@#]*)?", re.IGNORECASE)
_REFERENCE_KEYS = ("env", "file")

Refer = Callable[[str, str], Node]
"""Makes a reference for the field at a path, which holds a text."""


def egress_node(text: str, path: str, refer: Refer) -> Node:
    """The JSON as a mapping. Raises `Inexpressible` for JSON that the file cannot hold."""
    value = json.loads(text)
    if not isinstance(value, dict) or not value:
        raise Inexpressible("it holds only fields that this version does not know")
    return _node(value, "", path, refer)


def _node(value: JsonValue, key: str, path: str, refer: Refer) -> Node:
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in _REFERENCE_KEYS:
            raise Inexpressible("a mapping with env or file alone would be read as a reference")
        if not all(map(is_key, value)):
            raise Inexpressible("it has a key that YAML cannot hold")
        return Map({name: _node(one, name, f"{path}.{name}", refer) for name, one in value.items()})
    if isinstance(value, list):
        return [_node(one, key, f"{path}[{index}]", refer) for index, one in enumerate(value)]
    if isinstance(value, str):
        return refer(path, value) if _is_secret(key, value) else value
    return Word(json.dumps(value))


def _is_secret(key: str, text: str) -> bool:
    if not text:
        return False  # an empty variable counts as one that is not set
    if _SECRET_KEY.search(key):
        return not (key.endswith("url") and _OPEN_URL.fullmatch(text))
    return "://" in text and _OPEN_URL.fullmatch(text) is None
