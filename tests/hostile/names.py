"""Names that mean something to whatever shows them, and a project in which each stands wherever a name can.

Each has the word `evil` in it, by which a parser's finding is recognised, and what would run says `evil ran`.
"""

from __future__ import annotations

from collections.abc import Sequence

from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
)

from reconciler.emulator.server import Emulator
from tests.hostile.mutations import Json, as_yaml

RAN = "evil ran"
TERMINAL = (
    "evil\nnewline: true",
    "evil\r\rreturn",
    "evil\ttab",
    "evil\x00nul\x07bell\x08back\x7f",
    "\x1b[31mevil\x1b[0m",
    "\x1b[2J\x1b[Hevil",
    "\x1b]0;evil\x07",
    "\x1b]8;;https://evil.example\x1b\\evil\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07evil",
    "\x9b31mevil",
    "\x90evil\x9c",
    "\u202eevil\u202c",
    "\u2066evil\u2069",
    "ev\u200bil\u200d\ufeff",
    "evil\u2028line\u2029paragraph",
    "evil\u3164\u115f\u2800",
    "evil\ufe0f\u034f",
    "evil\U000e0041\U000e0101",
    "e\u0301vil",
    "\u0301evil",
    "房间 evil 電話",
    "مبيعات evil",
    "👩‍👧 evil ☎️",
)
MARKDOWN = (
    "`evil`",
    "```evil",
    "~~~evil",
    "evil`` ` ```",
    "evil | cell | x",
    "[evil](https://evil.example)",
    "![evil](https://evil.example/x.png)",
    "[evil]: https://evil.example",
    "<!-- evil",
    "evil --> <!--",
    "<!-- livekit-reconciler:plan:evil -->",
    "</details></summary>evil",
    "@evil/team",
    "#123 evil",
    "evil/evil#1",
    "https://evil.example/?a=b&c=d",
    "www.evil.example",
    "evil@evil.example",
    "- [ ] evil",
    "> evil",
    "# evil",
    "**evil** _evil_ ~~evil~~ $$evil$$",
    "<!channel> <@U123> evil <https://evil.example|evil>",
)
PICTURES = (
    "end evil",
    'subgraph evil["x"]',
    "evil --> n1",
    "click n1 evil",
    "%%{init: {'evil': 1}}%%",
    "#35;evil;",
    'evil"]; n1 -> n2; x [label="',
    "\\N \\G evil \\",
)
PAGES = (
    f"<script>console.log('{RAN}')</script>",
    f"<img src=x onerror=console.log('{RAN}')>",
    f'"><svg onload=console.log("{RAN}")>',
    f"' onmouseover='console.log(\"{RAN}\")' autofocus onfocus='console.log(\"{RAN}\")",
    f"</title></style></script></svg><script>console.log('{RAN}')</script>",
    f"javascript:console.log('{RAN}')",
    "]]><evil/>",
    "&lt;evil&gt; &amp; &#60;evil&#62;",
    "{{evil}} ${evil}",
)
MACHINES = (
    "::error::evil",
    "  ::set-output name=evil::x",
    "evil\r\n::add-mask::evil",
    "##[add-mask]evil",
    "evil ##[set-output name=evil;]x",
    "evil ##vso[task.setvariable variable=evil]x",
    "##teamcity[evil]",
    "EOF\nevil=1\nEOF",
    "%0Aevil%0D%25",
    "$(touch evil)",
    "`touch evil`",
    "; touch evil #",
    "'; touch evil; '",
    "evil && touch evil",
    "--evil",
    "-rf evil",
    "~/evil *",
    "../../evil",
    "evil' OR 1=1; DROP TABLE entries; --",
    "=cmd|'/c evil'!A1",
    "@SUM(evil)",
    'evil",le="1"} 1\nevil 2',
    '", "evil": "x',
)
YAML = (
    "evil: [",
    "- evil",
    "&evil *evil !!evil",
    "{env: evil}",
    "evil #comment",
    "? evil",
    "%evil",
    "| evil",
    "'evil",
    'evil\\"quote',
    "evil\\x41\\u0041",
    " evil ",
    "evil" + "x" * 300,
)
NAMES = (*TERMINAL, *MARKDOWN, *PICTURES, *PAGES, *MACHINES, *YAML)
WORST = (
    "\x1b]8;;https://evil.example\x07evil\n::error::evil\n",
    "`--><!-- livekit-reconciler:plan:evil --></details>@evil|[evil](//evil)\n# evil",
    f"\"'></title></script><script>console.log('{RAN}')</script>",
    "'; $(touch evil) ##[add-mask]evil\u202e",
    'evil"}\\\n" OR 1=1; - {env: evil}',
)
"""Short ones for places of which a project has only one."""


