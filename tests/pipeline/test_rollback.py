"""A rollback brings back what an apply changed: random pairs of projects, hostile ones among them."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.config.model import Configuration
from reconciler.core.finding import has_errors
from reconciler.core.objects import Fields, Live, Snapshot
from reconciler.core.plan import Action
from reconciler.core.values import References, Secret, SecretRef, Value, without_secret
from reconciler.emulator.server import Emulator
from reconciler.gateway.backup_file import load_backup
from reconciler.gateway.encode import write_fields
from reconciler.gateway.endpoint import endpoint_from
from reconciler.gateway.messages import ID_FIELD, MESSAGES
from reconciler.gateway.server import LiveServer
from reconciler.pipeline.backups import complete_backup, leave_backup
from reconciler.pipeline.carry_out import Applied, carry_out
from reconciler.pipeline.prepare import draft_against, secrets_of
from reconciler.pipeline.request import Prepared, Request
from reconciler.pipeline.rollback import prepare_rollback
from reconciler.sip.era import Era
from reconciler.sip.spec import KIND_BY_NAME
from tests.planning.pairs import hostile_pair, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reconciler.apply import Result


def _put(emulator: Emulator, live: Snapshot) -> None:
    for one in live:
        kind = KIND_BY_NAME[one.kind]
        message: Any = MESSAGES[one.kind](**{"name": one.name, ID_FIELD[one.kind]: one.id})
        texts = {path: v.reveal() or "" for path, v in one.fields.items() if isinstance(v, Secret)}
        plain = {path: without_secret(value) for path, value in one.fields.items()}
        write_fields(kind, message, plain, texts.__getitem__, lambda entry: entry.id or "")
        emulator.put(message)


def _with_own_variables(configuration: Configuration) -> Configuration:
    """The file with a variable of its own for each secret: a former value can then be told for each."""

    def own(kind: str, name: str, path: str, value: Value) -> Value:
        if not isinstance(value, Secret):
            return value
        variable = f"{kind}_{name}_{path}".upper().replace(".", "_")
        return Secret(value.reveal(), SecretRef(env=variable))

    sip = {
        kind: tuple(
            replace(
                one, fields={path: own(kind, one.name, path, v) for path, v in one.fields.items()}
            )
            for one in found
        )
        for kind, found in configuration.sip.items()
    }
    return replace(configuration, sip=sip)


def _ignore(result: Result) -> None:
    """Progress is somebody else's test."""


def _described(live: Iterable[Live]) -> dict[tuple[str, str], Fields]:
    """The objects by name, trunks by their names as well: what comes back may have another id."""
    objects = list(live)
    names = {one.id: one.name for one in objects}

    def named(value: Value) -> object:
        if isinstance(value, References):
            return sorted(names.get(entry.id or "", entry.id or "") for entry in value.entries)
        return value.reveal() if isinstance(value, Secret) else value

    return {
        (one.kind, one.name): {path: named(value) for path, value in one.fields.items()}  # type: ignore[misc]
        for one in objects
    }


def _apply(request: Request, prepared: Prepared, folder: Path) -> tuple[Applied, Path]:
    left = leave_backup(folder, prepared)
    applied = carry_out(request, prepared, _ignore)
    complete_backup(left, prepared, applied)
    return applied, left.path


def _values(path: Path, live: Iterable[Live]) -> dict[str, str]:
    """The variables that a backup names, with what they were."""
    by_id = {one.id: one for one in live}
    found = {}
    for one in load_backup(path).objects:
        for field, secret in one.secrets.items():
            value = by_id[one.live.id].fields[field]
            assert isinstance(value, Secret)
            assert secret.ref.env is not None
            assert secret.ref.env not in found
            found[secret.ref.env] = value.reveal() or ""
    return found


@pytest.mark.parametrize("shard", range(2))
def test_what_lived_lives_again(shard: int, tmp_path: Path) -> None:
    """Whatever an apply did, the rollback of it leaves the project as it was, and so does that of the rollback."""
    rolled_back = 0
    for seed in range(shard, pairs(24), 2):
        pair = hostile_pair(Random(seed), 4)
        with Emulator() as emulator:
            environ = {
                "LIVEKIT_URL": emulator.url,
                "LIVEKIT_API_KEY": emulator.api_key,
                "LIVEKIT_API_SECRET": emulator.api_secret,
            }
            _put(emulator, pair.live)
            version = "1.9" if pair.options.era is Era.OLD else "newest"
            request = Request((), environ, server_version=version)
            server = LiveServer(endpoint_from(environ), era=pair.options.era)
            observed = server.observe()
            live = server.snapshot(observed)
            configuration = _with_own_variables(pair.configuration)
            plan = draft_against(request, configuration, live, server.era).plan()
            if plan.is_empty or has_errors(plan.findings):
                continue
            server.use_secrets(secrets_of(configuration))
            prepared = Prepared(
                configuration, live, plan, server.era, server, messages=observed.messages
            )
            applied, path = _apply(request, prepared, tmp_path)
            assert applied.report.is_complete, (seed, applied.report)
            after = server.snapshot(server.observe())
            environ |= _values(path, live)

            back = prepare_rollback(request, path)
            assert not has_errors(back.plan.findings), (seed, back.plan.findings)
            applied, second = _apply(request, back, tmp_path)
            assert applied.report.is_complete, (seed, applied.report)
            again = server.snapshot(server.observe())
            assert _described(again) == _described(live), seed
            gone = {one.id for one in back.plan.changes if one.action is Action.DELETE}
            assert gone.isdisjoint(one.id for one in live), seed

            environ |= _values(second, after)
            forth = prepare_rollback(request, second)
            assert not has_errors(forth.plan.findings), (seed, forth.plan.findings)
            applied, _ = _apply(request, forth, tmp_path)
            assert applied.report.is_complete, (seed, applied.report)
            last = server.snapshot(server.observe())
            assert _described(last) == _described(after), seed
            rolled_back += 1
    assert rolled_back > 3
