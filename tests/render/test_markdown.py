"""Markdown for job summaries and comments: nothing breaks out of it, and it fits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.core.finding import Severity
from reconciler.core.plan import Plan, Unlisted
from reconciler.render import github
from reconciler.render.document import drift_document, findings_document, plan_document
from reconciler.render.formats import Format, show_findings
from reconciler.render.github import COMMENT_LIMIT, comment_marker, plan_comment
from reconciler.render.markdown import code_span, plan_markdown
from tests.render.plans import creations, field, finding, update

# Tags that the renderer writes itself; any other one came from a name.
OWN_HTML = re.compile(
    r"<details><summary>[^<>]*</summary>\s*|</details>\s*|<!-- livekit-reconciler:[a-z]+:[^\s<>]* -->\s*"
)

ATTACKS = [
    "```\n</details>\n<script>alert(1)</script>\n```",
    "`" * 40,
    "</summary></details><img src=x onerror=alert(1)>",
    "@acme/everybody please look",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "| a | b |\n| --- | --- |",
    "<!-- --> -->",
    "--><!--",
    "~~~\n# heading\n---",
    "&lt;b&gt; &amp; &#60;",
    "    indented\n\n- list\n> quote",
    "a\r\n\r\n::error::owned",
]


def tokens(text: str) -> list[Token]:
    """All tokens of a page, the inner ones included."""
    found: list[Token] = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        found.append(token)
        found.extend(token.children or ())
    return found


def foreign(text: str) -> list[str]:
    """What a page holds besides its own tags, headings, tables, fences and code: links and HTML from outside."""
    found = []
    for token in tokens(text):
        if token.type in ("html_block", "html_inline") and OWN_HTML.sub("", token.content):
            found.append(token.content)
        elif token.type in ("image", "blockquote_open", "hr", "list_item_open"):
            found.append(token.type)
        elif token.type == "link_open" and "readthedocs" not in str(token.attrs.get("href")):
            found.append(str(token.attrs))
    return found


def hostile(text: str) -> Plan:
    """A plan with the text in every place that can hold one."""
    one = update(
        field("metadata", text, f"{text}!"), field(f"headers.{text}", None, text), name=text
    )
    return Plan(
        project=text,
        host=text,
        changes=one.changes,
        calls=one.calls,
        unlisted=(Unlisted("inbound_trunk", text, text, text),),
        findings=(finding(text, Severity.ERROR, text, file=text, path=text, fix=text),),
        notes=(text,),
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_breaks_out(attack: str) -> None:
    """A Markdown parser finds nothing in the page but what the renderer put there."""
    for page in (
        plan_markdown(plan_document(hostile(attack))),
        plan_comment(plan_document(hostile(attack))),
        show_findings(findings_document(hostile(attack).findings), Format.MARKDOWN),
    ):
        assert foreign(page) == []
        texts = [token.content for token in tokens(page) if token.type == "text"]
        assert not any("@" in text or "owned" in text for text in texts)


@given(st.text(st.sampled_from("`<>!-&@|#\n\r ~*[]()\"'\\a:/%"), max_size=40))
def test_no_text_breaks_out(text: str) -> None:
    """Neither does any other text made of the characters that mean something."""
    assert foreign(plan_comment(plan_document(hostile(text)))) == []


@given(st.text())
def test_a_code_span_is_code(text: str) -> None:
    """Whatever stands in it, a code span is one piece of code."""
    inline = MarkdownIt("commonmark").parse(f"x {code_span(text)} y")[1]
    if text:
        assert [token.type for token in inline.children or ()] == ["text", "code_inline", "text"]


def test_the_heading_and_the_counts_come_first() -> None:
    """A reader of a job summary sees what it comes to before any detail."""
    lines = plan_markdown(plan_document(creations(2))).splitlines()
    assert lines[0] == "## Plan of `acme` on `host.example`"
    assert lines[2] == "**Plan: 2 to create, 0 to update, 0 to delete (sip).**"
    assert "| SIP plane | 2 | 0 | 0 | 0 | 0 |" in lines


# ---------------------------------------------------------------------------------------------------------------------
# Comments
# ---------------------------------------------------------------------------------------------------------------------


def test_a_comment_starts_with_its_marker() -> None:
    """The same project has the same marker, in a plan of any content; a drift has its own."""
    assert plan_comment(plan_document(creations(1))).startswith(
        "<!-- livekit-reconciler:plan:acme -->\n"
    )
    assert plan_comment(drift_document(creations(1))).startswith(
        "<!-- livekit-reconciler:drift:acme -->\n"
    )


@given(st.text())
def test_no_project_name_ends_the_marker(project: str) -> None:
    """The marker is one HTML comment and one line, whatever the project is called."""
    marker = comment_marker(project)
    assert marker.count("--") == 2
    assert marker.count(">") == 1
    assert len(marker.splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["trunk", "مقسم", "☎" * 40, "`" * 100], ids=["latin", "arabic", "wide", "backticks"]
)
@pytest.mark.parametrize("count", [1, 500, 6_000])
def test_a_comment_fits(name: str, count: int) -> None:
    """However large the plan, the comment is within GitHub's limit, and closes what it opens."""
    text = plan_comment(plan_document(creations(count, name=name, metadata="m" * 300)))
    assert len(text.encode()) <= COMMENT_LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert f"{count:,} to create" in text
    assert foreign(text) == []


