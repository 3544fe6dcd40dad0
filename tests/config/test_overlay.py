"""Overlays: the values are those of RFC 7396, and every finding stands where the value that it is about stands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.config.files import read_overlays
from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.config.nodes import Node, Scalar, Sequence
from reconciler.config.overlay import lay_over
from reconciler.config.tree import parse
from reconciler.core.values import Secret, SecretRef
from reconciler.errors import FileError
from tests.config.documents import JSON, TEXTS, as_yaml
from tests.config.reading import told

Json: TypeAlias = Any

# The table of RFC 7396, appendix A: target, patch, result.
RFC = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


def merge_patch(target: Json, patch: Json) -> Json:
    """The algorithm of the RFC, word for word."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def laid_over(targets: Iterable[Json], *patches: Json) -> list[Json]:
    """What files hold after overlays, through the parser of YAML, of which JSON is a part."""
    trees = [parse(as_yaml(one), f"{at}.yaml") for at, one in enumerate(targets)]
    for patch in patches:
        trees, _ = lay_over(trees, parse(as_yaml(patch), "overlay.yaml"))
    return [value_of(tree.root) for tree in trees]


def value_of(node: Node) -> Json:
    """A node as JSON has it."""
    if isinstance(node, Scalar):
        return json.loads(node.text) if node.plain else node.text
    if isinstance(node, Sequence):
        return [value_of(item) for item in node.items]
    return {key: value_of(value) for key, value in node}


@pytest.mark.parametrize(("target", "patch", "result"), RFC)
def test_the_examples_of_the_standard(target: Json, patch: Json, result: Json) -> None:
    """Each line of its table, as the value of a key: a file itself is always a mapping."""
    found = laid_over([{"key": target}], {"key": patch})
    assert found == [{} if result is None else {"key": result}]
    if isinstance(target, dict) and isinstance(patch, dict):
        assert laid_over([target], patch) == [result]


