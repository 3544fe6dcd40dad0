"""The expressions of workflows, as far as ours use them: `${{ }}` in texts, and conditions.

Property paths, literals, `!`, `==`, `!=`, `&&`, `||`, parentheses, and the functions `always`, `success`, `failure`
and `format`. Anything else is an error here, so that no test passes because something was quietly ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<operator>&&|\|\||==|!=|[!(),])"
    r"|(?P<path>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*))"
)
_IN_TEXT = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}


class UnknownExpression(Exception):
    """The expression uses something that this evaluator does not know."""


@dataclass(frozen=True, slots=True)
class Expressions:
    """Evaluates against contexts, such as `github` and `inputs`. `failed`: whether an earlier step has failed."""

    contexts: Mapping[str, Any]
    failed: bool = False

    def condition(self, text: object) -> bool:
        """What an `if:` says; without a status function it holds only as long as nothing has failed."""
        if text is None:
            return not self.failed
        source = str(text).strip()
        match = _IN_TEXT.fullmatch(source)
        source = match[1] if match else source
        value = truth(self.value(source))
        asks_status = re.search(r"\b(always|success|failure)\(", source)
        return value if asks_status else value and not self.failed

    def fill(self, text: object) -> str:
        """A text with the values of its expressions in it."""
        return _IN_TEXT.sub(lambda match: as_text(self.value(match[1])), as_text(text))

    def value(self, source: str) -> Any:
        """The value of one expression."""
        parser = _Parser(_tokens(source), self)
        found = parser.either()
        parser.expect_end()
        return found

    def look_up(self, path: str) -> Any:
        """A property path; a property that is not there is null, an unknown context an error."""
        first, *rest = path.split(".")
        if first not in self.contexts:
            raise UnknownExpression(f"context {first} in {path}")
        found: Any = self.contexts[first]
        for name in rest:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def call(self, name: str, arguments: list[Any]) -> Any:
        """A function."""
        match name, len(arguments):
            case "always", 0:
                return True
            case "success", 0:
                return not self.failed
            case "failure", 0:
                return self.failed
            case "format", count if count > 0:
                pattern, *values = (as_text(one) for one in arguments)
                return re.sub(r"\{(\d+)\}", lambda match: values[int(match[1])], pattern)
        raise UnknownExpression(f"{name}() with {len(arguments)} arguments")


class _Parser:
    """Recursive descent; everything is evaluated, which is harmless without side effects."""

    def __init__(self, tokens: list[tuple[str, str]], expressions: Expressions) -> None:
        self._tokens = tokens
        self._expressions = expressions
        self._at = 0

    def either(self) -> Any:
        found = self._both()
        while self._take("||"):
            other = self._both()
            found = found if truth(found) else other
        return found

    def _both(self) -> Any:
        found = self._comparison()
        while self._take("&&"):
            other = self._comparison()
            found = other if truth(found) else found
        return found

    def _comparison(self) -> Any:
        found = self._single()
        if self._take("=="):
            return _equal(found, self._single())
        if self._take("!="):
            return not _equal(found, self._single())
        return found

    def _single(self) -> Any:
        if self._take("!"):
            return not truth(self._single())
        if self._take("("):
            found = self.either()
            self._need(")")
            return found
        kind, text = self._next()
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        if kind != "path":
            raise UnknownExpression(text)
        if self._take("("):
            return self._expressions.call(text, self._arguments())
        return _LITERALS[text] if text in _LITERALS else self._expressions.look_up(text)

    def _arguments(self) -> list[Any]:
        found: list[Any] = []
        while not self._take(")"):
            if found:
                self._need(",")
            found.append(self.either())
        return found

    def expect_end(self) -> None:
        if self._at != len(self._tokens):
            raise UnknownExpression(self._tokens[self._at][1])

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise UnknownExpression("an expression that ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, operator: str) -> bool:
        found = self._tokens[self._at : self._at + 1] == [("operator", operator)]
        self._at += found
        return found

    def _need(self, operator: str) -> None:
        if not self._take(operator):
            raise UnknownExpression(f"{operator} is missing")


def _tokens(source: str) -> list[tuple[str, str]]:
    found = []
    at = 0
    source = source.rstrip()
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None or match.lastgroup is None:
            raise UnknownExpression(source[at:])
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def truth(value: Any) -> bool:
    """Empty texts, 0, null and false are false."""
    return bool(value)


def as_text(value: Any) -> str:
    """A value in a text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case str() | int():
            return str(value)
    raise UnknownExpression(f"a {type(value).__name__} in a text")


def _equal(left: Any, right: Any) -> bool:
    """Texts without regard to case; values of different types as numbers, null and "" being 0."""
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if type(left) is type(right):
        return bool(left == right)
    return _number(left) == _number(right)


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except ValueError:
        return float("nan")
