"""Secrets stand as references only, are looked up once, and appear in no message."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.config import tree
from reconciler.config.load import load
from reconciler.config.secrets import MAX_BYTES, describe_missing
from reconciler.core.values import Secret, SecretRef
from tests.config.reading import FILE, errors, only, outbound, read, read_all, rule, told, trunk

CANARY = "hunter2canary"
NUMBERS = 'numbers: ["+15550100001"]\n'


def secret(text: str, path: str, environ: dict[str, str] | None = None) -> Secret:
    """The secret in a field of the one object of a file."""
    configuration = read(text, environ)
    ((found,),) = configuration.sip.values()
    value = found.fields[path]
    assert isinstance(value, Secret)
    return value


def test_a_variable_is_looked_up() -> None:
    """`{env: NAME}` is the text of the variable, and shows as the reference."""
    found = secret(outbound("auth: {password: {env: PW}}"), "auth.password", {"PW": CANARY})
    assert found.reveal() == CANARY
    assert found.ref == SecretRef(env="PW")
    assert CANARY not in f"{found} {found!r}"


@pytest.mark.parametrize(
    "environ", [{}, {"PW": ""}, {"PW": "\udcff"}], ids=["unset", "empty", "not UTF-8"]
)
def test_a_variable_that_cannot_be_used_is_missing(environ: dict[str, str]) -> None:
    """An offline command does without; whoever needs it is told the variable and its place."""
    configuration = read(outbound("auth: {password: {env: PW}}"), environ)
    assert errors(configuration) == []
    assert describe_missing(list(configuration.missing)) == [
        "variable PW is not set, empty or not UTF-8: "
        "needed at dispatch.yaml:7:24 (sip.outbound_trunks.out.auth.password)"
    ]


def test_missing_variables_are_told_once_with_the_number_of_their_places() -> None:
    """One line a variable, however many objects need it."""
    text = outbound(
        "auth: {username: {env: A}, password: {env: B}}\nheaders: {X-A: {env: B}, X-B: {env: B}}"
    )
    lines = describe_missing(list(read(text).missing))
    assert [line.split(":")[0] for line in lines] == [
        "variable A is not set, empty or not UTF-8",
        "variable B is not set, empty or not UTF-8",
    ]
    assert lines[1].endswith("and 2 more")


@pytest.mark.parametrize("text", [CANARY, f"{CANARY}\n", f"{CANARY}\r\n"])
def test_a_file_is_looked_up_beside_the_configuration(tmp_path: Path, text: str) -> None:
    """The path counts from the folder of the YAML file, and the newline that editors add is no part of the secret."""
    (tmp_path / "pw").write_text(text, newline="")
    path = tmp_path / FILE
    configuration = load({path: outbound("auth: {password: {file: pw}}").encode()}, {})
    found = configuration.sip["outbound_trunk"][0].fields["auth.password"]
    assert isinstance(found, Secret)
    assert found.reveal() == CANARY
    assert found.ref == SecretRef(file=str(tmp_path / "pw"))


@pytest.mark.parametrize(
    "name", ["missing", "folder", "empty", "bytes", "large", '"a\\0b"', '"\\n"', "/dev/zero"]
)
def test_a_file_that_cannot_be_used_is_missing(tmp_path: Path, name: str) -> None:
    """No such file, a folder, nothing in it, not UTF-8, without an end, or no path at all: it is told as missing."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    text = outbound(f"auth: {{password: {{file: {name}}}}}").encode()
    configuration = load({tmp_path / FILE: text}, {})
    assert len(configuration.missing) == 1
    (line,) = describe_missing(list(configuration.missing))
    assert "is missing, empty or not readable" in line


IN_CLEAR = [
    outbound(f"auth: {{password: {CANARY}}}"),
    outbound(f'auth: {{password: "{CANARY}"}}'),
    trunk(f"{NUMBERS}auth: {{username: a, password: {CANARY}}}"),
    "version: 1\nsip: {dispatch_rules: {a: {trunks: any, rooms: {direct: {room: r, pin: 0042}}}}}".replace(
        "0042", CANARY
    ),
]


@pytest.mark.parametrize("text", IN_CLEAR)
def test_a_secret_in_clear_is_an_error_that_does_not_repeat_it(text: str) -> None:
    """The error says to change the secret, because it is in the file's history now."""
    configuration = read(text)
    assert [one.code for one in errors(configuration)] == ["secret-in-clear"]
    assert "change the secret" in told(configuration)[0]
    assert CANARY not in told(configuration)[0]