def test_what_is_missing_is_counted() -> None:
    """Shown and missing objects add up to all of them."""
    text = plan_comment(plan_document(creations(20_000)))
    shown = len(re.findall(r'^\+ inbound trunk "', text, re.MULTILINE))
    missing = re.search(r"… and ([0-9,]+) more \(([0-9,]+) lines\)", text)
    assert missing is not None
    assert shown + int(missing[1].replace(",", "")) == 20_000
    assert shown > 500


def test_a_large_section_does_not_push_out_a_small_one() -> None:
    """An error is still there when the changes alone would fill the comment ten times."""
    plan = creations(20_000)
    document = plan_document(plan)
    document["findings"] = findings_document([finding(severity=Severity.ERROR)])["findings"]
    text = plan_comment(document)
    assert "dispatch.yaml:3:7: error[some-code]" in text
    assert len(text.encode()) <= COMMENT_LIMIT


def test_names_of_any_length_fit() -> None:
    """A name as long as a comment does not push the comment over the limit."""
    for name in ("x" * 70_000, "`" * 70_000, "-" * 70_000):
        assert len(plan_comment(plan_document(hostile(name))).encode()) <= COMMENT_LIMIT


def test_thousands_of_findings_fit_as_well() -> None:
    """Neither the findings nor the links to their pages exceed the limit."""
    document = findings_document(
        [finding(f"code-{number}", message="x" * 200) for number in range(3000)]
    )
    plan = plan_document(Plan("a", "b"))
    plan["findings"] = document["findings"]
    assert len(plan_comment(plan).encode()) <= COMMENT_LIMIT


# ---------------------------------------------------------------------------------------------------------------------
# Annotations
# ---------------------------------------------------------------------------------------------------------------------


def test_annotations_are_workflow_commands() -> None:
    """Each finding has its command, its place and its code."""
    text = github.annotations(
        findings_document(
            [
                finding(severity=Severity.ERROR, fix="do it"),
                finding(severity=Severity.WARNING, file="", path="inbound_trunks.a"),
                finding(severity=Severity.NOTE),
            ]
        )["findings"]
    )
    assert text.splitlines() == [
        "::error file=dispatch.yaml,line=3,col=7,title=some-code::something is odd - do it",
        "::warning title=some-code::inbound_trunks.a: something is odd",
        "::notice file=dispatch.yaml,line=3,col=7,title=some-code::something is odd",
    ]


def test_annotations_are_escaped() -> None:
    """Neither a message nor a file name can start another command or another property."""
    found = finding(message="100%\n::error::owned", file="a,b:c%.yaml")
    (line,) = github.annotations(findings_document([found])["findings"]).splitlines()
    assert line == (
        "::warning file=a%2Cb%3Ac%25.yaml,line=3,col=7,title=some-code::100%25\\n::error::owned"
    )


def test_annotations_are_at_most_ten_of_a_severity() -> None:
    """GitHub drops the eleventh without a word, so the tenth says how many there are."""
    found = [finding(message=str(number)) for number in range(25)]
    lines = github.annotations(
        findings_document([*found, finding(severity=Severity.ERROR)])["findings"]
    )
    warnings = [line for line in lines.splitlines() if line.startswith("::warning")]
    assert len(warnings) == 10
    assert warnings[-1] == "::warning::16 more findings are in the output of the command"
    assert lines.count("::error") == 1
