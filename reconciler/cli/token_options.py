"""What the options of `reconcile token` mean: metadata, attributes, grants and lifetimes as somebody types them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reconciler.tokens import Grants


_LONGEST_TTL = 365 * 24 * 3_600_000_000_000


def lifetime(ctx: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """The duration that an option names."""
    from reconciler.core.values import parse_duration

    nanoseconds = parse_duration(value)
    if not nanoseconds or nanoseconds > _LONGEST_TTL:
        raise click.BadParameter("write a duration such as 1h or 30m, at most 8760h")
    return timedelta(microseconds=nanoseconds / 1000)


def metadata_of(words: Sequence[str]) -> dict[str, object] | str | None:
    """The options together: keys and JSON objects make one mapping, a JSON text stands alone."""
    found: dict[str, object] = {}
    for word in words:
        if word.lstrip().startswith(("{", '"')):
            value = _json(word)
            if isinstance(value, str):
                if len(words) > 1:
                    raise click.UsageError(
                        "--metadata: a text stands alone, and mappings are merged"
                    )
                return value
            found.update(value)
        else:
            found.update(_pair(word, "--metadata", " or a JSON object"))
    return found if words else None


def _json(word: str) -> Any:
    try:
        value = json.loads(word)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"--metadata: this is no JSON ({type(error).__name__})") from error
    if not isinstance(value, dict | str):
        raise click.UsageError("--metadata: write a JSON object or a JSON text")
    return value


def pairs_of(words: Sequence[str], option: str) -> dict[str, str] | None:
    """Options of the form KEY=TEXT as a mapping, None where there are none."""
    found: dict[str, str] = {}
    for word in words:
        found.update(_pair(word, option))
    return found or None


def _pair(word: str, option: str, other: str = "") -> dict[str, str]:
    key, equals, value = word.partition("=")
    if not key or not equals:
        raise click.UsageError(f"{option}: write KEY=TEXT{other}")
    return {key: value}


def grants_of(words: Sequence[str]) -> Grants | None:
    """Grants by their names in Python or in LiveKit's JSON; without a value they are granted."""
    if not words:
        return None
    from reconciler.tokens.grants import Grants, camel_case

    known = {one.name: one.name for one in fields(Grants)}
    known |= {camel_case(name): name for name in known}
    found: dict[str, Any] = {}
    for word in words:
        spelling, equals, value = word.partition("=")
        name = known.get(spelling)
        if name is None:
            names = ", ".join(one.name for one in fields(Grants))
            raise click.UsageError(f"--grant: {spelling[:40]} is none of {names}")
        read: Callable[[str], object] = _sources if name == "can_publish_sources" else _flag
        found[name] = read(value if equals else "true")
    return Grants(**found)


def _flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise click.UsageError("--grant: write true or false behind =")
    return value == "true"


def _sources(value: str) -> tuple[str, ...]:
    return tuple(value.split(","))
