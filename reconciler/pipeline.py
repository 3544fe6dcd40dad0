"""The main flow, and the only file that knows all its steps: load → observe → plan → apply → observe again.

Commands call these functions and render what they return; nothing here prints. Files are parsed while the live
project is being read, as far as it is certain which project that is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.background import background
from reconciler.config.load import load, read_files
from reconciler.config.secrets import describe_missing
from reconciler.core.finding import Finding, Severity
from reconciler.core.plan import Call, Plan, Plane
from reconciler.core.values import Secret
from reconciler.errors import EndpointError, ReconcileError, Refused, SecretMissing
from reconciler.fingerprint import Fingerprints
from reconciler.planning import Options, make_plan, matches
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE

if TYPE_CHECKING:
    from typing import Any

    from reconciler.apply import Progress, Report
    from reconciler.config.model import Configuration
    from reconciler.core.objects import Snapshot
    from reconciler.export import Exported
    from reconciler.gateway.endpoint import Endpoint
    from reconciler.gateway.server import LiveServer, Observed
    from reconciler.receipt import Cause


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
    is_saved: bool = False


def prepare(request: Request) -> Prepared:
    """Loads, observes and plans. Raises `ReconcileError` where there is nothing to plan with or against."""
    if request.live_file is not None:
        return _prepare_offline(request)
    files = read_files(request.paths)
    with background(2, "observe") as pool:
        guess = _certain_endpoint(files, request.environ)
        observing = pool.submit(_observe, request, guess) if guess is not None else None
        configuration = load(files, request.environ)
        require_readable(configuration)
        endpoint = _endpoint(configuration, request.environ)
        require_secrets(configuration)
        if observing is None or endpoint != guess:
            observing = pool.submit(_observe, request, endpoint)
        server, observed = observing.result()
    server.era = era_of(request, configuration, observed.found_era)
    server.use_secrets(secrets_of(configuration))
    live = server.snapshot(observed)
    return Prepared(
        configuration, live, _plan(request, configuration, live, server.era), server.era, server
    )


def _prepare_offline(request: Request) -> Prepared:
    from reconciler.gateway.snapshot_file import load_snapshot

    assert request.live_file is not None  # noqa: S101  # the caller looked
    configuration = load(read_files(request.paths), request.environ)
    require_readable(configuration)
    stored = load_snapshot(request.live_file)
    _guard_host(configuration, stored.host)
    era = era_of(request, configuration, stored.era)
    live = stored.snapshot(era)
    return Prepared(configuration, live, _plan(request, configuration, live, era), era, None)


def _plan(request: Request, configuration: Configuration, live: Snapshot, era: Era) -> Plan:
    return make_plan(
        normalised(configuration), live, Options(request.only, request.write_secrets, era)
    )


def normalised(configuration: Configuration) -> Configuration:
    """The configuration with LiveKit's own JSON in it spelt as LiveKit spells it.

    Raises `ConfigError` where LiveKit does not know what stands there.
    """
    path = "room.egress"
    rules = configuration.sip.get(DISPATCH_RULE.name, ())
    if not any(path in rule.fields for rule in rules):
        return configuration
    from reconciler.gateway.egress import canonical_egress

    findings: list[Finding] = []
    spelt = []
    for rule in rules:
        secret = rule.fields.get(path)
        text = secret.reveal() if isinstance(secret, Secret) else None
        if isinstance(secret, Secret) and text is not None:
            try:
                canonical = Secret(canonical_egress(text), secret.ref)
                rule = replace(rule, fields={**rule.fields, path: canonical})
            except ValueError as error:
                place = f"sip.dispatch_rules.{rule.name}.{path}"
                fix = "see RoomEgress in LiveKit's API"
                mark = rule.origin.mark(path)
                findings.append(
                    Finding(
                        "bad-egress",
                        Severity.ERROR,
                        place,
                        f"LiveKit does not know this: {error}",
                        fix,
                        mark,
                    )
                )
        spelt.append(rule)
    if findings:
        raise ConfigError((*configuration.findings, *findings))
    return replace(configuration, sip={**configuration.sip, DISPATCH_RULE.name: tuple(spelt)})


def open_server(request: Request, endpoint: Endpoint) -> LiveServer:
    """A connection to a project, as the request wants it."""
    from reconciler.gateway.server import LiveServer

    era = Era.of(request.server_version) if request.server_version else Era.NEW
    return LiveServer(endpoint, era=era, timeout=request.timeout, concurrency=request.concurrency)


def _observe(request: Request, endpoint: Endpoint) -> tuple[LiveServer, Observed]:
    server = open_server(request, endpoint)
    return server, server.observe(find_era=request.server_version is None)


def era_of(request: Request, configuration: Configuration | None, found: Era | None = None) -> Era:
    """Which behaviour counts: the option, else the file, else what was found out, else the newest."""
    version = request.server_version or (
        configuration.project.server if configuration is not None else None
    )
    return Era.of(version) if version else found or Era.NEW


# ---------------------------------------------------------------------------------------------------------------------
# Guards
# ---------------------------------------------------------------------------------------------------------------------

# Anything that could spell one of the two keys that decide which server is meant (escapes and explicit keys too), and
# the plain spelling whose value can be read off.
_DECIDING_KEY = re.compile(rb"\b(?:env_prefix|host)\b[\"']?\s*:|\\[xuU]|^\s*\?\s", re.MULTILINE)
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


class ConfigError(ReconcileError):
    """The configuration has errors that leave nothing to plan; carries them all."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


