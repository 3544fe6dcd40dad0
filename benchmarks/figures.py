"""One figure of the table: what was measured, beside its baseline, and what the README promises of the two."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.measure import Spread


@dataclass(frozen=True, slots=True)
class Figure:
    """`promise` bounds the ratio of ours to the baseline: from above, or from below where more is better.

    `margin` bounds how much ours may lie above the baseline, in the figure's unit.
    """

    name: str
    unit: str
    ours: Spread
    bare: Spread
    promise: float | None = None
    more_is_better: bool = False
    margin: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours.median / self.bare.median

    @property
    def kept(self) -> bool:
        """Whether the promise, if there is one, holds."""
        if self.margin is not None:
            return self.ours.median <= self.bare.median + self.margin
        if self.promise is None:
            return True
        return self.ratio >= self.promise if self.more_is_better else self.ratio <= self.promise


_HEADINGS = ("figure", "reconcile", "bare", "ratio", "promised", "")


def table(figures: list[Figure]) -> str:
    """The figures as lines of text: median, then the lowest and highest in brackets."""
    rows = [_HEADINGS, *(row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def row(figure: Figure) -> tuple[str, ...]:
    """The cells of one figure."""
    sign = "≥" if figure.more_is_better else "≤"
    promise = "" if figure.promise is None else f"{sign} {figure.promise:g}"
    if figure.margin is not None:
        promise = f"≤ bare + {figure.margin:g} {figure.unit}"
    verdict = "" if not promise else "kept" if figure.kept else "BROKEN"
    ours, bare = _text(figure.ours, figure.unit), _text(figure.bare, figure.unit)
    return (figure.name, ours, bare, f"{figure.ratio:.2f}", promise, verdict)


def _text(spread: Spread, unit: str) -> str:
    digits = 0 if spread.high >= 100 else 1 if spread.high >= 20 else 2
    low, median, high = (
        f"{value:.{digits}f}" for value in (spread.low, spread.median, spread.high)
    )
    return f"{median} {unit} ({low}…{high})"


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    name, *rest = row
    return [name.ljust(widths[0]), *(t.rjust(w) for t, w in zip(rest, widths[1:], strict=True))]
