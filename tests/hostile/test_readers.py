"""Output that is full of hostile names, in the hands of the programs that it is for.

A browser opens pages, pictures and comments, in which a script waits to be run; Graphviz, a shell, two readers of
YAML, a reader of metrics and one of logs find every name where it belongs.
"""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from reconciler.controller.log import start_log
from reconciler.emulator.server import Emulator
from reconciler.render.escape import escape
from tests.graph.browser import missing, open_page
from tests.hostile.folders import filled
from tests.hostile.names import NAMES, RAN, WORST
from tests.hostile.readers import (
    assert_harmless_markdown,
    assert_harmless_text,
    assert_visible_lines,
)
from tests.support.cli import Shell

PAGES = (
    ("plan", "--format", "github"),
    ("plan", "-v", "--format", "markdown"),
    ("drift", "--format", "github"),
    ("rooms", "--format", "markdown"),
    ("history", "--failed", "--format", "markdown"),
    ("show", "snapshot.json", "-v", "--format", "markdown"),
    ("show", "receipt.json", "--format", "markdown"),
    ("validate", "--projects", "many", "--format", "github"),
)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A folder and a server with all the names."""
    with ExitStack() as stack:
        yield filled(tmp_path_factory.mktemp("readers"), stack, NAMES, WORST[2])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A folder with nothing in it."""
    return Shell(tmp_path_factory.mktemp("small"))


def test_no_script_runs_in_a_browser(shell: Shell, tmp_path: Path) -> None:
    """A page and a picture, and comments whose HTML nobody cleans: the console stays silent."""
    drawn = {
        "map.html": shell.run("graph", "--plan", "--format", "html").out,
        "map.svg": shell.run("graph", "--live", "--format", "svg").out,
        "comments.html": _as_html([shell.run(*page).out for page in PAGES]),
    }
    for name, text in drawn.items():
        assert "evil" in text
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        opened = open_page(path)
        assert opened.console == (), name
        assert RAN in opened.dom or name == "map.svg"  # it is there, as a text


def test_the_canary_would_be_heard(tmp_path: Path) -> None:
    """The same script where it is one: without that, silence would prove nothing."""
    path = tmp_path / "page.html"
    path.write_text(f"<!doctype html><p><script>console.log('{RAN}')</script>", encoding="utf-8")
    (line,) = open_page(path).console
    assert RAN in line


def _as_html(pages: list[str]) -> str:
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    body = "".join(parser.render(page) for page in pages)
    return f"<!doctype html><html><head><meta charset='utf-8'></head><body>{body}</body></html>"


@pytest.mark.parametrize("drawn", [(), ("--live",), ("--plan",)])
def test_graphviz_finds_the_nodes_that_there_are(shell: Shell, drawn: tuple[str, ...]) -> None:
    """No name makes a node, an edge or an attribute."""
    if shutil.which("dot") is None:
        missing("no graphviz is installed: apt-get install graphviz")
    text = shell.run("graph", *drawn, "--format", "dot").out
    done = subprocess.run(
        ["dot", "-Tdot_json"], input=text.encode(), capture_output=True, check=True
    )
    assert done.stderr == b""
    graph = json.loads(shell.run("graph", *drawn, "--format", "json").out)
    read = json.loads(done.stdout)
    nodes = [one for one in read["objects"] if "nodes" not in one]
    assert {one["name"] for one in nodes} == {one["id"] for one in graph["nodes"]}
    assert len(read["edges"]) == len(graph["edges"])


def test_a_shell_runs_nothing_of_the_ids(shell: Shell, tmp_path: Path) -> None:
    """Sourced by a shell, the lines set variables to the ids, whatever commands a server gave for ids."""
    shell.write("ids.env", shell.run("ids").out)
    script = "set -eu; set -a; . ./ids.env; exec env -0"
    bare = {"PATH": "/usr/bin:/bin"}
    before = sorted(shell.folder.iterdir())
    done = subprocess.run(
        ["bash", "-c", script], cwd=shell.folder, env=bare, capture_output=True, check=True
    )
    assert sorted(shell.folder.iterdir()) == before
    found = dict(one.split("=", 1) for one in done.stdout.decode().split("\0") if one)
    asked = json.loads(shell.run("ids", "--format", "json").out)
    assert asked["variables"]
    for name, value in asked["variables"].items():
        assert re.fullmatch(r"[A-Z_][A-Z0-9_]*", name)
        assert found[name] == escape(value)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if escape(name) == name and "/" not in name]
)
def test_a_command_that_is_printed_can_be_copied(small: Shell, name: str) -> None:
    """A shell reads the words of a command just as they are meant; what only looks like one runs nothing."""
    name = name[:100]
    ran = small.run("init", "--force", f"--config=./{name}")
    found = re.search(r"it with `(.*)`$", ran.err, re.MULTILINE)
    assert found, ran.err
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {found[1]}"],
        cwd=small.folder,
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split("\0")[-2] == name
    assert not (small.folder / "evil").exists()


