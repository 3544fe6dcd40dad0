"""Names that mean something to one of the syntaxes that a map is written in, and maps that are full of them."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.agents.conventions import (
    AgentName,
    AgentPlane,
    Convention,
    Conventions,
    Mechanism,
)
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Live, Snapshot
from reconciler.core.values import (
    AgentDispatch,
    AgentList,
    Reference,
    References,
    Secret,
    Value,
    text_set,
)
from reconciler.graph.model import Graph
from reconciler.graph.sources import graph_of_live
from reconciler.sip.era import Era

CANARY = "canary-that-nobody-may-see"
NAMES = (
    "end",
    "graph",
    "subgraph x",
    'a"b',
    "a]b",
    "a[b](c){d}",
    "#35;",
    "a;b",
    "%% comment",
    "%%{init: {}}%%",
    "```",
    "`code`",
    "**bold** _it_ ~~no~~",
    "- list",
    "1. list",
    "1) list",
    "+ list",
    "# head",
    "> quote",
    "---",
    "    code",
    "www.evil.example",
    "https://evil.example/a?b=c&d",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp; &#60;",
    "]]>",
    "<!-- x -->",
    "-->",
    "\\N \\n \\",
    "</svg></style></script>",
    "$$x$$",
    "fa:fa-user",
    "a|b",
    ":::class",
    "@{ shape: x }",
    "click n1 href",
    "style n1 fill:#fff;",
    "\x1b[31mred\x1b[0m",
    "line\nbreak",
    "\u202eevil\u202c",
    "\u2028sep",
    "\x00\x07\x7f",
    "\ud800",
    "ﬂ°°35¶ß",
    "日本語の名前",
    "Grüße",
    "",
    " ",
    "x" * 300,
)

names = st.sampled_from(NAMES) | st.text(max_size=12)


def hostile_graph(texts: list[str]) -> Graph:
    """A live project in which every text stands in every place that can hold one."""
    trunks, rules, outbound = [], [], []
    for index, text in enumerate(texts):
        secret = Secret(CANARY)
        trunks.append(
            Live(
                "inbound_trunk",
                f"ST_{index}{text}",
                text,
                {"numbers": text_set([text, "+15550100001"]), "auth.password": secret},
            )
        )
        outbound.append(
            Live(
                "outbound_trunk",
                f"ST_out{index}",
                text,
                {"address": text, "numbers": text_set([text]), "headers.X-A": secret},
            )
        )
        fields: dict[str, Value] = {
            "trunks": References((Reference("", f"ST_{index}{text}"), Reference(text, "ST_no"))),
            "rooms": "direct",
            "rooms.direct.room": text,
            "rooms.direct.pin": secret,
            "callers": text_set([text]),
            "agents": AgentList((AgentDispatch(text),)),
        }
        rules.append(Live("dispatch_rule", f"SDR_{index}", text, fields))
    live = Snapshot(
        "acme.livekit.example",
        {"inbound_trunk": trunks, "outbound_trunk": outbound, "dispatch_rule": rules},
    )
    return graph_of_live(live, Era.NEW, texts[0] if texts else "")


def hostile_plane(texts: list[str]) -> AgentPlane:
    """Conventions of hostile prefixes and agents."""
    unique = list(dict.fromkeys(texts))
    return AgentPlane(
        {text: AgentName(text, text) for text in unique},
        Conventions(
            Convention((AgentDispatch(text),), (Mechanism.SIP,), prefix=text) for text in unique
        ),
    )


def finding(path: str, text: str = "something is wrong") -> Finding:
    """An error about a path."""
    return Finding("some-code", Severity.ERROR, path, text, text)