def configuration(names: Sequence[str], project: str) -> bytes:
    """A file in which each name is one of everything."""
    numbered = list(enumerate(names))
    document: Json = {
        "version": 1,
        "project": {"name": project},
        "sip": {
            "inbound_trunks": {name: _trunk(index, name) for index, name in numbered},
            "outbound_trunks": {
                name: {"address": "sip.example", "numbers": [f"+1555011{index:04}"]}
                for index, name in numbered
            },
            "dispatch_rules": {
                name: {
                    "trunks": [name],
                    "rooms": {"individual": {"prefix": f"{index} {name}-"}},
                    "metadata": name,
                    "attributes": {name: name},
                }
                for index, name in numbered
            },
        },
        "agents": {
            "names": {name: {"agent_name": name} for name in names},
            "rooms": [
                {
                    "prefix": f"{index} {name}-",
                    "agents": [{"agent": name, "metadata": {name: name}}],
                    "dispatch": ["sip", "controller"] if index % 2 else "controller",
                }
                for index, name in numbered
            ],
        },
    }
    return as_yaml(document)


def expectations(names: Sequence[str]) -> bytes:
    """Routing tests that all fail, and say so with the names."""
    tests = [
        {"name": name, "from": name, "to": name, "trunk": name, "room": name, "agents": [name]}
        for name in names
    ]
    return as_yaml({"version": 1, "tests": tests})


def _trunk(index: int, name: str) -> Json:
    return {
        "numbers": [f"+1555010{index:04}", name],
        "callers": [name],
        "metadata": {name: name},
        "headers_to_attributes": {"X-A": name},
        "attributes_to_headers": {name: "X-A"},
        "auth": {"username": name},
    }


def live(emulator: Emulator, names: Sequence[str]) -> None:
    """A project on a server that lets everything in: under every name something else, and something unlisted."""
    for index, name in enumerate(names):
        for label, listed in ((name, ""), (f"{name}2", "u")):
            trunk = f"ST_{listed}{index}{name}"
            emulator.put(
                SIPInboundTrunkInfo(
                    sip_trunk_id=trunk,
                    name=label,
                    numbers=[f"+155501{3 if listed else 2}{index:04}", name],
                    metadata=f"{name}!",
                    headers={name: name}
                    if listed
                    else {"X-Evil": "x"},  # LiveKit refuses most of them
                    auth_username=name,
                )
            )
            emulator.put(
                SIPOutboundTrunkInfo(
                    sip_trunk_id=f"ST_o{listed}{index}{name}",
                    name=label,
                    address=name,
                    numbers=[name],
                    destination_country=name,
                )
            )
            made = SIPDispatchRuleIndividual(room_prefix=name)
            emulator.put(
                SIPDispatchRuleInfo(
                    sip_dispatch_rule_id=f"SDR_{listed}{index}{name}",
                    name=label,
                    trunk_ids=[trunk],
                    rule=SIPDispatchRule(dispatch_rule_individual=made),
                    metadata=f"{name}?",
                    attributes={name: name},
                    room_preset=name,
                    room_config=RoomConfiguration(
                        agents=[RoomAgentDispatch(agent_name=name, metadata=name)]
                    ),
                )
            )
        emulator.join(f"{index} {name}-", name, metadata=name, attributes={name: name})
