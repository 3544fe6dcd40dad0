"""The whole story on a real server, with the very scripts of the workflows: from a pull request to a hand's change
that is accepted.

GitHub is a fake on loopback that behaves (`tests/support/github.py`); every `run:` of the workflows and of the action
is really run. Slack's plugin is Apprise's own, with its address turned to a receiver on loopback.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from livekit.protocol import sip

from tests.github.conftest import CONFIGURATION, copied_files
from tests.support.cli import Shell
from tests.support.github import FakeGitHub
from tests.support.objects import rules
from tests.support.project import SECRET
from tests.support.raw_client import RawClient
from tests.support.receiver import Receiver
from tests.support.workflow_runner import WorkflowRun, WorkflowRunner

if TYPE_CHECKING:
    from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.real

NUMBER = 7
HEADS = ("a" * 40, "c" * 40)
MERGES = ("b" * 40, "d" * 40)
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops"
# What a process imports first: Slack is on loopback in it.
TURNED = """\
from apprise.plugins.slack import NotifySlack
NotifySlack.webhook_url = "http://{host}/services"
"""


@dataclass(frozen=True, slots=True)
class Story:
    """A repository that has copied the workflows, a GitHub, a LiveKit and a Slack."""

    runner: WorkflowRunner
    github: FakeGitHub
    slack: Receiver
    client: RawClient
    configuration: Path
    shell: Shell

    def pull_request(self, number: int) -> WorkflowRun:
        """The plan of an open pull request."""
        event = self.runner.pull_request_event(number)
        return self.succeeded(self.runner.run("plan.yml", "pull_request", event))

    def merge(self, number: int, sha: str) -> WorkflowRun:
        """Its merge, and what the push of it starts."""
        self.github.merge(number, sha)
        return self.succeeded(
            self.runner.run("apply.yml", "push", self.runner.push_event(sha), sha=sha)
        )

    def an_hour_later(self) -> WorkflowRun:
        """The cron."""
        return self.succeeded(self.runner.run("drift.yml", "schedule", {"schedule": "17 * * * *"}))

    def succeeded(self, ran: WorkflowRun) -> WorkflowRun:
        """The run, which was green, and whose log holds no secret."""
        assert ran.conclusion == "success", ran.log
        for secret in self.runner.secrets.values():
            assert secret not in ran.log + ran.summary
        return ran

    def rule(self) -> Any:
        """The one dispatch rule that lives."""
        (rule,) = rules(self.client)
        return rule

    def change_by_hand(self, prefix: str) -> None:
        """Somebody changes the rooms of the rule in the dashboard."""
        rule = self.rule()
        rule.rule.dispatch_rule_individual.room_prefix = prefix
        request = sip.UpdateSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
        request.replace.CopyFrom(rule)
        assert self.client.call("SIP", "UpdateSIPDispatchRule", request).ok

    def heard(self) -> list[str]:
        """What Slack has shown since the last time."""
        return [json.dumps(json.loads(one.body), ensure_ascii=False) for one in self.slack.take()]


@pytest.fixture
def story(real_project: LiveKitServer, tmp_path: Path) -> Iterator[Story]:
    """An empty LiveKit, and a repository with a configuration and the workflows."""
    repository = copied_files(tmp_path / "repository")
    configuration = repository / "config" / "dispatch.yaml"
    configuration.write_text(CONFIGURATION)
    work, turned = tmp_path / "runner", tmp_path / "turned"
    work.mkdir()
    turned.mkdir()
    shell = Shell(repository).connect(real_project)
    shell.environ["CARRIER_SIP_PASSWORD"] = SECRET
    client = RawClient(real_project.url, real_project.api_key, real_project.api_secret)
    with FakeGitHub() as github, Receiver() as slack:
        (turned / "sitecustomize.py").write_text(TURNED.format(host=slack.host))
        runner = WorkflowRunner(
            github,
            repository,
            work,
            secrets={
                "LIVEKIT_API_KEY": real_project.api_key,
                "LIVEKIT_API_SECRET": real_project.api_secret,
                "CARRIER_SIP_PASSWORD": SECRET,
                "RECONCILE_NOTIFY": SLACK,
            },
            variables={"LIVEKIT_URL": real_project.url},
            environ={"PYTHONPATH": str(turned)},
        )
        yield Story(runner, github, slack, client, configuration, shell)
    client.close()


@pytest.mark.slow
def test_from_a_pull_request_to_a_change_by_hand_that_is_accepted(story: Story) -> None:
    """Pull request, comment, merge, apply, a change by hand, drift, issue and Slack, write-back, clean."""
    github = story.github

    # A pull request: its comment shows what would change, and nothing does.
    github.pull(NUMBER, HEADS[0])
    story.pull_request(NUMBER)
    (comment,) = github.comments[NUMBER]
    assert "3 to create" in comment["body"]
    assert "```mermaid" in comment["body"]
    assert 'goes to room "call-_<caller>_<random>"' in comment["body"]

    # The merge: the plan that was reviewed is applied.
    merged = story.merge(NUMBER, MERGES[0])
    assert "Reviewed in #7" in merged.summary
    assert story.rule().rule.dispatch_rule_individual.room_prefix == "call-"

    # The first look finds nothing to tell.
    story.an_hour_later()
    assert github.issues == []
    assert story.heard() == []

    # A change by hand: one issue and one message say which calls go elsewhere.
    story.change_by_hand("hotline-")
    story.an_hour_later()
    (issue,) = github.issues
    assert issue["state"] == "open"
    assert "1 change" in issue["title"]
    for text in ("rooms.individual.prefix", "+15550100001", "hotline-_<caller>", "```mermaid"):
        assert text in issue["body"]
    (message,) = story.heard()
    for text in ("acme-voice", "has drifted", "+15550100001", "hotline-", "--write-back"):
        assert text in message

    # An hour later it is still the same: nobody is told twice.
    story.an_hour_later()
    assert len(github.issues) == 1
    assert story.heard() == []

    # Somebody accepts it: the file says what lives, and a pull request shows that nothing is left to do.
    ran = story.shell.run("drift", "--write-back")
    assert ran.code == 2, ran.err
    assert "hotline-" in story.configuration.read_text()
    github.pull(NUMBER + 1, HEADS[1])
    story.pull_request(NUMBER + 1)
    (accepted,) = github.comments[NUMBER + 1]
    assert "No changes." in accepted["body"]
    story.merge(NUMBER + 1, MERGES[1])

    # The next look closes the issue, and Slack has its all-clear.
    story.an_hour_later()
    assert issue["state"] == "closed"
    (message,) = story.heard()
    assert "the drift is over" in message
    assert story.rule().rule.dispatch_rule_individual.room_prefix == "hotline-"
    assert story.shell.run("plan", "--detailed-exitcode").code == 0
