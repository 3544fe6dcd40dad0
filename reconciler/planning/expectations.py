"""The routing tests of a file: which calls go where they are expected to go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.config.model import Expectation
from reconciler.core.finding import Finding, Severity
from reconciler.core.plan import RoutingTest
from reconciler.planning.routes import UNNAMED, Routes, agents_of, label_of
from reconciler.sip.routing.call import Answer, Call, Outcome, PinUnknown, well_formed
from reconciler.sip.routing.pins import reference_key


def run(tests: Iterable[Expectation], routes: Routes) -> list[tuple[RoutingTest, Finding | None]]:
    """The outcome of each test, and a finding about each that could not be run."""
    return [_run(test, routes) for test in tests]


def _run(test: Expectation, routes: Routes) -> tuple[RoutingTest, Finding | None]:
    call = _call(test)
    try:
        answer = routes.answer(call)
    except PinUnknown as unknown:
        return _not_run(test, f'the PIN of rule "{unknown.rule.label}" is not set')
    if call.is_reference and answer.outcome is Outcome.NO_RULE:
        return _not_run(test, "its PIN is not set")
    wrong = list(_differences(test, answer, routes.convention_of(answer)))
    message = f"{test.mark}: {'; '.join(wrong)}" if wrong else ""
    return RoutingTest(test.name, not wrong, message), None


def _not_run(test: Expectation, why: str) -> tuple[RoutingTest, Finding]:
    finding = Finding(
        "untested-route",
        Severity.WARNING,
        test.path,
        f"this test was not run: {why}",
        "set the variable where the test is to be run",
        test.mark,
    )
    return RoutingTest(test.name, True, f"not run: {why}"), finding


def _call(test: Expectation) -> Call:
    pin, is_reference = "", False
    if test.pin is not None:
        value, ref = test.pin.reveal(), test.pin.ref
        is_reference = value is None and ref is not None
        pin = reference_key(ref) if value is None and ref is not None else value or ""
    return Call(
        well_formed(test.caller),
        well_formed(test.called),
        test.source_ip,
        test.from_host,
        pin,
        is_reference=is_reference,
    )


def _differences(test: Expectation, answer: Answer, convention: Convention | None) -> Iterator[str]:
    expected = test.outcome or Outcome.ACCEPTED
    if answer.outcome != expected:
        yield f"expected {expected}, found {answer.outcome}"
    for what, wanted, found in (
        ("trunk", test.trunk, answer.trunk.label if answer.trunk is not None else None),
        ("rule", test.rule, answer.rule.label if answer.rule is not None else None),
        ("convention", test.convention, label_of(convention)),
    ):
        if wanted is not None and wanted != found:
            yield f"expected {what} {_word(wanted)}, found {_word(found)}"
    room = answer.room
    if test.room is not None and not (
        room == test.room or (room is not None and test.room and room.startswith(test.room))
    ):
        yield f"expected room {_word(test.room)}, found {_word(room)}"
    if test.agents is not None:
        coming = sorted(comers(answer, convention))
        if sorted(test.agents) != coming:
            yield f"expected agents {_list(sorted(test.agents))}, found {_list(coming)}"


def comers(answer: Answer, convention: Convention | None) -> list[str]:
    """The agents that are to join the room: those of the rule, or of the convention where somebody else brings them."""
    brought = agents_of(answer)
    if brought or convention is None or Mechanism.SIP in convention.dispatch:
        return brought
    return [agent.agent_name or UNNAMED for agent in convention.agents or ()]


def _word(text: str | None) -> str:
    return "none" if text is None else f'"{text}"'


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"
