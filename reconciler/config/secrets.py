"""Where secrets come from: environment variables and files, looked up when a configuration is read.

A command that compares with a server, or writes, needs every one of them; an offline command does without and
compares references. Which variables are missing is remembered with their places, never their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.core.finding import Mark
from reconciler.core.values import Secret, SecretRef


class SecretSource:
    """Looks references up; `missing` lists those that could not be found, each with the places that need it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._files: dict[str, str | None] = {}
        self.missing: list[tuple[SecretRef, str, Mark]] = []

    def secret(self, ref: SecretRef, path: str, mark: Mark) -> Secret:
        """The secret of a reference, without a value where there is none."""
        value = self.value(ref)
        if value is None:
            self.missing.append((ref, path, mark))
        return Secret(value, ref)

    def value(self, ref: SecretRef) -> str | None:
        """The text, or None where the variable or file is not there or empty."""
        if ref.env is not None:
            return self._environ.get(ref.env) or None
        if ref.file is not None:
            if ref.file not in self._files:
                self._files[ref.file] = _read(Path(ref.file))
            return self._files[ref.file]
        return None


def _read(path: Path) -> str | None:
    """The text of a secret's file without the newline that editors put at its end."""
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r") or None
    except (OSError, UnicodeDecodeError):
        return None


def describe_missing(missing: list[tuple[SecretRef, str, Mark]]) -> str:
    """One line a reference, with the first place that needs it and how many more there are."""
    places: dict[str, list[str]] = {}
    for ref, path, mark in missing:
        what = (
            f"variable {ref.env} is not set"
            if ref.env
            else f"file {ref.file} is missing, empty or not readable"
        )
        places.setdefault(what, []).append(f"{mark} ({path})" if mark.line else path)
    lines = []
    for what, where in sorted(places.items()):
        more = f" and {len(where) - 1} more" if len(where) > 1 else ""
        lines.append(f"{what}: needed at {where[0]}{more}")
    return "\n".join(lines)
