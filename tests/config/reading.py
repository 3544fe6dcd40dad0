"""How the tests of this folder read text: as one file, or as the files of a folder that is named nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired

FILE = "dispatch.yaml"


def read(text: str, environ: Mapping[str, str] | None = None) -> Configuration:
    """The configuration of one file."""
    return read_all({FILE: text}, environ)


def read_all(texts: Mapping[str, str], environ: Mapping[str, str] | None = None) -> Configuration:
    """The configuration of several files."""
    return load({Path(name): dedent(text).encode() for name, text in texts.items()}, environ or {})


def errors(configuration: Configuration) -> list[Finding]:
    """What stops every command."""
    return [one for one in configuration.findings if one.severity is Severity.ERROR]


def told(configuration: Configuration) -> list[str]:
    """All findings as users see them."""
    return [str(one) for one in configuration.findings]


def only(configuration: Configuration, kind: str) -> Desired:
    """The one object of a kind, of a file without findings."""
    assert told(configuration) == []
    (one,) = configuration.sip[kind]
    return one


def trunk(body: str) -> str:
    """A file with one inbound trunk that has the given lines."""
    lines = dedent(body).strip("\n").replace("\n", "\n      ")
    return f"version: 1\nsip:\n  inbound_trunks:\n    carrier:\n      {lines}\n"


def outbound(body: str) -> str:
    """A file with one outbound trunk that has the given lines besides those it needs."""
    lines = dedent(body).strip("\n").replace("\n", "\n      ")
    needed = 'address: sip.example.com\n      numbers: ["+15550100001"]'
    return f"version: 1\nsip:\n  outbound_trunks:\n    out:\n      {needed}\n      {lines}\n"


def rule(body: str) -> str:
    """A file with one dispatch rule that has the given lines besides those it needs."""
    lines = dedent(body).strip("\n").replace("\n", "\n      ")
    needed = "trunks: any\n      rooms: {individual: {prefix: call-}}"
    return f"version: 1\nsip:\n  dispatch_rules:\n    calls:\n      {needed}\n      {lines}\n"


def convention(body: str) -> str:
    """A file with the agent `a` and one convention, given as a flow mapping."""
    names = "{a: {agent_name: Alice}, b: {agent_name: Bob}}"
    return f"version: 1\nagents:\n  names: {names}\n  rooms:\n    - {body}\n"
