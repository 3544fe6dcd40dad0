"""Reads single values: texts, flags, counts, durations, words, lists of texts.

The type of the field decides what a text means, so that `+15550100001` stays a phone number. Where YAML 1.1 would
have made something else of a text than what is written, a typed field refuses it with the spelling that works, and a
text field takes it as written; of a flag's words it says so.
"""

from __future__ import annotations

import re

from reconciler.config.nodes import NULLS, Mapping, Node, Scalar, Sequence
from reconciler.config.problems import Problems
from reconciler.config.secrets import SecretSource
from reconciler.core.finding import Mark
from reconciler.core.values import compact_json, parse_duration

# What YAML 1.1 reads as a flag, and 1.2 and people read as a text.
FLAG_WORDS = frozenset(
    word
    for base in ("yes", "no", "on", "off", "y", "n")
    for word in (base, base.capitalize(), base.upper())
)
TRUE = frozenset(("true", "True", "TRUE"))
FALSE = frozenset(("false", "False", "FALSE"))
_SUSPECT = FLAG_WORDS | TRUE | FALSE | NULLS
_SAID_YES = frozenset(("true", "yes", "on", "y", "1"))
_SAID_NO = frozenset(("false", "no", "off", "n", "0"))

_COUNT = re.compile(r"0|[1-9][0-9]*")
_CLOCK = re.compile(r"([0-9]{1,4}):([0-9]{1,2})(?::([0-9]{1,2}))?")
# 64 bits have at most so many digits; longer texts are not even made a number.
MAX_DIGITS = 19
_MAX_COUNT = 2**32 - 1
# Past any sense for a call, and well within what LiveKit's duration messages hold.
_MAX_DURATION = 2**31 * 1_000_000_000
_SHOWN = 60


