"""The status page: what stands on it, that nothing in a name becomes part of it, and how it looks in a real browser."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.agents.verdict import Verdict
from reconciler.errors import JournalError
from reconciler.journal.database import Journal
from reconciler.journal.entries import Session
from reconciler.render.escape import escape, shorten
from tests.controller.fronts import Served, front
from tests.controller.pictures import HOSTILE, fill_board, fill_hostile, fill_journal
from tests.graph.browser import open_page

# Elements that have no end.
_VOID = {"meta", "link", "input"}


class Outline(HTMLParser):
    """What a page consists of: its elements with their attributes, and whether each that begins also ends."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One more element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """The youngest ends first."""
        assert self._open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def text_of(page: str) -> str:
    """What a reader sees."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", body))


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A front with twenty rooms, some failures and one story."""
    async with front(tmp_path) as found:
        fill_board(found.board)
        fill_journal(found.journal)
        yield found


async def test_what_stands_on_it(served: Served) -> None:
    """Every room with its verdict and reason, bad ones first; each verdict's count; the failures of a day."""
    status, page = await served.get("/")
    assert status == 200
    text = text_of(page)
    for room in served.board:
        assert room.name in text
        assert room.judgement.reason in text
    for verdict in Verdict:
        assert verdict.value in text
    assert "20 live rooms" in text
    assert text.index("ornina-stage") < text.index("call-_+15550100001")
    assert "ornina-avatar-agent was dispatched 5 times" in text
    assert "acme-voice on 127.0.0.1:7880" in text
    # What another project has in the same journal is its own.
    assert "staging" not in text


async def test_a_search_for_a_room(served: Served) -> None:
    """The room as it is now, and its story step by step; with a star all rooms that begin so."""
    text = text_of((await served.get("/?room=ornina-demo"))[1])
    assert "ornina-showroom" not in text
    steps = [text.index(step) for step in ("room started", "retried", "job taken", "room finished")]
    assert steps == sorted(steps)
    assert "7 ms" in text
    assert "95 s" in text
    text = text_of((await served.get("/?room=ornina-*"))[1])
    assert "ornina-showroom" in text
    assert "interview" not in text.replace("interview-*", "")
    text = text_of((await served.get("/?room=nothing"))[1])
    assert "the journal has nothing about it" in text


@pytest.mark.parametrize(
    "search", ["%00", "%ff%fe", "*", "%2A%2A", "x" * 4000, "%25_'%22;--", "%E2%80%AE"]
)
async def test_any_search(served: Served, search: str) -> None:
    """Whatever somebody types is a search, and the page is whole."""
    status, page = await served.get(f"/?room={search}")
    assert status == 200
    Outline(page)


async def test_alerts_stand_on_top(served: Served) -> None:
    """What is wrong now, and no more when it is right again."""
    served.alerts.wrong("journal", "the disk is <full>")
    page = (await served.get("/"))[1]
    assert "journal : the disk is <full>" in text_of(page)
    assert text_of(page).index("<full>") < text_of(page).index("Rooms now")
    served.alerts.right("journal")
    assert "<full>" not in text_of((await served.get("/"))[1])


async def test_names_from_strangers(tmp_path: Path) -> None:
    """Names that are markup, quotes, directions of writing or new lines are shown, and are nothing else."""
    async with front(tmp_path) as served:
        fill_board(served.board)
        plain = Outline((await served.get("/"))[1])
        fill_hostile(served.board, served.journal)
        page = (await served.get("/"))[1]
    outline = Outline(page)
    assert {tag for tag, _ in outline.elements} == {tag for tag, _ in plain.elements}
    assert {one for _, found in outline.elements for one in found} == {
        one for _, found in plain.elements for one in found
    }
    text = text_of(page)
    for name in HOSTILE:
        assert shorten(escape(name), 120) in text
    assert "\u202e" not in page
    assert "\x00" not in page


async def test_links_lead_to_the_room(tmp_path: Path) -> None:
    """Whatever it is called, the link searches for just that name."""
    async with front(tmp_path) as served:
        fill_hostile(served.board, served.journal)
        outline = Outline((await served.get("/"))[1])
        links = [parse_qs(urlsplit(str(one["href"])).query) for one in outline.all("a")]
        names = {found["room"][0] for found in links if "room" in found}
        # The journal cannot hold every character: there the name is a little different.
        assert names >= {name for name in HOSTILE if name}
        for name in names:
            async with served.http.get(f"{served.url}/", params={"room": name}) as answer:
                assert "gave up" in text_of(await answer.text()), name


async def test_it_needs_nothing_but_itself(served: Served) -> None:
    """No script, nothing from outside, and a policy that would forbid both."""
    async with served.http.get(f"{served.url}/") as answer:
        page = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in policy
    assert "<script" not in page
    assert "http" not in re.sub(r'http-equiv="refresh"', "", page)


