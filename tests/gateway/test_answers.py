"""What is not an answer of LiveKit: each its own clear message, none a crash, none with the key in it."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.core.values import Secret
from reconciler.emulator.server import Emulator
from reconciler.errors import (
    ApiError,
    BadAnswer,
    EndpointError,
    ExitCode,
    NotSupported,
    Unauthorized,
    Unreachable,
)
from reconciler.gateway.endpoint import Endpoint, endpoint_from, http_url
from reconciler.gateway.server import LiveServer
from tests.support.missing import missing
from tests.support.odd_server import OddServer, dripping, saying, silent

if TYPE_CHECKING:
    from pathlib import Path

KEY_SECRET = "the-secret-of-the-key-that-nobody-may-see"


def _observe(url: str, *, timeout: float = 5.0, secret: str = KEY_SECRET) -> Any:
    base, host = http_url(url, "LIVEKIT_URL")
    server = LiveServer(Endpoint(base, host, "devkey", Secret(secret)), timeout=timeout)
    try:
        return server.observe()
    finally:
        server.close()


def _error(url: str, *, timeout: float = 5.0) -> ApiError:
    with pytest.raises(ApiError) as caught:
        _observe(url, timeout=timeout)
    error = caught.value
    text = str(error)
    assert error.exit_code is ExitCode.ERROR
    assert "\n" not in text
    assert KEY_SECRET not in text
    return error


# --- answers that are not LiveKit's


def test_html_is_not_livekit() -> None:
    """A web page with status 200 is taken for what it is: a wrong address."""
    with OddServer(saying(b"<html></html>", "text/html; charset=utf-8")) as odd:
        error = _error(odd.url)
    assert isinstance(error, BadAnswer)
    assert "answers with text/html, which is not LiveKit's API: check LIVEKIT_URL" in str(error)


def test_a_page_that_is_not_there_is_not_livekit() -> None:
    """A 404 that is no Twirp error is a wrong address as well."""
    with OddServer(saying(b"not here", "text/plain", "404 Not Found")) as odd:
        error = _error(odd.url)
    assert isinstance(error, BadAnswer)
    assert error.status == 404


def test_a_redirect_is_not_followed() -> None:
    """The key stays with the address that it was meant for; the message names the new one."""
    with (
        OddServer(saying(b"")) as other,
        OddServer(
            saying(b"", "text/html", "301 Moved Permanently", f"Location: {other.url}/twirp")
        ) as odd,
    ):
        error = _error(odd.url)
        assert other.hits == []
        assert f"redirects to {other.url}" in str(error)
        assert "the key is not sent there" in str(error)


def test_a_body_that_is_no_message_is_damaged() -> None:
    """Bytes that protobuf cannot read are an error of their own, not a crash."""
    with OddServer(saying(b"\xff\xff\xff\xff")) as odd:
        error = _error(odd.url)
    assert isinstance(error, BadAnswer)
    assert "is damaged" in str(error)


def test_a_text_that_is_no_unicode_is_damaged() -> None:
    """A name in another encoding is a damaged answer."""
    trunk = b"\x12\x02\xff\xfe"  # the name, in bytes that no UTF-8 has
    with OddServer(saying(b"\x0a" + bytes([len(trunk)]) + trunk)) as odd:
        assert isinstance(_error(odd.url), BadAnswer)


def test_a_truncated_answer_is_tried_again_and_then_lost() -> None:
    """A body shorter than promised never passes for a shorter list."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/protobuf\r\nContent-Length: 50\r\n\r\n"
    with OddServer(lambda client, _: client.sendall(head + b"\x0a\x02")) as odd:
        error = _error(odd.url, timeout=1.0)
        assert len(odd.hits) > 3
    assert isinstance(error, Unreachable)
    assert error.sent


def test_an_answer_that_never_ends_is_given_up_in_time() -> None:
    """A byte now and then keeps a connection busy for ever; the time-out counts the whole call."""
    with OddServer(dripping) as odd:
        start = time.monotonic()
        error = _error(odd.url, timeout=0.7)
        assert time.monotonic() - start < 2.0
    assert "within 0.7 s: try again, or pass a longer --timeout" in str(error)


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    """An open connection without an answer costs the time-out and no more."""
    with OddServer(silent) as odd:
        start = time.monotonic()
        error = _error(odd.url, timeout=0.5)
        assert time.monotonic() - start < 1.5
    assert isinstance(error, Unreachable)
    assert "no answer" in str(error)


def test_a_gateway_that_fails_is_tried_again() -> None:
    """502 without a Twirp body comes from something in between: the call is repeated until the time is over."""
    with OddServer(saying(b"<html>", "text/html", "502 Bad Gateway")) as odd:
        error = _error(odd.url, timeout=1.0)
        assert len(odd.hits) > 3
    assert "answers 502: try again later" in str(error)


def test_something_that_is_no_http_is_lost() -> None:
    """Another protocol on the port is a broken connection."""
    with OddServer(lambda client, _: client.sendall(b"SSH-2.0-OpenSSH\r\n")) as odd:
        assert isinstance(_error(odd.url, timeout=0.5), Unreachable)


def test_a_deeply_nested_error_is_no_crash() -> None:
    """An error body that exhausts the JSON reader is just not a Twirp error."""
    with OddServer(saying(b"[" * 100_000, "application/json", "400 Bad Request")) as odd:
        assert isinstance(_error(odd.url), BadAnswer)


