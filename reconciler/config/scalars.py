"""Reads single values: texts, flags, counts, durations, references to secrets, free JSON.

The type of the field decides what a text means, so that `+15550100001` stays a phone number. Where YAML 1.1 would
have made something else of a text than what is written, a typed field refuses it with the spelling that works, and a
text field takes it as written and says so.
"""

from __future__ import annotations

import re
from pathlib import Path

from reconciler.config.problems import Problems, did_you_mean
from reconciler.config.secrets import SecretSource
from reconciler.config.tree import Mapping, Node, Scalar, Sequence
from reconciler.core.finding import Mark
from reconciler.core.values import JsonValue, Secret, SecretRef, compact_json, parse_duration

# What YAML 1.1 reads as a flag, and 1.2 and people read as a text.
_FLAG_WORDS = frozenset(
    word
    for base in ("yes", "no", "on", "off", "y", "n")
    for word in (base, base.capitalize(), base.upper())
)
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_COUNT = re.compile(r"0|[1-9][0-9]*")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?|-?[1-9][0-9]*[eE][-+]?[0-9]+")
_CLOCK = re.compile(r"([0-9]+):([0-9]{1,2})(?::([0-9]{1,2}))?")
# Anything else that YAML 1.1 reads as a number: 1_000, 0x1f, 017, +1, .5, 12:30.
_ODD_NUMBER = re.compile(
    r"[-+]?(?:0[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|\.[0-9_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\.(?:inf|Inf|INF|nan|NaN|NAN))"
)
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ScalarReader:
    """Reads values of one file; problems are noted, and the value is then None."""

    def __init__(self, file: str, problems: Problems, secrets: SecretSource) -> None:
        self.file = file
        self.problems = problems
        self.secrets = secrets

    def mark(self, node: Node) -> Mark:
        """The place of a node."""
        return Mark(self.file, node.line + 1, node.column + 1)

    def error(self, code: str, node: Node, path: str, message: str, fix: str = "") -> None:
        """Notes an error at a node."""
        self.problems.error(code, path, message, fix, self.mark(node))

    def text(self, node: Node, path: str, what: str = "a text") -> str | None:
        """A text as written."""
        if type(node) is not Scalar:
            self.wrong_type(node, path, what)
            return None
        if node.plain:
            text = node.text
            if node.is_null:
                self.error(
                    "no-value",
                    node,
                    path,
                    f"no value; expected {what}",
                    "write one, or remove the key",
                )
                return None
            if text in _FLAG_WORDS or text in _TRUE or text in _FALSE:
                self.problems.warning(
                    "yaml-ambiguous",
                    path,
                    f"{text} is taken as text, other YAML readers take it as a flag",
                    f'write "{text}"',
                    self.mark(node),
                )
        return node.text

    def flag(self, node: Node, path: str) -> bool | None:
        """`true` or `false`, nothing else."""
        if type(node) is Scalar and node.plain:
            if node.text in _TRUE:
                return True
            if node.text in _FALSE:
                return False
        fix = ""
        if type(node) is Scalar:
            word = node.text.lower()
            if word in ("yes", "on", "y", "1", "true"):
                fix = "write true"
            elif word in ("no", "off", "n", "0", "false"):
                fix = "write false"
        self.wrong_type(node, path, "true or false", fix)
        return None

    def count(self, node: Node, path: str, low: int = 0, high: int | None = None) -> int | None:
        """A whole number within bounds."""
        if type(node) is not Scalar or not node.plain or not _COUNT.fullmatch(node.text):
            fix = ""
            if (
                type(node) is Scalar
                and (digits := re.sub(r"[_, ]", "", node.text)).isdecimal()
                and len(digits) < 20
            ):
                fix = f"write {int(digits)}"
            self.wrong_type(node, path, "a whole number", fix)
            return None
        value = int(node.text) if len(node.text) < 20 else 2**64
        if value < low or value > (high if high is not None else 2**32 - 1):
            top = high if high is not None else 2**32 - 1
            self.error("out-of-range", node, path, f"{node.text} is not between {low} and {top}")
            return None
        return value

    def duration(self, node: Node, path: str, high: int | None = None, unit: int = 0) -> int | None:
        """Nanoseconds of `30s`, `2h`, `1m30s`."""
        if type(node) is not Scalar:
            self.wrong_type(node, path, "a duration such as 30s")
            return None
        text = node.text
        value = parse_duration(text)
        if value is None:
            fix = ""
            if clock := _CLOCK.fullmatch(text):
                hours, minutes, seconds = clock[1], clock[2], clock[3]
                fix = (
                    f"write {int(hours)}m{int(minutes)}s or {int(hours)}h{int(minutes)}m"
                    if seconds is None
                    else (f"write {int(hours)}h{int(minutes)}m{int(seconds)}s")
                )
            elif _COUNT.fullmatch(text):
                fix = f"write {text}s if seconds are meant"
            self.wrong_type(node, path, "a duration such as 30s, 2h or 1m30s", fix)
            return None
        # LiveKit counts some durations in whole units in 32 bits; 2**31 seconds is past any sense for the others.
        limit = high if high is not None else (2**32 - 1) * unit if unit else 2**31 * 1_000_000_000
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
        if type(node) is not Scalar:
            self.wrong_type(node, path, f"one of {listed}")
            return None
        self.error(
            "unknown-word",
            node,
            path,
            f'"{node.text}" is not one of {listed}',
            did_you_mean(node.text, choices),
        )
        return None

    def texts(self, node: Node, path: str, what: str) -> list[str] | None:
        """A list of texts, not empty."""
        if type(node) is not Sequence:
            fix = (
                f"write [{_quoted(node.text)}]" if type(node) is Scalar and not node.is_null else ""
            )
            self.wrong_type(node, path, f"a list of {what}", fix)
            return None
        texts = []
        for index, item in enumerate(node.items):
            if type(item) is Scalar and (not item.plain or item.text not in _SUSPECT):
                text: str | None = item.text
            else:
                text = self.text(item, f"{path}[{index}]")
            if text == "":
                self.error("no-value", item, f"{path}[{index}]", "an empty text", "remove it")
            elif text is not None:
                texts.append(text)
        return texts

    def secret_ref(self, node: Mapping, path: str) -> SecretRef | None:
        """`{env: NAME}` or `{file: PATH}`."""
        if len(node.entries) == 1:
            ((kind, value),) = node
            if kind in ("env", "file") and type(value) is Scalar and value.text:
                if kind == "file":
                    return SecretRef(file=str(Path(self.file).parent / value.text))
                if ENV_NAME.fullmatch(value.text):
                    return SecretRef(env=value.text)
                self.error(
                    "secret-reference",
                    value,
                    path,
                    f'"{value.text}" cannot be the name of a variable',
                )
                return None
        self.error(
            "secret-reference",
            node,
            path,
            "not a reference to a secret",
            "write {env: NAME} or {file: PATH}",
        )
        return None

    def secret(self, node: Node, path: str, *, clear: str) -> Secret | str | None:
        """A reference, or where `clear` allows it (`never`, `hidden`, `shown`) a text."""
        if type(node) is Mapping:
            ref = self.secret_ref(node, path)
            return None if ref is None else self.secrets.secret(ref, path, self.mark(node))
        if clear == "never":
            if type(node) is Scalar and not node.is_null:
                self.error(
                    "secret-in-clear",
                    node,
                    path,
                    "a secret stands here in clear",
                    "write {env: NAME} or {file: PATH}, and change the secret: it is in the history of this file",
                )
            else:
                self.wrong_type(
                    node, path, "a reference to a secret", "write {env: NAME} or {file: PATH}"
                )
            return None
        text = self.text(node, path, "a text, {env: NAME} or {file: PATH}")
        if text is None or clear == "shown":
            return text
        return Secret(text, SecretRef(config=f"{self.mark(node)}#{path}"))

    def json(self, node: Node, path: str, *, secrets: bool = False) -> JsonValue:
        """Free JSON. Texts that YAML readers disagree about are refused: nobody could tell what is sent."""
        if type(node) is Mapping:
            if secrets and len(node.entries) == 1 and next(iter(node.entries)) in ("env", "file"):
                ref = self.secret_ref(node, path)
                return self.secrets.secret(ref, path, self.mark(node)).reveal() if ref else None
            return {key: self.json(value, f"{path}.{key}", secrets=secrets) for key, value in node}
        if type(node) is Sequence:
            return [
                self.json(item, f"{path}[{i}]", secrets=secrets)
                for i, item in enumerate(node.items)
            ]
        assert isinstance(node, Scalar)  # noqa: S101  # there is no fourth kind of node
        if not node.plain:
            return node.text
        return self._plain_json(node, path)

    def _plain_json(self, node: Scalar, path: str) -> JsonValue:
        text = node.text
        if node.is_null:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if _INTEGER.fullmatch(text) and len(text) < 20:
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if text in _FLAG_WORDS or _ODD_NUMBER.fullmatch(text):
            self.error(
                "yaml-ambiguous",
                node,
                path,
                f"{text} is a flag or a number to some YAML readers and a text to others",
                f"write {_quoted(text)} for the text, or true, false or a plain number",
            )
            return None
        return text

    def metadata(self, node: Node, path: str) -> tuple[str, bool] | None:
        """A text, or the compact JSON of a mapping and True."""
        if type(node) is Mapping or type(node) is Sequence:
            return compact_json(self.json(node, path)), True
        text = self.text(node, path, "a text or a mapping")
        return None if text is None else (text, False)

    def wrong_type(self, node: Node, path: str, expected: str, fix: str = "") -> None:
        """Notes that something else stands where `expected` should."""
        if type(node) is Scalar:
            found = (
                "no value"
                if node.is_null
                else _quoted(node.text)
                if len(node.text) <= 60
                else "a long text"
            )
        else:
            found = "a list" if type(node) is Sequence else "a mapping"
        self.error("wrong-type", node, path, f"expected {expected}, found {found}", fix)


_SUSPECT = _FLAG_WORDS | _TRUE | _FALSE | frozenset(("", "~", "null", "Null", "NULL"))


def _quoted(text: str) -> str:
    return compact_json(text)
