"""The TypeScript module answers as the Python library does, for any file, room and metadata."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from livekit.protocol.room import RoomConfiguration

from reconciler.export.plane import plane_document, plane_json
from reconciler.export.typescript import plane_typescript
from reconciler.tokens import Conventions, MetadataInvalid, MetadataMissing
from tests.tokens.node import answers, compiled
from tests.tokens.projects import PLANE, conventions

# Few words, so that prefixes, rooms and keys meet; some of them mean something to JavaScript or to its parser.
WORDS = [
    "",
    "a",
    "a-",
    "a-b",
    "😀",
    "😀-",
    "😁",
    "__proto__",
    "constructor",
    "\u00e4",
    "*/",
    "\u2028'\"\\",
    "\u202e`${x}",
]
KEYS = ["session_id", "lang", "__proto__", "toString", "1", "0", "\u00e4😀", "a b", '"']
FILES = 200


class Made:
    """Random files and questions: the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one(self, *choices: Any) -> Any:
        """One of some things."""
        return self.random.choice(choices)

    def some(self, choices: list[Any], most: int) -> list[Any]:
        """A few different ones."""
        return self.random.sample(choices, self.random.randint(0, most))

    def value(self, depth: int = 2) -> Any:
        """A value of JSON. Other numbers are spelt differently in JavaScript, and are the same JSON."""
        if depth and self.random.random() < 0.3:
            return self.one([self.value(depth - 1)], self.mapping(depth - 1))
        return self.one(None, True, False, 0, -1, 2**53 - 1, *WORDS)

    def mapping(self, depth: int = 2) -> dict[str, Any]:
        """A mapping of JSON."""
        return {key: self.value(depth) for key in self.some(KEYS, 3)}

    def given(self) -> Any:
        """What an application might pass as metadata."""
        broken = self.one("{", "[1]", '{"a":', " {} ")
        return self.one(None, self.one(*WORDS), self.mapping(), json.dumps(self.mapping()), broken)

    def agent(self, key: str) -> dict[str, Any]:
        """An agent of a convention."""
        agent: dict[str, Any] = {"agent": key}
        if self.one(True, False):
            agent["metadata"] = self.one(self.one(*WORDS), self.mapping())
        if self.one(True, False):
            agent["attributes"] = {key: self.one(*WORDS) for key in self.some(KEYS, 2)}
        if self.one(True, False):
            agent["restart_policy"] = self.one("on_failure", "never")
        return agent

    def file(self) -> dict[str, Any]:
        """A configuration with conventions of every kind."""
        names = {
            f"k{index}": {"agent_name": word, "deployment": self.one("", "blue")}
            for index, word in enumerate(self.random.sample(WORDS, 3))
        }
        about = [("prefix", word) for word in WORDS] + [("room", word) for word in WORDS if word]
        rooms = [
            {
                kind: text,
                "agents": [self.agent(key) for key in self.some(sorted(names), 2)],
                "dispatch": self.one("token", "token", ["token", "sip"], "controller"),
                "required_metadata": self.one([], [], self.some(KEYS, 2)),
                "join_timeout": self.one("10s", "1500ms", "1h"),
            }
            for kind, text in self.some(about, 6)
        ]
        project = {"name": self.one(*WORDS), "server": self.one("newest", "1.9")}
        return {"version": 1, "project": project, "agents": {"names": names, "rooms": rooms}}

    def questions(self, file: dict[str, Any]) -> list[tuple[str, Any]]:
        """Rooms near the conventions of a file, each with several metadata."""
        texts = [room.get("prefix", room.get("room", "")) for room in file["agents"]["rooms"]]
        names = [*texts, *(text + self.one(*WORDS) for text in texts), self.one(*WORDS), "lobby"]
        return [(name, self.given()) for name in names for _ in range(3)]


def yaml_of(file: dict[str, Any]) -> str:
    """A file as JSON, which is YAML as long as no character is written as two halves."""
    return json.dumps(file, ensure_ascii=False)


def expected(found: Conventions, room: str, metadata: Any) -> dict[str, Any]:
    """What the library says, in the words of the module."""
    answer: dict[str, Any] = {"label": None if (one := found.for_room(room)) is None else one.label}
    try:
        answer["config"] = found.room_config(room, metadata=metadata)
    except MetadataInvalid as error:
        answer["error"] = str(error)
        answer["keys"] = list(error.keys) if isinstance(error, MetadataMissing) else None
    return answer


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """What the module says, ready to be compared."""
    found = answer.pop("found")
    label = None
    if found is not None:
        label = found["room"] if found["room"] is not None else f"{found['prefix']}*"
    if "config" in answer:
        answer["config"] = ParseDict(answer["config"], RoomConfiguration())
    return {"label": label, **answer}


