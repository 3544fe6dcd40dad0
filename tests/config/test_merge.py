"""Several files, or a folder, make one project; a name that two files give is an error that tells both places."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.config.load import load, read_files
from reconciler.core.ownership import UnlistedPolicy
from reconciler.errors import FileError
from tests.config.reading import errors, read_all, told

TRUNKS = """\
version: 1
project: {name: acme, unlisted: ignore}
sip:
  inbound_trunks:
    carrier: {numbers: ["+15550100001"]}
agents:
  names: {a: {agent_name: Alice}}
"""
RULES = """\
project: {server: "1.9"}
sip:
  dispatch_rules:
    calls: {trunks: [carrier], rooms: {callee: {}}, line: sales}
agents:
  names: {b: {agent_name: ""}}
  rooms:
    - {prefix: call-, agents: [a, b], dispatch: sip}
"""


@pytest.mark.parametrize("order", [["a.yaml", "b.yaml"], ["b.yaml", "a.yaml"]])
def test_sections_merge_whatever_the_order(order: list[str]) -> None:
    """A rule may name a trunk, and a convention an agent, that a later file lists."""
    texts = {"a.yaml": TRUNKS, "b.yaml": RULES}
    configuration = read_all({name: texts[name] for name in order})
    assert told(configuration) == []
    assert {kind: [one.name for one in found] for kind, found in configuration.sip.items()} == {
        "inbound_trunk": ["carrier"],
        "dispatch_rule": ["calls"],
    }
    project = configuration.project
    assert (project.name, project.unlisted, project.server) == (
        "acme",
        UnlistedPolicy.IGNORE,
        "1.9",
    )
    assert configuration.lines == {"calls": "sales"}
    assert configuration.agents is not None
    assert sorted(configuration.agents.names) == ["a", "b"]
    (convention,) = configuration.agents.conventions.all
    assert convention.agents is not None
    assert [one.agent_name for one in convention.agents] == ["Alice", ""]
    assert configuration.files == tuple(order)


TWICE = {
    "sip: {inbound_trunks: {carrier: {numbers: any}}}": (
        "b.yaml:1:24",
        "sip.inbound_trunks.carrier",
        '"carrier" stands at a.yaml:5:5 already',
    ),
    "project: {name: other}": (
        "b.yaml:1:11",
        "project.name",
        '"name" stands at a.yaml:2:11 already',
    ),
    "agents: {names: {a: {agent_name: x}}}": (
        "b.yaml:1:18",
        "agents.names.a",
        '"a" stands at a.yaml:7:11 already',
    ),
    "agents: {rooms: [{prefix: x-, agents: [], dispatch: app}]}": (
        "b.yaml:1:19",
        "agents.rooms[0].prefix",
        'the prefix "x-" stands at c.yaml:1:19 already',
    ),
    "agents: {rooms: [{room: z, agents: [], dispatch: app}]}": (
        "b.yaml:1:19",
        "agents.rooms[0].room",
        'the room "z" stands at c.yaml:1:66 already',
    ),
}


@pytest.mark.parametrize("text", TWICE)
def test_what_two_files_give_is_an_error_with_both_places(text: str) -> None:
    """The finding stands at the second place and names the first."""
    third = "agents: {rooms: [{prefix: x-, agents: [], dispatch: app}, {room: z, agents: [], dispatch: app}]}"
    third = third.replace("app}, {", "app},       {")
    found = read_all({"a.yaml": TRUNKS, "c.yaml": third, "b.yaml": text}).findings
    assert [one.code for one in found] == ["defined-twice"]
    assert (str(found[0].mark), found[0].path, found[0].message) == TWICE[text]


def test_the_same_convention_twice_in_one_file_is_an_error() -> None:
    """Identical prefixes would leave it to chance which one wins."""
    text = "version: 1\nagents:\n  rooms:\n    - &c {prefix: '', agents: [], dispatch: app}\n    - *c\n"
    (finding,) = read_all({"a.yaml": text}).findings
    assert finding.code == "defined-twice"


def test_a_room_and_a_prefix_of_one_name_are_two_conventions() -> None:
    """An exact room beats a prefix, so both may stand."""
    text = "version: 1\nagents: {rooms: [{prefix: a, agents: [], dispatch: app}, {room: a, agents: [], dispatch: sip}]}"
    configuration = read_all({"a.yaml": text})
    assert told(configuration) == []
    assert configuration.agents is not None
    exact = configuration.agents.conventions.of_room("a")
    longer = configuration.agents.conventions.of_room("ab")
    assert exact is not None
    assert longer is not None
    assert (exact.label, longer.label) == ("a", "a*")


def test_a_second_object_of_a_name_is_read_for_its_problems() -> None:
    """All problems are told at once, those of the object that has to go included."""
    texts = {"a.yaml": TRUNKS, "b.yaml": "sip: {inbound_trunks: {carrier: {numbers: 5}}}"}
    assert {one.code for one in read_all(texts).findings} == {"defined-twice", "wrong-type"}


def test_one_file_has_to_say_the_version() -> None:
    """Others may say it too."""
    assert told(read_all({"a.yaml": "version: 1", "b.yaml": "version: 1"})) == []
    assert told(read_all({"a.yaml": "x-a: 1", "b.yaml": "version: 1"})) == []
    (finding,) = read_all({"a.yaml": "x-a: 1", "b.yaml": "x-a: 1"}).findings
    assert (finding.code, str(finding.mark)) == ("missing-key", "a.yaml:1:1")


def test_a_file_that_cannot_be_parsed_is_the_only_one_blamed() -> None:
    """Nobody is told that the trunks and agents of the unreadable file do not exist."""
    configuration = read_all({"a.yaml": TRUNKS + "[", "b.yaml": RULES})
    assert [one.code for one in errors(configuration)] == ["yaml-syntax"]


def test_a_kind_is_managed_when_any_file_has_it() -> None:
    """`{}` means managed and empty, a kind that no file has is left alone."""
    configuration = read_all(
        {"a.yaml": "version: 1\nsip: {inbound_trunks: {}}", "b.yaml": "agents: {}"}
    )
    assert configuration.sip == {"inbound_trunk": ()}
    assert configuration.agents is not None
    assert read_all({"a.yaml": "version: 1"}).agents is None


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    """`.yaml` and `.yml`; hidden files, other files and folders inside are no part of the project."""
    for name in ("b.yml", "a.yaml", ".hidden.yaml", "notes.txt", "c.yaml.bak"):
        (tmp_path / name).write_text("version: 1\n")
    (tmp_path / "nested.yaml").mkdir()
    files = read_files([tmp_path])
    assert [path.name for path in files] == ["a.yaml", "b.yml"]
    assert load(files, {}).findings == ()


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    """`-c folder -c folder/a.yaml` is not an error about everything."""
    (tmp_path / "a.yaml").write_text("version: 1\n")
    assert list(read_files([tmp_path, tmp_path / "a.yaml"])) == [tmp_path / "a.yaml"]


@pytest.mark.parametrize("name", ["missing.yaml", "empty", "a\0b"])
def test_what_is_not_there_is_one_error_with_a_way_out(tmp_path: Path, name: str) -> None:
    """Only a file or folder that leaves nothing to read is raised."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError) as raised:
        read_files([tmp_path / name])
    assert "\n" not in str(raised.value)


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    """A folder with a dangling link is not half a project."""
    (tmp_path / "a.yaml").symlink_to(tmp_path / "gone")
    with pytest.raises(FileError, match="no such file"):
        read_files([tmp_path])
