"""Options that several commands share, each declared once.

Every option can come from the environment as `RECONCILE_` and its name (`RECONCILE_CONFIG`, `RECONCILE_FORMAT`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click
from click.core import ParameterSource

from reconciler.core.plan import Plane
from reconciler.pipeline.request import Request
from reconciler.sip.era import Era

Command = TypeVar("Command", bound=Callable[..., Any])
Option: TypeAlias = Callable[[Any], Any]

PATH = click.Path(path_type=Path, readable=False)
"""Whether a file can be read is found out where it is read: an error of the file, and no wrong usage."""

FORMATS = ("text", "json", "markdown", "github")


@dataclass(frozen=True, slots=True)
class Output:
    """How a command was asked to speak."""

    format: str
    color: bool
    verbose: bool
    quiet: bool


def _version(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            Era.of(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return value


_LONGEST_TIMEOUT = 24 * 3_600_000_000_000


def duration(ctx: click.Context, parameter: click.Parameter, value: str) -> float:
    """The seconds of an option such as `30s`."""
    from reconciler.core.values import parse_duration

    nanoseconds = parse_duration(value)
    if not nanoseconds or nanoseconds > _LONGEST_TIMEOUT:
        raise click.BadParameter("write a duration such as 30s or 2m, at most 24h")
    return nanoseconds / 1_000_000_000


def duration_option(
    name: str, default: str | None, variable: str, help_text: str, *, longest: float = 24.0
) -> Option:
    """An option such as `--resync 30s`, which the command gets in seconds; `longest` is in hours.

    Without a default the command gets None where it is not given.
    """

    def seconds(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
        from reconciler.core.values import parse_duration

        if value is None:
            return None
        nanoseconds = parse_duration(value)
        if not nanoseconds or nanoseconds > longest * 3_600_000_000_000:
            such = default or "24h"
            raise click.BadParameter(f"write a duration such as {such}, at most {longest:g}h")
        return nanoseconds / 1_000_000_000

    return click.option(
        name,
        metavar="DURATION",
        default=default,
        callback=seconds,
        envvar=variable,
        show_default=True,
        help=help_text,
    )


journal_option = click.option(
    "--journal",
    metavar="URL",
    default="sqlite:///reconcile-journal.db",
    envvar="RECONCILE_JOURNAL",
    show_default=True,
    help="Where the journal is: sqlite:///FILE or postgresql://USER@HOST:PORT/NAME.",
)
_config_option = click.option(
    "-c",
    "--config",
    "paths",
    multiple=True,
    type=PATH,
    default=("config/dispatch.yaml",),
    envvar="RECONCILE_CONFIG",
    show_default=True,
    help="File or folder of the configuration; several are one project.",
)
_overlay_option = click.option(
    "--overlay",
    "overlays",
    metavar="FILE",
    multiple=True,
    type=PATH,
    envvar="RECONCILE_OVERLAY",
    help="Lay this file over the configuration: null takes away, lists replace. Several in turn.",
)


def config_option(function: Command) -> Command:
    """Adds -c and --overlay; the command gets them as `paths` and `overlays`."""
    decorated: Any = _config_option(_overlay_option(function))
    result: Command = decorated
    return result


def unread_config_option(function: Command) -> Command:
    """Adds -c and --overlay to a command that reads no configuration: who always passes them need not think of it."""

    @wraps(function)
    def wrapper(
        *args: Any, paths: tuple[Path, ...], overlays: tuple[Path, ...], **kwargs: Any
    ) -> Any:
        return function(*args, **kwargs)

    decorated: Any = wrapper
    result: Command = config_option(decorated)
    return result


only_option = click.option(
    "--only",
    type=click.Choice([plane.value for plane in Plane]),
    envvar="RECONCILE_ONLY",
    help="Plan and write this plane only; the other one stays as it lives.",
)
server_option = click.option(
    "--server-version",
    metavar="X.Y|newest",
    callback=_version,
    envvar="RECONCILE_SERVER_VERSION",
    help="Count on the behaviour of this livekit-server, whatever is found out or written in the file.",
)
timeout_option = click.option(
    "--timeout",
    metavar="DURATION",
    default="30s",
    callback=duration,
    envvar="RECONCILE_TIMEOUT",
    show_default=True,
    help="Time for all tries of one API call.",
)
concurrency_option = click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    metavar="N",
    default=8,
    envvar="RECONCILE_CONCURRENCY",
    show_default=True,
    help="API calls at the same time, 1 to 256.",
)
rate_option = click.option(
    "--max-requests-per-minute",
    type=click.IntRange(0),
    metavar="N",
    envvar="RECONCILE_MAX_REQUESTS_PER_MINUTE",
    help="API calls a minute at most, 0 for any number. Without it 900 on livekit.cloud, elsewhere any number.",
)
write_secrets_option = click.option(
    "--write-secrets",
    metavar="NAME",
    multiple=True,
    envvar="RECONCILE_WRITE_SECRETS",
    help="Write the password of this trunk anew, even where the server does not tell whether it differs.",
)
live_option = click.option(
    "--live",
    "live_file",
    type=PATH,
    help="Compare with a snapshot file instead of the live project; no key is needed.",
)
rooms_option = click.option(
    "--rooms",
    is_flag=True,
    envvar="RECONCILE_ROOMS",
    help="Look at live rooms as well: those of conventions with `controller` that lack an agent.",
)
strict_option = click.option(
    "--strict", is_flag=True, envvar="RECONCILE_STRICT", help="Fail on warnings as well."
)

_OUTPUT = (
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        envvar="RECONCILE_COLOR",
        show_default=True,
        help="Colours; auto means only on a terminal, and never with NO_COLOR set.",
    ),
    click.option(
        "-q",
        "--quiet",
        is_flag=True,
        envvar="RECONCILE_QUIET",
        help="Print no progress and no notes on stderr.",
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        envvar="RECONCILE_VERBOSE",
        help="Show the order of calls, and every object where a list would be cut.",
    ),
)


def output_options(function: Command) -> Command:
    """Adds --format, --color, -q and -v; the command gets them as one `output`.

    They stand below `request_options`: a request tells what it has to wait for in this way.
    """
    return output_in(FORMATS, "RECONCILE_FORMAT")(function)


def output_in(formats: Sequence[str], variable: str) -> Callable[[Command], Command]:
    """The same for a command with formats of its own, of which the first is the default."""
    format_option = click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        default=formats[0],
        envvar=variable,
        show_default=True,
        help="What is printed to stdout.",
    )

    def decorate(function: Command) -> Command:
        @wraps(function)
        def wrapper(
            *args: Any, format_: str, color: str, quiet: bool, verbose: bool, **kwargs: Any
        ) -> Any:
            import os

            colored = color == "always" or (
                color == "auto"
                and sys.stdout.isatty()
                and not os.environ.get("NO_COLOR")
                and os.environ.get("TERM") != "dumb"
            )
            output = Output(format_, colored, verbose, quiet)
            request = kwargs.get("request")
            if request is not None:
                from reconciler.cli.console import pace_teller

                kwargs["request"] = replace(request, tell_pace=pace_teller(output))
            return function(*args, output=output, **kwargs)

        decorated: Any = wrapper
        for option in reversed((format_option, *_OUTPUT)):
            decorated = option(decorated)
        result: Command = decorated
        return result

    return decorate


@dataclass(frozen=True, slots=True)
class Many:
    """The folder of `--projects`, and the names that `--project` picks; none are all."""

    folder: Path
    names: tuple[str, ...]


_PROJECTS = (
    click.option(
        "--projects",
        metavar="DIR",
        type=PATH,
        envvar="RECONCILE_PROJECTS",
        help="Every file of this folder, and every folder of files in it, is a project of its own: all at once.",
    ),
    click.option(
        "--project",
        metavar="NAME",
        multiple=True,
        envvar="RECONCILE_PROJECT",
        help="With --projects: this project alone, by its name or that of its file. Several times for several.",
    ),
)


def projects_options(function: Command) -> Command:
    """Adds --projects and --project; the command gets them as `many`, which is None where one project is meant."""

    @wraps(function)
    def wrapper(*args: Any, projects: Path | None, project: tuple[str, ...], **kwargs: Any) -> Any:
        return function(*args, many=_many(projects, project), **kwargs)

    decorated: Any = wrapper
    for option in reversed(_PROJECTS):
        decorated = option(decorated)
    result: Command = decorated
    return result


def _many(folder: Path | None, names: tuple[str, ...]) -> Many | None:
    """What is typed counts more than what a variable says; two of one kind contradict each other."""
    source = click.get_current_context().get_parameter_source
    if folder is None:
        if names and source("project") is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                "--project picks one of several projects: name their folder with --projects"
            )
        return None
    paths, projects = source("paths"), source("projects")
    if paths is projects:
        raise click.UsageError("-c is one project and --projects are many: pass one of the two")
    return None if paths is ParameterSource.COMMANDLINE else Many(folder, names)


def request_options(*own: Option) -> Callable[[Command], Command]:
    """Adds --config, the options of a connection, and those of the flow that a command has of its own.

    The command gets all of them as one `request`. The order here is that of the help page.
    """

    def decorate(function: Command) -> Command:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            asked = {name: kwargs.pop(name) for name in _ASKED if name in kwargs}
            return function(*args, request=_request(**asked), **kwargs)

        decorated: Any = wrapper
        for option in reversed(
            (*own, server_option, timeout_option, concurrency_option, rate_option)
        ):
            decorated = option(decorated)
        result: Command = config_option(decorated)
        return result

    return decorate


# What the options of a request are called where click hands them over.
_ASKED = (
    "paths",
    "overlays",
    "only",
    "write_secrets",
    "server_version",
    "live_file",
    "rooms",
    "timeout",
    "concurrency",
    "max_requests_per_minute",
)


def _request(only: str | None = None, write_secrets: tuple[str, ...] = (), **asked: Any) -> Request:
    plane = Plane(only) if only is not None else None
    if asked.get("rooms"):
        # Rooms belong to the agent plane, and they live on a server.
        if plane is Plane.SIP:
            raise click.UsageError("--only sip and --rooms do not go together")
        if asked.get("live_file") is not None:
            raise click.UsageError("--live and --rooms do not go together: a snapshot has no rooms")
    return Request(only=plane, write_secrets=frozenset(write_secrets), **asked)
