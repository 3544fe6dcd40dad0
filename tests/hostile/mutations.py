"""What happens to files: bytes that flip, lines that move, nodes of another type, values that mean something else.

Everything is decided by the `Random` that is handed over, so that a seed is a case.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

import yaml

Json: TypeAlias = Any  # what json.dumps takes

# Pieces that mean something to YAML, to JSON, or to whoever shows them.
PIECES = (
    *(b"\t", b"\r", b"\r\n", b"\n\n", b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xef\xbb\xbf"),
    *(b"---\n", b"...\n", b"<<: ", b"&a ", b"*a", b"!x ", b"!!python/object:os.system ", b"%YAML 9.9\n", b"? "),
    *(b": ", b"- ", b"[", b"]", b"{", b"}", b'"', b"'", b"|\n", b">-\n", b"#", b"%", b"@", b"`", b"\\", b",", b"~"),
    *(b"any", b"null", b"no", b"{env: X}", b"{file: x}", b"+15550100001", b"012", b"1:30", b"0x1f", b"1e999"),
    *(b"\x1b[31m", b"\xe2\x80\xae", b"\x9b", b"\xc2\x9b31m", b"\\ud800", b"\\u0000", b"::error::x", b"9" * 30),
)  # fmt: skip
VALUES: tuple[Json, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, 0.5, -0.0, 1e300),
    *("", " ", "any", "null", "no", "~", "<<", "30s", "30", "1d", "-1s", "9" * 40 + "s", "12:30", "0x1f", "1e3"),
    *("+15550100001", "0015550100001", "ST_gone", "call-", "a.b", "*", "[", "{env: X}", "x" * 5000),
    *("\n", "a\r\nb", "\x00", "\x1b[31m", "\u202e", "\u200b", "\ud83d", "\U000e0041", "Ünï", "房间", "٣", "²"),
    *([], [""], [[]], [None], {}, {"": ""}, {"env": "X"}, {"env": ""}, {"file": "x"}, {"file": "\0"}, {"env": 1}),
    *(["any"], ["+1", "+1"], ["a"] * 3, {"any": {}}, {"prefix": "a", "room": "b"}, {"individual": {}}),
)  # fmt: skip


def mutated_bytes(random: Random, data: bytes) -> bytes:
    """The file with one to four changes that know nothing of what it means."""
    for _ in range(random.randint(1, 4)):
        data = random.choice(_OF_BYTES)(random, data)
    return data


def mutated_document(random: Random, document: Json) -> Json:
    """A document with one to three changes: something of another type, moved, gone, twice, or misspelt."""
    document = copy.deepcopy(document)
    for _ in range(random.randint(1, 3)):
        found = _places(document)
        if found:
            holder, key = random.choice(found)
            random.choice(_OF_NODES)(random, document, holder, key)
    return document


def mutated_yaml(random: Random, data: bytes) -> bytes:
    """A configuration with changes of either kind; what is no YAML is changed as bytes."""
    if random.random() < 0.5:
        return mutated_bytes(random, data)
    try:
        document = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError):
        return mutated_bytes(random, data)
    return as_yaml(mutated_document(random, document))


def mutated_json(random: Random, data: bytes) -> bytes:
    """A document of this program, or of another, with changes of either kind."""
    if random.random() < 0.4:
        return mutated_bytes(random, data)
    return json.dumps(mutated_document(random, json.loads(data))).encode()


def as_yaml(document: Json) -> bytes:
    """A document as JSON with escapes that YAML reads as well; what JSON has no word for becomes a text."""
    text = json.dumps(document, ensure_ascii=False, default=str)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in text).encode()


# --- bytes and lines


def _flip(random: Random, data: bytes) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _insert(random: Random, data: bytes) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(PIECES) + data[at:]


def _replace(random: Random, data: bytes) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(PIECES) + data[at + random.randint(1, 20) :]


def _delete(random: Random, data: bytes) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + data[at + random.choice((1, 2, 10, 100)) :]


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randint(0, len(data))]


def _lines(change: Callable[[Random, list[bytes]], None]) -> Callable[[Random, bytes], bytes]:
    def changed(random: Random, data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        if lines:
            change(random, lines)
        return b"".join(lines)

    return changed


def _twice(random: Random, lines: list[bytes]) -> None:
    lines.insert(random.randint(0, len(lines)), random.choice(lines))


def _swapped(random: Random, lines: list[bytes]) -> None:
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _indented(random: Random, lines: list[bytes]) -> None:
    at = random.randrange(len(lines))
    lines[at] = random.choice((b" ", b"  ", b"\t", b"- ")) + lines[at]


def _outdented(random: Random, lines: list[bytes]) -> None:
    at = random.randrange(len(lines))
    lines[at] = lines[at].lstrip(b" ")


def _valued(random: Random, lines: list[bytes]) -> None:
    at = random.randrange(len(lines))
    key, colon, _ = lines[at].partition(b":")
    lines[at] = key + colon + b" " + as_yaml(random.choice(VALUES)) + b"\n"


_OF_BYTES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip,
    _insert,
    _insert,
    _replace,
    _delete,
    _cut,
    *(_lines(one) for one in (_twice, _swapped, _indented, _outdented, _valued, _valued)),
)

# --- nodes


def _places(node: Json) -> list[tuple[Json, Any]]:
    """Every value inside a document, as the collection that holds it and its key there."""
    found: list[tuple[Json, Any]] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            inside = list(one.items() if isinstance(one, dict) else enumerate(one))
            found += [(one, key) for key, _ in inside]
            waiting += [below for _, below in inside]
    return found


def _other_value(random: Random, document: Json, holder: Json, key: Any) -> None:
    holder[key] = copy.deepcopy(random.choice(VALUES))


def _gone(random: Random, document: Json, holder: Json, key: Any) -> None:
    del holder[key]


def _wrapped(random: Random, document: Json, holder: Json, key: Any) -> None:
    holder[key] = random.choice(([holder[key]], {"any": holder[key]}, [holder[key]] * 2))


def _moved(random: Random, document: Json, holder: Json, key: Any) -> None:
    moved = copy.deepcopy(holder[key])
    there, place = random.choice(_places(document))
    there[place] = moved


def _misspelt(random: Random, document: Json, holder: Json, key: Any) -> None:
    if not isinstance(key, str) or not key:
        _gone(random, document, holder, key)
        return
    at = random.randrange(len(key))
    typo = random.choice(
        (key[:at] + key[at + 1 :], key[:at] + key[at] + key[at:], key.upper(), key[::-1], f"{key} ")
    )
    holder[typo] = holder.pop(key)


def _added(random: Random, document: Json, holder: Json, key: Any) -> None:
    value = copy.deepcopy(random.choice(VALUES))
    if isinstance(holder, list):
        holder.insert(random.randint(0, len(holder)), value)
    else:
        others = [one for _, one in _places(document) if isinstance(one, str)]
        holder[random.choice((*others, "", "<<", "\x1b[31m", "any"))] = value


def _longer(random: Random, document: Json, holder: Json, key: Any) -> None:
    """A value of the same type that is a little different."""
    match holder[key]:
        case str(text):
            at = random.randint(0, len(text))
            holder[key] = (
                text[:at] + random.choice(("x", " ", "0", "\n", "\u200b", "-", ".")) + text[at:]
            )
        case bool(flag):
            holder[key] = not flag
        case int(number) | float(number):
            holder[key] = random.choice((-number, number + 1, number * 1000))
        case list(items):
            random.shuffle(items)
        case dict(entries):
            for one in list(entries)[:1]:
                entries[f"{one}2"] = copy.deepcopy(entries[one])


_OF_NODES: tuple[Callable[[Random, Json, Json, Any], None], ...] = (
    _other_value,
    _other_value,
    _gone,
    _wrapped,
    _moved,
    _misspelt,
    _added,
    _longer,
    _longer,
)
