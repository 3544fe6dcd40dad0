"""The options of `drift` about alerts and figures, and the watch that ends every run with them.

A watch is a context manager around the look. Whatever the look comes to, an error included, is remembered and told;
the exit code stays what the command says.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from reconciler.cli.console import note
from reconciler.cli.options import duration_option
from reconciler.core.finding import Severity
from reconciler.errors import ReconcileError
from reconciler.pipeline.request import Request
from reconciler.render.escape import escape
from reconciler.render.outline import plural

if TYPE_CHECKING:
    from reconciler.alerting.found import Looked, NotLooked
    from reconciler.alerting.message import Advice
    from reconciler.alerting.run import Setup
    from reconciler.alerting.send import Target
    from reconciler.render.shapes import PlanDocument

Command = TypeVar("Command", bound=Callable[..., Any])
STATE = Path(".reconcile/drift.json")
_LONGEST = 366 * 24.0


def _targets(
    ctx: click.Context, parameter: click.Parameter, urls: tuple[str, ...]
) -> tuple[Target, ...]:
    if not urls:
        return ()
    from reconciler.alerting.send import BadTarget, targets

    try:
        return targets(urls)
    except BadTarget as error:
        raise click.BadParameter(str(error)) from error


def _metrics_file(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    if path is not None:
        from reconciler.alerting.metrics import require_library

        require_library()
    return path


_OPTIONS = (
    click.option(
        "--notify",
        "targets",
        metavar="URL",
        multiple=True,
        callback=_targets,
        envvar="RECONCILE_NOTIFY",
        help="Tell this target of drift, and when it is over: a URL of Apprise. The variable takes several.",
    ),
    click.option(
        "--after",
        type=click.IntRange(1, 1000),
        metavar="N",
        default=1,
        envvar="RECONCILE_AFTER",
        show_default=True,
        help="Tell a drift that this many runs in a row found.",
    ),
    click.option(
        "--after-errors",
        type=click.IntRange(1, 1000),
        metavar="N",
        default=3,
        envvar="RECONCILE_AFTER_ERRORS",
        show_default=True,
        help="Tell that the project cannot be looked at, when this many runs in a row could not.",
    ),
    duration_option(
        "--repeat",
        "24h",
        "RECONCILE_REPEAT",
        "Tell the same drift again after this.",
        longest=_LONGEST,
    ),
    duration_option(
        "--heartbeat",
        None,
        "RECONCILE_HEARTBEAT",
        "Say after so much silence that drift is still looked for.",
        longest=_LONGEST,
    ),
    click.option(
        "--state",
        type=click.Path(path_type=Path, dir_okay=False, readable=False),
        envvar="RECONCILE_STATE",
        help=f"What alerts and figures remember between runs: with either of them {STATE}.",
    ),
    click.option(
        "--metrics-file",
        type=click.Path(path_type=Path, dir_okay=False, readable=False),
        callback=_metrics_file,
        envvar="RECONCILE_METRICS_FILE",
        help="Write figures for node_exporter's textfile collector; the name ends in .prom there.",
    ),
)


@dataclass(frozen=True, slots=True)
class Alerts:
    """What was asked for. Durations are in seconds. `when` are the options that were given of those that say when."""

    targets: tuple[Target, ...]
    after: int
    after_errors: int
    repeat: float
    heartbeat: float | None
    state: Path | None
    metrics_file: Path | None
    when: tuple[str, ...]


_WHEN = ("after", "after_errors", "repeat", "heartbeat")


def alert_options(function: Command) -> Command:
    """Adds the options; the command gets them as one `alerts`."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        asked = {name: kwargs.pop(name) for name in Alerts.__slots__ if name != "when"}
        source = click.get_current_context().get_parameter_source
        given = (name for name in _WHEN if source(name) is not ParameterSource.DEFAULT)
        when = tuple(f"--{name.replace('_', '-')}" for name in given)
        return function(*args, alerts=Alerts(**asked, when=when), **kwargs)

    decorated: Any = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    result: Command = decorated
    return result


