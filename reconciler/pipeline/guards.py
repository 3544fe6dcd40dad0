"""Which server is meant, and what must be right about a configuration before that server is touched."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from reconciler.config.model import Configuration
from reconciler.config.secrets import describe_missing
from reconciler.core.finding import Finding, Severity
from reconciler.errors import EndpointError, ReconcileError, Refused, SecretMissing
from reconciler.gateway.endpoint import Endpoint, endpoint_from

# Anything that could spell one of the two keys that decide which server is meant (escapes and explicit keys too), and
# the plain spelling whose value can be read off.
_DECIDING_KEY = re.compile(rb"\b(?:env_prefix|host)\b[\"']?\s*:|\\[xuU]|^\s*\?\s", re.MULTILINE)
_PLAIN_KEY = re.compile(
    rb"^[ ]+(env_prefix|host):[ ]+([\"']?)([A-Za-z0-9_.:-]+)\2[ ]*(?:#.*)?$", re.MULTILINE
)


def certain_endpoint(files: Mapping[Path, bytes], environ: Mapping[str, str]) -> Endpoint | None:
    """The endpoint, where it is certain before the files are parsed; None where it is not.

    Nothing is sent to a server that the file's guard may forbid: where `host` or `env_prefix` is spelt in any but
    the plainest way, reading waits for the parser.
    """
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


def endpoint_of(configuration: Configuration, environ: Mapping[str, str]) -> Endpoint:
    """The server of a configuration. Raises `EndpointError`, or `Refused` where the file forbids it."""
    endpoint = endpoint_from(environ, configuration.project.env_prefix)
    guard_host(configuration, endpoint.host)
    return endpoint


def guard_host(configuration: Configuration, host: str) -> None:
    """Raises `Refused` where the file is for another host."""
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


# Errors that leave every trunk and rule readable: where calls go can be told in spite of them.
_LEGIBLE = frozenset(
    [
        "unknown-trunk",
        "id-twice",
        "id-and-renamed-from",
        "renamed-from-listed",
        "renamed-from-twice",
        "secret-in-clear",
    ]
)


def is_readable(configuration: Configuration) -> bool:
    """Whether every trunk and rule was read in full: half a rule would be another rule."""
    return not any(
        finding.severity is Severity.ERROR and finding.code not in _LEGIBLE
        for finding in configuration.findings
    )


def require_readable(configuration: Configuration) -> None:
    """Raises `ConfigError` for a file that could not be read in full: half a file would plan deletions."""
    if any(finding.severity is Severity.ERROR for finding in configuration.findings):
        raise ConfigError(configuration.findings)


def require_known_project(configuration: Configuration) -> None:
    """Raises `ConfigError` where a file could not be read as far as it says which project it is for."""
    unread = tuple(
        one
        for one in configuration.findings
        if one.severity is Severity.ERROR
        and (one.code.startswith("yaml-") or one.path.split(".")[0] == "project")
    )
    if unread:
        raise ConfigError(unread)


def require_listed(configuration: Configuration, names: Collection[str]) -> None:
    """Raises `Refused` for a name whose password is to be written anew and that no trunk with one has; ids may live."""
    listed = {
        name
        for kind in configuration.sip.values()
        for one in kind
        if "auth.password" in one.fields
        for name in (one.name, one.id)
    }
    unknown = sorted(name for name in names if name not in listed and not name.startswith("ST_"))
    if unknown:
        raise Refused(
            f"--write-secrets {unknown[0]}: no listed trunk of that name has auth.password: nothing was read or written"
        )


def require_secrets(configuration: Configuration) -> None:
    """Raises `SecretMissing` that names every variable and file that is not there."""
    if configuration.missing:
        raise SecretMissing(*describe_missing(list(configuration.missing)))
