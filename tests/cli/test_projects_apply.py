"""`apply --projects`: after one question all is written that can be, and no project takes what is another's."""

from __future__ import annotations

import json
from contextlib import ExitStack

from reconciler.emulator.server import Emulator
from tests.cli.many import Folder, project

# --- projects on one server


def on_one_server(folder: Folder, *more: str) -> None:
    """Two projects with one server and key."""
    for name, policy in zip(("a", "b"), more, strict=True):
        folder.write(f"{name}.{'yaml' if name == 'a' else 'yml'}", project(name, ord(name), policy))
    folder.connect("b", folder.emulators["a"])


def test_no_project_deletes_what_is_anothers(folder: Folder) -> None:
    """`unlisted: delete` beside another project's trunks is refused before a plan is made, however it is picked."""
    on_one_server(folder, "", "")
    assert folder.run("apply", "--auto-approve").code == 0
    on_one_server(folder, ", unlisted: delete", "")
    document = folder.document("apply", "--auto-approve", "--max-deletes", "9", "--project", "a")
    (one,) = document["projects"]
    assert (one["state"], document["exit_code"]) == ("refused", 3)
    assert 'would delete the inbound trunks of "b" (projects/b.yml)' in one["errors"][0]
    assert {trunk.name for trunk in folder.emulators["a"].inbound_trunks} == {"a", "b"}


def test_projects_that_own_their_part_share_a_server(folder: Folder) -> None:
    """With `owns` on both, each deletes and reports its own objects only."""
    on_one_server(folder, ", unlisted: delete, owns: [a*]", ", unlisted: delete, owns: [b*]")
    assert folder.run("apply", "--auto-approve").code == 0
    document = folder.document("drift")
    assert document["exit_code"] == 0
    assert [one["notes"] for one in document["projects"]] == [[], [], []]


def test_globs_that_take_in_anothers_objects_are_refused(folder: Folder) -> None:
    """`owns` is no proof of peace: what it takes in of the other's would be deleted."""
    on_one_server(folder, ', unlisted: delete, owns: ["*"]', ", owns: [b*]")
    document = folder.document("apply", "--auto-approve")
    first = document["projects"][0]
    assert first["state"] == "refused"
    assert 'such as the inbound trunk "b" of "b"' in first["errors"][0]
    assert {trunk.name for trunk in folder.emulators["a"].inbound_trunks} == {"b"}


def test_an_id_that_two_projects_pin_is_refused(folder: Folder) -> None:
    """Under whatever names: it is one object."""
    on_one_server(folder, ", owns: [a*]", ", owns: [b*]")
    for name, file in (("a", "a.yaml"), ("b", "b.yml")):
        text = project(name, ord(name), f", owns: [{name}*]")
        folder.write(file, text.replace(f"{{{name}: {{", f"{{{name}: {{id: ST_abcdefgh1234, "))
    assert folder.states("plan") == {"a": "refused", "b": "refused", "c": "changes"}


def test_a_project_that_reports_anothers_objects_is_told(folder: Folder) -> None:
    """With `unlisted: report` nothing is lost, but the drift never ends: a note says why."""
    on_one_server(folder, "", ", unlisted: ignore")
    first, second, third = folder.document("plan")["projects"]
    assert 'it takes the inbound trunks of "b"' in first["notes"][0]
    assert (second["notes"], third["notes"]) == ([], [])
    assert "a: note: it takes the inbound trunks" in folder.run("plan").err


def test_an_object_that_two_projects_list_is_refused(folder: Folder) -> None:
    """Each would undo what the other did, for ever."""
    on_one_server(folder, "", "")
    folder.write("b.yml", project("b", 2).replace("{b:", "{a:"))
    assert folder.states("plan") == {"a": "refused", "b": "refused", "c": "changes"}


# --- applying