def same(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether both say the same. Metadata is compared as JSON: JavaScript has an order of its own for keys like 1."""
    if "config" not in mine or "config" not in theirs:
        return mine == theirs
    for answer in (mine, theirs):
        for agent in answer["config"].agents:
            with contextlib.suppress(ValueError):
                agent.metadata = json.dumps(json.loads(agent.metadata), sort_keys=True)
    return mine == theirs


def hold(folder: Path, texts: list[str], asked: list[list[tuple[str, Any]]]) -> None:
    """Compiles the module of each file, asks it, and compares with the library."""
    loaded = {f"m{index}": conventions(text) for index, text in enumerate(texts)}
    modules = {
        name: plane_typescript(one.project, one.files.plane, one.files.era)
        for name, one in loaded.items()
    }
    out = compiled(folder, modules)
    questions = dict(zip(loaded, asked, strict=True))
    found = iter(answers(out, questions))
    for name, rooms in questions.items():
        for room, metadata in rooms:
            mine, theirs = expected(loaded[name], room, metadata), told(next(found))
            assert same(mine, theirs), (texts[int(name[1:])], room, metadata, mine, theirs)


def test_the_module_of_an_ordinary_file(tmp_path: Path) -> None:
    """Every kind of convention, with metadata that fits, that does not, and none."""
    rooms = ["ornina-1", "ornina-lobby", "interview-1", "call-1", "call-outbound-1", "quiet-1"]
    rooms += ["line-1", "queue-1", "lobby", "", "orninä-1"]
    passed: list[Any] = [None, "", "text", {}, {"lang": "de"}, {"a": None, "b": [1, {"c": "😀"}]}]
    passed += [{"session_id": 1, "participant": 2}, '{"session_id":1,"participant":2}', "[", "{}"]
    hold(tmp_path, [PLANE], [[(room, one) for room in rooms for one in passed]])


@pytest.mark.slow
def test_the_module_of_any_file(tmp_path: Path) -> None:
    """Hostile names, code points beyond the BMP, empty prefixes, exact rooms, merges: the same answers and errors."""
    made = Made(7)
    files = [made.file() for _ in range(FILES // 2)]
    hold(tmp_path, [yaml_of(file) for file in files], [made.questions(file) for file in files])


def test_long_numbers_keep_their_digits(tmp_path: Path) -> None:
    """JavaScript would round them; what the file says is merged as it is spelt."""
    text = """\
version: 1
agents:
  names: {a: {agent_name: a}}
  rooms: [{prefix: '', agents: [{agent: a, metadata: {id: 1234567890123456789, f: 1.0}}], dispatch: token}]
"""
    found = conventions(text)
    out = compiled(tmp_path, {"m": plane_typescript("", found.files.plane, None)})
    ((answer),) = answers(out, {"m": [("r", {"b": 1})]})
    (agent,) = found.room_config("r", metadata={"b": 1}).agents
    assert answer["config"]["agents"][0]["metadata"] == agent.metadata
    assert agent.metadata == '{"id":1234567890123456789,"f":1.0,"b":1}'


_USE = """\
import { forRoom, roomConfig, MetadataInvalid, MetadataMissing, type Metadata } from "./m/conventions";

const metadata: Metadata = { session_id: "s-1", tags: ["a", 1, null] };
const agents: string[] = roomConfig("interview-1", metadata).agents.map((agent) => agent.agentName);
const required: readonly string[] = forRoom("interview-1")?.requiredMetadata ?? [];
// @ts-expect-error: a function is no metadata
roomConfig("interview-1", { session_id: () => agents });
try {
  roomConfig("interview-1");
} catch (error) {
  if (error instanceof MetadataMissing) console.log(error.keys.join(), required, error instanceof MetadataInvalid);
}
"""


def test_a_backend_has_types(tmp_path: Path) -> None:
    """A typed sample compiles under the strictest settings, and what has no place in metadata does not."""
    use = tmp_path / "src" / "use.ts"
    use.parent.mkdir()
    use.write_text(_USE)
    found = conventions()
    (tmp_path / "src" / "m").mkdir()
    module = plane_typescript(found.project, found.files.plane, None)
    (tmp_path / "src" / "m" / "conventions.ts").write_text(module)
    assert (compiled(tmp_path, {}, use) / "use.js").exists()


def test_the_same_meaning_is_the_same_bytes() -> None:
    """Moving a convention or an agent's name in the file changes neither format; both are ASCII."""
    made = Made(8)
    for _ in range(FILES):
        one = made.file()
        names, rooms = list(one["agents"]["names"].items()), list(one["agents"]["rooms"])
        made.random.shuffle(names)
        made.random.shuffle(rooms)
        texts = []
        for file in (one, {**one, "agents": {"rooms": rooms, "names": dict(names)}}):
            read = conventions(yaml_of(file)).files
            document = plane_document(read.project, read.plane, read.era)
            assert json.loads(plane_json(document)) == document
            text = plane_typescript(read.project, read.plane, read.era)
            texts.append((plane_json(document).encode("ascii"), text.encode("ascii")))
        assert texts[0] == texts[1]
