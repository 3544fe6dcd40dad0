"""Where calls go in a project: its objects as the simulator takes them, and what the conventions say of the room.

A project is the file alone, the live project alone, or what will be live when a plan is applied. The SIP plane decides
where a call goes, and this module only adds what the agent plane says of the room that it goes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.agents.conventions import Convention, Conventions
from reconciler.config.model import Configuration
from reconciler.core.objects import Snapshot
from reconciler.core.values import AgentList
from reconciler.planning.placed import Placed, placed_in_file, placed_live
from reconciler.planning.targets import AGENTS_PATH
from reconciler.sip.era import Era
from reconciler.sip.routing.call import RANDOM, Answer, Call, Outcome, Step
from reconciler.sip.routing.router import Router
from reconciler.sip.routing.rules import Rule
from reconciler.sip.routing.steps import steps
from reconciler.sip.routing.trunks import Trunk, is_challenged
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK

UNNAMED = "(unnamed)"


class Routes:
    """A project that can be called. `conventions` is None where no file says anything about agents."""

    def __init__(
        self,
        objects: Iterable[Placed],
        conventions: Conventions | None,
        era: Era,
        *,
        by_from_host: bool | None = None,
    ) -> None:
        trunks, rules = [], []
        for one in objects:
            if one.kind == INBOUND_TRUNK.name:
                trunks.append(Trunk(one.id, one.label, one.fields))
            elif one.kind == DISPATCH_RULE.name:
                rules.append(Rule(one.id, one.label, one.fields))
        self.router = Router(trunks, rules, era, by_from_host=by_from_host)
        self.conventions = conventions

    def answer(self, call: Call) -> Answer:
        """What becomes of a call."""
        return self.router.answer(call)

    def convention_of(self, answer: Answer) -> Convention | None:
        """The convention that the room of an accepted call falls under."""
        if answer.room is None or self.conventions is None:
            return None
        return convention_of(answer.room, self.conventions)

    def label_of(self, answer: Answer) -> str | None:
        """The prefix, or the room, of that convention."""
        return label_of(self.convention_of(answer))

    def steps(self, call: Call, answer: Answer) -> Iterator[Step]:
        """Why the call was answered so, and who joins the room."""
        yield from steps(self.router, call, answer)
        if answer.outcome is Outcome.ACCEPTED:
            yield from _agents(answer, self.convention_of(answer))


def convention_of(room: str, conventions: Conventions) -> Convention | None:
    """The convention of a room whose name may end in a random tail."""
    if room.endswith(RANDOM):
        return conventions.of_prefix(room.removesuffix(RANDOM))
    return conventions.of_room(room)


def label_of(convention: Convention | None) -> str | None:
    """The prefix of a convention, or its room."""
    if convention is None:
        return None
    return convention.prefix if convention.room is None else convention.room


def agents_of(answer: Answer) -> list[str]:
    """The agents that the rule brings into the room of an accepted call, by their names and in their order."""
    found = answer.rule.fields.get(AGENTS_PATH) if answer.rule is not None else None
    if answer.outcome is not Outcome.ACCEPTED or not isinstance(found, AgentList):
        return []
    return sorted(agent.agent_name or UNNAMED for agent in found.entries)


def is_authenticated(answer: Answer) -> bool:
    """Whether the caller is asked for a user name and a password first."""
    return is_challenged(answer.trunk)


def conventions_in(configuration: Configuration | None) -> Conventions | None:
    """The conventions of a file, if there is one and it has any."""
    plane = configuration.agents if configuration is not None else None
    return plane.conventions if plane is not None else None


def routes_of_file(
    configuration: Configuration, era: Era, *, by_from_host: bool | None = None
) -> Routes:
    """The file alone."""
    placed = placed_in_file(configuration, era)
    return Routes(placed, conventions_in(configuration), era, by_from_host=by_from_host)


def routes_of_live(
    live: Snapshot,
    configuration: Configuration | None,
    era: Era,
    *,
    by_from_host: bool | None = None,
) -> Routes:
    """The live project; a file, where there is one, adds the conventions."""
    conventions = conventions_in(configuration)
    return Routes(placed_live(live), conventions, era, by_from_host=by_from_host)


def _agents(answer: Answer, convention: Convention | None) -> Iterator[Step]:
    names = ", ".join(agents_of(answer))
    if names:
        yield Step(31, f"the rule brings {names} into the room, if the room is new")
    else:
        yield Step(31, "the rule brings no agent")
    if convention is not None:
        yield Step(
            31, f"the room falls under the convention {convention.label}: {told(convention)}"
        )


def told(convention: Convention) -> str:
    """What a convention says, in words: `support by sip`."""
    by = " or ".join(convention.dispatch)
    if convention.agents is None:
        return f"agents for each line by {by}"
    names = ", ".join(agent.agent_name or UNNAMED for agent in convention.agents)
    return f"{names or 'no agent'} by {by}"
