"""`--projects DIR`: many projects in one table, with one exit code, and none in another's way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.many import Folder, project

# --- which projects


def test_every_file_and_every_folder_is_a_project(folder: Folder) -> None:
    """Files of both endings, folders with files in them; what is hidden, empty or something else is none."""
    for path in (".hidden.yaml", "notes.txt", "empty/notes.txt", ".git/config.yaml"):
        folder.write(path, "nonsense: [")
    document = folder.document("plan")
    assert [(one["name"], Path(one["file"]).name) for one in document["projects"]] == [
        ("a", "a.yaml"),
        ("b", "b.yml"),
        ("c", "c"),
    ]
    assert document["summary"]["changes"] == 3
    hosts = [emulator.url.removeprefix("http://") for emulator in folder.emulators.values()]
    assert [one["host"] for one in document["projects"]] == hosts


def test_one_table_tells_of_all(folder: Folder) -> None:
    """A row for each project, then the plans of those that have changes, as `plan` alone shows them."""
    assert folder.run("apply", "--project", "b", "--auto-approve").code == 0
    ran = folder.run("plan")
    hosts = {name: one.url.removeprefix("http://") for name, one in folder.emulators.items()}
    width = max(map(len, hosts.values()))
    a, b, c = (host.ljust(width) for host in hosts.values())
    assert ran.out.startswith(
        f"Plan of 3 projects in projects\n\n"
        f"project  {'host'.ljust(width)}  sip       agents    unlisted  findings  state\n"
        f"a        {a}  +1 ~0 -0  +0 ~0 -0  0         -         changes\n"
        f"b        {b}  +0 ~0 -0  +0 ~0 -0  0         -         no changes\n"
        f"c        {c}  +1 ~0 -0  +0 ~0 -0  0         -         changes\n\n"
        f"3 projects: 2 with changes, 1 without changes.\n\nPlan of a on {hosts['a']}\n"
    )
    alone = folder.shell.run("plan", "-c", "projects/a.yaml").out
    assert alone in ran.out
    assert f"Plan of b on {hosts['b']}" not in ran.out
    assert f"Plan of b on {hosts['b']}" in folder.run("plan", "-v").out
    assert ran.code == 0


def test_projects_are_picked_by_name(folder: Folder) -> None:
    """By the name in the file or that of the file, several times for several; a slip is told what was meant."""
    folder.write("d.yaml", project("delta", 4))
    folder.connect("delta", folder.emulators["a"])
    assert list(folder.states("plan", "--project", "delta")) == ["delta"]
    assert list(folder.states("plan", "--project", "d", "--project", "b")) == ["b", "delta"]
    ran = folder.run("plan", "--project", "detla")
    assert ran.code == 1
    assert 'there is no project "detla": did you mean "delta"?' in ran.err


def test_what_is_no_folder_of_projects(folder: Folder) -> None:
    """A folder that is not there or has no project in it is an error of the whole."""
    assert "no such folder" in folder.shell.run("plan", "--projects", "nowhere").err
    (folder.shell.folder / "bare").mkdir()
    ran = folder.shell.run("plan", "--projects", "bare")
    assert (ran.code, "no project in this folder" in ran.err) == (1, True)


def test_two_projects_of_one_name_are_told_apart_by_nobody(folder: Folder) -> None:
    """Both are errors that name both files, and the others are planned."""
    folder.write("again.yaml", project("b", 9))
    document = folder.document("plan")
    found = {one["file"]: one for one in document["projects"]}
    for one in ("projects/again.yaml", "projects/b.yml"):
        (error,) = found[one]["errors"]
        assert "projects/again.yaml, projects/b.yml" in error
    assert found["projects/a.yaml"]["state"] == "changes"
    assert document["exit_code"] == 1


USAGE = {
    "a file and a folder": ["plan", "--projects", "projects", "-c", "x.yaml"],
    "a name without a folder": ["plan", "--project", "a"],
    "a file for the plan": ["plan", "--projects", "projects", "--out", "plan.json"],
    "a snapshot": ["plan", "--projects", "projects", "--live", "snapshot.json"],
    "a snapshot to compare with": ["drift", "--projects", "projects", "--live", "s.json"],
    "a receipt": ["drift", "--projects", "projects", "--receipt", "receipt.json"],
    "alerts": ["drift", "--projects", "projects", "--notify", "json://127.0.0.1:1"],
    "what alerts remember": ["drift", "--projects", "projects", "--state", "state.json"],
    "a saved plan": ["apply", "plan.json", "--projects", "projects"],
    "a receipt to write": ["apply", "--projects", "projects", "--receipt", "receipt.json"],
    "live rooms to write": ["apply", "--projects", "projects", "--rooms"],
    "probes": ["apply", "--projects", "projects", "--require-agents"],
}


@pytest.mark.parametrize("case", USAGE)
def test_what_is_for_one_project_is_wrong_usage(folder: Folder, case: str) -> None:
    """64, with a sentence that names the option, and nothing is asked of any server."""
    ran = folder.shell.run(*USAGE[case])
    assert ran.code == 64, ran.err
    assert "--project" in ran.err
    assert all(emulator.count() == 0 for emulator in folder.emulators.values())


def test_what_is_typed_counts_more_than_a_variable(folder: Folder) -> None:
    """`--projects` beats RECONCILE_CONFIG, `-c` beats RECONCILE_PROJECTS, and two variables contradict each other."""
    shell = folder.shell
    shell.environ["RECONCILE_CONFIG"] = "projects/a.yaml"
    assert list(folder.states("plan")) == ["a", "b", "c"]
    shell.environ["RECONCILE_PROJECTS"] = "projects"
    assert shell.run("plan").code == 64
    assert shell.run("plan", "-c", "projects/b.yml").out.startswith("Plan of b on ")
    del shell.environ["RECONCILE_CONFIG"]
    assert shell.run("plan").out.startswith("Plan of 3 projects")


# --- failures


def test_one_failure_hides_nothing_else(folder: Folder) -> None:
    """A broken file, a missing variable, a missing secret, a server that is away: each its own project's error."""
    folder.write("broken.yaml", "version: 1\nproject: {nam: broken}\n")
    folder.write("keyless.yaml", project("keyless", 5))
    folder.write("away.yaml", project("away", 6))
    folder.shell.environ |= {
        "AWAY_LIVEKIT_URL": "http://127.0.0.1:1",
        "AWAY_LIVEKIT_API_KEY": "k",
        "AWAY_LIVEKIT_API_SECRET": "s",
    }
    folder.write("elsewhere.yaml", project("elsewhere", 7, ", host: other.example"))
    folder.connect("elsewhere", folder.emulators["a"], key="another")
    secret = "version: 1\nproject: {name: secret, env_prefix: A_}\nsip:\n  outbound_trunks:\n"
    secret += "    o: {address: x.example, numbers: ['+15550100001'], auth: {username: u, password: {env: NOT_SET}}}\n"
    folder.write("secret.yaml", secret)
    folder.write("unreadable/x.yaml", "a: [")
    document = folder.document("plan", "--detailed-exitcode")
    found = {one["name"]: one for one in document["projects"]}
    assert {name: (one["state"], one["exit_code"]) for name, one in found.items()} == {
        "a": ("changes", 2),
        "b": ("changes", 2),
        "c": ("changes", 2),
        "broken": ("error", 1),
        "keyless": ("error", 1),
        "away": ("error", 1),
        "elsewhere": ("refused", 3),
        "secret": ("error", 1),
        "unreadable": ("error", 1),
    }
    assert document["exit_code"] == 1
    assert "KEYLESS_LIVEKIT_URL" in found["keyless"]["errors"][0]
    assert "NOT_SET" in found["secret"]["errors"][0]
    assert [one["code"] for one in found["broken"]["findings"]] == ["unknown-key"]
    assert found["broken"]["findings"][0]["file"] == "projects/broken.yaml"
    assert found["a"]["plan"]["changes"]


