"""`reconcile conventions`: the agent plane as a file for applications."""

from __future__ import annotations

import json

from tests.support.cli import Shell
from tests.support.schemas import problems
from tests.tokens.projects import PLANE


def test_json_has_the_shape_of_its_schema(shell: Shell) -> None:
    """Every kind of convention, sorted, with metadata as the file wrote it."""
    shell.write("config/dispatch.yaml", PLANE)
    ran = shell.run("conventions")
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert problems("conventions", document) == []
    assert document["project"] == "acme-voice"
    assert document["agents"]["interviewer"] == {"agent_name": "", "deployment": ""}
    by_label = {one["prefix"] or one["room"]: one for one in document["conventions"]}
    assert next(iter(by_label)) == "ornina-lobby"
    assert list(by_label)[1:] == sorted(list(by_label)[1:])
    assert by_label["ornina-"]["agents"][0]["metadata"] == {"lang": "ar", "level": 1}
    assert by_label["ornina-lobby"]["agents"][0]["metadata"] == "hello"
    assert by_label["ornina-"]["agents"][1]["metadata"] is None
    assert by_label["line-"]["lines"]["sales"][0]["agent_name"] == "SW Telephony Agent"
    assert by_label["interview-"]["required_metadata"] == ["session_id", "participant"]
    assert by_label["queue-"]["join_timeout_seconds"] == 90


def test_a_file_is_written_only_where_it_changes(shell: Shell) -> None:
    """Folders are made, the second run leaves the file alone, and an edit of the configuration is seen."""
    shell.write("config/dispatch.yaml", PLANE)
    out = shell.folder / "backend" / "src" / "conventions.ts"
    arguments = ("conventions", "--format", "typescript", "--out", str(out))
    ran = shell.run(*arguments)
    assert (ran.code, ran.out) == (0, "")
    assert "written" in ran.err
    before = out.stat().st_mtime_ns, out.read_bytes()
    ran = shell.run(*arguments)
    assert "is up to date" in ran.err
    assert (out.stat().st_mtime_ns, out.read_bytes()) == before
    shell.write("config/dispatch.yaml", PLANE.replace("lang: ar", "lang: de"))
    assert "written" in shell.run(*arguments).err
    assert shell.run("conventions", "--format", "typescript").out == out.read_text()


def test_what_old_servers_refuse_is_left_out(shell: Shell) -> None:
    """A backend that copies it into a token gets no 401."""
    text = """\
version: 1
project: {{server: "{server}"}}
agents:
  names: {{a: {{agent_name: a, deployment: blue}}}}
  rooms: [{{prefix: x-, agents: [{{agent: a, attributes: {{k: v}}, restart_policy: never}}], dispatch: token}}]
"""
    for server, is_there in (("1.13", True), ("1.9", False)):
        shell.write("config/dispatch.yaml", text.format(server=server))
        for form in ("json", "typescript"):
            out = shell.run("conventions", "--format", form).out
            assert ("blue" in out) is is_there, (server, form)


def test_errors_are_one_line_each(shell: Shell) -> None:
    """A file that is not there, findings, and a place that cannot be written."""
    ran = shell.run("conventions")
    assert (ran.code, ran.out) == (1, "")
    assert "no such file" in ran.err
    shell.write("config/dispatch.yaml", PLANE + "sip: nonsense\n")
    assert shell.run("conventions").code == 0
    ran = shell.run("conventions", "--out", "config")
    assert ran.code == 1
    assert ran.err.startswith("error: config: the conventions cannot be written")
    shell.write(
        "config/dispatch.yaml",
        "version: 1\nagents: {rooms: [{prefix: a, agents: [b], dispatch: x}]}",
    )
    for form in ("json", "typescript"):
        ran = shell.run("conventions", "--format", form)
        assert (ran.code, ran.out) == (1, "")
        assert "error[unknown-agent]" in ran.err
        assert "error[unknown-word]" in ran.err
    assert shell.run("conventions", "extra").code == 64


def test_the_server_can_be_named_by_an_option(shell: Shell) -> None:
    """`--server-version` counts before the file, here and for minted tokens."""
    text = """\
version: 1
project: {server: "1.13"}
agents:
  names: {a: {agent_name: a, deployment: blue}}
  rooms: [{prefix: x-, agents: [a], dispatch: token}]
"""
    shell.write("config/dispatch.yaml", text)
    shell.environ |= {
        "LIVEKIT_API_KEY": "k",
        "LIVEKIT_API_SECRET": "a-secret-of-32-characters-or-more",
    }
    assert "blue" in shell.run("conventions").out
    assert "blue" not in shell.run("conventions", "--server-version", "1.9").out
    mint = ("token", "--room", "x-1", "--identity", "u")
    old = shell.run(*mint, "--server-version", "1.9").out
    assert len(old) < len(shell.run(*mint).out)
