"""Tokens as documents, and the sections that all formats show. No signature is in any of them but a minted token's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypedDict

from reconciler.core.values import JsonValue, compact_json
from reconciler.render.document import FORMAT_VERSION, to_json
from reconciler.render.escape import escape, quote, shorten
from reconciler.render.formats import Format
from reconciler.render.outline import Line, Section, plural
from reconciler.render.plan_outline import finding_line
from reconciler.render.shapes import FindingDocument

_LONG = 160
_WIDEST = 48


class TokenDocument(TypedDict):
    """A minted token; `expires_at` is a moment in UTC, `agents` are the names that it brings."""

    format_version: int
    token: str
    room: str
    identity: str
    expires_at: str
    agents: list[str]
    convention: str | None


class ClaimDocument(TypedDict):
    """One value in a token; null where it is hidden."""

    path: str
    value: JsonValue
    hidden: bool


class InspectDocument(TypedDict):
    """An audited token. Moments are in UTC, and null where the token does not tell them."""

    format_version: int
    room: str
    identity: str
    issuer: str
    algorithm: str
    not_before: str | None
    expires_at: str | None
    convention: str | None
    dispatch: list[str]
    agents: list[str]
    problems: int
    findings: list[FindingDocument]
    claims: list[ClaimDocument]


def moment(seconds: float | None) -> str | None:
    """Seconds since the epoch as `2026-01-31T12:00:00Z`."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def token_document(
    token: str,
    *,
    room: str,
    identity: str,
    expires: float,
    agents: Iterable[str],
    convention: str | None,
) -> TokenDocument:
    """A minted token."""
    return {
        "format_version": FORMAT_VERSION,
        "token": token,
        "room": room,
        "identity": identity,
        "expires_at": moment(expires) or "",
        "agents": list(agents),
        "convention": convention,
    }


def show_token(document: TokenDocument, form: Format) -> str:
    """The token alone, or all that is known of it."""
    return to_json(document) if form is Format.JSON else f"{document['token']}\n"  # type: ignore[arg-type]


def show_inspection(document: InspectDocument, form: Format, *, color: bool = False) -> str:
    """An audited token."""
    if form is Format.JSON:
        return to_json(document)  # type: ignore[arg-type]
    title, parts, last = _heading(document), _sections(document), _conclusion(document)
    if form is Format.TEXT:
        from reconciler.render.text import page

        return page(title, parts, last, color)
    from reconciler.render.markdown import SUMMARY_LIMIT, assemble, code_span

    head = ["## Token", code_span(title), code_span(last)]
    return assemble(head, parts, [], SUMMARY_LIMIT, fold=False)


def _heading(document: InspectDocument) -> str:
    who, room = _or_nobody(document["identity"]), _or_nobody(document["room"])
    return f"Token of {who} for room {room}"


def _sections(document: InspectDocument) -> list[Section]:
    facts = [
        (
            "signed",
            f"{escape(document['algorithm'] or 'by nothing')} for key {_or_nobody(document['issuer'])}",
        ),
        ("valid", f"{document['not_before'] or 'always'} to {document['expires_at'] or 'always'}"),
        ("agents", _names(document["agents"])),
        ("convention", _convention(document)),
    ]
    found = [Section("Token", tuple(Line(f"{name:<10}  {value}") for name, value in facts))]
    if document["findings"]:
        lines = tuple(Line(finding_line(one)) for one in document["findings"])
        found.append(Section("Findings", lines, flush=True, urgent=document["problems"] > 0))
    if document["claims"]:
        found.append(Section("Claims", tuple(_claims(document["claims"]))))
    return found


def _convention(document: InspectDocument) -> str:
    if document["convention"] is None:
        return "none"
    return f"{quote(document['convention'])}, agents by {', '.join(document['dispatch'])}"


def _claims(claims: Sequence[ClaimDocument]) -> Iterator[Line]:
    """A line each, the values below each other; a path that is longer than most stands out."""
    paths = [escape(one["path"]) for one in claims]
    width = min(max(map(len, paths)), _WIDEST)
    for path, claim in zip(paths, claims, strict=True):
        yield Line(f"{path:<{width}}  {_value(claim)}")


def _value(claim: ClaimDocument) -> str:
    if claim["hidden"]:
        return "(hidden)"
    value = claim["value"]
    text = quote(value) if isinstance(value, str) else escape(compact_json(value))
    return shorten(text, _LONG)


def _conclusion(document: InspectDocument) -> str:
    if document["problems"]:
        return f"{plural(document['problems'], 'problem')}."
    return "No problem was found."


def _names(names: Sequence[str]) -> str:
    return ", ".join(quote(name) if name != "(unnamed)" else name for name in names) or "none"


def _or_nobody(text: str) -> str:
    return quote(shorten(text, _LONG)) if text else "(none)"
