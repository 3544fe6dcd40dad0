"""The file in force while it changes: swapped as Kubernetes does it, half written, gone for a moment, broken."""

# ruff: noqa: ASYNC240  # a test may wait for its own small files

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconciler.controller.rules import RulesInForce
from reconciler.errors import ReconcileError
from tests.controller.fronts import ENVIRON, FILE

INTERVAL = 0.02
OTHER = FILE.replace("call-", "other-")
BROKEN = FILE + "\n    - {prefix: x-, agents: [nobody]}\n"


@dataclass(slots=True)
class Watched:
    """Rules that are watched, and what was told about them."""

    rules: RulesInForce
    told: list[str] = field(default_factory=list)

    async def changed(self) -> None:
        """A change was taken over."""
        self.told.append("changed")

    async def until(self, told: int) -> None:
        """Waits until something was told so many times."""
        async with asyncio.timeout(10):
            while len(self.told) < told:  # noqa: ASYNC110  # a thread brings it about
                await asyncio.sleep(0.01)

    async def settle(self) -> None:
        """Long enough for several looks at the file."""
        await asyncio.sleep(INTERVAL * 12)


@asynccontextmanager
async def watched(path: Path, *overlays: Path) -> AsyncIterator[Watched]:
    """The rules in a file, looked at often."""
    found = Watched(RulesInForce((path,), ENVIRON, overlays))
    task = asyncio.create_task(found.rules.watch(INTERVAL, found.changed, found.told.append))
    yield found
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A valid file."""
    file = tmp_path / "dispatch.yaml"
    file.write_text(FILE)
    return file


def test_which_room_falls_under_which_convention(path: Path) -> None:
    """What is in force is known at once, and a file that cannot be used is refused at the start."""
    rules = RulesInForce((path,), ENVIRON)
    assert rules.now.of("call-1") is not None
    assert rules.now.of("other-1") is None
    assert rules.now.project == "acme-voice"
    path.write_text(BROKEN)
    with pytest.raises(ReconcileError):
        RulesInForce((path,), ENVIRON)
    path.unlink()
    with pytest.raises(ReconcileError):
        RulesInForce((path,), ENVIRON)


async def test_a_valid_change_is_taken_over(path: Path) -> None:
    """Once, and an event that is worked on meanwhile keeps the rules that it began with."""
    async with watched(path) as found:
        before = found.rules.now
        path.write_text(OTHER)
        await found.until(1)
        await found.settle()
        assert found.told == ["changed"]
        assert found.rules.now.of("other-1") is not None
        assert before.of("call-1") is not None


async def test_an_overlay_is_watched_as_well(path: Path) -> None:
    """What an overlay says is in force, and a change of it alone is taken over, or told where it is broken."""
    overlay = path.with_name("overlay.yaml")
    convention = "agents: {rooms: [{prefix: %s-, agents: [a], dispatch: controller}]}"
    overlay.write_text(convention % "other")
    async with watched(path, overlay) as found:
        assert found.rules.now.of("call-1") is None
        assert found.rules.now.of("other-1") is not None
        overlay.write_text(convention % "third")
        await found.until(1)
        assert found.rules.now.of("third-1") is not None
        overlay.write_text(convention % "fourth-, agent")
        await found.until(2)
        assert found.told[0] == "changed"
        assert "overlay.yaml:1:" in found.told[1]
        assert found.rules.now.of("third-1") is not None


async def test_a_broken_file_changes_nothing(path: Path) -> None:
    """It is told once, with its place; the rules of before stay in force until it is mended."""
    async with watched(path) as found:
        path.write_text(BROKEN)
        await found.until(1)
        await found.settle()
        (told,) = found.told
        assert "dispatch.yaml:" in told
        assert not found.rules.is_current
        assert found.rules.now.of("call-1") is not None
        path.write_text(FILE)
        await found.until(2)
        assert found.told[1] == "changed"
        assert found.rules.is_current


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"", b"{", b"version: 1\nagents: 3\n", b"- " * 9000]
)
async def test_any_garbage_changes_nothing(path: Path, content: bytes) -> None:
    """Whatever somebody writes into the file, nothing is brought to a stop."""
    async with watched(path) as found:
        path.write_bytes(content)
        await found.until(1)
        assert found.rules.now.of("call-1") is not None or found.told == ["changed"]


async def test_a_swap_as_kubernetes_does_it(tmp_path: Path) -> None:
    """The file is a link to a link to a folder, and the folder's link is replaced."""
    for name, content in (("one", FILE), ("two", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "dispatch.yaml").write_text(content)
    data = tmp_path / "..data"
    data.symlink_to("one")
    path = tmp_path / "dispatch.yaml"
    path.symlink_to("..data/dispatch.yaml")
    async with watched(path) as found:
        new = tmp_path / "..data_tmp"
        new.symlink_to("two")
        new.replace(data)
        await found.until(1)
        assert found.told == ["changed"]
        assert found.rules.now.of("other-1") is not None


def test_a_file_that_is_still_being_written(path: Path) -> None:
    """What is written in pieces is read when it is whole: half of it would be valid, and have fewer conventions."""
    whole = FILE + "    - {prefix: other-, agents: [a], dispatch: controller}\n"
    rules = RulesInForce((path,), ENVIRON)
    with path.open("w") as file:
        for start in range(0, len(whole), 40):
            file.write(whole[start : start + 40])
            file.flush()
            assert not rules.reload()
    assert rules.reload()
    assert rules.now.of("other-1") is not None
    assert not rules.reload()


def test_a_file_that_is_gone_for_a_moment(path: Path) -> None:
    """An editor that saves is no alert."""
    rules = RulesInForce((path,), ENVIRON)
    path.unlink()
    assert not rules.reload()
    path.write_text(FILE)
    assert not rules.reload()
    assert rules.is_current


async def test_a_file_that_stays_away(path: Path) -> None:
    """That is told, the rules stay in force, and all is well when it is back as it was."""
    async with watched(path) as found:
        path.unlink()
        await found.until(1)
        assert "dispatch.yaml" in found.told[0]
        assert not found.rules.is_current
        assert found.rules.now.of("call-1") is not None
        path.write_text(FILE)
        async with asyncio.timeout(10):
            while not found.rules.is_current:  # noqa: ASYNC110  # a thread brings it about
                await asyncio.sleep(0.01)


async def test_a_file_for_another_project(path: Path) -> None:
    """Who serves one project does not begin to serve another one because a file says so."""
    async with watched(path) as found:
        path.write_text(FILE.replace("{name: acme-voice}", "{name: x, env_prefix: STAGING_}"))
        await found.until(1)
        assert "STAGING_LIVEKIT_URL" in found.told[0]
        assert found.rules.now.of("call-1") is not None


async def test_a_project_that_is_called_otherwise(path: Path) -> None:
    """What is shared goes by the name: processes of one project would no longer find each other."""
    async with watched(path) as found:
        path.write_text(FILE.replace("{name: acme-voice}", "{name: acme}"))
        await found.until(1)
        assert "start another one" in found.told[0]
        assert found.rules.now.project == "acme-voice"


async def test_what_is_wrong_with_the_other_plane(path: Path) -> None:
    """A trunk that cannot be read is for `validate` to tell: rooms are kept at their conventions meanwhile."""
    async with watched(path) as found:
        path.write_text(OTHER + "sip:\n  inbound_trunks:\n    t: {numbers: 3}\n")
        await found.until(1)
        assert found.told == ["changed"]
