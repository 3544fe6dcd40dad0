"""A server that keeps passwords to itself: nothing is planned for it, nothing is wiped, and `write_secrets` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from livekit.protocol import sip

from reconciler.core.finding import Severity, has_errors
from reconciler.emulator.server import Emulator
from tests.support.project import SECRET, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUTH = {"username": "acme", "password": {"env": "SIP_PASSWORD"}}
NUMBER, OTHER, THIRD = "+15550100001", "+15550100002", "+15550100003"


@pytest.fixture(params=["1.9.12", "1.13.11"])
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """A project whose passwords are never returned."""
    with Emulator(request.param, returns_passwords=False) as emulator:
        yield emulator


@pytest.fixture
def project(emulator: Emulator, tmp_path: Path) -> Project:
    """A file for it."""
    return Project(emulator, tmp_path)


def _file(**fields: Any) -> dict[str, Any]:
    return {
        "sip": {
            "inbound_trunks": {"in": {"numbers": [NUMBER], "auth": AUTH, **fields}},
            "outbound_trunks": {
                "out": {"address": "sip.example", "numbers": [NUMBER], "auth": AUTH, **fields}
            },
        }
    }


def _stored(emulator: Emulator) -> set[str]:
    """The passwords as the server has them."""
    inbound = {one.auth_password for one in emulator.inbound_trunks}
    return inbound | {one.auth_password for one in emulator.outbound_trunks}


def test_a_password_that_is_not_told_is_no_change(emulator: Emulator, project: Project) -> None:
    """After the apply the plan is empty, although nothing shows that the passwords are there."""
    assert project.apply(_file()).is_complete
    assert _stored(emulator) == {SECRET}
    assert project.plan().is_empty


def test_another_password_in_the_file_is_no_change_by_itself(
    emulator: Emulator, project: Project
) -> None:
    """The server does not say whether it differs; only `write_secrets` makes it one."""
    project.apply(_file())
    project.environ["SIP_PASSWORD"] = "a-new-secret"
    assert project.plan().is_empty
    assert _stored(emulator) == {SECRET}


@pytest.mark.parametrize(
    "fields",
    [{"metadata": "new"}, {"headers": {"X-Site": "a"}}, {"include_headers": "all"}],
    ids=["small update", "replacement", "replacement by a word"],
)
def test_no_change_wipes_a_password(
    emulator: Emulator, project: Project, fields: dict[str, Any]
) -> None:
    """A replacement takes the password along, a small update leaves it alone."""
    project.apply(_file())
    report = project.apply(_file(**fields))
    assert report.is_complete, report
    assert _stored(emulator) == {SECRET}
    assert project.plan().is_empty


def test_a_replacement_without_a_password_in_the_file_is_refused(
    emulator: Emulator, project: Project
) -> None:
    """What would be lost and cannot be sent along stops the plan; a small update passes."""
    emulator.put(
        sip.SIPInboundTrunkInfo(
            name="in", numbers=[NUMBER], auth_username="acme", auth_password="theirs"
        )
    )
    trunk = {"numbers": [NUMBER], "auth": {"username": "acme"}}
    plan = project.plan({"sip": {"inbound_trunks": {"in": {**trunk, "krisp_enabled": True}}}})
    assert has_errors(plan.findings)
    errors = [one.code for one in plan.findings if one.severity is Severity.ERROR]
    assert errors == ["password-unknown"]
    report = project.apply({"sip": {"inbound_trunks": {"in": {**trunk, "metadata": "new"}}}})
    assert report.is_complete
    assert emulator.inbound_trunks[0].auth_password == "theirs"


@pytest.mark.parametrize("named", ["in", "out"])
def test_write_secrets_writes_the_password_of_one_object_anew(
    emulator: Emulator, project: Project, named: str
) -> None:
    """Asked for by name, it is written whatever lives, and the report is complete."""
    project.apply(_file())
    project.environ["SIP_PASSWORD"] = "a-new-secret"
    report = project.apply(write_secrets=frozenset([named]))
    assert report.is_complete, report
    assert len(report.results) == 1
    assert _stored(emulator) == {SECRET, "a-new-secret"}
    assert project.plan().is_empty


def test_write_secrets_takes_an_id(emulator: Emulator, project: Project) -> None:
    """An object may be named by its id as well."""
    project.apply(_file())
    project.environ["SIP_PASSWORD"] = "a-new-secret"
    identifier = emulator.inbound_trunks[0].sip_trunk_id
    assert project.apply(write_secrets=frozenset([identifier])).is_complete
    assert emulator.inbound_trunks[0].auth_password == "a-new-secret"


def test_a_user_name_and_a_password_arrive_together(emulator: Emulator, project: Project) -> None:
    """A trunk that gets its first credentials gets both."""
    open_trunk = {"sip": {"inbound_trunks": {"in": {"numbers": [NUMBER]}}}}
    project.apply(open_trunk)
    closed = {"sip": {"inbound_trunks": {"in": {"numbers": [NUMBER], "auth": AUTH}}}}
    assert project.apply(closed).is_complete
    assert _stored(emulator) == {SECRET}
    assert project.plan().is_empty


def test_a_create_whose_answer_was_lost_is_found_without_its_password(
    emulator: Emulator, project: Project
) -> None:
    """What comes back lacks the password, and is still recognised."""
    emulator.faults.lose_answer("CreateSIPInboundTrunk")
    emulator.faults.lose_answer("CreateSIPOutboundTrunk")
    assert project.apply(_file()).is_complete
    assert (len(emulator.inbound_trunks), len(emulator.outbound_trunks)) == (1, 1)


def test_a_swap_of_numbers_wipes_no_password(emulator: Emulator, project: Project) -> None:
    """The two halves of a split write keep what the server does not show."""

    def file(first: list[str], second: list[str], **fields: Any) -> dict[str, Any]:
        trunks = {"a": first, "b": second}
        return {
            "sip": {
                "inbound_trunks": {
                    name: {"numbers": numbers, "auth": AUTH, **fields}
                    for name, numbers in trunks.items()
                }
            }
        }

    project.apply(file([NUMBER, THIRD], [OTHER]))
    report = project.apply(file([OTHER, THIRD], [NUMBER], krisp_enabled=True))
    assert report.is_complete, report
    assert _stored(emulator) == {SECRET}
    assert project.plan().is_empty


def test_a_trunk_made_anew_keeps_its_password(emulator: Emulator, project: Project) -> None:
    """Trunks that swap their only numbers: one is deleted and created again, with all its credentials."""
    trunks = {
        name: {"numbers": [number], "auth": AUTH} for name, number in (("a", NUMBER), ("b", OTHER))
    }
    project.apply({"sip": {"inbound_trunks": trunks}})
    swapped = {"a": {**trunks["a"], "numbers": [OTHER]}, "b": {**trunks["b"], "numbers": [NUMBER]}}
    report = project.apply({"sip": {"inbound_trunks": swapped}})
    assert report.is_complete, report
    assert _stored(emulator) == {SECRET}


def test_no_error_holds_a_secret(emulator: Emulator, project: Project) -> None:
    """Whatever fails, and however, the texts of the report and of the errors have no password in them."""
    for method in ("CreateSIPInboundTrunk", "CreateSIPOutboundTrunk"):
        emulator.faults.answer(method, 400, "invalid_argument", "no")
    report = project.apply(_file())
    assert report.results
    assert SECRET not in repr(report)
    emulator.faults.answer("*", 500, "internal", "no", times=100)
    with pytest.raises(Exception, match="fails with internal") as caught:
        project.plan(timeout=0.5)
    assert SECRET not in repr(caught.value)
    assert emulator.api_secret not in repr(caught.value)
