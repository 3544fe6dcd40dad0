"""The real Apprise against a webhook on loopback, and against services whose addresses are turned to it."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from typing import Any

import pytest
from apprise.plugins import pagerduty, slack, workflows
from apprise.plugins.custom_json import NotifyJSON

from reconciler.alerting.decide import Kind
from reconciler.alerting.letter import Letter
from reconciler.alerting.memory import Heard
from reconciler.alerting.message import letter
from reconciler.alerting.send import BadTarget, Target, targets
from reconciler.errors import ReconcileError
from tests.alerting.documents import NOW, change, document, field, news
from tests.support.receiver import Receiver

TOKENS = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
KEYS = "A1BRTD4JD@TIiajkdnlazkcOXrIdevi7F"


def drift(value: str = "by hand") -> Letter:
    """A drift with a value in it."""
    return letter(
        Kind.DRIFT, news(document(changes=[change("inbound", field("metadata", value, None))]))
    )


def sent(receiver: Receiver, url: str, kind: Kind, what: Letter) -> dict[str, Any]:
    """What arrives at the webhook."""
    (target,) = targets([url])
    assert target.send(kind, what) == ""
    (one,) = receiver.take()
    arrived: dict[str, Any] = json.loads(one.body)
    return arrived


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (Kind.DRIFT, "warning"),
        (Kind.BLIND, "failure"),
        (Kind.CLEAR, "success"),
        (Kind.HEARTBEAT, "success"),
    ],
)
def test_a_webhook_gets_title_text_and_type(receiver: Receiver, kind: Kind, type_: str) -> None:
    """Plain text, and the type by which incidents are opened and closed."""
    arrived = sent(receiver, f"json://{receiver.host}/hook", kind, drift())
    assert arrived["type"] == type_
    assert arrived["title"] == "acme: the live project has drifted (1 object differs)"
    assert arrived["message"] == drift().body(3000, markdown=False)


@pytest.mark.parametrize("kind", [Kind.SEEING, Kind.HEARTBEAT])
def test_a_sign_of_life_ends_no_incident(receiver: Receiver, kind: Kind) -> None:
    """While a drift stands that was told, it is no success: a pager would resolve the drift by it."""
    (target,) = targets([f"json://{receiver.host}"])
    for adrift in (True, False):
        assert target.send(kind, drift(), adrift=adrift) == ""
    told = [json.loads(one.body)["type"] for one in receiver.take()]
    assert told == ["warning", "success"]


def test_slack_gets_its_own_markup(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's plugin, turned to loopback: bold titles, names as code, and nobody is mentioned."""
    monkeypatch.setattr(slack.NotifySlack, "webhook_url", f"http://{receiver.host}/services")
    hostile = "<!channel> <@U123> @here [x](https://evil.example) `"
    arrived = sent(receiver, f"slack://{TOKENS}/#ops", Kind.DRIFT, drift(hostile))
    (attachment,) = arrived["attachments"]
    assert "*What drifted*" in attachment["text"]
    assert "`reconcile drift --write-back`" in attachment["text"]
    for live in ("<", "@", "&lt;", "https://evil"):
        assert live not in attachment["text"]