def require_readable(configuration: Configuration) -> None:
    """Raises `ConfigError` for a file that could not be read in full: half a file would plan deletions."""
    if any(finding.severity is Severity.ERROR for finding in configuration.findings):
        raise ConfigError(configuration.findings)


def require_secrets(configuration: Configuration) -> None:
    """Raises `SecretMissing` that names every variable and file that is not there."""
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
    from reconciler.apply import apply_plan

    server = prepared.server
    if server is None:
        raise Refused("a plan made against a file cannot be applied: plan against the live project")
    report = apply_plan(prepared.plan, server, request.concurrency, progress, seen=prepared.live)
    if report.interrupted:
        return report
    try:
        live = server.snapshot(server.observe())
    except ReconcileError as error:
        # What was done is known, whatever became of the server since.
        return replace(report, differences=(f"the project could not be read again: {error}",))
    if prepared.is_saved:
        from reconciler.planfile import unsettled

        return replace(report, differences=unsettled(prepared.plan, live))
    # A password that the server does not tell was written: it does not differ because it was asked for.
    asked = replace(request, write_secrets=frozenset())
    after = _plan(asked, prepared.configuration, live, prepared.era)
    return replace(report, differences=remaining(after))


def remaining(after: Plan) -> tuple[str, ...]:
    """What still differs, a line for each object."""
    return tuple(
        f'{change.kind.replace("_", " ")} "{change.name}" still differs: '
        + (", ".join(one.path for one in change.fields) or change.action)
        for change in after.changes
    )


# ---------------------------------------------------------------------------------------------------------------------
# Saved plans and receipts
# ---------------------------------------------------------------------------------------------------------------------


def save(path: Path, prepared: Prepared) -> None:
    """Saves a plan as it was shown, with digests of the live objects that it touches."""
    from reconciler.planfile import FORMAT, FORMAT_VERSION, SavedPlan, save_plan, touched_by

    server = prepared.server
    plan = prepared.plan
    touched = (
        touched_by(plan, prepared.live, prints_of(server.endpoint)) if server is not None else {}
    )
    save_plan(
        path,
        SavedPlan(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            tool_version=__version__,
            created_at=now(),
            era=prepared.era,
            env_prefix=prepared.configuration.project.env_prefix,
            files=prepared.configuration.files,
            keyed=server is not None,
            touched=touched,
            plan=plan,
        ),
    )


def prepare_saved(request: Request, path: Path) -> Prepared:
    """A saved plan, ready to be applied. Raises `Refused` where it is damaged, overtaken or for another project."""
    from reconciler.config.model import Configuration, Project
    from reconciler.gateway.endpoint import endpoint_from
    from reconciler.planfile import read_plan, require_fresh, require_intact, secrets_from

    saved = read_plan(path)
    require_intact(path, saved)
    endpoint = endpoint_from(request.environ, saved.env_prefix)
    if endpoint.host != saved.plan.host:
        raise Refused(
            f"{path}: the plan is for {saved.plan.host}, the environment names {endpoint.host}: nothing was read"
        )
    server = open_server(request, endpoint)
    server.era = saved.era
    live = server.snapshot(server.observe())
    require_fresh(path, saved, live, prints_of(endpoint) if saved.keyed else None)
    server.use_secrets(secrets_from(saved, request.environ))
    configuration = Configuration(
        files=saved.files, project=Project(saved.plan.project, env_prefix=saved.env_prefix)
    )
    return Prepared(configuration, live, saved.plan, saved.era, server, is_saved=True)


