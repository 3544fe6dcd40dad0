"""Markdown for job summaries and comments: nothing breaks out of it, and it fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.render.document import findings_document, plan_document
from reconciler.render.formats import Format, show_findings
from reconciler.render.github import plan_comment
from reconciler.render.markdown import code_span, plan_markdown
from tests.render.markdown import foreign, hostile, tokens
from tests.render.plans import creations

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
