"""Reads the `tests` section: calls, and where they are expected to go.

    tests:
      - {from: "+15550100099", to: "+15550100001", room: call-, agents: [telephony]}

Whether a call really goes there is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.config.model import Expectation
from reconciler.config.nodes import Mapping, Node, Sequence
from reconciler.config.section import SectionReader
from reconciler.core.values import Secret
from reconciler.sip.routing.call import Outcome

TEST_KEYS = (
    "name",
    "from",
    "to",
    "source_ip",
    "from_host",
    "pin",
    "outcome",
    "trunk",
    "rule",
    "room",
    "convention",
    "agents",
)
_NEEDED = ("from", "to")
UNNAMED = "(unnamed)"


class TestsReader(SectionReader):
    """Reads the tests of one file; agents may be named in another one, so each test waits until all are read."""

    def tests(self, node: Node) -> None:
        """Puts the tests aside."""
        if type(node) is not Sequence:
            expected = (
                'a list of tests such as {from: "+15550100099", to: "+15550100001", room: call-}'
            )
            self.wrong_type(node, "tests", expected, "write [] for none")
            return
        for index, item in enumerate(node.items):
            self.sections.tests.append((self, item, f"tests[{index}]"))

    def expectation(self, node: Node, path: str) -> Expectation | None:
        """One test, or None where it is not certain what is called."""
        mapping = self.mapping(node, path, "a mapping with from, to and what is expected")
        if mapping is None:
            return None
        texts: dict[str, str] = {}
        agents: tuple[str, ...] | None = None
        pin: Secret | None = None
        for key, value in self.known(mapping, TEST_KEYS, path, "a test"):
            where = f"{path}.{key}"
            match key:
                case "agents":
                    agents = self._agents(value, where)
                case "pin":
                    pin = self.password(value, where)
                case "outcome":
                    word = self.choice(value, where, tuple(Outcome))
                    if word is not None:
                        texts[key] = word
                case _:
                    text = self.text(value, where)
                    if text is not None:
                        texts[key] = text
        if not self._is_call(mapping, path) or any(key not in texts for key in _NEEDED):
            return None
        return Expectation(
            name=texts.get("name") or f"{texts['from']} to {texts['to']}",
            caller=texts["from"],
            called=texts["to"],
            source_ip=texts.get("source_ip", ""),
            from_host=texts.get("from_host", ""),
            pin=pin,
            outcome=texts.get("outcome"),
            trunk=texts.get("trunk"),
            rule=texts.get("rule"),
            room=texts.get("room"),
            convention=texts.get("convention"),
            agents=agents,
            path=path,
            mark=self.mark(node),
        )

    def _is_call(self, mapping: Mapping, path: str) -> bool:
        missing = [key for key in _NEEDED if key not in mapping.entries]
        for key in missing:
            fix = f'add {key}; "" is a call without one'
            self.error("missing-key", mapping, path, f'a test needs "{key}"', fix)
        return not missing

    def _agents(self, node: Node, path: str) -> tuple[str, ...] | None:
        """Agents by their keys or by the names of their workers."""
        if type(node) is not Sequence:
            self.wrong_type(node, path, "a list of agents", "write [] for none")
            return None
        found = (self._agent(item, f"{path}[{index}]") for index, item in enumerate(node.items))
        return tuple(name for name in found if name is not None)

    def _agent(self, node: Node, path: str) -> str | None:
        text = self.text(node, path, "the key of an agent")
        if text is None:
            return None
        names = self.sections.names
        known = {name.agent_name or UNNAMED for name in names.values()}
        if text in names:
            return names[text].agent_name or UNNAMED
        if text in known or self.sections.is_partial:
            return text
        self._unknown(node, path, text, [*names, *known])
        return None

    def _unknown(self, node: Node, path: str, text: str, known: Iterable[str]) -> None:
        fix = self.problems.did_you_mean(text, known) or "list it in agents.names"
        self.error("unknown-agent", node, path, f'agents.names has no "{text}"', fix)