def prints_of(endpoint: Endpoint) -> Fingerprints:
    """Digests under the project's own key."""
    return Fingerprints(endpoint.api_secret)


def leave_receipt(path: Path, prepared: Prepared) -> None:
    """Writes the receipt of an apply that went well: the managed objects as they live now."""
    from reconciler.receipt import write_receipt

    server = _connected(prepared)
    live = server.snapshot(server.observe())
    if prepared.is_saved:
        listed = {(call.kind, call.new_name or call.name) for call in prepared.plan.calls}
        managed = [one for one in live if (one.kind, one.name) in listed]
    else:
        plan = normalised(prepared.configuration)
        ids = {
            pair.live.id
            for matched in matches(plan, live).values()
            for pair in matched.pairs
            if pair.live is not None
        }
        managed = [one for one in live if one.id in ids]
    write_receipt(
        path,
        project=prepared.plan.project,
        host=live.host,
        applied_at=now(),
        objects=managed,
        prints=prints_of(server.endpoint),
    )


def causes(path: Path, prepared: Prepared) -> dict[tuple[str, str, str], Cause]:
    """For every difference, which side changed since the receipt was written."""
    from reconciler.receipt import read_receipt

    receipt = read_receipt(path)
    if receipt.host != prepared.live.host:
        raise Refused(f"{path}: the receipt is of {receipt.host}, this is {prepared.live.host}")
    prints = prints_of(_connected(prepared).endpoint)
    live = {one.id: one.fields for one in prepared.live}
    desired = {
        (one.kind, one.name): one.fields
        for kind in prepared.configuration.sip.values()
        for one in kind
    }
    found: dict[tuple[str, str, str], Cause] = {}
    for change in prepared.plan.changes:
        wanted = desired.get((change.kind, change.name))
        lives = live.get(change.id or "")
        for one in change.fields or (None,):
            path_ = one.path if one is not None else ""
            found[(change.kind, change.name, path_)] = receipt.cause(
                change, path_, wanted, lives, prints
            )
    return found


def _connected(prepared: Prepared) -> LiveServer:
    if prepared.server is None:
        raise Refused("this needs the live project, not a snapshot file")
    return prepared.server


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")


# ---------------------------------------------------------------------------------------------------------------------
# The live project alone
# ---------------------------------------------------------------------------------------------------------------------


def connect(request: Request) -> LiveServer:
    """The project that the environment names; a configuration that is there may say which variables and host."""
    from reconciler.gateway.endpoint import endpoint_from

    if any(path.exists() for path in request.paths):
        configuration = load(
            read_files([path for path in request.paths if path.exists()]), request.environ
        )
        return open_server(request, _endpoint(configuration, request.environ))
    return open_server(request, endpoint_from(request.environ))


def look(request: Request) -> Snapshot:
    """The live project in normal form."""
    server = connect(request)
    observed = server.observe(find_era=request.server_version is None)
    server.era = era_of(request, None, observed.found_era)
    return server.snapshot(observed)


def take_snapshot(request: Request) -> dict[str, Any]:
    """The content of a snapshot file."""
    from reconciler.gateway.snapshot_file import snapshot_document

    server = connect(request)
    observed = server.observe(find_era=True)
    return snapshot_document(server.endpoint.host, now(), observed.messages, observed.found_era)


def export_live(request: Request, *, comments: bool, name: str = "") -> Exported:
    """The live project as a configuration."""
    from reconciler.export import export_project

    server = connect(request)
    observed = server.observe(find_era=request.server_version is None)
    server.era = era_of(request, None, observed.found_era)
    host = server.endpoint.host
    return export_project(
        server.snapshot(observed),
        name=name or host.split(".")[0].split(":")[0],
        era=server.era,
        comments=comments,
    )