async def test_for_those_who_cannot_see_it(served: Served) -> None:
    """Language, landmarks, headings in order, a label, and tables whose columns and names are known."""
    for path in ("/", "/?room=ornina-*"):
        outline = Outline((await served.get(path))[1])
        assert outline.all("html") == [{"lang": "en"}]
        for landmark in ("header", "main", "h1", "title"):
            assert len(outline.all(landmark)) == 1
        (field,) = outline.all("input")
        assert [one["for"] for one in outline.all("label")] == [field["id"]]
        headings = {one["id"] for one in outline.all("h2")}
        assert [one["aria-labelledby"] in headings for one in outline.all("table")] == [True, True]
        assert all(one["scope"] == "col" for one in outline.all("th"))
        assert all(one["data-name"] for one in outline.all("td"))


async def test_it_can_stand_still(served: Served) -> None:
    """It is loaded anew every few seconds, unless somebody searches or does not want it."""
    assert 'http-equiv="refresh"' in (await served.get("/"))[1]
    for path in ("/?still=1", "/?room=a"):
        assert 'http-equiv="refresh"' not in (await served.get(path))[1]


async def test_a_journal_that_fails(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rooms are shown all the same, and why there is no more."""

    def fail(self: Journal, since: float, **options: object) -> list[Session]:
        raise JournalError("the journal cannot be read: <why>")

    monkeypatch.setattr(type(served.journal), "failures", fail)
    status, page = await served.get("/")
    assert status == 200
    assert "the journal cannot be read: <why>" in text_of(page)
    assert "ornina-stage" in text_of(page)


async def test_thousands_of_rooms_are_one_page(tmp_path: Path) -> None:
    """The first two hundred, and how many more there are."""
    from reconciler.agents.live import LiveRoom
    from reconciler.agents.verdict import Judgement

    async with front(tmp_path) as served:
        for number in range(3000):
            room = LiveRoom(f"call-{number}", f"RM_{number}", float(number), 1)
            served.board.show(room, "call-*", Judgement(Verdict.OK, ""), 0.0, is_settled=True)
        page = (await served.get("/"))[1]
    assert "and 2,800 more" in text_of(page)
    assert len(page) < 200_000


# A frame of a phone's width: a browser's window is not that narrow.
_FRAME = '<body style="margin:0"><iframe id="f" src="page.html" style="border:0;width:{width}px;height:900px"></iframe>'
_MEASURE = (
    "<script>addEventListener('load',()=>{{const r=document.documentElement;"
    "document.title=`${{r.scrollWidth}}<=${{r.clientWidth}} `"
    "+[...document.querySelectorAll('td,a,h1,h2,p,li,input,button')].filter("
    "e=>e.getBoundingClientRect().right>r.clientWidth+1).length;"
    "parent.postMessage(document.title,'*')}})</script>"
)
_LISTEN = "<script>addEventListener('message',e=>{document.title=e.data})</script>"


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("path", ["/", "/?room=ornina-*", "/?room=ornina-demo"])
async def test_nothing_sticks_out(tmp_path: Path, path: str, width: int) -> None:
    """On a phone and on a desk, with the longest and strangest names, nothing is wider than the window."""
    async with front(tmp_path) as served:
        fill_board(served.board)
        fill_journal(served.journal)
        fill_hostile(served.board, served.journal)
        served.alerts.wrong("configuration", "x" * 400)
        page = (await served.get(path))[1]
    measured = page.replace("</body>", f"{_MEASURE.format()}</body>")
    (tmp_path / "page.html").write_text(measured, encoding="utf-8")
    (tmp_path / "frame.html").write_text(_FRAME.format(width=width) + _LISTEN, encoding="utf-8")
    opened = open_page(tmp_path / "frame.html", width=1400)
    found = re.search(r"<title>(\d+)&lt;=(\d+) (\d+)</title>", opened.dom)
    assert found is not None, opened.dom[-300:]
    assert int(found[1]) <= int(found[2])
    assert width - 20 < int(found[2]) <= width  # less the bar to scroll with
    assert found[3] == "0"


@pytest.mark.parametrize("part", [0, 1], ids=["light", "dark"])
def test_colours_can_be_told_apart(part: int) -> None:
    """Every colour of text has a contrast of 4.5 to 1 or more on each ground that it stands on."""
    from reconciler.controller.style import STYLE

    themes = re.findall(r":root\{([^}]*)\}", STYLE)
    colours = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", themes[part]))
    pairs = [
        (ink, ground)
        for ink in ("ink", "soft", "link", "good", "bad", "wait")
        for ground in ("card", "ground")
    ]
    pairs += [(kind, f"{kind}-ground") for kind in ("good", "bad", "wait")] + [
        ("ink", "bad-ground")
    ]
    for ink, ground in pairs:
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG reckons it."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """How bright a colour is, from 0 to 1."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
