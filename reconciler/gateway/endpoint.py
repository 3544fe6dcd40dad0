"""Which LiveKit project a command talks to, out of the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.core.values import Secret
from reconciler.errors import EndpointError

# What no host name holds would end up in the request line.
_HOST = re.compile(r"[^\s/\\?#@\x00-\x20\x7f]+")
_SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and the key to it. `host` is what plans and guards know a project by: host name and port if any."""

    url: str
    host: str
    api_key: str
    api_secret: Secret


def endpoint_from(environ: Mapping[str, str], prefix: str = "") -> Endpoint:
    """The endpoint of `LIVEKIT_URL`, `LIVEKIT_API_KEY` and `LIVEKIT_API_SECRET`, each with the prefix in front.

    Raises `EndpointError` that names every variable that is missing, or says what is wrong with the URL.
    """
    names = [f"{prefix}LIVEKIT_{part}" for part in ("URL", "API_KEY", "API_SECRET")]
    missing = [name for name in names if not environ.get(name, "").strip()]
    if missing:
        raise EndpointError(
            f"{', '.join(missing)} not set: the server and the key to it come from the environment"
        )
    url, key, secret = (environ[name].strip() for name in names)
    base, host = http_url(url, names[0])
    return Endpoint(base, host, key, Secret(secret))


def http_url(url: str, variable: str) -> tuple[str, str]:
    """The base URL of the API and the host in it; `wss://` and `https://` mean the same."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EndpointError(
            f"{variable} is not a URL ({error}): write it like wss://acme.livekit.example"
        ) from error
    if "://" not in url:
        host = url.rpartition("@")[2]  # what stands before an @ may be a password
        usual = "ws" if host.startswith(("localhost", "127.", "[::1]")) else "wss"
        raise EndpointError(f'{variable} "{host}" has no scheme: write {usual}://{host}')
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None:
        raise EndpointError(
            f"{variable} has the scheme {parts.scheme}://: use wss://, https://, ws:// or http://"
        )
    if not parts.hostname:
        raise EndpointError(f"{variable} has no host: write it like wss://acme.livekit.example")
    if parts.username or parts.password:
        raise EndpointError(
            f"{variable} must not hold a user or password: keys have variables of their own"
        )
    if parts.query or parts.fragment:
        raise EndpointError(f"{variable} must end with the path: remove what follows ? or #")
    bare = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # The port that everybody means is not told: `wss://host:443` and `wss://host` are one project.
    tail = f":{port}" if port not in (None, _PORTS[scheme]) else ""
    return f"{scheme}://{_ascii(bare, variable)}{tail}{parts.path.rstrip('/')}", f"{bare}{tail}"


def _ascii(host: str, variable: str) -> str:
    """The host as it is sent. Names with other letters have a spelling in ASCII."""
    try:
        spelt = host.encode("idna").decode()
    except UnicodeError:
        spelt = ""
    if not spelt or not _HOST.fullmatch(spelt):
        raise EndpointError(
            f'{variable} has the host "{host}", which no host can be called: write it like '
            "wss://acme.livekit.example"
        )
    return spelt