def test_what_stderr_says_names_the_project(folder: Folder) -> None:
    """Every line begins with the name of the project that it is about, whatever is in it."""
    folder.write("x.yaml", 'version: 1\nproject: {name: "x\\n::error::", env_prefix: X_}\n')
    ran = folder.run("plan", "-q")
    assert ran.err.startswith('"x\\n::error::": error: X_LIVEKIT_URL, ')
    assert len(ran.err.splitlines()) == 1
    assert "\n::error" not in ran.out
    applied = folder.run("apply", "--auto-approve")
    lines = [line for line in applied.err.splitlines() if "created" in line]
    assert sorted(line.partition(":")[0] for line in lines) == ["a", "b", "c"]


def test_stderr_has_the_place_of_what_makes_a_file_unusable(folder: Folder) -> None:
    """A log that keeps stderr alone tells where to look: the first error, and how many more there are."""
    folder.write("d.yaml", "version: 1\nproject: {name: d\n")
    folder.write(
        "e.yaml", "version: 1\nproject: {name: e}\nsip: {inbound_trunks: {x: {nmbers: []}}}\n"
    )
    twice = "x: {numbers: ['+15550100009']}, y: {numbers: ['+15550100009']}"
    folder.write(
        "f.yaml",
        f"version: 1\nproject: {{name: f, env_prefix: A_}}\nsip: {{inbound_trunks: {{{twice}}}}}\n",
    )
    for command in ("plan", "drift"):
        ran = folder.run(command, "-q")
        told = {line.partition(":")[0]: line for line in ran.err.splitlines()}
        begin = "error: the file cannot be used as it is: projects/"
        assert told["d"].startswith(f"d: {begin}d.yaml:3:1: error[yaml-syntax] ")
        assert told["e"].startswith(f"e: {begin}e.yaml:3:24: error[missing-key] ")
        assert told["e"].endswith(" (and 1 more error)")
        unfit = "f: error: the plan has errors or failing tests: projects/f.yaml:3:"
        assert told["f"].startswith(unfit)