NOT_REFERENCES = [
    "{}",
    f"{{env: {CANARY}!}}",
    f"{{env: '1{CANARY}'}}",
    "{env: ~}",
    "{env: ''}",
    "{file: ''}",
    f"{{env: [{CANARY}]}}",
    f"{{{CANARY}}}",
    f"{{vault: {CANARY}}}",
    "{env: A, file: b}",
]


@pytest.mark.parametrize("reference", NOT_REFERENCES)
def test_what_is_no_reference_is_refused_without_repeating_it(reference: str) -> None:
    """What stands in the place of a reference may be the secret."""
    configuration = read(outbound(f"auth: {{password: {reference}}}"))
    assert [one.code for one in errors(configuration)] == ["secret-reference"]
    assert CANARY not in told(configuration)[0]


@pytest.mark.parametrize(
    "text",
    [
        outbound(f"auth: {CANARY}"),
        outbound(f"auth: {{password: [{CANARY}]}}"),
        outbound(f"auth: {{password: *{CANARY}}}"),
        outbound(f"auth: {{password: !{CANARY}}}"),
        outbound(f"auth: {{password: &{CANARY}}}"),
        outbound(f"auth: {{password: @{CANARY}}}"),
        outbound(f"auth: {{password: {CANARY}: {CANARY}}}"),
        outbound(f"headers: {CANARY}"),
        outbound(f"headers: {{X-A: [{CANARY}]}}"),
    ],
)
def test_a_slip_near_a_secret_does_not_repeat_it(text: str) -> None:
    """Unquoted passwords that YAML makes an alias, a tag or an error of are kept out of the message, too."""
    configuration = read(text)
    assert errors(configuration)
    assert CANARY not in "".join(told(configuration))


def test_user_names_and_headers_may_be_references_or_texts() -> None:
    """User names are shown as written; header values are hidden in any case."""
    text = outbound(f"auth: {{username: acme}}\nheaders: {{X-A: {CANARY}, X-B: {{env: B}}}}")
    fields = only(read(text, {"B": "b"}), "outbound_trunk").fields
    assert fields["auth.username"] == "acme"
    header = fields["headers.X-A"]
    assert isinstance(header, Secret)
    assert header.reveal() == CANARY
    assert CANARY not in f"{header} {header!r} {header.ref}"
    assert secret(text, "headers.X-B", {"B": "b"}).reveal() == "b"


def test_an_empty_user_name_is_none() -> None:
    """What LiveKit does by itself is not a difference."""
    assert (
        "auth.username" not in only(read(outbound('auth: {username: ""}')), "outbound_trunk").fields
    )


def test_egress_holds_references_and_is_unknown_as_a_whole_while_one_is_missing() -> None:
    """LiveKit's own JSON may hold a secret anywhere, so all of it is hidden."""
    text = rule("room: {egress: {room: {fileOutputs: [{s3: {secret: {env: S3}, bucket: b}}]}}}")
    assert secret(text, "room.egress", {"S3": CANARY}).reveal() == (
        '{"room":{"fileOutputs":[{"s3":{"bucket":"b","secret":"' + CANARY + '"}}]}}'
    )
    assert secret(text, "room.egress").reveal() is None


def test_a_reference_is_read_from_the_environment_once_for_all_files() -> None:
    """Two files that name one variable share its secret."""
    texts = {
        "a.yaml": "version: 1\n"
        + outbound("auth: {password: {env: PW}}").removeprefix("version: 1\n"),
        "b.yaml": outbound("auth: {password: {env: PW}}").replace("    out:", "    out2:"),
    }
    first, second = read_all(texts, {"PW": CANARY}).sip["outbound_trunk"]
    assert first.fields["auth.password"] == second.fields["auth.password"]


def test_half_a_character_is_refused_without_libyaml_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML's own parser lets `\\ud800` through, which no protobuf message can hold."""
    import yaml

    monkeypatch.setattr(tree, "_Parser", yaml.Loader)
    (finding,) = read('version: 1\nproject: {name: "\\ud800"}\n').findings
    assert (finding.code, str(finding.mark)) == ("bad-character", "dispatch.yaml:2:17")


def test_the_environment_is_not_changed() -> None:
    """Reading a configuration leaves the process as it was."""
    before = dict(os.environ)
    read(outbound("auth: {password: {env: PW}}"), os.environ)
    assert dict(os.environ) == before
