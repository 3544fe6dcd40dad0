"""Secrets in URLs, and the places outside of a command's output where a secret could end up."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import redis
from psycopg.sql import SQL, Identifier

from reconciler.cli.main import COMMANDS
from reconciler.emulator.server import Emulator
from reconciler.journal.database import open_journal
from reconciler.journal.entries import Entry, Step
from tests.support.canaries import API_KEY, API_SECRET, World, world
from tests.support.cli import COMMAND, Shell
from tests.support.every_command import Running, variables_of
from tests.support.odd_proxy import OddProxy
from tests.support.postgres import PASSWORD
from tests.support.receiver import Receiver
from tests.support.redis_server import RedisServer
from tests.support.webhooks import send, started
from tests.support.workers import wait_until

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer
PACKAGE = Path(__file__).parents[2] / "reconciler"
# Variables in which a password may stand, with a command that reads them.
URLS = {"RECONCILE_NOTIFY": "drift", "RECONCILE_JOURNAL": "history", "RECONCILE_QUEUE": "serve"}
# All others name files, projects, addresses and numbers, or say yes and no.
PLAIN = {
    "RECONCILE_AFTER",
    "RECONCILE_AFTER_ERRORS",
    "RECONCILE_AUTO_APPROVE",
    "RECONCILE_BACKUP_DIR",
    "RECONCILE_COLOR",
    "RECONCILE_CONCURRENCY",
    "RECONCILE_CONFIG",
    "RECONCILE_CONVENTIONS_FORMAT",
    "RECONCILE_FORMAT",
    "RECONCILE_GRAPH_FORMAT",
    "RECONCILE_PROBE_FORMAT",
    "RECONCILE_TOKEN_FORMAT",
    "RECONCILE_HEARTBEAT",
    "RECONCILE_HOST",
    "RECONCILE_KEEP",
    "RECONCILE_MAX_REQUESTS_PER_MINUTE",
    "RECONCILE_METRICS_FILE",
    "RECONCILE_NO_BACKUP",
    "RECONCILE_ONLY",
    "RECONCILE_OVERLAY",
    "RECONCILE_PORT",
    "RECONCILE_PROBE_TIMEOUT",
    "RECONCILE_PROJECT",
    "RECONCILE_PROJECTS",
    "RECONCILE_QUIET",
    "RECONCILE_REPEAT",
    "RECONCILE_REQUIRE_AGENTS",
    "RECONCILE_RESYNC",
    "RECONCILE_ROOMS",
    "RECONCILE_SERVER_VERSION",
    "RECONCILE_STATE",
    "RECONCILE_STRICT",
    "RECONCILE_TIMEOUT",
    "RECONCILE_TRIES",
    "RECONCILE_VERBOSE",
    "RECONCILE_WRITE_SECRETS",
}


# --- URLs

# What Apprise imports when it is asked which services it knows.
_IMGHDR = "ignore:'imghdr':DeprecationWarning"


def test_every_variable_is_known_to_hold_a_secret_or_not() -> None:
    """A new variable is either searched for below, or named among those that hold none."""
    found = {variable for name in COMMANDS for variable in variables_of(name)}
    assert found == PLAIN | URLS.keys()


@pytest.mark.filterwarnings(_IMGHDR)
@pytest.mark.parametrize(
    ("variable", "url"),
    [
        *(
            ("RECONCILE_NOTIFY", url)
            for url in (
                "CANARY",
                "json://user:CANARY@127.0.0.1:9/CANARY?key=CANARY",
                "slack://CANARY/CANARY/CANARY",
                "nobody://CANARY",
                "json://CANARY:CANARY@[::1",
            )
        ),
        *(
            ("RECONCILE_JOURNAL", url)
            for url in (
                "CANARY",
                "postgresql://u:CANARY@127.0.0.1:9/db",
                "postgresql://u:CAN@CANARY@127.0.0.1:9/db",
                "postgresql://u:CANARY@127.0.0.1:port/db",
                "postgresql://127.0.0.1:9/db?user=u&password=CANARY",
                "mysql://u:CANARY@127.0.0.1/db",
                "sqlite://u:CANARY@127.0.0.1/db",
            )
        ),
        *(
            ("RECONCILE_QUEUE", url)
            for url in (
                "CANARY",
                "redis://:CANARY@127.0.0.1:9/0",
                "redis://:CAN@CANARY@127.0.0.1:9/0",
                "redis://:CANARY@127.0.0.1:port/0",
                "rediss://u:CANARY@127.0.0.1:9/0",
                "http://u:CANARY@127.0.0.1:9/0",
                "redis://127.0.0.1:9/0?password=CANARY",
                "redis://127.0.0.1:9/CANARY",
            )
        ),
    ],
)
def test_a_url_that_does_not_work_is_not_repeated(canaries: World, variable: str, url: str) -> None:
    """Nobody answers there, or it is no URL at all: one line, and no password in it."""
    core = canaries.canaries.text(variable, "")
    environ = {**canaries.shell.environ, variable: url.replace("CANARY", core)}
    line = (URLS[variable], *(["call-*"] if variable == "RECONCILE_JOURNAL" else []))
    if variable == "RECONCILE_QUEUE":
        line = (*line, "--port", "0")
    ran = Shell(canaries.shell.folder, environ).run(*line, "-v")
    assert ran.code in (0, 1, 64), ran
    assert canaries.problems(ran.out, ran.err) == []


# --- what others get


def test_alerts_hold_no_secret(canaries: World, emulator: Emulator) -> None:
    """Of a drift in every secret, and of an error, somebody is told what differs, not what it is."""
    shell = canaries.shell
    with Receiver() as receiver:
        core = canaries.canaries.text("NOTIFY", "")
        shell.environ["RECONCILE_NOTIFY"] = f"json://user:{core}@{receiver.host}/{core}"
        for trunk in emulator.inbound_trunks:
            trunk.auth_password = canaries.canaries.text("CHANGED", "")
            trunk.name += "x"
            emulator.put(trunk)
        ran = shell.run("drift", "-c", "other", "--state", "s.json", "--metrics-file", "m.prom")
        assert ran.code == 2, ran
        emulator.faults.answer("*", 403, "permission_denied", times=9)
        broken = shell.run("drift", "--after-errors", "1", "--state", "s.json")
        assert broken.code == 1
        bodies = [one.body for one in receiver.take()]
        assert len(bodies) == 2
    assert canaries.problems(ran.out, ran.err, broken.out, broken.err, *bodies) == []


def test_a_server_that_repeats_what_it_was_sent_shows_no_secret(
    canaries: World, emulator: Emulator
) -> None:
    """A proxy that puts the request, key and passwords and all, into its error."""
    with OddProxy(emulator.url) as proxy:
        canaries.shell.environ["LIVEKIT_URL"] = proxy.url
        for pattern in ("List*", "Create*", "Update*", "Delete*"):
            proxy.repeat(pattern)
            for line in (
                ("apply", "-c", "other", "--auto-approve", "--no-backup", "--max-deletes", "9"),
                ("drift", "--write-back"),
            ):
                ran = canaries.shell.run(*line)
                assert ran.code in (0, 1, 2)
                assert canaries.problems(ran.out, ran.err) == [], (pattern, ran)


def test_no_proxy_of_the_environment_is_used(canaries: World) -> None:
    """`HTTP_PROXY` and its like are for browsers: whoever stands there would get the key."""
    with Receiver() as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            canaries.shell.environ[name] = canaries.shell.environ[name.lower()] = receiver.url
        for name in ("NO_PROXY", "no_proxy"):
            canaries.shell.environ.pop(name)
        for line in (("plan", "--rooms"), ("rooms",)):
            assert canaries.shell.run(*line).code == 0
        assert receiver.take() == []


def test_no_other_program_is_started() -> None:
    """So no secret can stand on a command line: nothing of the package knows how to start a program."""
    starters = {"subprocess", "multiprocessing", "pty"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not starters & {one.name.split(".")[0] for one in node.names}, path
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in starters, path
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                called = f"{node.value.id}.{node.attr}"
                assert not called.startswith(("os.exec", "os.spawn", "os.system", "os.popen")), path


# --- the controller


def _everything_in(server: PostgresServer, name: str) -> str:
    """All rows of all tables of a database."""
    with server.connection(name) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        rows = []
        for (table,) in tables:
            rows += connection.execute(
                SQL("SELECT * FROM {}").format(Identifier(str(table)))
            ).fetchall()
    assert rows
    return repr(rows)


def _everything_in_redis(client: redis.Redis) -> bytes:
    """All keys of a Redis with their values, as a dump has them."""
    keys = list(client.scan_iter())
    assert keys
    return b"".join(key + bytes(client.dump(key) or b"") for key in keys)


@pytest.mark.real
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_controller_shows_no_secret(
    canaries: World, emulator: Emulator, postgres: PostgresServer, form: str
) -> None:
    """Its pages, log, metrics, command line and all that it keeps in PostgreSQL, Redis and a file."""
    name = postgres.new_database()
    database = postgres.url(name)
    for number, spelling in enumerate((PASSWORD, quote(PASSWORD))):
        canaries.canaries.cores[f"DATABASE {number}"] = spelling
        canaries.canaries.values[f"DATABASE {number}"] = spelling
    found: list[str | bytes] = []
    secret = canaries.canaries.text("REDIS", "")
    with RedisServer(secret) as server:
        queue_url = server.url.replace("//", f"//:{secret}@")
        for journal, queue in ((database, queue_url), ("sqlite:///here.db", "")):
            canaries.shell.environ |= {"RECONCILE_JOURNAL": journal, "RECONCILE_QUEUE": queue}
            found += _controlled(canaries, emulator, form)
        with redis.Redis.from_url(queue_url) as client:
            found.append(_everything_in_redis(client))
    found.append(_everything_in(postgres, name))
    postgres.drop_database(name)
    assert canaries.problems(*found, but=("API_KEY",)) == []


def _controlled(canaries: World, emulator: Emulator, form: str) -> list[str | bytes]:
    """What a controller shows in its life: an event, a stranger, a server that fails, and its end."""
    shell = canaries.shell
    emulator.faults.answer("ListRooms", 500, "internal", "not now", times=2)
    with Running(shell, "serve", "--port", "0", "--resync", "500ms", "-v", "--format", form) as one:
        wait_until(lambda: b"ready" in _asked_of(one, "/readyz"), one.text, 120.0)
        assert send(one.url, API_KEY, API_SECRET, started("ornina-1"))[0] == 200
        assert send(one.url, API_KEY, "not-the-secret" * 3, started("ornina-2"))[0] == 401
        wait_until(lambda: b"ornina-1" in _asked_of(one, "/?room=ornina-1"), one.text, 120.0)
        paths = ("/", "/?room=ornina-1", "/metrics", "/healthz", "/readyz")
        line = Path(f"/proc/{one.pid}/cmdline").read_bytes()
        found = [line.replace(b"\0", b" "), *(_asked_of(one, path) for path in paths)]
        assert one.stop() == 0
        return [*found, one.text()]


def _asked_of(running: Running, path: str) -> bytes:
    """A page and its head; what is not ready yet is a page, too."""
    try:
        with urllib.request.urlopen(running.url + path, timeout=30) as answer:  # noqa: S310 - loopback
            return bytes(answer.read()) + str(answer.headers).encode()
    except urllib.error.HTTPError:
        return b""


def test_the_emulator_shows_no_secret_but_its_own(canaries: World) -> None:
    """It makes a key of its own to be tried out with, and looks at no variable."""
    with Running(canaries.shell, "emulate", "--port", "0") as one:
        assert one.stop() == 0
        assert canaries.problems(one.text()) == []


# --- files


FILES = {
    ("plan", "-c", "other", "--out", "FILE"): 0o600,
    ("snapshot", "FILE"): 0o600,
    ("apply", "--auto-approve", "--receipt", "FILE"): 0o600,
    ("apply", "-c", "other", "--auto-approve", "--max-deletes", "9", "--receipt", "FILE"): 0o600,
    ("drift", "--state", "FILE", "--after", "2"): 0o600,
    ("drift", "--state", "s.json", "--metrics-file", "FILE"): 0o644,
}


@pytest.mark.parametrize("line", FILES, ids=" ".join)
@pytest.mark.parametrize("former", [None, 0o644, 0o666])
def test_files_are_for_their_owner(
    canaries: World, line: tuple[str, ...], former: int | None
) -> None:
    """Whatever the umask, and whoever could read what was there before; figures are for another program to read."""
    folder = canaries.shell.folder
    if former is not None:
        canaries.shell.write("FILE", "")
        (folder / "FILE").chmod(former)
    umask = os.umask(0)
    try:
        canaries.shell.environ["RECONCILE_NOTIFY"] = "json://127.0.0.1:9"
        ran = canaries.shell.run(*line)
    finally:
        os.umask(umask)
    assert ran.code in (0, 2), ran
    assert stat.S_IMODE((folder / "FILE").stat().st_mode) == FILES[line]
    private = [path for path in folder.rglob("*") if ".reconcile" in path.parts]
    assert [path for path in private if path.stat().st_mode & 0o077] == []


def test_folders_are_for_their_owner(shell: Shell, emulator: Emulator) -> None:
    """Those that the program makes for such files: who may write into one could lay another file into it."""
    world(shell, emulator)
    umask = os.umask(0)
    try:
        assert shell.run("apply", "--auto-approve", "--receipt", "a/b/receipt.json").code == 0
        assert shell.run("drift", "--state", "c/state.json", "--after", "2").code == 0
        open_journal(f"sqlite:///{shell.folder}/d/e/journal.db").close()
    finally:
        os.umask(umask)
    for name in ("a", "a/b", "c", "d", "d/e", ".reconcile", ".reconcile/backups"):
        assert stat.S_IMODE((shell.folder / name).stat().st_mode) == 0o700, name


def test_a_journal_is_for_its_owner(shell: Shell) -> None:
    """The file, and those that SQLite lays beside it; one that is there already may be somebody else's to read."""
    path = shell.folder / "journal.db"
    umask = os.umask(0)
    try:
        journal = open_journal(f"sqlite:///{path}")
        journal.write([Entry(1.0, "call-1", "RM_1", Step.ROOM_STARTED)])
        modes = [stat.S_IMODE(one.stat().st_mode) for one in shell.folder.iterdir()]
        journal.close()
    finally:
        os.umask(umask)
    assert set(modes) == {0o600}


# --- a mistake of the program itself


@pytest.mark.parametrize("library", ["yaml", "tenacity"])
def test_a_crash_shows_no_secret(canaries: World, library: str) -> None:
    """A library is broken and puts the environment into its error: where that happened is told, not what it said."""
    canaries.shell.write(f"input/{library}.py", "import os\nraise RuntimeError(dict(os.environ))\n")
    done = subprocess.run(
        [*COMMAND, "apply", "-c", "other", "--auto-approve"],
        cwd=canaries.shell.folder,
        # Nobody listens there: the call is tried again, which is what one of the libraries is for.
        env={
            **os.environ,
            **canaries.shell.environ,
            "PYTHONPATH": "input",
            "LIVEKIT_URL": "ws://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: RuntimeError at reconciler/")
    assert "a mistake of reconcile, or a damaged installation" in line
    assert canaries.problems(done.stdout, done.stderr) == []