def test_names_that_are_no_text_stand_as_text(folder: Folder) -> None:
    """A file whose name is not UTF-8, a link that leads nowhere, a file that is a device: errors of their own."""
    place = folder.shell.folder / "projects"
    Path(os.fsdecode(os.fsencode(place) + b"/\xff\n.yaml")).write_text("version: 2\n")
    (place / "gone.yaml").symlink_to("nowhere")
    (place / "null.yaml").symlink_to(os.devnull)
    for form in ("text", "json", "markdown", "github"):
        ran = folder.run("plan", "--format", form)
        assert ran.code == 1
        assert "Traceback" not in ran.err
        ran.out.encode()
    ran = folder.run("plan")
    assert '"\\udcff\\n": error: ' in ran.err
    assert "gone: error: projects/gone.yaml: no such file" in ran.err
    assert [one["state"] for one in folder.document("plan", "--project", "a")["projects"]] == [
        "changes"
    ]


CODES = {
    "nothing to do": (["plan"], [], 0),
    "changes": (["plan", "--detailed-exitcode"], ["changes"], 2),
    "changes that nobody asked for": (["plan"], ["changes"], 0),
    "drift": (["drift"], ["changes"], 2),
    "a refusal before changes": (["drift"], ["changes", "refused"], 3),
    "an error before all": (["drift"], ["changes", "refused", "error"], 1),
}


@pytest.mark.parametrize("case", CODES)
def test_one_exit_code(folder: Folder, case: str) -> None:
    """An error weighs more than a refusal, that more than a difference."""
    arguments, wrong, code = CODES[case]
    assert folder.run("apply", "--auto-approve").code == 0
    if "changes" in wrong:
        folder.write("a.yaml", project("a", 99))
    if "refused" in wrong:
        folder.write("b.yml", project("b", 2, ", host: other.example"))
    if "error" in wrong:
        folder.write("c/two.yaml", "sip: [")
    assert folder.document(*arguments)["exit_code"] == code


def test_validate_needs_no_server(folder: Folder) -> None:
    """Findings and tests of all files, offline; a failing test is 1, a warning is not without --strict."""
    folder.shell.environ.clear()
    folder.write(
        "b.yml", project("b") + "tests: [{from: '', to: '+15550000001', outcome: accepted}]\n"
    )
    folder.write(
        "w.yaml",
        "version: 1\nproject: {name: w}\nsip: {inbound_trunks: {t: {numbers: ['+15550000009']}}}\n",
    )
    document = folder.document("validate")
    found = {one["name"]: one for one in document["projects"]}
    assert {name: one["state"] for name, one in found.items()} == {
        "a": "ok",
        "b": "error",
        "c": "ok",
        "w": "ok",
    }
    assert found["b"]["tests"][0]["passed"] is False
    assert found["w"]["findings"]
    assert folder.states("validate", "--strict", "--project", "w") == {"w": "error"}


# --- overlays


def test_an_overlay_is_laid_over_every_project(folder: Folder) -> None:
    """What it changes it changes in all of them; what one of them lacks is a note there."""
    folder.shell.write("over.yaml", "project: {unlisted: ignore, owns: null}\n")
    document = folder.document("validate", "--overlay", "over.yaml")
    assert [one["state"] for one in document["projects"]] == ["ok"] * 3
    for one in document["projects"]:
        assert [finding["code"] for finding in one["findings"]] == ["overlay-deletes-nothing"]
        assert one["findings"][0]["file"] == "over.yaml"