def test_all_that_can_be_applied_is_applied(folder: Folder) -> None:
    """One whose file is broken, one whose server fails, one that would delete too much; the others are done."""
    for name in "defg":
        folder.write(f"{name}.yaml", project(name, ord(name)))
    with ExitStack() as stack:
        for name in "defg":
            folder.emulators[name] = stack.enter_context(Emulator())
            folder.connect(name, folder.emulators[name])
        assert folder.run("apply", "--auto-approve", "--project", "e").code == 0
        folder.write("d.yaml", "version: 1\nproject: {name: d, env_prefix: D_, hst: x}\n")
        folder.write(
            "e.yaml",
            "version: 1\nproject: {name: e, env_prefix: E_, unlisted: delete}\nsip: {inbound_trunks: {}}\n",
        )
        folder.emulators["f"].faults.answer(
            "CreateSIPInboundTrunk", status=400, code="invalid_argument"
        )
        document = folder.document("apply", "--auto-approve")
        found = {one["name"]: one for one in document["projects"]}
        assert {name: one["state"] for name, one in found.items()} == {
            "a": "ok",
            "b": "ok",
            "c": "ok",
            "d": "error",
            "e": "refused",
            "f": "incomplete",
            "g": "ok",
        }
        assert document["exit_code"] == 1
        assert found["a"]["report"]["complete"] is True
        assert found["e"]["report"] is None
        assert len(folder.emulators["e"].inbound_trunks) == 1
        assert [len(folder.emulators[name].inbound_trunks) for name in "abcg"] == [1, 1, 1, 1]
        assert folder.run("apply", "--auto-approve", "--project", "f", "--project", "g").code == 0


def test_one_question_for_all(folder: Folder) -> None:
    """Without anybody to ask nothing is written at all: 3, or 1 where something is wrong besides."""
    assert set(folder.states("apply").values()) == {"refused"}
    assert folder.run("apply").code == 3
    folder.write("d.yaml", "version: 2\n")
    ran = folder.run("apply")
    assert ran.code == 1
    assert ran.err.count("there is nobody to ask") == 3
    assert ran.out.count("Plan of 4 projects") == 1
    assert all(not emulator.inbound_trunks for emulator in folder.emulators.values())


def test_every_project_leaves_a_backup(folder: Folder) -> None:
    """One backup for each that is written; `rollback` takes it, whichever of the projects it is of."""
    assert folder.run("apply", "--auto-approve").code == 0
    backups = list((folder.shell.folder / ".reconcile" / "backups").iterdir())
    assert sorted(json.loads(one.read_text())["project"] for one in backups) == ["a", "b", "c"]
    (mine,) = [one for one in backups if json.loads(one.read_text())["project"] == "b"]
    ran = folder.shell.run("rollback", str(mine), "--auto-approve", "--max-deletes", "9")
    assert ran.code == 0, ran.err
    assert folder.emulators["b"].inbound_trunks == []
    assert len(folder.emulators["a"].inbound_trunks) == 1


def test_no_backup_no_write(folder: Folder) -> None:
    """Where the backup cannot be written each project is refused, and says how it can be done all the same."""
    folder.shell.write("taken", "a file")
    document = folder.document("apply", "--auto-approve", "--backup-dir", "taken")
    assert {one["state"] for one in document["projects"]} == {"refused"}
    assert all("--no-backup" in one["errors"][0] for one in document["projects"])
    assert document["exit_code"] == 3
    assert all(not emulator.inbound_trunks for emulator in folder.emulators.values())


def test_a_second_apply_has_nothing_to_do(folder: Folder) -> None:
    """The table is shown, nobody is asked, nothing is sent."""
    assert folder.run("apply", "--auto-approve").code == 0
    for emulator in folder.emulators.values():
        emulator.forget_calls()
    ran = folder.run("apply")
    assert ran.code == 0
    assert "3 projects: 3 without changes." in ran.out
    assert all(emulator.count("Create*") == 0 for emulator in folder.emulators.values())
