"""Reads values of free form: references to secrets, texts that may be secrets, metadata and LiveKit's own JSON."""

from __future__ import annotations

import re

from reconciler.config.nodes import Mapping, Node, Scalar, Sequence
from reconciler.config.scalars import FALSE, FLAG_WORDS, MAX_DIGITS, TRUE, ScalarReader, quoted
from reconciler.core.values import JsonValue, Secret, SecretRef, compact_json

ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
# Not a number to JSON, so there is one reading only; YAML 1.1 makes it an integer.
_PHONE_NUMBER = re.compile(r"\+[0-9]+")
# Anything else that some YAML reader takes for a number: 1_000, 0x1f, 017, 0o17, .5, 1., 12:30.
_ODD_NUMBER = re.compile(
    r"[-+]?(?:0[0-7_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|\.(?:inf|Inf|INF|nan|NaN|NAN))"
)
_REFERENCE = "write {env: NAME} or {file: PATH}"


class FreeReader(ScalarReader):
    """Reads values whose form LiveKit or the user decides."""

    def secret_ref(self, node: Mapping, path: str) -> SecretRef | None:
        """`{env: NAME}` or `{file: PATH}`. What stands there instead is not told: it may be the secret."""
        if len(node.entries) == 1:
            ((kind, value),) = node
            if (
                kind in ("env", "file")
                and type(value) is Scalar
                and value.text
                and not value.is_null
            ):
                if kind == "file":
                    return self.secrets.file_ref(value.file, value.text)
                if ENV_NAME.fullmatch(value.text):
                    return self.secrets.env_ref(value.text)
                message = "this cannot be the name of a variable"
                fix = "letters, digits and underscores, no digit in front"
                self.error("secret-reference", value, path, message, fix)
                return None
        self.error("secret-reference", node, path, "not a reference to a secret", _REFERENCE)
        return None

    def secret(self, node: Mapping, path: str) -> Secret | None:
        """The secret that a reference names."""
        ref = self.secret_ref(node, path)
        return None if ref is None else self.secrets.secret(ref, path, self.mark(node))

    def password(self, node: Node, path: str) -> Secret | None:
        """A reference; in clear it is an error."""
        if type(node) is Mapping:
            return self.secret(node, path)
        if type(node) is Scalar and not node.is_null:
            message = "a secret stands here in clear"
            fix = f"{_REFERENCE}, and change the secret: it is in the history of this file"
            self.error("secret-in-clear", node, path, message, fix)
        else:
            self.wrong_type(node, path, "a reference to a secret", _REFERENCE)
        return None

    def text_or_secret(self, node: Node, path: str) -> Secret | str | None:
        """A text, or a reference."""
        if type(node) is Mapping:
            return self.secret(node, path)
        return self.text(node, path, "a text, {env: NAME} or {file: PATH}")

    def hidden_text(self, node: Node, path: str) -> Secret | None:
        """A text that is never shown, or a reference."""
        read = self.text_or_secret(node, path)
        if isinstance(read, str):
            return Secret(read, SecretRef(config=f"{self.mark(node)}#{path}"))
        return read

    def metadata(self, node: Node, path: str) -> tuple[str, bool] | None:
        """A text, or the compact JSON of a mapping and True."""
        if type(node) is Mapping:
            errors = self.problems.errors
            value = self.json(node, path)
            return (compact_json(value), True) if errors == self.problems.errors else None
        text = self.text(node, path, "a text or a mapping")
        return None if text is None else (text, False)

    def json(self, node: Node, path: str, *, secrets: bool = False) -> JsonValue:
        """Free JSON. Texts that YAML readers disagree about are refused: nobody could tell what is sent."""
        if type(node) is Mapping:
            if secrets and _is_reference(node):
                secret = self.secret(node, path)
                return None if secret is None else secret.reveal()
            return {key: self.json(value, f"{path}.{key}", secrets=secrets) for key, value in node}
        if type(node) is Sequence:
            return [
                self.json(item, f"{path}[{index}]", secrets=secrets)
                for index, item in enumerate(node.items)
            ]
        assert isinstance(node, Scalar)  # noqa: S101  # there is no fourth kind of node
        return self._plain_json(node, path) if node.plain else node.text

    def _plain_json(self, node: Scalar, path: str) -> JsonValue:
        text = node.text
        if node.is_null:
            return None
        if text in TRUE or text in FALSE:
            return text in TRUE
        if _FLOAT.fullmatch(text):
            return self._number(node, path)
        if _PHONE_NUMBER.fullmatch(text):
            message = f"{text} is taken as text, other YAML readers take it as a number"
            self.warning("yaml-ambiguous", node, path, message, f"write {quoted(text)}")
            return text
        if text in FLAG_WORDS or _ODD_NUMBER.fullmatch(text):
            message = f"{text} is a flag or a number to some YAML readers and a text to others"
            fix = f"write {quoted(text)} for the text, or true, false or a plain number"
            self.error("yaml-ambiguous", node, path, message, fix)
            return None
        return text

    def _number(self, node: Scalar, path: str) -> JsonValue:
        """A JSON number, as long as everybody who reads it sees the same one."""
        text = node.text
        if _INTEGER.fullmatch(text):
            if len(text) <= MAX_DIGITS:
                return int(text)
        elif (value := float(text)) - value == 0:  # neither of which is so for an infinity
            return value
        message = "this number is larger than programs agree on"
        self.error("out-of-range", node, path, message, "write it as a text, in quotes")
        return None


def _is_reference(node: Mapping) -> bool:
    """`{env: NAME}` or `{file: PATH}`, told from JSON that has a mapping under such a key."""
    ((key, value),) = node if len(node.entries) == 1 else (("", None),)
    return key in ("env", "file") and type(value) is Scalar
