"""Where secrets come from: environment variables and files, looked up when a configuration is read.

A command that compares with a server, or writes, needs every one of them; an offline command does without and
compares references. Which variables are missing is remembered with their places, never their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.core.finding import Mark
from reconciler.core.values import Secret, SecretRef
from reconciler.files import read_at_most

# No password is longer; a file that goes on for ever is not read for ever.
MAX_BYTES = 1024 * 1024


class SecretSource:
    """Looks references up, each once; `missing` lists those without a value, with every place that needs them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._refs: dict[tuple[str, str], SecretRef] = {}
        self._values: dict[SecretRef, str | None] = {}
        self.missing: list[tuple[SecretRef, str, Mark]] = []

    def env_ref(self, name: str) -> SecretRef:
        """The reference to a variable."""
        ref = self._refs.get(("", name))
        if ref is None:
            ref = self._refs["", name] = SecretRef(env=name)
        return ref

    def file_ref(self, beside: str, path: str) -> SecretRef:
        """The reference to a file, whose path counts from the folder of the file it is written in."""
        ref = self._refs.get((beside, path))
        if ref is None:
            ref = self._refs[beside, path] = SecretRef(file=str(Path(beside).parent / path))
        return ref

    def secret(self, ref: SecretRef, path: str, mark: Mark) -> Secret:
        """The secret of a reference, without a value where there is none."""
        value = self.value(ref)
        if value is None:
            self.missing.append((ref, path, mark))
        return Secret(value, ref)

    def value(self, ref: SecretRef) -> str | None:
        """The text, or None where the variable or file is not there, empty or not text."""
        if ref not in self._values:
            self._values[ref] = self._look_up(ref)
        return self._values[ref]

    def _look_up(self, ref: SecretRef) -> str | None:
        if ref.env is not None:
            value = self._environ.get(ref.env, "")
            return value if value and _is_text(value) else None
        return None if ref.file is None else _read(Path(ref.file))


def _read(path: Path) -> str | None:
    """The text of a secret's file without the newline that editors put at its end."""
    try:
        data = read_at_most(path, MAX_BYTES)
        if len(data) > MAX_BYTES:
            return None
        return data.decode().removesuffix("\n").removesuffix("\r") or None
    except (OSError, ValueError):  # no such file, not UTF-8, or no path at all
        return None


def _is_text(value: str) -> bool:
    """Whether a variable is UTF-8: Python hands other bytes on as halves of characters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def describe_missing(missing: list[tuple[SecretRef, str, Mark]]) -> list[str]:
    """One line a reference, with the first place that needs it and how many more there are."""
    places: dict[str, list[str]] = {}
    for ref, path, mark in missing:
        what = (
            f"variable {ref.env} is not set, empty or not UTF-8"
            if ref.env
            else f"file {ref.file} is missing, empty or not readable"
        )
        places.setdefault(what, []).append(f"{mark} ({path})" if mark.line else path)
    lines = []
    for what, where in sorted(places.items()):
        more = f" and {len(where) - 1} more" if len(where) > 1 else ""
        lines.append(f"{what}: needed at {where[0]}{more}")
    return lines