def test_two_readers_of_yaml_find_every_name(shell: Shell) -> None:
    """What is exported is the live project, to a reader of YAML 1.1 and to one of 1.2."""
    text = shell.run("export").out
    assert_visible_lines(text)
    document = yaml.safe_load(text)
    assert YAML(typ="safe", pure=True).load(text) == document
    trunks = document["sip"]["inbound_trunks"]
    assert [trunks[name]["metadata"] for name in NAMES] == [f"{name}!" for name in NAMES]


@pytest.mark.parametrize("project", WORST)
def test_a_project_has_its_name_in_figures_and_no_say_in_paths(
    tmp_path: Path, project: str
) -> None:
    """Each figure has one label of the project, and every file lies where files of a project lie."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with Emulator() as emulator:
        shell = Shell(folder).connect(emulator)
        text = json.dumps(
            {"version": 1, "project": {"name": f"../../{project}"}, "sip": {"inbound_trunks": {}}}
        )
        text = text.replace("{}", '{"a": {"numbers": ["+15550100001"]}}')
        shell.write("config/dispatch.yaml", text)
        assert shell.run("drift", "--metrics-file", "m.prom").code == 2
        assert shell.run("apply", "--auto-approve", "--receipt", "receipt.json").code == 0
    families = list(text_string_to_metric_families((folder / "m.prom").read_text()))
    assert families
    labels = {sample.labels["project"] for family in families for sample in family.samples}
    assert labels == {escape(f"../../{project}")}
    assert all(
        sample.name.startswith("reconcile_") for family in families for sample in family.samples
    )
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    for path in folder.rglob("*"):
        assert re.fullmatch(r"[\w.:+-]+", path.name), path


def test_a_label_of_the_controllers_figures_is_one_label() -> None:
    """Agents are labels there; the library's parser gives each name back."""
    registry = CollectorRegistry()
    counter = Counter("reconcile_dispatches", "Dispatches.", ["agent"], registry=registry)
    for name in NAMES:
        counter.labels(name).inc()
    read = text_string_to_metric_families(generate_latest(registry).decode())
    labels = [
        sample.labels["agent"]
        for family in read
        for sample in family.samples
        if sample.name.endswith("_total")
    ]
    assert sorted(labels) == sorted(NAMES)


def test_a_probe_tells_every_agent_by_its_name(tmp_path: Path) -> None:
    """As figures, on a terminal and in Markdown; nobody answers, and each is told once."""
    names = {f"a{index}": {"agent_name": name} for index, name in enumerate(WORST)}
    with Emulator() as emulator:
        shell = Shell(tmp_path).connect(emulator)
        shell.write("config/dispatch.yaml", json.dumps({"version": 1, "agents": {"names": names}}))
        probe = ("probe", "--timeout", "1s", "--format")
        figures, text, page = (shell.run(*probe, one) for one in ("prometheus", "text", "markdown"))
    assert [figures.code, text.code, page.code] == [2, 2, 2], figures.err
    families = list(text_string_to_metric_families(figures.out))
    agents = {
        sample.labels["agent"]
        for family in families
        for sample in family.samples
        if "agent" in sample.labels
    }
    assert agents == {*WORST}
    assert_harmless_text(text.out)
    assert_harmless_markdown(page.out)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_log_has_a_line_for_a_record(as_json: bool) -> None:
    """No name makes a second record, for people or for a collector."""
    root, own = logging.getLogger(), logging.getLogger("reconciler")
    former = (root.handlers[:], root.level, own.level)
    stream = io.StringIO()
    try:
        start_log(stream, as_json=as_json, quiet=False, verbose=False)
        for name in NAMES:
            logging.getLogger("reconciler.controller").info("room %s: dispatched", name)
    finally:
        root.handlers[:], root.level, own.level = former
    lines = stream.getvalue().split("\n")[:-1]
    assert len(lines) == len(NAMES)
    assert_visible_lines(stream.getvalue())
    if as_json:
        told = [json.loads(line)["message"] for line in lines]
        assert told == [f"room {name}: dispatched" for name in NAMES]


def test_write_back_writes_yaml_with_every_name(shell: Shell, tmp_path: Path) -> None:
    """What a live project has for names ends up in the file as they are, and nothing else does."""
    path = tmp_path / "dispatch.yaml"
    shutil.copy(shell.folder / "config/dispatch.yaml", path)
    ran = shell.run("drift", "--write-back", "-c", str(path))
    assert ran.code in (0, 1, 2), ran.err
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(document["sip"]["inbound_trunks"]) >= set(NAMES)
