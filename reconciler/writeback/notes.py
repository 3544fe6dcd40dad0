"""What a write-back tells: what it wrote, and what stays different, with the place and the way out."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.core.finding import NOWHERE, Mark


@dataclass(frozen=True, slots=True)
class Done:
    """Something that a file says from now on: an object and its fields, or what became of it."""

    file: str
    what: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}: {self.what}{': ' if self.fields else ''}{', '.join(self.fields)}"


@dataclass(frozen=True, slots=True)
class Left:
    """A difference that stays: of an object, in the field `path`, or with an empty one as a whole.

    `is_error`: the file cannot say it. Otherwise it does, and somebody has to set a variable.
    """

    kind: str
    name: str
    path: str
    what: str
    reason: str
    fix: str
    mark: Mark = NOWHERE
    is_error: bool = True

    def __str__(self) -> str:
        place = f"{self.mark}: " if self.mark.file else ""
        path = f": {self.path}" if self.path else ""
        return f"{place}{self.what}{path}: {self.reason} - {self.fix}"


@dataclass(slots=True)
class Outcome:
    """What one pass wrote, what it could not, and what else there is to know."""

    done: list[Done] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
