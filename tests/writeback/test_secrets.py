"""Secrets: references stay and are told, new ones are made, and no value is ever written or said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.core.objects import Snapshot
from reconciler.core.values import JsonValue, Secret, canonical_json
from tests.support.cli import Shell
from tests.writeback.projects import accepted, case, changed, snapshot

FILE = """\
version: 1
sip:
  inbound_trunks:
    main:
      numbers: ["+15550100001"]
      auth: {username: {env: USER_NAME}, password: {env: PASSWORD}}   # never in clear
      headers:
        X-Site: {env: SITE}   # where
        X-Plain: berlin
  dispatch_rules:
    calls:
      trunks: [main]
      rooms: {individual: {prefix: call-, pin: {env: PIN}}}   # pin
"""
CANARY = "c4n4ry"
VALUES = {"USER_NAME": "acme"}


@pytest.fixture
def live() -> Snapshot:
    """The project of the file."""
    return changed(
        snapshot(FILE.replace("version: 1\n", "").replace("{env: USER_NAME}", "acme")),
        "main",
        auth__username="acme",
    )


def secret(text: str) -> Secret:
    """A secret as a server tells it."""
    return Secret(text)


@pytest.mark.parametrize(
    ("name", "path", "variable"),
    [
        ("main", "auth.username", "USER_NAME"),
        ("main", "auth.password", "PASSWORD"),
        ("main", "headers.X-Site", "SITE"),
        ("calls", "rooms.individual.pin", "PIN"),
    ],
)
def test_a_reference_stays_and_its_variable_is_told(
    tmp_path: Path, live: Snapshot, name: str, path: str, variable: str
) -> None:
    """The value lives outside the file: nothing is written, and one line says which variable to change."""
    new: Any = "else" if path == "auth.username" else secret("0000")
    one = case(
        tmp_path, FILE, changed(live, name, **{path.replace(".", "__"): new}), environ=VALUES
    )
    told = one.accept()
    assert one.text() == FILE
    assert [(left.path, left.is_error) for left in told.left] == [(path, False)]
    assert told.left[0].fix == f"change the value of the variable {variable}"
    assert told.left[0].mark.line > 0
    assert told.is_complete


@pytest.mark.parametrize(
    ("name", "path", "before", "after"),
    [
        ("main", "auth.password", ", password: {env: PASSWORD}", ""),
        ("main", "headers.X-Site", "        X-Site: {env: SITE}   # where\n", ""),
        ("calls", "rooms.individual.pin", ", pin: {env: PIN}", ""),
    ],
)
def test_a_secret_that_lives_no_more_goes(
    tmp_path: Path, live: Snapshot, name: str, path: str, before: str, after: str
) -> None:
    """With its reference."""
    gone = changed(live, name, **{path.replace(".", "__"): None})
    assert accepted(tmp_path, FILE, gone, environ=VALUES) == FILE.replace(before, after)


def test_secrets_that_are_new_are_references(tmp_path: Path, live: Snapshot) -> None:
    """Named as an export names them, next to names that the file has already; the variables to set are told."""
    file = FILE.replace("{env: SITE}", "{env: MAIN_HEADER_X_NEW}")
    live = changed(
        live, "main", **{"headers.X-Plain": secret(CANARY), "headers.X-New": secret(CANARY)}
    )
    live = changed(live, "calls", rooms__individual__pin=None, rooms="direct")
    live = changed(
        live, "calls", **{"rooms.individual.prefix": None, "rooms.direct.pin": secret("77")}
    )
    one = case(tmp_path, file, live, environ={"MAIN_HEADER_X_NEW": "berlin", "USER_NAME": "acme"})
    told = one.accept()
    assert one.text() == file.replace(
        "X-Plain: berlin",
        "X-Plain: {env: MAIN_HEADER_X_PLAIN}\n        X-New: {env: INBOUND_TRUNK_MAIN_HEADER_X_NEW}",
    ).replace("{individual: {prefix: call-, pin: {env: PIN}}}", "{direct: {pin: {env: CALLS_PIN}}}")
    assert [name for name, _ in told.variables] == [
        "MAIN_HEADER_X_PLAIN",
        "INBOUND_TRUNK_MAIN_HEADER_X_NEW",
        "CALLS_PIN",
    ]
    assert CANARY not in repr(told)


def test_a_pin_that_moves_with_the_rooms_keeps_its_reference(
    tmp_path: Path, live: Snapshot
) -> None:
    """Rooms of another kind, the same PIN: no new variable is asked for."""
    live = changed(live, "calls", rooms__individual__pin=None, rooms__individual__prefix=None)
    live = changed(
        live, "calls", rooms="direct", rooms__direct__room="a", rooms__direct__pin=secret("1234")
    )
    text = accepted(tmp_path, FILE, live, environ=VALUES)
    assert "rooms: {direct: {room: a, pin: {env: PIN}}}   # pin" in text


def test_an_empty_header_is_no_secret(tmp_path: Path, live: Snapshot) -> None:
    """It is written: a variable cannot be empty."""
    text = accepted(
        tmp_path, FILE, changed(live, "main", **{"headers.X-Plain": secret("")}), environ=VALUES
    )
    assert text == FILE.replace("X-Plain: berlin", 'X-Plain: ""')


EGRESS = """\
version: 1
sip:
  dispatch_rules:
    r:
      trunks: any
      rooms: {direct: {room: a}}
      room:
        egress:
          room:
            # what is kept
            file_outputs:
              - filepath: calls/{room_name}.ogg   # where
                s3: {access_key: {env: KEY}, secret: {env: SECRET}, bucket: calls}
