"""JSON files of the `lk` command line as LiveKit's messages: what is fed to its `create`, and what its `list` prints.

A file holds any number of documents: requests (`{"trunk": …}`, `{"dispatch_rule": …}`), objects without that wrapper,
lists (`{"items": […]}`, `[…]`). What kind of object stands there follows from its fields. Every problem of every file
is collected; nothing here decides what the objects mean together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from reconciler.config.suggest import closest, listing
from reconciler.errors import FileError
from reconciler.gateway.lk_json import JsonObject, fields_of, read_message
from reconciler.gateway.messages import MESSAGES
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, OUTBOUND_TRUNK

# A text in quotes is passed over as a whole: what it holds is not looked at.
_CONSTANT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(NaN|-?Infinity)', re.DOTALL)
# What `lk` says in front of what it prints.
_TALK = re.compile(r"\s*(?:Using [^\n]*\n\s*)*")
_STATES: Final = {"createdat", "updatedat"}
_RULE_ONLY: Final = {
    "rule",
    "trunkids",
    "roomconfig",
    "roompreset",
    "hidephonenumber",
    "sipdispatchruleid",
    "dispatchruledirect",
    "dispatchruleindividual",
    "dispatchrulecallee",
}
_OUTBOUND_ONLY: Final = {"address", "transport", "destinationcountry", "fromhost"}
_INBOUND: Final = {
    "numbers",
    "allowedaddresses",
    "allowednumbers",
    "authusername",
    "authpassword",
    "authrealm",
    "krispenabled",
    "maxcallduration",
    "ringingtimeout",
    "siptrunkid",
}
_FIRST_API: Final = {
    "inboundaddresses",
    "inboundnumbersregex",
    "inboundusername",
    "inboundpassword",
    "outboundaddress",
    "outboundnumber",
    "outboundusername",
    "outboundpassword",
    "kind",
}
_WRAPPERS: Final = {"trunk": "trunk", "dispatch_rule": "rule", "dispatchRule": "rule"}
_TOP: Final = ("trunk", "dispatch_rule", "items")


@dataclass(frozen=True, slots=True)
class LkObject:
    """A trunk or a rule out of a file. `place` is unique, and says where it stands."""

    kind: str
    message: Any
    place: str
    source: str


@dataclass(frozen=True, slots=True)
class LkObjects:
    """What some files hold, and what is wrong with them, line by line. `bare` are files of nothing but empty lists."""

    objects: tuple[LkObject, ...]
    problems: tuple[str, ...]
    bare: tuple[str, ...]


def read_lk_files(files: Iterable[tuple[str, bytes]]) -> LkObjects:
    """The objects in some files, each given by its name and its bytes."""
    reader = _Reader([], [])
    bare = []
    for name, data in files:
        before = len(reader.objects) + len(reader.problems)
        try:
            reader.file(name, _text(name, data))
        except FileError as error:
            reader.problems.append(str(error))
        if len(reader.objects) + len(reader.problems) == before:
            bare.append(name)
    return LkObjects(tuple(reader.objects), tuple(reader.problems), tuple(bare))


def _text(name: str, data: bytes) -> str:
    """The text of a file. PowerShell writes UTF-16 where output is redirected; others put a mark in front of UTF-8."""
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileError(f"{name}: not JSON: byte {error.start} is no {encoding}") from error


@dataclass(frozen=True, slots=True)
class _Reader:
    objects: list[LkObject]
    problems: list[str]

    def file(self, name: str, text: str) -> None:
        """Reads all documents of a file. One without any is what a command leaves behind that failed."""
        is_empty = True
        for mark, document in _documents(name, text):
            is_empty = False
            place = f"{name}{mark}"
            if isinstance(document, dict) and "items" in document:
                self._items(document, place, name)
            elif isinstance(document, list):
                self._list(document, place, "", name)
            else:
                self._object(document, place, "", name)
        if is_empty:
            self._problem(
                name, "", "the file is empty: there is no trunk and no dispatch rule in it"
            )

    def _items(self, document: dict[str, Any], place: str, source: str) -> None:
        for key in document:
            if key != "items":
                self._problem(place, key, "nothing stands beside items")
        items = document["items"]
        if items is None or isinstance(items, list):
            self._list(items or [], place, "items", source)
        else:
            self._problem(place, "items", "write a list in brackets")

    def _list(self, documents: list[Any], place: str, path: str, source: str) -> None:
        for number, one in enumerate(documents):
            self._object(one, place, f"{path}[{number}]", source)

    def _object(self, document: Any, place: str, path: str, source: str) -> None:
        if not isinstance(document, dict):
            self._problem(place, path, "write an object in braces: a trunk or a dispatch rule")
            return
        where = f"{place}: {path}" if path else place
        wrapper = next((key for key in _WRAPPERS if key in document), None)
        if wrapper is not None:
            inner = document[wrapper]
            self._no_siblings(document, wrapper, place, path)
            path = _join(path, wrapper)
            if not isinstance(inner, dict):
                self._problem(place, path, "write an object in braces")
                return
        else:
            inner = document
        kind = DISPATCH_RULE.name if _WRAPPERS.get(wrapper or "") == "rule" else None
        if kind is None:
            kind = self._kind(inner, place, path, is_trunk=wrapper is not None)
        if kind is None:
            return
        message = MESSAGES[kind]()
        before = len(self.problems)
        read_message(message, inner, path, lambda at, text: self._problem(place, at, text))
        if len(self.problems) == before:
            self.objects.append(LkObject(kind, message, where, source))

    def _no_siblings(self, document: dict[str, Any], wrapper: str, place: str, path: str) -> None:
        for key in document:
            if key == wrapper:
                continue
            message = f"LiveKit does not read what stands beside {wrapper}"
            known = fields_of(MESSAGES[DISPATCH_RULE.name].DESCRIPTOR)
            fix = f": it belongs in {wrapper}" if key in known else ""
            self._problem(place, _join(path, key), f"{message}{fix}")
        if isinstance(document, JsonObject) and wrapper in document.twice:
            self._problem(place, _join(path, wrapper), "stands there twice")

    def _kind(self, value: dict[str, Any], place: str, path: str, *, is_trunk: bool) -> str | None:
        """Which object this is, by the fields that only one kind has."""
        found = {key.replace("_", "").lower(): key for key in value}
        if not is_trunk and (found.keys() & _RULE_ONLY):
            return DISPATCH_RULE.name
        first = found.keys() & _FIRST_API
        if first:
            key = found[min(first)]
            self._problem(
                place,
                _join(path, key),
                "a trunk of LiveKit's first SIP API, for both directions at once; import what "
                "`lk sip inbound list --json` and `lk sip outbound list --json` print instead",
            )
            return None
        if found.keys() & _OUTBOUND_ONLY:
            return OUTBOUND_TRUNK.name
        if is_trunk or found.keys() & _INBOUND:
            return INBOUND_TRUNK.name
        if found.keys() & {"inboundnumbers"}:
            return DISPATCH_RULE.name
        if found.keys() - _STATES:
            self._foreign(list(value), place, path)
        return None

    def _foreign(self, keys: list[str], place: str, path: str) -> None:
        """An object whose kind nothing tells."""
        known = [*_TOP, *(name for one in MESSAGES.values() for name in fields_of(one.DESCRIPTOR))]
        fix = next((hint for key in keys if (hint := closest(key, known))), listing(_TOP))
        self._problem(
            place, _join(path, keys[0]), f"neither of a trunk nor of a dispatch rule; {fix}"
        )

    def _problem(self, place: str, path: str, text: str) -> None:
        self.problems.append(f"{place}: {path}: {text}" if path else f"{place}: {text}")


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _documents(name: str, text: str) -> Iterator[tuple[str, Any]]:
    """The documents of a text, each but the first with the place where it begins."""
    decoder = json.JSONDecoder(object_pairs_hook=JsonObject, parse_constant=_no_number)
    position, line, counted, is_first = _start(text, 0), 1, 0, True
    while position < len(text):
        line += text.count("\n", counted, position)
        counted = position
        here = f":{line}:{position - text.rfind(chr(10), 0, position)}"
        try:
            document, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            where = f"{name}:{error.lineno}:{error.colno}"
            raise FileError(f"{where}: not JSON: {_lower(error.msg)}") from error
        except _NoNumber as error:
            where = _place(text, _constant(text, position))
            raise FileError(f"{name}{where}: not JSON: {error} is no number of JSON") from error
        except (ValueError, RecursionError) as error:
            # Python refuses to read whole numbers of thousands of digits.
            reason = "too deep" if isinstance(error, RecursionError) else "a number is too long"
            raise FileError(f"{name}{here}: not JSON: {reason}") from error
        yield "" if is_first else here, document
        is_first = False
        position = _start(text, position)


class _NoNumber(ValueError):
    """A word that Python's reader takes for a number, and JSON does not know."""


def _constant(text: str, position: int) -> int:
    """Where the first such word stands from a position on; what is in front of it is JSON."""
    words = (found.start(1) for found in _CONSTANT.finditer(text, position) if found[1])
    return next(words, position)


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f":{line}:{position - text.rfind(chr(10), 0, position)}"


def _start(text: str, position: int) -> int:
    found = _TALK.match(text, position)
    return found.end() if found else position


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _no_number(text: str) -> NoReturn:
    raise _NoNumber(text)