class Watch:
    """Around one look at the live project: what it comes to is told at its end."""

    def __init__(self, alerts: Alerts, request: Request, receipt: Path | None) -> None:
        self._alerts = alerts
        self._request = request
        self._receipt = receipt
        self._document: PlanDocument | None = None
        self._unread = 0
        self._began = 0.0

    def saw(self, document: PlanDocument, *, unread: int) -> None:
        """What there was to see; with rooms that could not be read, nothing seen is no all-clear."""
        self._document = document
        self._unread = unread

    def __enter__(self) -> Watch:
        self._began = time.monotonic()
        asked = self._alerts
        # A target that is missing costs nobody the look: who reads stderr puts it right.
        if not asked.targets and os.environ.get("RECONCILE_NOTIFY") is not None:
            note("RECONCILE_NOTIFY is empty: nobody is told of drift")
        elif not asked.targets and asked.when:
            verb = "says" if len(asked.when) == 1 else "say"
            note(
                f"nobody is told of drift: {', '.join(asked.when)} {verb} when, and no --notify whom"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asked = self._alerts
        if not asked.targets and asked.state is None and asked.metrics_file is None:
            return
        if error is not None and not isinstance(error, Exception):
            return  # interrupted: nothing was found out, and nothing failed
        if isinstance(error, click.exceptions.Exit | click.ClickException | click.Abort):
            return  # wrong usage, which its author sees
        from reconciler.alerting.run import conclude

        conclude(
            self._setup(),
            self._with_name(self._found(error)),
            self._document,
            ended=datetime.now(UTC),
            seconds=time.monotonic() - self._began,
            note=lambda text: note(f"warning: {text}"),
        )

    def _with_name(self, found: Looked | NotLooked) -> Looked | NotLooked:
        """A run that could not look knows from the files whose live project that is."""
        from reconciler.alerting.found import NotLooked
        from reconciler.pipeline.configuration import configuration_of

        if not isinstance(found, NotLooked):
            return found
        try:
            project = configuration_of(self._request).project.name
        except ReconcileError:
            return found
        return replace(found, project=escape(project))

    def _found(self, error: Exception | None) -> Looked | NotLooked:
        from reconciler.alerting.found import NotLooked, failed, looked
        from reconciler.pipeline.guards import ConfigError

        if isinstance(error, ConfigError):
            errors = [one for one in error.findings if one.severity is Severity.ERROR]
            more = f" (and {plural(len(errors) - 1, 'more error')})" if len(errors) > 1 else ""
            return failed(error, f"{errors[0]}{more}" if errors else str(error))
        if error is not None or self._document is None:
            return failed(error or ReconcileError("nothing was read"))
        found = looked(self._document)
        if self._unread and not found.fingerprint:
            return NotLooked(f"{plural(self._unread, 'room')} could not be read")
        return found

    def _setup(self) -> Setup:
        from reconciler.alerting.decide import Policy
        from reconciler.alerting.run import Setup

        asked = self._alerts
        heartbeat = timedelta(seconds=asked.heartbeat) if asked.heartbeat is not None else None
        return Setup(
            self._name(),
            asked.state or STATE,
            asked.targets,
            Policy(asked.after, asked.after_errors, timedelta(seconds=asked.repeat), heartbeat),
            self._advice(),
            asked.metrics_file,
        )

    def _name(self) -> str:
        """What is watched, as somebody would type it; a snapshot has another name every time."""
        words = [*map(str, self._request.paths), *self._overlays(), *self._narrowed()]
        words += ["--live"] if self._request.live_file is not None else []
        return escape(shlex.join(words))

    def _advice(self) -> Advice:
        """The two commands with the options of this run, as far as they are theirs."""
        from reconciler.alerting.message import Advice

        request = self._request
        paths = () if request.paths == Request().paths else request.paths
        named = [word for path in paths for word in ("-c", str(path))] + self._overlays()
        receipt = ["--receipt", str(self._receipt)] if self._receipt is not None else []
        take_over = ["reconcile", "drift", "--write-back", *named, *self._plane()]
        apply = ["reconcile", "apply", *receipt, *named, *self._narrowed()]
        return Advice(escape(shlex.join(take_over)), escape(shlex.join(apply)))

    def _overlays(self) -> list[str]:
        return [word for path in self._request.overlays for word in ("--overlay", str(path))]

    def _narrowed(self) -> list[str]:
        return [*self._plane(), *(["--rooms"] if self._request.rooms else [])]

    def _plane(self) -> list[str]:
        only = self._request.only
        return ["--only", only.value] if only is not None else []
