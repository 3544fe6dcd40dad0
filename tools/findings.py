"""Writes what documents say of the codes of findings: the table of docs/findings/index.md, the head of each page.

`python -m tools.findings` writes them anew; a test compares them with what is committed. The examples of the pages are
written by hand, and tested.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from reconciler.lint.codes import CODES, Code

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "findings"
INDEX = PAGES / "index.md"

_TABLE = re.compile(r"(<!-- generated: findings -->\n).*?(<!-- end -->)", re.DOTALL)
_HEAD = re.compile(r"\A# .*\n\n.*\n")


def index(text: str) -> str:
    """docs/findings/index.md with its table made anew."""
    rows = "".join(_row(name, code) for name, code in sorted(CODES.items()))
    header = "| Code | | What it means |\n| --- | --- | --- |\n"
    return _TABLE.sub(lambda found: f"{found[1]}{header}{rows}{found[2]}", text)


def _row(name: str, code: Code) -> str:
    return f"| [`{name}`]({name}.md) | {code.severity} | {code.reason} |\n"


def page(name: str, text: str) -> str:
    """The page of a code with its head made anew."""
    code = CODES[name]
    return _HEAD.sub(lambda _: f"# {name}\n\n**{code.severity}** · {code.reason}\n", text)


def main() -> None:
    """Writes all of them."""
    INDEX.write_text(index(INDEX.read_text(encoding="utf-8")), encoding="utf-8")
    for name in CODES:
        place = PAGES / f"{name}.md"
        place.write_text(page(name, place.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{INDEX} and {len(CODES)} pages written\n")


if __name__ == "__main__":
    main()
