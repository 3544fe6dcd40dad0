"""Servers that cannot do everything: one of 1.8, one without SIP, one with other keys; each told in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.apply import Outcome
from reconciler.errors import ApiError, NotSupported, Unauthorized
from reconciler.sip.era import Era
from tests.support.livekit_server import LiveKitServer
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.apply import Report

pytestmark = pytest.mark.real

NUMBER, OTHER = "+15550100001", "+15550100002"


@pytest.fixture
def project(real_project_184: LiveKitServer, tmp_path: Path) -> Project:
    """An empty project on the real 1.8.4 server."""
    return Project(real_project_184, tmp_path)


def _file(**rule: Any) -> dict[str, Any]:
    return {
        "sip": {
            "inbound_trunks": {"carrier": {"numbers": [NUMBER]}},
            "outbound_trunks": {"out": {"address": "sip.example", "numbers": [NUMBER]}},
            "dispatch_rules": {
                "calls": {
                    "trunks": ["carrier"],
                    "rooms": {"individual": {"prefix": "call-"}},
                    **rule,
                }
            },
        },
        "agents": {
            "names": {"a": {"agent_name": "agent-a"}},
            "rooms": [{"prefix": "call-", "agents": ["a"], "dispatch": "sip"}],
        },
    }


def _failures(report: Report) -> list[str]:
    return [result.message for result in report.results if result.outcome is Outcome.FAILED]


# --- 1.8.4


def test_an_old_server_is_read_planned_and_filled(project: Project) -> None:
    """A first apply works: rules are created in the older shape, with agents, attributes, room and filters."""
    file = _file(
        callers=[OTHER],
        hide_phone_number=True,
        metadata="m",
        attributes={"tier": "gold"},
        room={"max_participants": 3},
    )
    report = project.apply(file)
    assert report.is_complete, report
    assert project.plan().is_empty
    (rule,) = [one for one in project.live() if one.kind == "dispatch_rule"]
    assert rule.fields["attributes.tier"] == "gold"
    assert "agents" in rule.fields


def test_drift_is_seen_on_an_old_server(project: Project) -> None:
    """Reading and comparing need nothing that 1.8.4 lacks."""
    project.apply(_file())
    file = _file(metadata="other")
    (change,) = project.plan(file).changes
    assert [field.path for field in change.fields] == ["metadata"]


def test_an_old_server_refuses_updates_in_one_line(project: Project) -> None:
    """Each kind says that this server cannot, and from which version on one can."""
    project.apply(_file())
    file = _file(metadata="new")
    file["sip"]["inbound_trunks"]["carrier"]["metadata"] = "new"
    file["sip"]["outbound_trunks"]["out"]["metadata"] = "new"
    failures = _failures(project.apply(file))
    assert len(failures) == 3
    for kind, message in zip(
        ("dispatch rule", "inbound trunk", "outbound trunk"),
        sorted(failures, key=lambda text: text.split("cannot update ")[-1]),
        strict=True,
    ):
        assert f"cannot update {kind}s" in message
        assert message.endswith("it needs livekit-server 1.9 or newer")
        assert "\n" not in message


def test_a_rule_that_the_older_shape_cannot_say_is_refused(project: Project) -> None:
    """Without its filter by called numbers the rule would take more calls: nothing is created."""
    report = project.apply(_file(numbers=[NUMBER]))
    (message,) = _failures(report)
    assert "this server cannot create a rule with numbers" in message
    assert not [one for one in project.live() if one.kind == "dispatch_rule"]


def test_objects_are_deleted_on_an_old_server(project: Project) -> None:
    """Deletions work as everywhere."""
    project.apply(_file())
    file = {"project": {"name": "test", "unlisted": "delete"}, "sip": {"dispatch_rules": {}}}
    assert project.apply(file).is_complete
    assert {one.kind for one in project.live()} == {"inbound_trunk", "outbound_trunk"}


def test_the_age_of_an_old_server_is_found_out(project: Project) -> None:
    """One object with a new field is enough."""
    file = _file()
    file["sip"]["inbound_trunks"]["carrier"]["auth"] = {"realm": "acme"}
    assert project.apply(file).is_complete
    assert project.prepare().era is Era.OLD


# --- 1.9.12


def test_the_age_of_a_server_is_found_out(real_project: LiveKitServer, tmp_path: Path) -> None:
    """1.9.12 stores new fields in binary and hides them in JSON, which tells; each has its warning in the plan."""
    project = Project(real_project, tmp_path)
    rooms = {"individual": {"prefix": "call-", "random_suffix": False}}
    assert project.apply(_file(rooms=rooms)).is_complete
    prepared = project.prepare()
    assert prepared.era is Era.OLD
    (finding,) = (one for one in prepared.plan.findings if one.code == "unhonoured-field")
    assert "random_suffix" in finding.message


def test_a_wrong_secret_is_told_by_the_real_server(
    real_project: LiveKitServer, tmp_path: Path
) -> None:
    """The bare 401 of LiveKit becomes advice, and the secret stays out of it."""
    project = Project(real_project, tmp_path)
    project.environ["LIVEKIT_API_SECRET"] = "another-secret-of-32-characters-or-more"
    with pytest.raises(Unauthorized, match="check LIVEKIT_API_KEY, LIVEKIT_API_SECRET") as caught:
        project.plan(_file())
    assert "another-secret" not in str(caught.value)


def test_a_wrong_key_is_told_by_the_real_server(
    real_project: LiveKitServer, tmp_path: Path
) -> None:
    """A key that the server does not know is refused the same way."""
    project = Project(real_project, tmp_path)
    project.environ["LIVEKIT_API_KEY"] = "nokey"
    with pytest.raises(Unauthorized, match="refuses the key"):
        project.plan(_file())


@pytest.mark.parametrize("path", ["/somewhere", "/twirp"])
def test_a_wrong_path_is_told_by_the_real_server(
    real_project: LiveKitServer, tmp_path: Path, path: str
) -> None:
    """An address with a path that is not LiveKit's names the variable to look at."""
    project = Project(real_project, tmp_path, url=f"{real_project.url}{path}")
    with pytest.raises(ApiError, match="LIVEKIT_URL"):
        project.plan(_file())


@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_both_schemes_reach_the_real_server(
    real_project: LiveKitServer, tmp_path: Path, scheme: str
) -> None:
    """The address of the SDKs and that of the API are one."""
    project = Project(real_project, tmp_path, url=real_project.url.replace("http", scheme, 1))
    assert project.apply(_file()).is_complete


# --- a server without SIP


class _WithoutRedis(LiveKitServer):
    """A livekit-server on its own, which has no place for SIP objects."""

    def _start_redis(self, binary: Path) -> int:
        return 0

    def _config(self, redis_port: int) -> str:
        lines = super()._config(redis_port).splitlines()
        start = lines.index("redis:")
        return "\n".join([*lines[:start], *lines[start + 2 :]]) + "\n"


@pytest.fixture
def without_redis(livekit_server: LiveKitServer) -> Iterator[LiveKitServer]:
    """A real server that was started without Redis; the other fixture decides about skipping."""
    with _WithoutRedis(livekit_server.version) as server:
        yield server


def test_a_server_without_sip_says_what_it_lacks(
    without_redis: LiveKitServer, tmp_path: Path
) -> None:
    """The commonest mistake on a developer's machine, in one line, at once."""
    project = Project(without_redis, tmp_path)
    with pytest.raises(NotSupported, match="runs without SIP: livekit-server needs Redis for it"):
        project.plan(_file())