"""


def recording(**s3: str) -> Secret:
    """The recording of the file, with some other fields of its storage."""
    storage: JsonValue = {"access_key": "key", "secret": "hidden", "bucket": "calls", **s3}
    output: JsonValue = {"filepath": "calls/{room_name}.ogg", "s3": storage}
    return Secret(canonical_json({"room": {"file_outputs": [output]}}))


@pytest.mark.parametrize(
    ("s3", "before", "after"),
    [
        ({"bucket": "other"}, "bucket: calls", "bucket: other"),
        ({"region": "eu"}, "bucket: calls", "bucket: calls, region: eu"),
        (
            {"session_token": CANARY},
            "bucket: calls",
            "bucket: calls, session_token: {env: R_EGRESS_ROOM_FILE_OUTPUTS_S3_SESSION_TOKEN}",
        ),
    ],
)
def test_a_recording_changes_where_it_differs(
    tmp_path: Path, s3: dict[str, str], before: str, after: str
) -> None:
    """LiveKit's own JSON: references that stand there stay, and what is secret becomes one."""
    live = changed(
        snapshot("sip: {dispatch_rules: {r: {trunks: any, rooms: {direct: {room: a}}}}}"),
        "r",
        room__egress=recording(**s3),
    )
    one = case(tmp_path, EGRESS, live, environ={"KEY": "key", "SECRET": "hidden"})
    told = one.accept()
    assert one.text() == EGRESS.replace(before, after)
    assert CANARY not in repr(told)
    assert told.is_complete


def test_a_recording_that_differs_in_a_secret_alone_is_told(tmp_path: Path) -> None:
    """With all variables that it may be."""
    live = changed(
        snapshot("sip: {dispatch_rules: {r: {trunks: any, rooms: {direct: {room: a}}}}}"),
        "r",
        room__egress=recording(secret=CANARY),
    )
    one = case(tmp_path, EGRESS, live, environ={"KEY": "key", "SECRET": "hidden"})
    told = one.accept()
    assert one.text() == EGRESS
    assert [left.fix for left in told.left] == ["change the value of the variable KEY or SECRET"]


def test_no_secret_stands_in_a_file_or_on_the_terminal(
    tmp_path: Path, livekit_emulator: Any
) -> None:
    """Passwords, PINs and headers that a server tells: of new objects, changed ones, in every format."""
    shell = Shell(tmp_path).connect(livekit_emulator)
    secrets = """\
version: 1
sip:
  inbound_trunks:
    main: {numbers: ["+1"], auth: {username: u, password: {env: P}}, headers: {X-Site: {env: P}}}
    other: {numbers: ["+2"], auth: {username: u, password: {env: P}}, headers: {X-Site: {env: P}}}
  dispatch_rules:
    r: {trunks: [main], rooms: {direct: {room: a, pin: {env: PIN}}}}
"""
    shell.environ |= {"P": CANARY, "PIN": "48151623"}
    shell.write("config/dispatch.yaml", secrets)
    assert shell.run("apply", "--auto-approve").code == 0
    told = ""
    for format_ in ("text", "json", "markdown", "github"):
        file = (
            "version: 1\nsip:\n  inbound_trunks: {main: {numbers: ['+1'], headers: {X-Site: x}}}\n"
            "  dispatch_rules: {}\n"
        )
        shell.write("config/dispatch.yaml", file)
        ran = shell.run("drift", "--write-back", "--format", format_, "-v")
        assert ran.code == 2, ran.err
        told += ran.out + ran.err + (tmp_path / "config/dispatch.yaml").read_text()
    assert "set the variable MAIN_HEADER_X_SITE" in told
    assert CANARY not in told
    assert "48151623" not in told
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and CANARY in path.read_text()
    ]
