"""Short ways to ask what the lint says of a file: text in, codes and places out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

from reconciler.config.load import load
from reconciler.core.finding import Finding
from reconciler.lint import lint
from reconciler.planning import check
from reconciler.sip.era import Era

FILE = "dispatch.yaml"
GUARD = 'allowed_addresses: ["203.0.113.0/24"]'
CARRIER = f'carrier: {{numbers: ["+15550100001"], {GUARD}}}'
CALLS = "calls: {trunks: [carrier], rooms: {individual: {prefix: call-}}}"
AGENT = "a: {agent_name: agent-a}"


def project(
    *,
    trunks: str = CARRIER,
    rules: str = CALLS,
    outbound: str = "",
    names: str = "",
    rooms: str = "",
    more: str = "",
) -> str:
    """A file; what is not given is sound."""
    text = "version: 1\n" + ("sip:\n" if trunks or outbound or rules else "")
    text += _section("inbound_trunks", trunks, 2)
    text += _section("outbound_trunks", outbound, 2)
    text += _section("dispatch_rules", rules, 2)
    if names or rooms:
        text += "agents:\n" + _section("names", names or AGENT, 2) + _section("rooms", rooms, 2)
    return text + dedent(more)


def _section(name: str, body: str, depth: int) -> str:
    if not body:
        return ""
    head = " " * depth
    return f"{head}{name}:\n{indent(dedent(body).strip(), head + '  ')}\n"


def findings(
    text: str, era: Era = Era.NEW, environ: Mapping[str, str] | None = None
) -> list[Finding]:
    """What the lint finds in a file that has no errors."""
    configuration = load({Path(FILE): text.encode()}, environ or {})
    assert [str(one) for one in configuration.findings] == []
    return list(lint(configuration, era))


def codes(text: str, era: Era = Era.NEW, environ: Mapping[str, str] | None = None) -> list[str]:
    """The codes of the findings, sorted."""
    return sorted(one.code for one in findings(text, era, environ))


def told(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The codes that a command tells: errors included, what is silenced left out."""
    configuration = load({Path(FILE): text.encode()}, environ or {})
    return [one.code for one in check(configuration, Era.NEW)]
