"""Draws the pictures of the documents, so that nothing is drawn, or fetched, when a page is read.

`python -m tools.diagrams` draws them anew. A comment `<!-- map: PATH -->` above a YAML block of a page asks for the map
of that file, as `reconcile graph --format svg` draws it. A `.dot` file in docs/assets is drawn by Graphviz, whose
pictures differ from one version to the next: each says which text it was made from, and a test compares that.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from reconciler.config.load import load
from reconciler.graph import GraphFormat, graph_of_configuration, show_graph
from reconciler.planning import check
from reconciler.sip.era import Era

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ASSETS = DOCS / "assets"

_MAP = re.compile(
    r"^<!-- map: (\S+) -->\n(?:<!-- .* -->\n)*```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
# Light or dark as the reader is, in the colours of the maps.
_STYLE = """<style>
.node polygon,.node path,.node ellipse{fill:#f6f8fa;stroke:#8c959f}
.graph>polygon{fill:#fff}
.edge path{stroke:#8c959f}.edge polygon{fill:#8c959f;stroke:#8c959f}
text{fill:#24292f}.edge text{fill:#57606a}
@media (prefers-color-scheme:dark){
.node polygon,.node path,.node ellipse{fill:#161b22;stroke:#6e7681}
.graph>polygon{fill:#0d1117}
.edge path{stroke:#6e7681}.edge polygon{fill:#6e7681;stroke:#6e7681}
text{fill:#e6edf3}.edge text{fill:#9198a1}
}
</style>
"""
_LOOK = [
    "-Gfontname=sans-serif",
    "-Gnodesep=0.3",
    "-Granksep=0.35",
    "-Nfontname=sans-serif",
    "-Nfontsize=12",
    "-Nshape=box",
    "-Nstyle=rounded",
    "-Efontname=sans-serif",
    "-Efontsize=10",
]


def maps() -> Iterator[tuple[Path, str]]:
    """The map of each file that a page wants drawn: where it is, and what it is to be."""
    for page in sorted(DOCS.glob("**/*.md")):
        for found in _MAP.finditer(page.read_text(encoding="utf-8")):
            yield page.parent / found[1], map_of(found[2])


def map_of(text: str) -> str:
    """The map of a configuration, as SVG."""
    configuration = load({Path("dispatch.yaml"): text.encode()}, {})
    graph = graph_of_configuration(configuration, check(configuration, Era.NEW), Era.NEW)
    return show_graph(graph, GraphFormat.SVG)


def mark(text: str) -> str:
    """What a picture says of the text that it was made from."""
    return f"<!-- made from {hashlib.sha256(text.encode()).hexdigest()} -->\n"


def drawn(text: str) -> str:
    """A graph as Graphviz draws it."""
    done = subprocess.run(
        ["dot", "-Tsvg", *_LOOK], input=text, capture_output=True, text=True, check=True
    )
    head, svg = done.stdout.split("<svg ", 1)
    opening, rest = svg.split(">", 1)
    del head
    return f"{mark(text)}<svg {opening}>\n{_STYLE}{rest.lstrip()}"


def main() -> None:
    """Draws all of them; of Graphviz' only those that are not current."""
    for place, picture in maps():
        place.write_text(picture, encoding="utf-8")
    for source in ASSETS.glob("*.dot"):
        text, place = source.read_text(encoding="utf-8"), source.with_suffix(".svg")
        if not place.exists() or mark(text) not in place.read_text(encoding="utf-8"):
            place.write_text(drawn(text), encoding="utf-8")
    sys.stdout.write(f"pictures in {ASSETS} drawn\n")


if __name__ == "__main__":
    main()
