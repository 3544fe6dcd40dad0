"""Ids for applications that dial, and snapshots for people who look."""

from __future__ import annotations

import json

import pytest

from reconciler.core.objects import Live, Snapshot
from reconciler.core.values import Duration, Secret, Unknown, text_set
from reconciler.render.document import to_json
from reconciler.render.formats import Format, show_ids, show_snapshot
from reconciler.render.live import ids_document, snapshot_document
from tests.support.schemas import problems

SNAPSHOT = Snapshot(
    "host.example",
    {
        "inbound_trunk": [
            Live("inbound_trunk", "ST_2", "twin", {}),
            Live("inbound_trunk", "ST_1", "twin", {}),
            Live("inbound_trunk", "ST_3", "", {}),
            Live(
                "inbound_trunk",
                "ST_4",
                "main",
                {
                    "numbers": text_set(["+15550100002", "+15550100001"]),
                    "auth.username": "canary-user",
                    "auth.password": Secret("canary-password"),
                    "headers.X-Site": Unknown(),
                    "ringing_timeout": Duration(30_000_000_000),
                },
            ),
        ],
        "outbound_trunk": [
            Live("outbound_trunk", "ST_5", "signalwire-out", {}),
            Live("outbound_trunk", "ST_6", "same name", {}),
            Live("outbound_trunk", "ST_7", "same-name", {}),
            Live("outbound_trunk", "ST_8", "مقسم", {}),
        ],
    },
)


def test_ids_stand_under_their_names() -> None:
    """One look-up by kind and name gives the id; a kind that was not read is empty."""
    document = ids_document(SNAPSHOT)
    assert document["outbound_trunk"]["signalwire-out"] == "ST_5"
    assert document["inbound_trunk"] == {"main": "ST_4"}
    assert document["dispatch_rule"] == {}
    assert problems("ids", json.loads(to_json(document))) == []


def test_a_name_that_two_objects_share_has_no_id() -> None:
    """An application must not dial through whichever came first; both ids are told, so that somebody can clean up."""
    skipped = ids_document(SNAPSHOT)["skipped"]
    assert ["ST_1", "ST_2"] in [one["ids"] for one in skipped]
    assert ["ST_3"] in [one["ids"] for one in skipped]


def test_variables_are_for_a_shell() -> None:
    """Names become variables; those that would collide, or have no letter a shell knows, stand in comments."""
    lines = show_ids(ids_document(SNAPSHOT), Format.TEXT).splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "INBOUND_TRUNK_MAIN=ST_4",
        "OUTBOUND_TRUNK_SIGNALWIRE_OUT=ST_5",
    ]
    assert sum("OUTBOUND_TRUNK_SAME_NAME" in line for line in lines) == 2
    assert any("مقسم" in line for line in lines)


@pytest.mark.parametrize("form", list(Format))
def test_a_snapshot_shows_no_secret(form: Format) -> None:
    """Nor a user name: without the file nobody knows whether it is one."""
    text = show_snapshot(snapshot_document(SNAPSHOT), form, verbose=True)
    assert "canary" not in text
    assert "ST_4" in text


def test_a_snapshot_is_readable() -> None:
    """Objects stand by kind and name with their fields, in the words of the file."""
    document = snapshot_document(SNAPSHOT)
    assert problems("objects", json.loads(to_json(document))) == []
    lines = [line.strip() for line in show_snapshot(document, Format.TEXT).splitlines()]
    assert lines[lines.index('"main" (ST_4)') + 1 :][:5] == [
        "auth.password: (sensitive)",
        "auth.username: (sensitive)",
        "headers.X-Site: (sensitive)",
        'numbers: ["+15550100001", "+15550100002"]',
        "ringing_timeout: 30s",
    ]
    assert lines[-1] == "4 inbound trunks, 4 outbound trunks."
