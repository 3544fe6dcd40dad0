"""The main flow, and the only file that knows all its steps: load → observe → plan → apply → observe again.

Commands call these functions and render what they return; nothing here prints. Files are parsed while the live
project is being read, as far as it is certain which project that is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.config.load import load, read_files
from reconciler.config.secrets import describe_missing
from reconciler.core.finding import Finding, Severity
from reconciler.core.plan import Call, Plan, Plane
from reconciler.core.values import Secret
from reconciler.errors import EndpointError, Refused, SecretMissing
from reconciler.planner import Options, make_plan
from reconciler.sip.era import Era

if TYPE_CHECKING:
    from reconciler.apply import Progress, Report
    from reconciler.config.model import Configuration
    from reconciler.core.objects import Snapshot
    from reconciler.gateway.endpoint import Endpoint
    from reconciler.gateway.server import LiveServer


@dataclass(frozen=True, slots=True)
class Request:
    """What a command was asked, as far as the flow needs it. `timeout` is in seconds and covers all tries of a call."""

    paths: tuple[Path, ...] = (Path("config/dispatch.yaml"),)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    only: Plane | None = None
    write_secrets: frozenset[str] = frozenset()
    server_version: str | None = None
    live_file: Path | None = None
    timeout: float = 30.0
    concurrency: int = 8


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan and what it was made of. `server` is None where it was made against a file."""

    configuration: Configuration
    live: Snapshot
    plan: Plan
    era: Era
    server: LiveServer | None


def prepare(request: Request) -> Prepared:
    """Loads, observes and plans. Raises `ReconcileError` where there is nothing to plan with or against."""
    if request.live_file is not None:
        return _prepare_offline(request)
    files = read_files(request.paths)
    with ThreadPoolExecutor(1, thread_name_prefix="observe") as pool:
        guess = _certain_endpoint(files, request.environ)
        observed = pool.submit(_observe, request, guess) if guess is not None else None
        configuration = load(files, request.environ)
        endpoint = _endpoint(configuration, request.environ)
        if observed is None or endpoint != guess:
            _forget(observed)
            observed = pool.submit(_observe, request, endpoint)
        require_usable(configuration)
        server, live = observed.result()
    era = era_of(request, configuration)
    if server.era is not era:
        server.era = era
        live = server.snapshot()
    server.use_secrets(secrets_of(configuration))
    return Prepared(configuration, live, _plan(request, configuration, live, era), era, server)


def _prepare_offline(request: Request) -> Prepared:
    from reconciler.gateway.snapshot_file import load_snapshot

    assert request.live_file is not None  # noqa: S101  # the caller looked
    configuration = load(read_files(request.paths), request.environ)
    require_readable(configuration)
    stored = load_snapshot(request.live_file)
    _guard_host(configuration, stored.host)
    era = era_of(request, configuration, stored.server_version)
    live = stored.snapshot(era)
    return Prepared(configuration, live, _plan(request, configuration, live, era), era, None)


def _plan(request: Request, configuration: Configuration, live: Snapshot, era: Era) -> Plan:
    return make_plan(configuration, live, Options(request.only, request.write_secrets, era))


def _observe(request: Request, endpoint: Endpoint) -> tuple[LiveServer, Snapshot]:
    from reconciler.gateway.server import LiveServer

    era = Era.of(request.server_version) if request.server_version else Era.NEW
    server = LiveServer(endpoint, era=era, timeout=request.timeout, concurrency=request.concurrency)
    return server, server.snapshot()


def _forget(observed: Future[tuple[LiveServer, Snapshot]] | None) -> None:
    """Drops what was read of a project that the file turned out not to mean."""
    if observed is not None and observed.exception() is None:
        observed.result()[0].close()


def era_of(request: Request, configuration: Configuration, found: str | None = None) -> Era:
    """Which behaviour counts: the option, else the file, else what was found out, else the newest."""
    version = request.server_version or configuration.project.server or found
    return Era.of(version) if version else Era.NEW


# ---------------------------------------------------------------------------------------------------------------------
# Guards
# ---------------------------------------------------------------------------------------------------------------------

