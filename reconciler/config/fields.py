"""Reads one field of an object, as its description says (`core.schema`): one small reader for each type of field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from reconciler.config.free import FreeReader
from reconciler.config.nodes import Node, Scalar, Sequence
from reconciler.core.schema import Field, FieldType
from reconciler.core.values import (
    Document,
    Duration,
    JsonValue,
    Metadata,
    Reference,
    References,
    Secret,
    SecretRef,
    TextList,
    Value,
    canonical_json,
    text_set,
)
from reconciler.sip.fields import phone_numbers

# What LiveKit refuses in the name of a codec (SIP-SEMANTICS 38).
CODEC_FORBIDDEN = " \t\n\r/"
_CODEC_KEYS = ("name", "rate")


class FieldReader(FreeReader):
    """Reads fields. None means the default, or that there was an error; `problems` tells which."""

    def field(self, field: Field, node: Node, path: str) -> Value | None:
        """The value of one leaf, or None where it says what LiveKit does anyway."""
        value = _READERS[field.type](self, field, node, path)
        return None if value == field.default and not field.presence else value

    def _text(self, field: Field, node: Node, path: str) -> str | None:
        text = self.full_text(node, path) if field.explicit else self.text(node, path)
        return text if text or field.is_mapping else None

    def _flag(self, field: Field, node: Node, path: str) -> bool | None:
        return self.flag(node, path)

    def _count(self, field: Field, node: Node, path: str) -> int | None:
        return self.count(node, path, field.low, field.high) or None

    def _choice(self, field: Field, node: Node, path: str) -> str | None:
        return self.choice(node, path, field.choices)

    def _duration(self, field: Field, node: Node, path: str) -> Duration | None:
        value = self.duration(node, path, field.high, field.unit)
        return None if value is None or (value == 0 and not field.presence) else Duration(value)

    def _password(self, field: Field, node: Node, path: str) -> Secret | None:
        return self.password(node, path)

    def _credential(self, field: Field, node: Node, path: str) -> Secret | str | None:
        value = self.text_or_secret(node, path)
        return value if field.is_mapping or value != "" else None

    def _hidden_text(self, field: Field, node: Node, path: str) -> Secret | None:
        return self.hidden_text(node, path)

    def _list(self, field: Field, node: Node, path: str, what: str) -> list[str] | None:
        if type(node) is Scalar and node.text == "any":
            if not field.any_word:
                fix = "list them" if field.explicit else f"remove {field.path} if any is meant"
                self.error("wrong-type", node, path, f"expected a list of {what}, found any", fix)
            return None
        texts = self.texts(node, path, what)
        if type(node) is Sequence and not node.items:
            message = f"an empty list of {what} would mean everybody to LiveKit"
            fix = f"remove {field.path} if any is meant"
            if field.explicit:
                fix = "write any if that is meant" if field.any_word else "list at least one"
            self.error("empty-list", node, path, message, fix)
        elif texts and field.any_word and "any" in texts:
            message = "in a list, any is a text like others"
            fix = "write any alone, without brackets, or the list without it"
            self.error("any-in-list", node, path, message, fix)
        return texts or None

    def _phone_numbers(self, field: Field, node: Node, path: str) -> TextList | None:
        texts = self._list(field, node, path, "numbers")
        return phone_numbers(texts) if texts else None

    def _texts(self, field: Field, node: Node, path: str) -> TextList | None:
        texts = self._list(field, node, path, field.path.replace("_", " "))
        return text_set(texts) if texts else None

    def _references(self, field: Field, node: Node, path: str) -> References | None:
        texts = self._list(field, node, path, field.path)
        return References(tuple([Reference(text) for text in texts])) if texts else None

    def _metadata(self, field: Field, node: Node, path: str) -> Metadata | None:
        read = self.metadata(node, path)
        return Metadata(*read) if read is not None and read[0] else None

    def _codecs(self, field: Field, node: Node, path: str) -> Document | None:
        if type(node) is not Sequence:
            self.wrong_type(node, path, "a list of {name, rate}")
            return None
        codecs: list[JsonValue] = []
        for index, item in enumerate(node.items):
            codec = self._codec(item, f"{path}[{index}]")
            if codec is not None:
                codecs.append(codec)
        return Document.of(codecs) if codecs else None

    def _codec(self, node: Node, path: str) -> JsonValue:
        mapping = self.mapping(node, path, "a mapping of name and rate")
        if mapping is None:
            return None
        for key in mapping.entries:
            if key not in _CODEC_KEYS:
                self.unknown_key(
                    mapping, key, f"{path}.{key}", f'a codec has no "{key}"', _CODEC_KEYS
                )
        name, rate = mapping.get("name"), mapping.get("rate")
        if name is None:
            self.error(
                "missing-key",
                node,
                path,
                'a codec needs "name"',
                "such as {name: PCMU, rate: 8000}",
            )
            return None
        text = self.full_text(name, f"{path}.name")
        if text is not None and any(one in CODEC_FORBIDDEN for one in text):
            message = "LiveKit refuses a codec's name with white space or a slash in it"
            self.error("codec-name", name, f"{path}.name", message, "the rate has a key of its own")
        count = self.count(rate, f"{path}.rate") if rate is not None else 0
        return None if text is None else {"name": text, "rate": count or 0}

    def _json(self, field: Field, node: Node, path: str) -> Secret | None:
        mapping = self.mapping(node, path, "a mapping, LiveKit's own JSON")
        if mapping is None:
            return None
        missing = len(self.secrets.missing)
        value: JsonValue = {
            key: self.json(below, f"{path}.{key}", secrets=True) for key, below in mapping
        }
        known = len(self.secrets.missing) == missing
        ref = SecretRef(config=f"{self.mark(node)}#{path}")
        return Secret(canonical_json(value) if known else None, ref) if value else None

    def _agents(self, field: Field, node: Node, path: str) -> Value | None:
        raise AssertionError("agents are computed, never read")


_Reader: TypeAlias = Callable[[FieldReader, Field, Node, str], Value | None]
_READERS: dict[FieldType, _Reader] = {
    FieldType.TEXT: FieldReader._text,
    FieldType.FLAG: FieldReader._flag,
    FieldType.COUNT: FieldReader._count,
    FieldType.CHOICE: FieldReader._choice,
    FieldType.DURATION: FieldReader._duration,
    FieldType.PASSWORD: FieldReader._password,
    FieldType.CREDENTIAL: FieldReader._credential,
    FieldType.HIDDEN_TEXT: FieldReader._hidden_text,
    FieldType.PHONE_NUMBERS: FieldReader._phone_numbers,
    FieldType.TEXTS: FieldReader._texts,
    FieldType.METADATA: FieldReader._metadata,
    FieldType.CODECS: FieldReader._codecs,
    FieldType.JSON: FieldReader._json,
    FieldType.REFERENCES: FieldReader._references,
    FieldType.AGENTS: FieldReader._agents,
}