def test_pagerduty_opens_one_incident_and_closes_it(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `action=map` and a key of its own the all-clear resolves what the drift opened, within 1,024 characters."""
    api = f"http://{receiver.host}/v2/enqueue"
    monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, pagerduty.PagerDutyRegion.US, api)
    url = f"pagerduty://{KEYS}?action=map&dedup=acme-drift"
    receiver.status = 202
    long = [change(f"rule {n}", field("metadata", "a" * 500, "b" * 500)) for n in range(50)]
    opened = sent(receiver, url, Kind.DRIFT, letter(Kind.DRIFT, news(document(changes=long))))
    assert (opened["event_action"], opened["dedup_key"]) == ("trigger", "acme-drift")
    summary = opened["payload"]["summary"]
    assert len(summary) <= 1024
    assert summary.startswith("acme: the live project has drifted (50 objects differ)")
    assert summary.endswith("apply it: reconcile apply")
    clear = letter(Kind.CLEAR, news(document(drift=False)), Heard(since=NOW))
    closed = sent(receiver, url, Kind.CLEAR, clear)
    assert (closed["event_action"], closed["dedup_key"]) == ("resolve", "acme-drift")


def test_a_text_message_is_short(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """160 characters without a title of their own: the title is in them, and the beginning of the rest."""
    monkeypatch.setattr(NotifyJSON, "title_maxlen", 0)
    monkeypatch.setattr(NotifyJSON, "body_maxlen", 160)
    told = sent(receiver, f"json://{receiver.host}", Kind.DRIFT, drift())["message"]
    assert told.startswith("acme: the live project has drifted (1 object differs)")
    assert "On acme.livekit.example there is" in told
    assert len(told) <= 160


def test_teams_takes_a_thousand_characters() -> None:
    """The limit is that of Apprise's plugin: the message is cut to it with both commands in it."""
    (target,) = targets(["workflows://prod.example:443/0a1b2c/sig"])
    assert isinstance(target.service, workflows.NotifyWorkflows)
    assert target.name == "workflows 1"
    assert target.service.body_maxlen == 1000


def test_a_failure_is_told_without_the_url(receiver: Receiver, capfd: Any) -> None:
    """The status of the answer, or that there was none; nothing is logged to the terminal."""
    (target,) = targets([f"json://user:hunter2@{receiver.host}/token-in-path?+X-Key=abc"])
    receiver.status = 503
    assert target.send(Kind.DRIFT, drift()) == "the answer was 503"
    (gone,) = targets(["json://user:hunter2@127.0.0.1:9/token-in-path"])
    assert gone.send(Kind.DRIFT, drift()) == "it could not be reached, or refused the message"
    assert capfd.readouterr() == ("", "")


class _Broken:
    """A plugin of somebody else's, with a mistake in it."""

    def resolve_format(self) -> None:
        """Raises what nobody expects."""
        raise KeyError("hunter2")


def test_a_plugin_that_raises_ends_no_run() -> None:
    """Whatever it raises is a message that was not sent, and nothing of what it says is told."""
    broken: Any = _Broken()
    assert Target("broken 1", broken).send(Kind.DRIFT, drift()) == "it failed with KeyError"


def test_what_is_logged_elsewhere_is_logged_again_afterwards(receiver: Receiver) -> None:
    """Handlers, levels and warnings are as they were before."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger("apprise").level
    filters = warnings.filters[:]
    sent(receiver, f"json://{receiver.host}", Kind.DRIFT, drift())
    assert logging.getLogger().handlers == handlers
    assert logging.getLogger("apprise").level == level
    assert list(warnings.filters) == list(filters)


def test_targets_go_by_kind_and_place() -> None:
    """Names hold nothing of the URLs, the host not excepted: Slack's token stands there."""
    found = targets(
        [
            f"slack://{TOKENS}",
            "json://localhost",
            "jsons://localhost",
            f"https://hooks.slack.com/services/{TOKENS}",
            "json://localhost/2",
        ]
    )
    assert [one.name for one in found] == ["slack 1", "json 1", "jsons 1", "slack 2", "json 2"]


@pytest.mark.parametrize(
    "url",
    [
        "slack://hunter2-token",
        "hunter2",
        "hunter2://hunter2",
        "https://hunter2.example/hook",
        "",
        "json://",
        "pagerduty://hunter2",
        "json://host:hunter2:9/hunter2\n",
        "file:///hunter2",
    ],
)
def test_a_url_that_is_none_is_not_repeated(url: str, capfd: Any) -> None:
    """It is named by its place, and by its scheme where Apprise knows that."""
    with pytest.raises(BadTarget) as error:
        targets(["json://localhost", url])
    assert "number 2" in str(error.value)
    assert "hunter2" not in str(error.value)
    assert ("slack://…" in str(error.value)) == url.startswith("slack")
    assert capfd.readouterr() == ("", "")


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ReconcileError, match=r"livekit-reconciler\[notify\]"):
        targets(["json://localhost"])
