"""The documentation site: it builds without a warning, has all pages, and asks nobody else for anything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.cli.main import COMMANDS
from reconciler.core.finding import DOCS, Finding, Severity
from reconciler.lint.codes import CODES
from tests.docs.documents import DOCUMENTS
from tests.docs.markdown import blocks
from tests.graph.browser import open_address
from tests.project.repository import ROOT
from tools import diagrams, docsite

PAGES = sorted(path for path in DOCUMENTS if path.startswith("docs/"))
# What a page may load: itself and its neighbours. Whatever else it asks for is refused, and the console says so.
POLICY = "default-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self' blob: 'unsafe-inline'"


def build(configuration: Path, place: Path) -> subprocess.CompletedProcess[str]:
    """Builds as `make docs` does. Not with `--quiet`, under which mkdocs counts no warnings."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "mkdocs", "build", "--strict"),
            *("--config-file", str(configuration), "--site-dir", str(place)),
        ],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, in which a warning is an error."""
    place = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", place)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def test_a_warning_is_an_error(tmp_path: Path) -> None:
    """Links that lead nowhere end the build, and so does a page that the navigation lacks."""
    (tmp_path / "docs").mkdir()
    for name, text in (("index", "[gone](gone.md), [here](#not-here)"), ("lost", "nothing")):
        (tmp_path / "docs" / f"{name}.md").write_text(f"# Title\n\n{text}\n", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(
        f"INHERIT: {ROOT / 'mkdocs.yml'}\nhooks: [{ROOT / 'tools' / 'docsite.py'}]\nnav: [index.md]\n",
        encoding="utf-8",
    )
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 1
    assert all(one in done.stderr for one in ("lost.md", "'gone.md'", "'#not-here'"))


def page_of(site: Path, address: str) -> str:
    """The HTML of a page by its path below the site's root."""
    return (site / address / "index.html").read_text(encoding="utf-8")


class Reading(HTMLParser):
    """What a page shows as prose, where it links to, and what it loads by itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.prose = ""
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins: what it refers to is noted."""
        named = dict(attrs)
        if tag == "a":
            self.links.add(named.get("href") or "")
        elif tag == "link" and named.get("rel") not in ("canonical", "next", "prev"):
            self.loads.add(named.get("href") or "")
        elif tag != "a" and named.get("src"):
            self.loads.add(named["src"] or "")
        if tag in ("p", "li", "code", "pre", "script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """A tag ends."""
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Text: prose only outside of code."""
        if self._inside and not {"code", "pre", "script", "style"} & set(self._inside):
            self.prose += data


def test_every_document_is_a_page(site: Path) -> None:
    """Each file of docs/ is on the site, and so are those that stand where GitHub looks for them."""
    for path in PAGES:
        page = path.removeprefix("docs/").removesuffix(".md").removesuffix("index")
        assert (site / page / "index.html").exists(), path
    for page in docsite.ROOT_PAGES.values():
        assert (site / page.removesuffix(".md") / "index.html").exists()


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        pytest.param("commands", set(COMMANDS), id="commands"),
        pytest.param("findings", set(CODES), id="findings"),
    ],
)
def test_every_command_and_every_code_can_be_navigated_to(
    site: Path, folder: str, names: set[str]
) -> None:
    """The navigation beside such a page leads to each of the others."""
    one = sorted(names)[0]
    links = Reading(page_of(site, f"{folder}/{one}")).links
    assert {name for name in names - {one} if f"../{name}/" not in links} == set()


def test_outputs_lead_to_the_site(site: Path) -> None:
    """The `url` of every finding is a page of the site, so is the address of a schema, and each rule has its anchor."""
    root = DOCS.removesuffix("findings/")
    assert f"site_url: {root}\n" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for code in CODES:
        url = Finding(code, Severity.ERROR, "", "").url
        assert (site / url.removeprefix(root) / "index.html").exists(), url
    for schema in (ROOT / "reconciler" / "schemas").glob("*.json"):
        address = json.loads(schema.read_text(encoding="utf-8"))["$id"]
        assert (site / address.removeprefix(root)).read_bytes() == schema.read_bytes()
    rules = page_of(site, "routing")
    assert all(f'id="rule-{number}"' in rules for number in range(1, 47))


def test_what_is_a_list_on_github_is_one_on_the_site(site: Path) -> None:
    """No paragraph holds a list, a table or a directive that Markdown was to make something of."""
    for path in PAGES:
        page = path.removeprefix("docs/").removesuffix(".md").removesuffix("index")
        prose = Reading(page_of(site, page)).prose
        found = re.search(r"^(- |[1-9]\. |\|)|\*\*|<!--|\]\(", prose, re.MULTILINE)
        assert found is None, f"{path}: …{prose[max(0, found.start() - 40) : found.end() + 40]}…"


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    """Scripts, styles, fonts and pictures are the site's own."""
    for place in site.glob("**/*.html"):
        assert {
            one for one in Reading(place.read_text(encoding="utf-8")).loads if "//" in one
        } == set(), place
    for place in site.glob("**/*.css"):
        assert (
            re.search(r"@import|url\(\s*[\"']?(https?:)?//", place.read_text(encoding="utf-8"))
            is None
        )


class _Guarded(SimpleHTTPRequestHandler):
    """Serves a folder under `POLICY`, without a word."""

    def end_headers(self) -> None:
        """Every answer has the policy."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the name is the base's
        """Nothing is logged."""


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    """The address of the site on loopback, where a browser may load nothing else."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Guarded, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("page", ["two-systems/", "architecture/"])
def test_a_browser_asks_nobody_else(page: str, served: str) -> None:
    """Nor do the scripts of the theme fetch anything: no font, no counter, nothing that draws diagrams."""
    opened = open_address(f"{served}{page}")
    assert "data-md-color-scheme" in opened.dom
    assert [line for line in opened.console if "Content Security Policy" in line] == []


def test_a_browser_that_asks_somebody_is_noticed(site: Path, served: str) -> None:
    """The test before would fail: a page with a picture from elsewhere is told of in the console."""
    (site / "asking.html").write_text('<img src="https://counter.example/1.png">', encoding="utf-8")
    opened = open_address(f"{served}asking.html")
    (site / "asking.html").unlink()
    assert [line for line in opened.console if "Content Security Policy" in line]


def test_maps_are_current() -> None:
    """The map beside a file is the one that `reconcile graph` draws of it: `python -m tools.diagrams`."""
    drawn = list(diagrams.maps())
    assert len(drawn) >= 2
    for place, picture in drawn:
        assert place.read_text(encoding="utf-8") == picture, place


def test_diagrams_are_current() -> None:
    """Each was drawn from the text beside it: `python -m tools.diagrams`."""
    sources = list(diagrams.ASSETS.glob("*.dot"))
    assert sources
    for source in sources:
        picture = source.with_suffix(".svg").read_text(encoding="utf-8")
        assert picture.startswith(diagrams.mark(source.read_text(encoding="utf-8"))), source


def test_no_page_needs_a_program_to_draw_its_pictures() -> None:
    """A site would fetch Mermaid from elsewhere: pictures of the pages are drawn beforehand."""
    assert [
        path for path in PAGES for one in blocks(DOCUMENTS[path]) if one.language == "mermaid"
    ] == []
