"""What `explain` and `graph` look at: the file, the live project, a snapshot of it, or a plan. The options for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import click
from click.core import ParameterSource

from reconciler.core.plan import Plane
from reconciler.pipeline.request import Request

Option: TypeAlias = Callable[[Any], Any]
_SERVER = "(the server)"  # where --live stands alone; no file is called so


def live_or_snapshot_option(help_text: str) -> Option:
    """`--live` alone is the live project, `--live FILE` a snapshot of it."""
    return click.option(
        "--live",
        metavar="[SNAPSHOT]",
        is_flag=False,
        flag_value=_SERVER,
        callback=_no_empty_name,
        help=help_text,
    )


def plane_option(help_text: str) -> Option:
    """`--only` for a command to which a plan is one of several things to look at."""
    return click.option(
        "--only",
        type=click.Choice([plane.value for plane in Plane]),
        envvar="RECONCILE_ONLY",
        help=help_text,
    )


def looking_at(request: Request, live: str | None) -> Request:
    """The request with the snapshot file that `--live` names, if it names one."""
    return request if live in (None, _SERVER) else replace(request, live_file=Path(str(live)))


def require_plan_for_only(option: str, *, is_given: bool) -> None:
    """Raises where `--only` was written without the option that it is for; a variable may stand there for others."""
    source = click.get_current_context().get_parameter_source("only")
    if source is ParameterSource.COMMANDLINE and not is_given:
        raise click.UsageError(f"--only is for {option}: nothing else tells of an apply")


def _no_empty_name(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value == "":
        raise click.UsageError("--live names no file: the text behind it is empty")
    return value
