"""Folders with everything that commands read, all of it full of names: files, what was saved, a journal, a server."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

from reconciler.emulator.server import Emulator
from reconciler.journal.database import open_journal
from reconciler.journal.entries import Entry, Step
from tests.hostile.names import configuration, expectations, live
from tests.support.cli import Shell


def filled(folder: Path, stack: ExitStack, names: tuple[str, ...], project: str) -> Shell:
    """A folder in which the names stand everywhere, connected to a server that let them in."""
    emulator = stack.enter_context(Emulator())
    live(emulator, names)
    shell = Shell(folder).connect(emulator)
    data = configuration(names, project).decode()
    for place in ("config/dispatch.yaml", f"many/{file_name(project)}.yaml"):
        shell.write(place, data)
    shell.write("many/a.yaml", "version: 1\nproject: {name: a, env_prefix: A_}\n")
    shell.write("tests.yaml", expectations(names).decode())
    shell.run("plan", "--out", "plan.json")
    shell.run("snapshot", "snapshot.json")
    story = [Step.ROOM_STARTED, Step.DISPATCHED, Step.FAILED, Step.NOBODY_CAME]
    journal = open_journal(f"sqlite:///{shell.folder / 'reconcile-journal.db'}")
    journal.write(
        [
            Entry(1_774_699_200.0 + 9 * index + number, name, name, step, name, 1, 5.0, name, True)
            for index, name in enumerate(names)
            for number, step in enumerate(story)
        ]
    )
    journal.close()
    _receipt(shell, names, project)
    _backup(shell, project)
    return shell


def file_name(text: str) -> str:
    """As much of a name as a file can have."""
    return text.replace("/", "").replace("\0", "")


def _receipt(shell: Shell, names: tuple[str, ...], project: str) -> None:
    host = json.loads((shell.folder / "snapshot.json").read_text())["host"]
    objects = [{"kind": "inbound_trunk", "name": n, "id": n, "fields": {n: "x"}} for n in names]
    document = {"format": "livekit-reconciler/receipt", "format_version": 1, "project": project}
    document |= {"host": host, "applied_at": "2026-01-01T00:00:00+00:00", "objects": objects}
    shell.write("receipt.json", json.dumps(document))


def _backup(shell: Shell, project: str) -> None:
    """A backup of everything that lives, as before an apply."""
    snapshot = json.loads((shell.folder / "snapshot.json").read_text())
    document = {
        "format": "livekit-reconciler/backup",
        "format_version": 1,
        "project": project,
        "host": snapshot["host"],
        "env_prefix": "",
        "server": None,
        "era": "new",
        "taken_at": "2026-01-01T00:00:00+00:00",
        "key": "0" * 32,
        "objects": {
            kind: [{"message": one["message"]} for one in found]
            for kind, found in snapshot["objects"].items()
        },
        "created": [{"kind": "inbound_trunk", "name": project, "id": project, "secrets": {}}],
        "trunks": {},
        "applied": None,
    }
    shell.write("backup.json", json.dumps(document))
