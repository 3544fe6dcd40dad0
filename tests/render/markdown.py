"""A page as a Markdown parser sees it, and a plan that tries to break out of one."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.core.finding import Severity
from reconciler.core.plan import Plan, Unlisted
from tests.render.plans import field, finding, update

# Tags that the renderer writes itself; any other one came from a name.
OWN_HTML = re.compile(
    r"<details><summary>(?:<code>[^<>]*</code>)?[^<>]*</summary>\s*|</details>\s*"
    r"|<!-- livekit-reconciler:[a-z-]+:[^\s<>]* -->\s*"
)


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
