"""Maps as Mermaid: what a pull request shows, and that no name breaks out of its quotes.

`RECONCILE_MERMAID=…/mermaid.js` has the real thing, which `npm install mermaid` brings, draw the hostile map in a real
browser.
"""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.config.model import Configuration
from reconciler.graph import graph_of_configuration
from reconciler.graph.mermaid import MAX_CHARACTERS, MAX_EDGES, mermaid
from reconciler.graph.words import badge, label
from reconciler.sip.era import Era
from tests.graph.browser import missing, open_page
from tests.graph.goldens import same_as_golden
from tests.graph.hostile import CANARY, NAMES, hostile_graph, hostile_plane, names
from tests.graph.projects import SMALL, graph, large

# The only lines there are. A text is harmless characters and entities; nothing else can stand between the quotes.
_TEXT = r"(?:[A-Za-z0-9 ,+./-]|[^\x00-\x7f]|#[0-9]+;|<br/>)+"
_SHAPES = r"(?:\[{q}\]|\(\[{q}\]\)|\({q}\)|\{{\{{{q}\}}\}})".format(q=f'"{_TEXT}"')
_LINES = re.compile(
    "|".join(
        (
            r"flowchart LR",
            r"  acc(?:Title|Descr): [^\x00-\x1f:;{}#%]+",
            r'  nothing\["nothing to draw"\]',
            rf'  subgraph (?:sip|agents)_plane\["{_TEXT}"\]',
            r"  end",
            rf"    n\d+{_SHAPES}",
            rf'  n\d+ (?:-->|-\.->)(?:\|"{_TEXT}"\|)? n\d+',
            rf'  left_out\["{_TEXT}"\]',
            r"  classDef [a-z]+ [a-z0-9#:, -]+",
            r"  class n\d+(?:,n\d+)* [a-z]+",
            r"  linkStyle \d+(?:,\d+)* [a-z0-9#:, -]+",
        )
    )
)


def _is_strict(text: str) -> bool:
    lines = text.split("\n")
    wrong = [line for line in lines[:-1] if not _LINES.fullmatch(line)]
    assert wrong == []
    return lines[-1] == ""


def test_a_small_project_as_a_whole() -> None:
    """The picture of a file, line by line."""
    drawn = mermaid(graph(SMALL))
    assert _is_strict(drawn)
    same_as_golden("small.mmd", drawn)


@settings(deadline=None)
@given(st.lists(names, min_size=1, max_size=6))
def test_no_name_breaks_out(texts: list[str]) -> None:
    """Whatever objects are called, the lines are those of a flowchart and no others."""
    drawn = mermaid(hostile_graph(texts))
    assert _is_strict(drawn)
    assert CANARY not in drawn


def test_it_tells_those_who_cannot_see_it_what_there_is() -> None:
    """A title, how much there is of everything, and what is found; an empty project says so in the picture."""
    drawn = mermaid(graph(SMALL)).splitlines()
    assert drawn[1] == "  accTitle: Dispatch of acme-voice"
    assert drawn[2].startswith("  accDescr: 9 numbers, 3 inbound trunks, ")
    assert drawn[2].endswith(". 4 warnings, 1 note")
    empty = mermaid(graph("version: 1\nproject: {name: nothing}\n"))
    assert _is_strict(empty)
    assert 'nothing["nothing to draw"]' in empty


def test_what_does_not_fit_is_counted() -> None:
    """GitHub refuses more than 500 edges or 50,000 characters as a whole: this picture says what is missing."""
    drawn = mermaid(graph(large(600)))
    assert _is_strict(drawn)
    edges = [line for line in drawn.splitlines() if "-->" in line]
    assert 300 < len(edges) <= MAX_EDGES
    assert len(drawn) <= MAX_CHARACTERS
    (told,) = (line for line in drawn.splitlines() if line.startswith("  left_out"))
    left_out = int(re.findall(r"edges#58; ([0-9,]+)", told)[0].replace(",", ""))
    assert left_out + len(edges) == len(graph(large(600)).edges)
    assert re.search(r"\d+ dispatch rules", told)


def test_what_is_wrong_is_never_left_out() -> None:
    """Of a project that does not fit, the rules with findings are drawn first."""
    last = re.findall(r"^    (\S+-\d+-\w+):$", large(600), re.MULTILINE)[-1]
    broken = large(600).replace(
        f"{last}:\n      trunks", f"{last}:\n      line: nobody\n      trunks"
    )
    drawn = mermaid(graph(broken))
    assert last in drawn
    assert last not in mermaid(graph(large(600)))


def test_long_names_do_not_make_it_too_long() -> None:
    """A picture within the limits of characters, whatever is in it."""
    drawn = mermaid(hostile_graph([f"{index}" + '"' * 300 for index in range(200)]))
    assert len(drawn) <= MAX_CHARACTERS
    assert _is_strict(drawn)
    assert "left_out" in drawn


def test_the_real_mermaid_draws_every_name_as_it_is(tmp_path: Path) -> None:
    """Mermaid itself, in a browser: each node has just the label that it should have."""
    program = os.environ.get("RECONCILE_MERMAID")
    if not program:
        missing("no Mermaid: RECONCILE_MERMAID=…/mermaid.js names the one from npm")
    drawn = hostile_graph(list(NAMES))
    text = json.dumps(mermaid(drawn)).replace("<", "\\u003c")
    page = tmp_path / "page.html"
    page.write_text(_PAGE.replace("SOURCE", Path(program).as_uri()).replace("TEXT", text))
    opened = open_page(page)
    found = re.search(r'<pre id="labels">(.*?)</pre>', opened.dom, re.DOTALL)
    assert found is not None
    shown: dict[str, str] = json.loads(html.unescape(found[1]))
    for node in drawn.nodes:
        wanted = " ".join((label(node, 48), badge(drawn, node)))
        # What keeps two characters apart cannot be seen, and white space is as wide as a browser likes.
        got = shown[node.id].replace("\u200b", "")
        assert "".join(got.split()) == "".join(wanted.split()), node


def test_conventions_have_hostile_names_too() -> None:
    """Prefixes, lines and agents of a file are as harmless as names of live objects."""
    read = Configuration(agents=hostile_plane(list(NAMES)))
    drawn = mermaid(graph_of_configuration(read, (), Era.NEW))
    assert _is_strict(drawn)
    assert drawn.count("{{") == len(NAMES)


_PAGE = """<!doctype html><html><head><meta charset="utf-8"></head><body><script src="SOURCE"></script><script>
(async () => {
  mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
  const told = {}, box = document.createElement("div"), pre = document.createElement("pre");
  document.body.append(box, pre);
  try {
    box.innerHTML = (await mermaid.render("drawn", TEXT)).svg;
    for (const node of box.querySelectorAll("g.node")) {
      const name = /flowchart-(n\\d+)-/.exec(node.id);
      if (name) told[name[1]] = node.querySelector(".nodeLabel").innerText.split("\\n")[0];
    }
  } catch (error) { told.error = String(error); }
  pre.id = "labels";
  pre.textContent = JSON.stringify(told);
})();
</script></body></html>
"""