KEYS = st.sampled_from(["a", "b", "c", "null", "~", "<<"]) | TEXTS
VALUES = st.recursive(JSON, lambda inner: st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
FILES = st.dictionaries(KEYS, VALUES, max_size=4)
QUIET = settings(deadline=None, max_examples=400)


@QUIET
@given(FILES, st.lists(FILES, max_size=3))
def test_the_values_are_those_of_the_standard(target: Json, patches: list[Json]) -> None:
    """Whatever stands in a file and in overlays, the result is that of the RFC's own algorithm, overlay by overlay."""
    expected = target
    for patch in patches:
        expected = merge_patch(expected, patch)
    assert laid_over([target], *patches) == [expected]


def split(target: dict[str, Json], data: st.DataObject) -> tuple[dict[str, Json], dict[str, Json]]:
    """The mapping as two files that make it together."""
    parts: tuple[dict[str, Json], dict[str, Json]] = ({}, {})
    for key, value in target.items():
        if isinstance(value, dict) and data.draw(st.booleans()):
            parts[0][key], parts[1][key] = split(value, data)
        else:
            parts[data.draw(st.booleans())][key] = value
    return parts


def together(first: dict[str, Json], second: dict[str, Json]) -> dict[str, Json]:
    """What two files say, where both say something only about mappings."""
    result = dict(first)
    for key, value in second.items():
        result[key] = together(result[key], value) if key in result else value
    return result


@QUIET
@given(FILES, FILES, st.data())
def test_several_files_are_one_document(target: Json, patch: Json, data: st.DataObject) -> None:
    """However a document is spread over files, an overlay finds what it is about."""
    found = laid_over(split(target, data), patch)
    assert together(*found) == merge_patch(target, patch)


@QUIET
@given(FILES, FILES)
def test_a_second_time_changes_nothing(target: Json, patch: Json) -> None:
    """An overlay that is laid over twice does what it does once."""
    assert laid_over([target], patch, patch) == laid_over([target], patch)


# ---------------------------------------------------------------------------------------------------------------------
# Places
# ---------------------------------------------------------------------------------------------------------------------

BASE = """\
version: 1
project: {name: acme, host: acme.livekit.example}
sip:
  inbound_trunks:
    main:
      numbers: ["+15550100001"]
      allowed_addresses: ["203.0.113.0/24"]
agents:
  names: {a: {agent_name: Alice}}
  rooms:
    - {prefix: call-, agents: [a], dispatch: sip}
"""
RULES = """\
sip:
  dispatch_rules:
    calls: {trunks: [main], rooms: {individual: {prefix: call-}}}
"""


def over(*overlays: str, **files: str) -> Configuration:
    """The configuration of some files, `BASE` if none is given, with overlays over them."""
    texts = files or {"base": BASE}
    return load(
        {Path(f"{name}.yaml"): dedent(text).encode() for name, text in texts.items()},
        {"PW": "a-password"},
        [
            (Path("env", f"over{at or ''}.yaml"), dedent(text).encode())
            for at, text in enumerate(overlays)
        ],
    )


def test_what_is_merged_is_the_project() -> None:
    """Single values change, a list is replaced, null takes away, and all else is as in the file."""
    configuration = over(
        """\
        project: {name: staging, host: null}
        sip:
          inbound_trunks:
            main: {numbers: ["+15550100002"]}
        """
    )
    assert told(configuration) == []
    assert (configuration.project.name, configuration.project.host) == ("staging", None)
    (trunk,) = configuration.sip["inbound_trunk"]
    assert str(trunk.fields["numbers"]) == str(
        load({Path("x"): BASE.replace("0001", "0002").encode()}, {})
        .sip["inbound_trunk"][0]
        .fields["numbers"]
    )
    assert "allowed_addresses" in trunk.fields
    assert configuration.files == ("base.yaml",)
    assert configuration.overlays == (str(Path("env", "over.yaml")),)


PLACES = {
    "a value": (
        "sip: {inbound_trunks: {main: {ringing_timeout: soon}}}",
        "env/over.yaml:1:48: error[wrong-type]",
    ),
    "a key of a mapping that stands in the file": (
        "sip:\n  inbound_trunks:\n    main:\n      number: x",
        'env/over.yaml:4:7: error[unknown-key] an inbound trunk has no "number"',
    ),
    "an entry of a list": (
        'sip: {inbound_trunks: {main: {numbers: ["+15550100001", ""]}}}',
        "env/over.yaml:1:57: error[no-value]",
    ),
    "a secret in clear": (
        "sip:\n  inbound_trunks:\n    main: {auth: {username: u, password: clear}}",
        "env/over.yaml:3:42: error[secret-in-clear]",
    ),
    "a version that does not exist": ("version: 2", "env/over.yaml:1:10: error[wrong-type]"),
    "a section that does not exist": (
        "agent: {names: {}}",
        "env/over.yaml:1:1: error[unknown-key]",
    ),
    "a key twice": (
        "project: {name: a, name: b}",
        "env/over.yaml:1:20: error[yaml-duplicate-key]",
    ),
    "a convention": (
        "agents: {rooms: [{prefix: x-, agents: [b], dispatch: sip}]}",
        "env/over.yaml:1:40: error[unknown-agent]",
    ),
    "what is missing in a new object": (
        "sip: {inbound_trunks: {second: {metadata: x}}}",
        'env/over.yaml:1:24: error[missing-key] an inbound trunk needs "numbers"',
    ),
    "what an overlay took from an object of the file": (
        "sip: {inbound_trunks: {main: {numbers: null}}}",
        'base.yaml:5:5: error[missing-key] an inbound trunk needs "numbers"',
    ),
    "what the file says, where the overlay changes something beside it": (
        "agents: {names: {a: null, b: {agent_name: Bob}}}",
        "base.yaml:11:32: error[unknown-agent]",
    ),
    "nothing to take away": (
        "sip: {inbound_trunks: {main: {metadata: null}}}",
        "env/over.yaml:1:31: note[overlay-deletes-nothing]",
    ),
    "a list in place of the sections": ("- a", "env/over.yaml:1:1: error[yaml-shape]"),
    "no YAML": ("a: [", "env/over.yaml:1:5: error[yaml-syntax]"),
    "an empty file": (
        "# nothing yet\n",
        "env/over.yaml:1:1: error[yaml-empty] the file is empty - write {} if it is to change nothing",
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_finding_stands_where_its_value_stands(case: str) -> None:
    """In the overlay what the overlay says, in the file what the file says, each with its line and column."""
    overlay, expected = PLACES[case]
    assert expected in "\n".join(told(over(overlay)))


def test_no_overlay_is_judged_by_a_file_that_cannot_be_parsed() -> None:
    """What null takes away, and the rest of what an overlay changes, may stand there, or in another overlay."""
    idle = "sip: {dispatch_rules: {calls: {metadata: null}}}"
    half = "sip: {inbound_trunks: {second: {callers: any}}}\nagents: {names: {b: {deployment: x}}}"
    rule = "agents: {rooms: [{prefix: x-, agents: [b], dispatch: sip}]}"
    broken = RULES + "    - {"
    for found in (
        told(over(idle, half, rule, base=BASE, rules=broken)),
        told(over(idle, half, rule, "a: [", base=BASE, rules=RULES)),
    ):
        assert [_code(one) for one in found] == ["yaml-syntax"]
    whole = told(over(idle, half, rule, base=BASE, rules=RULES))
    codes = ["overlay-deletes-nothing", "missing-key", "missing-key"]
    assert sorted(map(_code, whole)) == sorted(codes)


def test_what_is_wrong_with_an_overlay_itself_is_said_all_the_same() -> None:
    """A key that stands twice, and a value of something that another file has."""
    wrong = "project: {name: a, name: b}\nsip: {inbound_trunks: {main: {numbers: 5}}}"
    found = told(over(wrong, base=BASE, rules=RULES + "    - {"))
    assert sorted(map(_code, found)) == ["wrong-type", "yaml-duplicate-key", "yaml-syntax"]


def _code(line: str) -> str:
    return line.partition("[")[2].partition("]")[0]


def test_findings_of_an_object_find_the_overlay() -> None:
    """Checks that run after reading ask an object for the place of a field, and get the one of the overlay."""
    configuration = over("sip: {inbound_trunks: {main: {numbers: any, metadata: x}}}")
    (trunk,) = configuration.sip["inbound_trunk"]
    assert str(trunk.origin.mark("metadata")) == "env/over.yaml:1:45"
    assert str(trunk.origin.mark("allowed_addresses[0]")) == "base.yaml:7:27"
    assert str(trunk.origin.mark()) == "base.yaml:5:5"


def test_an_overlay_finds_objects_in_every_file() -> None:
    """Two files are one project: the overlay changes each where it stands, and takes a whole kind away."""
    both = {"base": BASE, "rules": RULES}
    changed = over("sip: {dispatch_rules: {calls: {metadata: x}}}", **both)
    assert told(changed) == []
    (rule,) = changed.sip["dispatch_rule"]
    assert str(rule.origin.mark("metadata")) == "env/over.yaml:1:32"
    assert str(rule.origin.mark("trunks")) == "rules.yaml:3:13"
    assert "dispatch_rule" not in over("sip: {dispatch_rules: null}", **both).sip
    assert over("sip: null", **both).sip == {}


def test_a_list_of_several_files_is_replaced_as_one() -> None:
    """Conventions of two files are one list, so an overlay's list stands for all of it."""
    more = "agents:\n  rooms:\n    - {prefix: b-, agents: [], dispatch: app}\n"
    configuration = over(
        "agents: {rooms: [{prefix: x-, agents: [a], dispatch: app}]}", base=BASE, more=more
    )
    assert told(configuration) == []
    assert configuration.agents is not None
    assert [one.prefix for one in configuration.agents.conventions.all] == ["x-"]


def test_overlays_follow_one_another() -> None:
    """The last one wins, and what it takes away may come from the one before."""
    first = "project: {name: one, owns: [a-*]}"
    assert over(first, "project: {name: two}").project.name == "two"
    assert over("project: {name: two}", first).project.name == "one"
    assert told(over(first, "project: {owns: null}")) == []


def test_what_an_alias_shares_is_not_changed_elsewhere() -> None:
    """An overlay over one of two objects that are one mapping in the file leaves the other alone."""
    base = """\
        version: 1
        x-filter: &filter {metadata: shared, numbers: any, allowed_addresses: ["203.0.113.0/24"]}
        sip:
          inbound_trunks: {one: *filter, two: {<<: *filter, numbers: ["+15550100001"]}, three: *filter}
        """
    changed = over("sip: {inbound_trunks: {one: {metadata: own}}}", base=base)
    texts = {one.name: str(one.fields["metadata"]) for one in changed.sip["inbound_trunk"]}
    assert texts["two"] == texts["three"] != texts["one"]


def test_a_secret_of_an_overlay_is_a_file_beside_the_overlay(tmp_path: Path) -> None:
    """`{file: PATH}` counts from the folder of the file that it is written in."""
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pw").write_text("from-the-overlay")
    (tmp_path / "pw").write_text("from-the-base")
    overlay = b"sip: {inbound_trunks: {main: {auth: {username: u, password: {file: pw}}}}}"
    configuration = load(
        {tmp_path / "base.yaml": BASE.encode()}, {}, [(tmp_path / "env" / "o.yaml", overlay)]
    )
    (trunk,) = configuration.sip["inbound_trunk"]
    secret = trunk.fields["auth.password"]
    assert isinstance(secret, Secret)
    assert secret.reveal() == "from-the-overlay"
    assert secret.ref == SecretRef(file=str(tmp_path / "env" / "pw"))


def test_a_comment_silences_a_finding_on_its_line_of_an_overlay() -> None:
    """`# reconcile: ignore[…]` works in an overlay as in a file."""
    configuration = over("sip: {}  # reconcile: ignore[open-trunk]\n")
    assert [str(one.mark) for one in configuration.ignores] == ["env/over.yaml:1:30"]


def test_an_overlay_over_a_file_that_cannot_be_parsed() -> None:
    """What is wrong with both is told, and nothing that follows from it."""
    found = told(over("sip: {trunks: {}}\nproject: {name: a, name: b}", base="a: ["))
    assert [one.split(" ")[0:2] for one in found] == [
        ["base.yaml:1:5:", "error[yaml-syntax]"],
        ["env/over.yaml:2:20:", "error[yaml-duplicate-key]"],
    ]


def test_what_cannot_be_an_overlay(tmp_path: Path) -> None:
    """A file that is not there, and a folder, whose order nobody has decided."""
    with pytest.raises(FileError, match="no such file: name another with --overlay"):
        read_overlays([tmp_path / "none.yaml"])
    with pytest.raises(FileError, match="an overlay is a file"):
        read_overlays([tmp_path])
