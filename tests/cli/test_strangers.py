"""Servers that are not the one that was meant: other certificates, other hosts, other clocks, other sizes.

Each command is a process of its own here: which authorities are trusted is settled when a program starts, and so is
how much memory it takes.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from reconciler.emulator.server import Emulator
from tests.support.bad_answers import ANSWERS
from tests.support.certificates import Authority
from tests.support.cli import COMMAND, Ran, Shell
from tests.support.odd_proxy import OddProxy
from tests.support.odd_server import OddServer, saying

if TYPE_CHECKING:
    import ssl

    from tests.support.livekit_server import LiveKitServer

# One of each client: the one for lists of objects, and the one for rooms.
COMMANDS = (("plan",), ("rooms",))
EMPTY = saying(b"")
# Bytes of address space: a program and its libraries, its threads, and three answers of the size that is allowed.
MEMORY = 1 << 30


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that the commands trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


def run(shell: Shell, *line: str, **more: str) -> Ran:
    """A command as a process of its own."""
    done = subprocess.run(
        [*COMMAND, *line],
        cwd=shell.folder,
        env={**os.environ, **shell.environ, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def _secure(
    project: Shell, authority: Authority, tls: ssl.SSLContext, line: tuple[str, ...]
) -> Ran:
    """What a command says to a server with this certificate; nothing is sent to one that is refused."""
    with OddServer(EMPTY, tls) as server:
        url = server.url.replace("https", "wss")
        ran = run(project, *line, LIVEKIT_URL=url, SSL_CERT_FILE=str(authority.file))
        assert bool(server.hits) == (ran.code == 0), ran
    return ran


@pytest.mark.parametrize("line", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("address", "days", "signed", "says"),
    [
        ("IP:127.0.0.1", 1, True, None),
        ("IP:127.0.0.1", -1, True, "certificate has expired"),
        ("IP:127.0.0.1", 1, False, "self-signed certificate"),
        ("DNS:acme.livekit.example", 1, True, "IP address mismatch"),
        ("IP:127.0.0.2", 1, True, "IP address mismatch"),
    ],
    ids=["good", "expired", "self-signed", "other-name", "other-address"],
)
def test_a_certificate_is_good_or_nothing_is_sent(
    project: Shell,
    authority: Authority,
    line: tuple[str, ...],
    address: str,
    days: int,
    signed: bool,
    says: str | None,
) -> None:
    """Expired, by nobody, for somebody else: one line with the reason, and no request that could hold a key."""
    ran = _secure(project, authority, authority.issue(address, days=days, signed=signed), line)
    if says is None:
        assert ran.code == 0, ran
        return
    assert ran.code == 1
    (told,) = ran.err.splitlines()
    assert "no secure connection: " in told
    assert says in told
    assert told.endswith("check LIVEKIT_URL and the certificate")


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 Other", "307 Moved", "308 Moved"]
)
@pytest.mark.parametrize("line", [*COMMANDS, ("apply", "--auto-approve"), ("probe",)], ids=" ".join)
def test_no_redirect_is_followed(project: Shell, line: tuple[str, ...], status: str) -> None:
    """To another host, or another port of this one: it gets nothing at all, and the line names it."""
    with OddServer(EMPTY) as other:
        redirect = saying(b"", "text/html", status, f"Location: {other.url}/twirp/x")
        with OddServer(redirect) as server:
            project.environ["LIVEKIT_URL"] = server.url
            ran = project.run(*line)
            assert len(server.hits) <= 3  # one list a kind, and none again
        assert other.hits == []
        assert f"redirects to {other.url}/twirp/x: the key is not sent there" in ran.out + ran.err
    assert ran.code == 1


@pytest.mark.parametrize("line", [*COMMANDS, ("probe",)], ids=" ".join)
@pytest.mark.parametrize(
    ("ahead", "says"),
    [
        (3600.0, "clock is 60 min behind the server's"),
        (-3600.0, "clock is 60 min ahead of the server's"),
        (-86_400.0 * 9, "clock is 216 h ahead of the server's"),
        (30.0, None),
        (-30.0, None),
    ],
)
def test_a_clock_that_is_wrong_is_named(
    project: Shell, line: tuple[str, ...], ahead: float, says: str | None
) -> None:
    """A token that is over, or not valid yet, is no wrong key; half a minute is forgiven."""
    with Emulator(clock_ahead=ahead) as emulator:
        project.connect(emulator)
        ran = project.run(*line)
    if says is None:
        assert "refuses the key" not in ran.out + ran.err
        return
    assert ran.code == 1
    assert f"refuses the key: this machine's {says}: set it right" in ran.out + ran.err


@pytest.mark.real
@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_a_real_server_refuses_such_tokens_as_the_emulated_one(
    real_project: LiveKitServer, ahead: float
) -> None:
    """An hour early or late: 401, with the server's time in the answer, which is what the advice is made of."""
    import time

    import jwt
    import urllib3

    now = time.time() + ahead
    claims = {"iss": real_project.api_key, "nbf": int(now - 60), "exp": int(now + 600)}
    token = jwt.encode({**claims, "sip": {"admin": True}}, real_project.api_secret, "HS256")
    answer = urllib3.request(
        "POST",
        f"{real_project.url}/twirp/livekit.SIP/ListSIPInboundTrunk",
        body=b"",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/protobuf"},
    )
    assert answer.status == 401
    assert "Date" in answer.headers


@pytest.mark.parametrize(
    "fault", ["says-100-mb", "pours-100-mb", "pours-a-100-mb-error", "gzip-bomb"]
)
@pytest.mark.parametrize("line", [("plan",), ("rooms",), ("plan", "--rooms")], ids=" ".join)
def test_an_answer_that_is_too_large_fills_no_memory(
    project: Shell, livekit_emulator: Emulator, line: tuple[str, ...], fault: str
) -> None:
    """Three lists of 100 MB at once, packed small or not, with room for none of them."""
    script = (
        "import resource, sys; from reconciler.cli.main import main\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))\n"
        "main(sys.argv[1:])"
    )
    with OddProxy(livekit_emulator.url) as proxy:
        proxy.spoil("*", ANSWERS[fault].answer)
        done = subprocess.run(
            [*COMMAND[:2], script, *line, "--timeout", "60s"],
            cwd=project.folder,
            env={**os.environ, **project.environ, "LIVEKIT_URL": proxy.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
    assert done.returncode == 1, done.stderr
    (told,) = done.stderr.splitlines()
    assert told.startswith("error: List")
    assert ("is larger than 64 MB" in told) or ("which is not LiveKit's API" in told)