# --- addresses


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("acme.livekit.example", 'LIVEKIT_URL "acme.livekit.example" has no scheme: write wss://'),
        ("localhost:7880", "has no scheme: write ws://localhost:7880"),
        ("acme:hunter2@livekit.example", 'LIVEKIT_URL "livekit.example" has no scheme'),
        ("ftp://acme.example", "has the scheme ftp://: use wss://, https://, ws:// or http://"),
        ("wss://", "has no host"),
        ("wss://:7880", "has no host"),
        ("wss://acme.example:port", "is not a URL"),
        ("wss://acme.example:99999", "is not a URL"),
        ("wss://[::1", "is not a URL"),
        ("wss://me:hunter2@acme.example", "must not hold a user or password"),
        ("wss://acme.example?region=eu", "must end with the path"),
        ("wss://acme example", "which no host can be called"),
        ("wss://acme..example", "which no host can be called"),
        (f"wss://{'a' * 64}.example", "which no host can be called"),
    ],
)
def test_a_url_that_cannot_be_used_says_why(url: str, said: str) -> None:
    """Each mistake in the address has its own sentence, and no password in it."""
    with pytest.raises(EndpointError) as caught:
        http_url(url, "LIVEKIT_URL")
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_code is ExitCode.ERROR


@pytest.mark.parametrize(
    ("url", "base", "host"),
    [
        ("wss://acme.livekit.example", "https://acme.livekit.example", "acme.livekit.example"),
        ("https://ACME.livekit.example/", "https://acme.livekit.example", "acme.livekit.example"),
        ("ws://localhost:7880", "http://localhost:7880", "localhost:7880"),
        ("http://127.0.0.1:7880/livekit/", "http://127.0.0.1:7880/livekit", "127.0.0.1:7880"),
        ("ws://[::1]:7880", "http://[::1]:7880", "[::1]:7880"),
        ("wss://münchen.example", "https://xn--mnchen-3ya.example", "münchen.example"),
    ],
)
def test_all_spellings_of_a_url_mean_the_api(url: str, base: str, host: str) -> None:
    """`wss` and `https` are one, and so are `ws` and `http`."""
    assert http_url(url, "LIVEKIT_URL") == (base, host)


@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_both_schemes_reach_the_server(scheme: str) -> None:
    """The address of the SDKs and that of the API work alike."""
    with Emulator() as emulator:
        url = emulator.url.replace("http", scheme, 1)
        assert set(_observe(url, secret=emulator.api_secret).messages) == {
            "inbound_trunk",
            "outbound_trunk",
            "dispatch_rule",
        }


def test_every_variable_that_is_missing_is_named() -> None:
    """One message for all of them, with the prefix in front."""
    with pytest.raises(EndpointError) as caught:
        endpoint_from({"STAGING_LIVEKIT_URL": "wss://acme.example"}, "STAGING_")
    assert "STAGING_LIVEKIT_API_KEY, STAGING_LIVEKIT_API_SECRET not set" in str(caught.value)


def test_a_key_is_never_shown_with_its_endpoint() -> None:
    """The representation of an endpoint, as a traceback would have it, has no secret."""
    environ = {
        "LIVEKIT_URL": "wss://acme.example",
        "LIVEKIT_API_KEY": "devkey",
        "LIVEKIT_API_SECRET": KEY_SECRET,
    }
    assert KEY_SECRET not in repr(endpoint_from(environ))


# --- servers that say no


def test_a_wrong_secret_names_the_variables() -> None:
    """A bare 401 becomes advice."""
    with Emulator() as emulator:
        error = _error(emulator.url)
    assert isinstance(error, Unauthorized)
    assert "refuses the key" in str(error)
    assert "check LIVEKIT_API_KEY, LIVEKIT_API_SECRET and this machine's clock" in str(error)


def test_a_key_without_the_right_says_which() -> None:
    """403 is a key that may do other things."""
    body = b'{"code":"permission_denied","msg":"permissions denied"}'
    with OddServer(saying(body, "application/json", "403 Forbidden")) as odd:
        error = _error(odd.url)
    assert isinstance(error, Unauthorized)
    assert "it needs a key that may administer SIP" in str(error)


def test_a_wrong_path_says_so() -> None:
    """A Twirp server that does not know the route is too old, or behind another path."""
    body = b'{"code":"bad_route","msg":"no handler for path"}'
    with OddServer(saying(body, "application/json", "404 Not Found")) as odd:
        error = _error(odd.url)
    assert isinstance(error, NotSupported)
    assert "older than this call, or LIVEKIT_URL has a wrong path" in str(error)


def test_a_refused_connection_is_given_up_after_three_tries() -> None:
    """A wrong port is told in about two seconds, not after the whole time-out."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    start = time.monotonic()
    error = _error(f"http://127.0.0.1:{port}", timeout=30.0)
    assert 0.5 < time.monotonic() - start < 3.0
    assert isinstance(error, Unreachable)
    assert not error.sent
    assert "connection refused: is the server running, and LIVEKIT_URL right?" in str(error)


def test_a_port_without_tls_is_told_apart_from_one_that_is_down() -> None:
    """`wss` where the server speaks `ws` is a wrong address, not a server to wait for."""
    with OddServer(saying(b"", "text/plain", "400 Bad Request")) as odd:
        start = time.monotonic()
        error = _error(odd.url.replace("http://", "wss://"), timeout=10.0)
        assert time.monotonic() - start < 5.0
    assert isinstance(error, BadAnswer)
    assert "no secure connection" in str(error)
    assert "check LIVEKIT_URL and the certificate" in str(error)


def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    """Certificates are checked: the key is not sent to whoever answers."""
    with OddServer(saying(b""), tls=_unsigned(tmp_path)) as odd:
        error = _error(odd.url)
        assert odd.hits == []
    assert isinstance(error, BadAnswer)
    assert "certificate verify failed" in str(error)


def _unsigned(folder: Path) -> ssl.SSLContext:
    """The server's side of TLS with a certificate that signs itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        missing("no openssl on this machine to make a certificate")
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-keyout", key]
    subprocess.run([*command, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
