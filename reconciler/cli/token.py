"""`reconcile token`: mints a LiveKit token by the file's conventions, and audits one that an application made."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.console import emit, findings_told, note
from reconciler.cli.options import Output, output_in, request_options
from reconciler.cli.token_options import grants_of, lifetime, metadata_of, pairs_of
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request

if TYPE_CHECKING:
    from reconciler.pipeline.token_audit import Minted

FORMATS = ("text", "json", "markdown")
INSPECT = "inspect"
_STDIN = "-"
# Options that only one of the two ways takes, by their names in Python.
_TO_MINT = ("identity", "metadata", "ttl", "name", "attributes", "participant_metadata", "grants")
_TO_INSPECT = ("live",)


@click.command("token")
@click.argument("words", nargs=-1, metavar="[inspect TOKEN|-]")
@click.option(
    "--room",
    metavar="NAME",
    help="The room; for inspect, the one in which the participant is to be.",
)
@click.option("--identity", metavar="NAME", help="Who joins.")
@click.option(
    "--metadata",
    metavar="KEY=TEXT|JSON",
    multiple=True,
    help="Metadata for the agents, merged over the convention's: a key and its text, or a JSON object or text.",
)
@click.option(
    "--ttl",
    metavar="DURATION",
    default="1h",
    callback=lifetime,
    show_default=True,
    help="How long the token can be used to join.",
)
@click.option("--name", metavar="TEXT", help="The participant's name as others see it.")
@click.option(
    "--attribute",
    "attributes",
    metavar="KEY=TEXT",
    multiple=True,
    help="An attribute of the participant.",
)
@click.option(
    "--participant-metadata",
    metavar="TEXT",
    help="Metadata of the participant; agents do not get it as their job's.",
)
@click.option(
    "--grant",
    "grants",
    metavar="GRANT[=VALUE]",
    multiple=True,
    help="A permission in the room, such as can_publish=false, hidden or can_publish_sources=camera,microphone.",
)
@click.option(
    "--live",
    is_flag=True,
    help="With inspect: ask the server whether the room exists already, which makes the configuration void.",
)
@request_options()
@output_in(FORMATS, "RECONCILE_TOKEN_FORMAT")
def command(words: tuple[str, ...], request: Request, output: Output, **asked: Any) -> int:
    """Mint a token that brings the agents of its room's convention, or audit one with `inspect`.

    The token goes to stdout. Agents are in it only where the convention says `token`; where others bring them, a note
    on stderr says who.

    `inspect -` reads the token from stdin, which is the better way: an argument can be seen by every user of the
    machine. It exits with 2 where the token has a problem, and with 1 where it is none. The signature is checked if
    LIVEKIT_API_KEY and LIVEKIT_API_SECRET are set, agents are compared if there is a configuration. The token itself
    is not shown, nor are values of metadata and attributes without -v.

    \b
    Examples:
      reconcile token --room interview-42 --identity user-7 --metadata session_id=s-1 --metadata participant=Zoe
      reconcile token --room call-1 --identity user-7 --ttl 10m --grant can_publish=false --format json
      pbpaste | reconcile token inspect -
      reconcile token inspect - --room interview-42 --live < token.txt
    """
    if words and words[0] != INSPECT:
        raise click.UsageError(
            f'there is no "{words[0][:40]}": write `inspect TOKEN`, or no word at all'
        )
    _refuse_others(_TO_MINT if words else _TO_INSPECT, "inspect" if words else "minting")
    with findings_told(output):
        if words:
            return _inspect(words[1:], request, output, asked)
        return _mint(request, output, asked)


def _refuse_others(names: Sequence[str], way: str) -> None:
    """Raises for an option that was written and means nothing here: it is a slip, and what was meant is not known."""
    from click.core import ParameterSource

    context = click.get_current_context()
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[0]} is not for {way}")


def _mint(request: Request, output: Output, asked: dict[str, Any]) -> int:
    from reconciler.pipeline.token_audit import Wish, mint
    from reconciler.render.formats import Format
    from reconciler.render.token import show_token, token_document

    if output.format == "markdown":
        raise click.UsageError("--format markdown is for inspect: a token is one line")
    for name in ("room", "identity"):
        if not asked[name]:
            raise click.UsageError(f"--{name} is needed to mint a token")
    wish = Wish(
        room=asked["room"],
        identity=asked["identity"],
        metadata=metadata_of(asked["metadata"]),
        name=asked["name"],
        attributes=pairs_of(asked["attributes"], "--attribute"),
        participant_metadata=asked["participant_metadata"],
        ttl=asked["ttl"],
        grants=grants_of(asked["grants"]),
    )
    minted = mint(request, wish)
    document = token_document(
        minted.token,
        room=wish.room,
        identity=wish.identity,
        expires=minted.read.expires or 0,
        agents=_brought(minted),
        convention=minted.convention.label if minted.convention is not None else None,
    )
    emit(show_token(document, Format(output.format)))
    if told := _who_else(minted):
        note(f"note: {told}", output)
    return ExitCode.OK


def _brought(minted: Minted) -> list[str]:
    agents = minted.convention.token_agents if minted.convention is not None else ()
    return [agent.agent_name or "(unnamed)" for agent in agents]


def _who_else(minted: Minted) -> str:
    """Who brings the agents of a token that has none."""
    from reconciler.render.escape import quote
    from reconciler.tokens import Mechanism

    convention = minted.convention
    if convention is None:
        return "no convention covers this room: the token brings no agent"
    if convention.token_agents:
        return ""
    label = quote(convention.label)
    if not convention.agents:
        return f"the convention {label} has no agents for rooms of tokens: the token brings none"
    who = {
        Mechanism.CONTROLLER: "`reconcile serve` does",
        Mechanism.SIP: "the SIP dispatch rule does",
        Mechanism.APP: "the application does",
        Mechanism.AUTOMATIC: "an unnamed worker joins by itself",
    }
    told = ", or ".join(who[one] for one in convention.dispatch)
    words = ", ".join(convention.dispatch)
    return f"the convention {label} is `{words}`: the token brings no agent; {told}"


def _inspect(words: Sequence[str], request: Request, output: Output, asked: dict[str, Any]) -> int:
    from reconciler.pipeline.token_audit import inspect, inspection
    from reconciler.render.formats import Format
    from reconciler.render.token import show_inspection

    if len(words) != 1:
        raise click.UsageError("inspect takes one token, or - to read it from stdin")
    text = _from_stdin() if words[0] == _STDIN else words[0]
    audited = inspect(request, text, room=asked["room"], live=asked["live"])
    document = inspection(audited, values=output.verbose)
    emit(show_inspection(document, Format(output.format), color=output.color))
    if not audited.has_file:
        note(
            "note: there is no configuration: nothing was said about agents; name one with -c",
            output,
        )
    return ExitCode.CHANGES if document["problems"] else ExitCode.OK


def _from_stdin() -> str:
    """The token on stdin, as much of it as any token can have."""
    from reconciler.tokens.reading import LONGEST

    source = getattr(sys.stdin, "buffer", None)
    data = source.read(LONGEST + 4096) if source is not None else sys.stdin.read(LONGEST + 4096)
    return data.decode(errors="replace") if isinstance(data, bytes) else data
