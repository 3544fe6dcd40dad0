"""A project that somebody changes by hand, what a webhook hears of it, and what is remembered and counted."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families

from tests.support.cli import Shell
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

STATE = ".reconcile/drift.json"
WATCH = "config/dispatch.yaml"


def change_by_hand(emulator: Emulator, metadata: str = "by hand") -> None:
    """Somebody else changes the rule."""
    (rule,) = emulator.dispatch_rules
    rule.metadata = metadata
    emulator.put(rule)


def messages(receiver: Receiver) -> list[str]:
    """The titles and texts that came since the last time."""
    arrived = [json.loads(one.body) for one in receiver.take()]
    return [f"{one['title']}\n{one['message']}" for one in arrived]


def titles(receiver: Receiver) -> list[str]:
    """The titles that came since the last time, without what they count."""
    return [one.split("\n")[0].split(" (")[0] for one in messages(receiver)]


def memory(shell: Shell) -> dict[str, Any]:
    """What is remembered."""
    loaded: dict[str, Any] = json.loads((shell.folder / STATE).read_text())["watches"][WATCH]
    return loaded


def pass_time(shell: Shell, hours: float) -> None:
    """Makes everything that is remembered so much older."""
    path = shell.folder / STATE

    def older(value: Any) -> Any:
        match value:
            case dict():
                return {key: older(one) for key, one in value.items()}
            case list():
                return [older(one) for one in value]
            case str() if value.endswith("Z") and value[:2] == "20":
                return (datetime.fromisoformat(value) - timedelta(hours=hours)).isoformat()
        return value

    path.write_text(json.dumps(older(json.loads(path.read_text()))))


def figures(shell: Shell, name: str = "m.prom") -> dict[str, float]:
    """The figures of drift, by name, and by plane and kind where they have one."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families((shell.folder / name).read_text()):
        for sample in family.samples:
            labels = [sample.labels.get(key, "") for key in ("plane", "kind", "action", "error")]
            found[" ".join(filter(None, [sample.name, *labels]))] = sample.value
    return found