# Any spelling of the two keys that decide which server is meant, and the plain one whose value can be read off.
_DECIDING_KEY = re.compile(rb"\b(env_prefix|host)\b[\"']?\s*:")
_PLAIN_KEY = re.compile(
    rb"^[ ]+(env_prefix|host):[ ]+([\"']?)([A-Za-z0-9_.:-]+)\2[ ]*(?:#.*)?$", re.MULTILINE
)


def _certain_endpoint(files: Mapping[Path, bytes], environ: Mapping[str, str]) -> Endpoint | None:
    """The endpoint, where it is certain before the files are parsed; None where it is not.

    Nothing is sent to a server that the file's guard may forbid: where `host` or `env_prefix` is spelt in any but
    the plainest way, reading waits for the parser.
    """
    from reconciler.gateway.endpoint import endpoint_from

    found: dict[bytes, bytes] = {}
    for data in files.values():
        keys = _DECIDING_KEY.findall(data)
        plain = _PLAIN_KEY.findall(data)
        if len(keys) != len(plain) or len(plain) > 2:
            return None
        for key, _, value in plain:
            if found.setdefault(key, value) != value:
                return None
    try:
        endpoint = endpoint_from(environ, found.get(b"env_prefix", b"").decode())
    except EndpointError:
        return None
    host = found.get(b"host")
    return endpoint if host is None or host.decode() == endpoint.host else None


def _endpoint(configuration: Configuration, environ: Mapping[str, str]) -> Endpoint:
    from reconciler.gateway.endpoint import endpoint_from

    endpoint = endpoint_from(environ, configuration.project.env_prefix)
    _guard_host(configuration, endpoint.host)
    return endpoint


def _guard_host(configuration: Configuration, host: str) -> None:
    wanted = configuration.project.host
    if wanted is not None and wanted != host:
        raise Refused(
            f"this file is for the host {wanted}, the environment names {host}: nothing was read or written; "
            f"correct {configuration.project.env_prefix}LIVEKIT_URL or project.host"
        )


class Unusable(Exception):
    """The configuration has errors that leave nothing to plan; carries them all."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


def require_readable(configuration: Configuration) -> None:
    """Raises `Unusable` for a file that could not be read in full: half a file would plan deletions."""
    if any(finding.severity is Severity.ERROR for finding in configuration.findings):
        raise Unusable(configuration.findings)


def require_usable(configuration: Configuration) -> None:
    """As `require_readable`, and every secret must be there. Raises `SecretMissing`."""
    require_readable(configuration)
    if configuration.missing:
        raise SecretMissing(describe_missing(list(configuration.missing)))


def secrets_of(configuration: Configuration) -> Callable[[Call, str], str]:
    """Looks up the text of a sensitive field among the objects of a configuration."""
    objects = {(one.kind, one.name): one for kind in configuration.sip.values() for one in kind}

    def look_up(call: Call, path: str) -> str:
        name = call.new_name or call.name
        value = objects[(call.kind, name)].fields.get(path)
        text = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(text, str):
            raise SecretMissing(f"{path} of {name} has no value")
        return text

    return look_up


# ---------------------------------------------------------------------------------------------------------------------
# Apply
# ---------------------------------------------------------------------------------------------------------------------


def carry_out(request: Request, prepared: Prepared, progress: Progress) -> Report:
    """Applies the plan and looks at the live project again: what differs afterwards is in the report."""
    from dataclasses import replace

    from reconciler.apply import apply_plan

    server = prepared.server
    if server is None:
        raise Refused("a plan made against a file cannot be applied: plan against the live project")
    report = apply_plan(prepared.plan, server, request.concurrency, progress)
    if report.interrupted:
        return report
    after = _plan(request, prepared.configuration, server.snapshot(), prepared.era)
    return replace(report, differences=remaining(after))


def remaining(after: Plan) -> tuple[str, ...]:
    """What still differs, a line for each object."""
    return tuple(
        f'{change.kind.replace("_", " ")} "{change.name}" still differs: '
        + (", ".join(one.path for one in change.fields) or change.action)
        for change in after.changes
    )
