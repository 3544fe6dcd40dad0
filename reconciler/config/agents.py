"""Reads the `agents` section: the agents by name, and the conventions that say which rooms get which of them."""

from __future__ import annotations

from reconciler.agents.conventions import AgentName, Convention, Mechanism, WhenAgentLeaves
from reconciler.config.nodes import Mapping, Node, Scalar, Sequence
from reconciler.config.origin import ObjectOrigin
from reconciler.config.section import SectionReader
from reconciler.core.values import AgentDispatch, Metadata

AGENTS_KEYS = ("names", "rooms")
NAME_KEYS = ("agent_name", "deployment")
CONVENTION_KEYS = (
    "prefix",
    "room",
    "agents",
    "dispatch",
    "lines",
    "required_metadata",
    "join_timeout",
    "when_agent_leaves",
)
AGENT_KEYS = ("agent", "metadata", "attributes", "restart_policy")
# The first one is what LiveKit does by itself.
RESTART_POLICIES = ("on_failure", "never")
JOIN_TIMEOUT = 10_000_000_000
_MECHANISMS = ", ".join(Mechanism)

Agents = tuple[AgentDispatch, ...]


class AgentsReader(SectionReader):
    """Reads the agent plane of one file: names at once, conventions when the names of all files are known."""

    def agents(self, node: Node) -> None:
        """Reads the names, and puts the conventions aside."""
        mapping = self.mapping(node, "agents", "a mapping of names and rooms")
        if mapping is None:
            return
        self.sections.manages_agents = True
        for key, value in self.known(mapping, AGENTS_KEYS, "agents", "the agents section"):
            if key == "names":
                self._names(value)
            elif type(value) is Sequence:
                for index, item in enumerate(value.items):
                    self.sections.conventions.append((self, item, f"agents.rooms[{index}]"))
            else:
                self.wrong_type(value, "agents.rooms", "a list of conventions", "write [] for none")

    def _names(self, node: Node) -> None:
        mapping = self.mapping(node, "agents.names", "a mapping of agents")
        for key, body in mapping or ():
            path = f"agents.names.{key}"
            assert mapping is not None  # noqa: S101  # there are no entries of nothing
            place = mapping.key(key)
            if not key:
                self.error("no-value", place, path, "an agent needs a key", "write one")
            if place.file in self.sections.overlays:
                name = AgentName(key, "", "", self.mark(place))
            else:
                name = self._name(key, place, body, path)
            if (first := self.sections.names.get(key)) is not None:
                self.twice(place, path, f'"{key}"', first.mark)
            else:
                self.sections.names[key] = name

    def _name(self, key: str, place: Scalar, body: Node, path: str) -> AgentName:
        """One agent. An unreadable one is known all the same, so that nobody is told it does not exist."""
        values: dict[str, str] = {}
        mapping = self.mapping(body, path, 'a mapping such as {agent_name: "…"}')
        if mapping is not None:
            for word, value in self.known(mapping, NAME_KEYS, path, "an agent"):
                text = self.text(value, f"{path}.{word}")
                if text is not None:
                    values[word] = text
            if "agent_name" not in mapping.entries:
                fix = 'write {agent_name: "…"}, "" for a worker without a name'
                self.error("missing-key", place, path, 'an agent needs "agent_name"', fix)
        name, deployment = values.get("agent_name", ""), values.get("deployment", "")
        return AgentName(key, name, deployment, self.mark(place))

    def convention(self, node: Node, path: str) -> Convention | None:
        """One convention, or None where it is not certain which rooms it is about."""
        expected = "a convention such as {prefix: call-, agents: [a], dispatch: sip}"
        mapping = self.mapping(node, path, expected)
        if mapping is None:
            return None
        rooms: dict[str, str] = {}
        agents: Agents | None = None
        lines: dict[str, Agents] = {}
        dispatch: tuple[Mechanism, ...] = ()
        required: tuple[str, ...] = ()
        timeout: int | None = None
        leaves: str | None = None
        for key, value in self.known(mapping, CONVENTION_KEYS, path, "a convention"):
            where = f"{path}.{key}"
            match key:
                case "prefix" | "room":
                    text = (
                        self.text(value, where) if key == "prefix" else self.full_text(value, where)
                    )
                    if text is not None:
                        rooms[key] = text
                case "agents":
                    agents = self._agent_list(value, where)
                case "lines":
                    lines = self._lines(value, where)
                case "dispatch":
                    dispatch = self._mechanisms(value, where)
                case "required_metadata":
                    required = tuple(self.texts(value, where, "keys") or ())
                case "join_timeout":
                    timeout = self.duration(value, where)
                case _:
                    leaves = self.choice(value, where, tuple(WhenAgentLeaves))
        self._require(mapping, path)
        if len(rooms) != 1:
            return None
        convention = Convention(
            agents=agents,
            dispatch=dispatch,
            prefix=rooms.get("prefix"),
            room=rooms.get("room"),
            lines=lines,
            required_metadata=required,
            join_timeout=JOIN_TIMEOUT if timeout is None else timeout,
            when_agent_leaves=WhenAgentLeaves(leaves) if leaves else WhenAgentLeaves.IGNORE,
            origin=ObjectOrigin(Scalar(path, True, node.line, node.column, node.file), mapping),
        )
        return None if self._stands_already(convention, mapping, path) else convention

    def _stands_already(self, convention: Convention, mapping: Mapping, path: str) -> bool:
        which = "prefix" if convention.room is None else "room"
        about = (which, convention.prefix or convention.room or "")
        first = self.sections.rooms.setdefault(about, convention)
        if first is convention:
            return False
        what = f'the {which} "{about[1]}"'
        self.twice(mapping.key(which), f"{path}.{which}", what, first.origin.mark(which))
        return True

    def _require(self, mapping: Mapping, path: str) -> None:
        keys = mapping.entries.keys()
        if len(keys & {"prefix", "room"}) != 1:
            message, fix = (
                "a convention is about a prefix or a room",
                "write exactly one of prefix, room",
            )
            self.error("one-of", mapping, path, message, fix)
        if not keys & {"agents", "lines"}:
            fix = "write agents: [] for no agent"
            self.error("missing-key", mapping, path, 'a convention needs "agents"', fix)
        if "dispatch" not in keys:
            message = 'a convention needs "dispatch", who brings the agent'
            self.error("missing-key", mapping, path, message, f"write one of {_MECHANISMS}")

    def _mechanisms(self, node: Node, path: str) -> tuple[Mechanism, ...]:
        words: list[str | None] = []
        if type(node) is Sequence:
            for index, item in enumerate(node.items):
                words.append(self.choice(item, f"{path}[{index}]", tuple(Mechanism)))
            if not words:
                message, fix = "nobody would bring the agent", f"write one of {_MECHANISMS}"
                self.error("empty-list", node, path, message, fix)
        else:
            words = [self.choice(node, path, tuple(Mechanism))]
        return tuple(dict.fromkeys(Mechanism(word) for word in words if word is not None))

    def _lines(self, node: Node, path: str) -> dict[str, Agents]:
        lines: dict[str, Agents] = {}
        mapping = self.mapping(node, path, "a mapping of lines such as {sales: {agents: [a]}}")
        for label, body in mapping or ():
            where = f"{path}.{label}"
            if not label and mapping is not None:
                self.error(
                    "no-value", mapping.key(label), where, "a line needs a label", "write one"
                )
            below = self.mapping(body, where, "a mapping such as {agents: [a]}")
            if below is None:
                continue
            for _, value in self.known(below, ("agents",), where, "a line"):
                lines[label] = self._agent_list(value, f"{where}.agents")
            if "agents" not in below.entries:
                fix = "write agents: [] for no agent"
                self.error("missing-key", below, where, 'a line needs "agents"', fix)
        return lines

    def _agent_list(self, node: Node, path: str) -> Agents:
        if type(node) is not Sequence:
            self.wrong_type(node, path, "a list of agents", "write [] for none")
            return ()
        found: list[AgentDispatch] = []
        for index, item in enumerate(node.items):
            agent = self._agent(item, f"{path}[{index}]")
            if agent is None:
                continue
            if any(agent.agent_name == other.agent_name for other in found):
                message = "this agent stands in this list already, and would come twice"
                self.warning("agent-twice", item, f"{path}[{index}]", message, "remove one")
            found.append(agent)
        return tuple(found)

    def _agent(self, node: Node, path: str) -> AgentDispatch | None:
        if type(node) is Scalar:
            name = self._key_of(node, path)
            return (
                None if name is None else AgentDispatch(name.agent_name, deployment=name.deployment)
            )
        mapping = self.mapping(node, path, "the key of an agent, or a mapping with agent")
        if mapping is None:
            return None
        name = None
        metadata = Metadata("")
        attributes: tuple[tuple[str, str], ...] = ()
        policy: str | None = None
        for key, value in self.known(mapping, AGENT_KEYS, path, "an agent of a convention"):
            where = f"{path}.{key}"
            match key:
                case "agent":
                    name = self._key_of(value, where)
                case "metadata":
                    read = self.metadata(value, where)
                    metadata = Metadata(*read) if read is not None else metadata
                case "attributes":
                    attributes = self._attributes(value, where)
                case _:
                    policy = self.choice(value, where, RESTART_POLICIES)
        if "agent" not in mapping.entries:
            message, fix = 'an agent of a convention needs "agent"', "write its key in agents.names"
            self.error("missing-key", mapping, path, message, fix)
        if name is None:
            return None
        told = policy if policy != RESTART_POLICIES[0] else None
        return AgentDispatch(name.agent_name, metadata, attributes, told or "", name.deployment)

    def _attributes(self, node: Node, path: str) -> tuple[tuple[str, str], ...]:
        mapping = self.mapping(node, path, "a mapping of texts")
        pairs: list[tuple[str, str]] = []
        for key, value in mapping or ():
            text = self.text(value, f"{path}.{key}")
            if not key and mapping is not None:
                self.error("no-value", mapping.key(key), path, "an empty key", "remove it")
            if text is not None:
                pairs.append((key, text))
        return tuple(sorted(pairs))

    def _key_of(self, node: Node, path: str) -> AgentName | None:
        key = self.text(node, path, "the key of an agent")
        if key is None:
            return None
        names = self.sections.names
        found = names.get(key)
        if found is None and not self.sections.is_partial:
            same = next((name.key for name in names.values() if name.agent_name == key), None)
            fix = f'write its key, "{same}"' if same else self.problems.did_you_mean(key, names)
            fix = fix or "list it in agents.names"
            self.error("unknown-agent", node, path, f'agents.names has no "{key}"', fix)
        return found
