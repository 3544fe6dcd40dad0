"""Reads the sections of a file: `project`, `sip` and `agents`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from reconciler.agents.conventions import AgentName, Convention, Mechanism, WhenAgentLeaves
from reconciler.config.objects import ObjectOrigin, ObjectReader, is_known_path, known_paths
from reconciler.config.problems import Problems, did_you_mean
from reconciler.config.secrets import SecretSource
from reconciler.config.tree import Mapping, Node, Scalar, Sequence, Tree
from reconciler.core.finding import Mark
from reconciler.core.objects import Desired
from reconciler.core.ownership import UnlistedPolicy
from reconciler.core.values import AgentDispatch, Metadata
from reconciler.sip.spec import KIND_BY_SECTION, KINDS

_SECTIONS = ("version", "project", "sip", "agents")
_PROJECT_KEYS = ("name", "host", "env_prefix", "unlisted", "owns", "server", "unmanaged")
_CONVENTION_KEYS = (
    "prefix",
    "room",
    "agents",
    "dispatch",
    "lines",
    "required_metadata",
    "join_timeout",
    "when_agent_leaves",
)
_AGENT_KEYS = ("agent", "metadata", "attributes", "restart_policy")
_RESTART_POLICIES = ("on_failure", "never")
_SERVER = re.compile(r"[0-9]+\.[0-9]+(?:\.[0-9]+)?|newest")


@dataclass(slots=True)
class Sections:
    """What the files say so far; several files fill one of these."""

    problems: Problems
    secrets: SecretSource
    project: dict[str, tuple[object, Mark]] = field(default_factory=dict)
    sip: dict[str, dict[str, Desired]] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    names: dict[str, AgentName] = field(default_factory=dict)
    conventions: dict[tuple[str, str], Convention] = field(default_factory=dict)
    manages_agents: bool = False
    version: Mark | None = None
    # An agent may be named in one file and used in another, so names are looked up when all files are read.
    pending: list[tuple[Convention, FileReader, Mapping]] = field(default_factory=list)


class FileReader(ObjectReader):
    """Reads one file into the sections."""

    def __init__(self, tree: Tree, sections: Sections) -> None:
        super().__init__(tree.file, sections.problems, sections.secrets)
        self.sections = sections

    def read(self, root: Mapping) -> None:
        """Reads every section of the file."""
        for key, node in root:
            match key:
                case "version":
                    self._version(node)
                case "project":
                    self._project(node)
                case "sip":
                    self._sip(node)
                case "agents":
                    self._agents(node)
                case _ if key.startswith("x-"):
                    pass  # a place for anchors
                case _:
                    self.error(
                        "unknown-key",
                        root.key(key),
                        key,
                        f'there is no section "{key}"',
                        did_you_mean(key, _SECTIONS),
                    )

    def _version(self, node: Node) -> None:
        if type(node) is not Scalar or not node.plain or node.text != "1":
            self.wrong_type(node, "version", "1, the version of this language", "write version: 1")
        self.sections.version = self.mark(node)

    def _mapping(self, node: Node, path: str, what: str) -> Mapping | None:
        if type(node) is Mapping:
            return node
        fix = "write {} for an empty one" if type(node) is Scalar and node.is_null else ""
        self.wrong_type(node, path, what, fix)
        return None

    def _known(
        self, node: Mapping, known: tuple[str, ...], path: str, what: str
    ) -> Iterator[tuple[str, Node]]:
        """The entries whose keys are known; the others are errors."""
        for key, value in node:
            if key in known:
                yield key, value
            else:
                where = f"{path}.{key}"
                self.error(
                    "unknown-key",
                    node.key(key),
                    where,
                    f'{what} has no "{key}"',
                    did_you_mean(key, known),
                )

    # project

    def _project(self, node: Node) -> None:
        mapping = self._mapping(node, "project", "a mapping")
        if mapping is None:
            return
        for key, value in self._known(mapping, _PROJECT_KEYS, "project", "a project"):
            path = f"project.{key}"
            read: object
            match key:
                case "unlisted":
                    word = self.choice(value, path, tuple(UnlistedPolicy))
                    read = None if word is None else UnlistedPolicy(word)
                case "owns":
                    read = tuple(self.texts(value, path, "name globs") or ())
                case "unmanaged":
                    read = self._project_unmanaged(value, path)
                case "server":
                    read = self._server(value, path)
                case _:
                    read = self.text(value, path)
            first = self.sections.project.get(key)
            if first is not None:
                self._twice(mapping.key(key), path, first[1])
            self.sections.project[key] = (read, self.mark(mapping.key(key)))

    def _server(self, node: Node, path: str) -> str | None:
        text = self.text(node, path)
        if text is not None and not _SERVER.fullmatch(text):
            self.error(
                "server-version",
                node,
                path,
                f'"{text}" is not a version',
                'write "1.9", "1.9.12" or newest',
            )
            return None
        return text

    def _project_unmanaged(self, node: Node, path: str) -> tuple[str, ...]:
        texts = self.texts(node, path, "fields") or []
        known = sorted({one for kind in KINDS for one in known_paths(kind)})
        for index, text in enumerate(texts):
            if not any(is_known_path(kind, text) for kind in KINDS) and type(node) is Sequence:
                place = node.items[index]
                self.error(
                    "unknown-key",
                    place,
                    f"{path}[{index}]",
                    f'nothing has a field "{text}"',
                    did_you_mean(text, known),
                )
        return tuple(texts)

    def _twice(self, key: Scalar, path: str, first: Mark) -> None:
        self.error(
            "defined-twice", key, path, f"this stands at {first} already", "keep one of them"
        )

    # sip

    def _sip(self, node: Node) -> None:
        mapping = self._mapping(
            node, "sip", "a mapping of inbound_trunks, outbound_trunks, dispatch_rules"
        )
        if mapping is None:
            return
        sections = tuple(KIND_BY_SECTION)
        for section, value in self._known(mapping, sections, "sip", "the sip section"):
            kind = KIND_BY_SECTION[section]
            objects = self.sections.sip.setdefault(kind.name, {})
            members = self._mapping(value, f"sip.{section}", f"a mapping of {kind.title}s by name")
            if members is None:
                continue
            for name, (line, column, body, plain) in members.entries.items():
                key = Scalar(name, plain, line, column)
                path = f"sip.{section}.{name}"
                if not name:
                    self.error(
                        "no-value",
                        key,
                        path,
                        f"a {kind.title} needs a name",
                        "use id to list one without",
                    )
                    continue
                if (first := objects.get(name)) is not None:
                    self._twice(key, path, first.origin.mark())
                    continue
                read = self.object(kind, name, key, body)
                if read is not None:
                    objects[name], label = read
                    if label is not None:
                        self.sections.lines[name] = label

    # agents

    def _agents(self, node: Node) -> None:
        mapping = self._mapping(node, "agents", "a mapping of names and rooms")
        if mapping is None:
            return
        self.sections.manages_agents = True
        for key, value in self._known(mapping, ("names", "rooms"), "agents", "the agents section"):
            if key == "names":
                self._names(value)
            elif type(value) is Sequence:
                for index, item in enumerate(value.items):
                    self._convention(item, f"agents.rooms[{index}]")
            else:
                self.wrong_type(value, "agents.rooms", "a list of conventions", "write [] for none")

    def _names(self, node: Node) -> None:
        mapping = self._mapping(node, "agents.names", "a mapping of agents")
        if mapping is None:
            return
        for name, body in mapping:
            path = f"agents.names.{name}"
            if type(body) is not Mapping or "agent_name" not in body.entries:
                fix = 'write {agent_name: "…"}, "" for a worker without a name'
                self.error("missing-key", body, path, 'an agent needs "agent_name"', fix)
                continue
            values: dict[str, str] = {}
            for key, value in self._known(body, ("agent_name", "deployment"), path, "an agent"):
                if (text := self.text(value, f"{path}.{key}")) is not None:
                    values[key] = text
            place = mapping.key(name)
            if (first := self.sections.names.get(name)) is not None:
                self._twice(place, path, first.mark)
            self.sections.names[name] = AgentName(
                name, values.get("agent_name", ""), values.get("deployment", ""), self.mark(place)
            )

    def _convention(self, node: Node, path: str) -> None:
        mapping = self._mapping(
            node, path, "a convention such as {prefix: call-, agents: [a], dispatch: sip}"
        )
        if mapping is None:
            return
        texts: dict[str, str] = {}
        dispatch: tuple[Mechanism, ...] = ()
        required: tuple[str, ...] = ()
        timeout: int | None = None
        leaves = WhenAgentLeaves.IGNORE
        for key, value in self._known(mapping, _CONVENTION_KEYS, path, "a convention"):
            where = f"{path}.{key}"
            match key:
                case "prefix" | "room":
                    if (text := self.text(value, where)) is not None:
                        texts[key] = text
                case "dispatch":
                    dispatch = self._mechanisms(value, where)
                case "required_metadata":
                    required = tuple(self.texts(value, where, "keys") or ())
                case "join_timeout":
                    timeout = self.duration(value, where)
                case "when_agent_leaves":
                    word = self.choice(value, where, tuple(WhenAgentLeaves))
                    leaves = WhenAgentLeaves(word) if word is not None else leaves
        self._require_keys(mapping, path, texts)
        if len(texts) != 1:
            return
        ((which, text),) = texts.items()
        convention = Convention(
            agents=(),
            dispatch=dispatch,
            prefix=text if which == "prefix" else None,
            room=text if which == "room" else None,
            required_metadata=required,
            join_timeout=timeout if timeout is not None else 10_000_000_000,
            when_agent_leaves=leaves,
            origin=ObjectOrigin(
                self.file, Scalar(path, True, mapping.line, mapping.column), mapping
            ),
        )
        first = self.sections.conventions.get((which, text))
        if first is not None:
            self._twice(mapping.key(which), f"{path}.{which}", first.origin.mark(which))
            return
        self.sections.conventions[(which, text)] = convention
        self.sections.pending.append((convention, self, mapping))

    def _require_keys(self, mapping: Mapping, path: str, texts: dict[str, str]) -> None:
        written = [key for key in ("prefix", "room") if key in mapping.entries]
        if len(written) != 1:
            self.error(
                "one-of",
                mapping,
                path,
                "a convention is about a prefix or a room",
                "write exactly one of prefix, room",
            )
        if texts.get("room") == "":
            self.error(
                "no-value",
                mapping,
                f"{path}.room",
                "a room needs a name",
                "write prefix to mean several rooms",
            )
        for key in ("agents", "dispatch"):
            if key not in mapping.entries and not (key == "agents" and "lines" in mapping.entries):
                hint = (
                    "write [] for no agent" if key == "agents" else f"one of {', '.join(Mechanism)}"
                )
                self.error("missing-key", mapping, path, f'a convention needs "{key}"', hint)

    def _mechanisms(self, node: Node, path: str) -> tuple[Mechanism, ...]:
        items = node.items if type(node) is Sequence else [node]
        words = [self.choice(item, path, tuple(Mechanism)) for item in items]
        if type(node) is Sequence and not items:
            self.error(
                "empty-list",
                node,
                path,
                "nobody would bring the agent",
                f"one of {', '.join(Mechanism)}",
            )
        return tuple(dict.fromkeys(Mechanism(word) for word in words if word is not None))

    def agents_of(
        self, convention: Mapping, path: str
    ) -> tuple[tuple[AgentDispatch, ...] | None, dict[str, tuple[AgentDispatch, ...]]]:
        """The agents of a convention and of its lines, once all names are known."""
        node = convention.get("agents")
        agents = self._agent_list(node, f"{path}.agents") if node is not None else None
        lines: dict[str, tuple[AgentDispatch, ...]] = {}
        lines_node = convention.get("lines")
        if lines_node is not None and (
            mapping := self._mapping(lines_node, f"{path}.lines", "a mapping of lines")
        ):
            for label, body in mapping:
                where = f"{path}.lines.{label}"
                if type(body) is not Mapping or set(body.entries) != {"agents"}:
                    self.wrong_type(body, where, "a mapping such as {agents: [a]}")
                    continue
                lines[label] = self._agent_list(body.entries["agents"][2], f"{where}.agents")
        return agents, lines

    def _agent_list(self, node: Node, path: str) -> tuple[AgentDispatch, ...]:
        if type(node) is not Sequence:
            self.wrong_type(node, path, "a list of agents", "write [] for none")
            return ()
        found = []
        for index, item in enumerate(node.items):
            agent = self._agent(item, f"{path}[{index}]")
            if agent is not None:
                found.append(agent)
        return tuple(found)

    def _agent(self, node: Node, path: str) -> AgentDispatch | None:
        if type(node) is Scalar:
            name = self._agent_name(node, path)
            return (
                None if name is None else AgentDispatch(name.agent_name, deployment=name.deployment)
            )
        if type(node) is not Mapping or "agent" not in node.entries:
            self.wrong_type(node, path, "the key of an agent, or a mapping with agent")
            return None
        name = None
        metadata, attributes, policy = Metadata(""), (), ""
        for key, value in self._known(node, _AGENT_KEYS, path, "an agent of a convention"):
            where = f"{path}.{key}"
            match key:
                case "agent":
                    name = self._agent_name(value, where)
                case "metadata":
                    read = self.metadata(value, where)
                    metadata = Metadata(*read) if read is not None else metadata
                case "attributes":
                    attributes = self._attributes(value, where)
                case "restart_policy":
                    policy = self.choice(value, where, _RESTART_POLICIES) or ""
        if name is None:
            return None
        policy = "" if policy == _RESTART_POLICIES[0] else policy
        return AgentDispatch(name.agent_name, metadata, attributes, policy, name.deployment)

    def _attributes(self, node: Node, path: str) -> tuple[tuple[str, str], ...]:
        mapping = self._mapping(node, path, "a mapping of texts")
        if mapping is None:
            return ()
        pairs = ((key, self.text(value, f"{path}.{key}")) for key, value in mapping)
        return tuple(sorted((key, text) for key, text in pairs if text is not None))

    def _agent_name(self, node: Node, path: str) -> AgentName | None:
        key = self.text(node, path, "the key of an agent")
        if key is None:
            return None
        found = self.sections.names.get(key)
        if found is None:
            known = self.sections.names
            same = next((name.key for name in known.values() if name.agent_name == key), None)
            fix = f'write its key, "{same}"' if same else did_you_mean(key, known)
            self.error("unknown-agent", node, path, f'agents.names has no "{key}"', fix)
        return found