class ScalarReader:
    """Reads values; problems are noted, and the value is then None."""

    def __init__(self, problems: Problems, secrets: SecretSource) -> None:
        self.problems = problems
        self.secrets = secrets

    def mark(self, node: Node) -> Mark:
        """The place of a node."""
        return Mark(node.file, node.line + 1, node.column + 1)

    def error(self, code: str, node: Node, path: str, message: str, fix: str = "") -> None:
        """Notes an error at a node."""
        self.problems.error(code, path, message, fix, self.mark(node))

    def warning(self, code: str, node: Node, path: str, message: str, fix: str = "") -> None:
        """Notes a warning at a node."""
        self.problems.warning(code, path, message, fix, self.mark(node))

    def text(self, node: Node, path: str, what: str = "a text") -> str | None:
        """A text as written."""
        if type(node) is not Scalar:
            self.wrong_type(node, path, what)
            return None
        text = node.text
        if not node.plain or text not in _SUSPECT:
            return text
        if text in NULLS:
            fix = "write one, or remove the key"
            self.error("no-value", node, path, f"no value; expected {what}", fix)
            return None
        message = f"{text} is taken as text, other YAML readers take it as a flag"
        self.warning("yaml-ambiguous", node, path, message, f'write "{text}"')
        return text

    def full_text(self, node: Node, path: str, what: str = "a text") -> str | None:
        """A text that is not empty."""
        text = self.text(node, path, what)
        if text == "":
            self.error("no-value", node, path, f"an empty text; expected {what}", "write a value")
            return None
        return text

    def flag(self, node: Node, path: str) -> bool | None:
        """`true` or `false`, nothing else."""
        fix = ""
        if type(node) is Scalar:
            if node.plain and node.text in TRUE:
                return True
            if node.plain and node.text in FALSE:
                return False
            word = node.text.lower()
            fix = "write true" if word in _SAID_YES else "write false" if word in _SAID_NO else ""
        self.wrong_type(node, path, "true or false", fix)
        return None

    def count(self, node: Node, path: str, low: int = 0, high: int | None = None) -> int | None:
        """A whole number within bounds."""
        if type(node) is not Scalar or not node.plain or not _COUNT.fullmatch(node.text):
            self.wrong_type(node, path, "a whole number", _as_count(node))
            return None
        top = _MAX_COUNT if high is None else high
        value = int(node.text) if len(node.text) <= MAX_DIGITS else top + 1
        if not low <= value <= top:
            shown = _cut(node.text)
            self.error("out-of-range", node, path, f"{shown} is not between {low} and {top}")
            return None
        return value

    def duration(self, node: Node, path: str, high: int | None = None, unit: int = 0) -> int | None:
        """Nanoseconds of `30s`, `2h`, `1m30s`. LiveKit counts some in 32 bits of a `unit`."""
        expected = "a duration such as 30s, 2h or 1m30s"
        if type(node) is not Scalar:
            self.wrong_type(node, path, expected)
            return None
        text = node.text
        # No duration in sense is that long, and Python refuses to read numbers of thousands of digits.
        value = parse_duration(text) if len(text) <= _SHOWN else None
        if value is None:
            self.wrong_type(node, path, expected, _as_duration(text))
            return None
        limit = high if high is not None else _MAX_COUNT * unit if unit else _MAX_DURATION
        if value > limit:
            self.error("out-of-range", node, path, f"{text} is longer than LiveKit takes")
            return None
        if unit and value % unit:
            self.error("out-of-range", node, path, f"{text} is finer than LiveKit counts here")
            return None
        return value

    def choice(self, node: Node, path: str, choices: tuple[str, ...]) -> str | None:
        """One of a few words."""
        if type(node) is Scalar and node.text in choices:
            return node.text
        listed = ", ".join(choices)
        if type(node) is not Scalar or node.is_null:
            self.wrong_type(node, path, f"one of {listed}")
            return None
        fix = self.problems.did_you_mean(node.text, choices)
        message = f"{quoted(node.text)} is not one of {listed}"
        self.error("unknown-word", node, path, message, "" if fix.startswith("known") else fix)
        return None

    def texts(self, node: Node, path: str, what: str) -> list[str] | None:
        """A list of texts, none of them empty."""
        if type(node) is not Sequence:
            fix = ""
            if type(node) is Scalar and not node.is_null and len(node.text) <= _SHOWN:
                fix = f"write [{quoted(node.text)}]"
            self.wrong_type(node, path, f"a list of {what}", fix)
            return None
        texts = []
        for index, item in enumerate(node.items):
            if type(item) is Scalar and item.text and not (item.plain and item.text in _SUSPECT):
                texts.append(item.text)
            elif (text := self.full_text(item, f"{path}[{index}]")) is not None:
                texts.append(text)
        if len(texts) > 1 and len(set(texts)) < len(texts):
            self._repeats(node, path)
        return texts

    def _repeats(self, node: Sequence, path: str) -> None:
        seen: dict[str, int] = {}
        for index, item in enumerate(node.items):
            if type(item) is Scalar and seen.setdefault(item.text, index) != index:
                message = f"{quoted(item.text)} stands in this list already"
                self.warning("repeated-entry", item, f"{path}[{index}]", message, "remove it")

    def mapping(self, node: Node, path: str, what: str) -> Mapping | None:
        """A mapping. What stands in its place is not told: `auth: …` may be a password."""
        if type(node) is Mapping:
            return node
        fix = "write {} for an empty one" if type(node) is Scalar and node.is_null else ""
        self.wrong_type(node, path, what, fix, show=False)
        return None

    def unknown_key(
        self,
        node: Mapping,
        key: str,
        path: str,
        message: str,
        known: tuple[str, ...],
        below: tuple[str, ...] = (),
    ) -> None:
        """Notes a key that means nothing, with what was probably meant. `below`: paths on deeper levels than this."""
        fix = self.problems.did_you_mean(key, known, below)
        self.error("unknown-key", node.key(key), path, message, fix)

    def wrong_type(
        self, node: Node, path: str, expected: str, fix: str = "", *, show: bool = True
    ) -> None:
        """Notes that something else was expected."""
        if type(node) is not Scalar:
            found = "a list" if type(node) is Sequence else "a mapping"
        elif node.is_null:
            found = "no value"
        elif not show or len(node.text) > _SHOWN:
            found = "a text" if show is False else "a long text"
        else:
            found = quoted(node.text)
        self.error("wrong-type", node, path, f"expected {expected}, found {found}", fix)


def quoted(text: str) -> str:
    """A text in double quotes, cut where it is long."""
    return compact_json(_cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _as_count(node: Node) -> str:
    """The remedy for `1_000`, `"5"` or `0x10`."""
    if type(node) is not Scalar or len(node.text) > MAX_DIGITS:
        return ""
    text = re.sub(r"[_, ]", "", node.text)
    if re.fullmatch(r"0[xo][0-9a-fA-F]+", text):
        try:
            return f"write {int(text, 0)}"
        except ValueError:
            return ""
    return f"write {int(text)}" if re.fullmatch(r"\+?[0-9]+", text) else ""


def _as_duration(text: str) -> str:
    """The remedy for `12:30` and `30`."""
    if clock := _CLOCK.fullmatch(text):
        first, second = int(clock[1]), int(clock[2])
        if clock[3] is not None:
            return f"write {first}h{second}m{int(clock[3])}s"
        return f"write {first}m{second}s or {first}h{second}m"
    return (
        f"write {text}s if seconds are meant"
        if _COUNT.fullmatch(text) and len(text) <= MAX_DIGITS
        else ""
    )
