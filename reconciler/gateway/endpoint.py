"""Which LiveKit project a command talks to, out of the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.core.values import Secret
from reconciler.errors import EndpointError

_SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}


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
        raise EndpointError(f'{variable} "{url}" has no scheme: write wss://{url}')
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
    bare = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    host = f"{bare}:{port}" if port is not None else bare
    return f"{scheme}://{host}{parts.path.rstrip('/')}", host
