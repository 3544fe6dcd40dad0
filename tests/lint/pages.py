"""The pages of the findings: one for each code, with an example that has it and one that has not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.config.load import load
from reconciler.core.finding import Finding
from reconciler.lint.codes import CODES
from reconciler.planning import Options, check, make_plan
from reconciler.sip.era import Era
from tests.docs.markdown import Block, blocks
from tests.project.repository import ROOT
from tests.support.scenarios import live_from_yaml

FOLDER = ROOT / "docs" / "findings"
FILE = "dispatch.yaml"
# What an example cannot be without.
ALSO = {"yaml-key": {"no-value"}}
# A key of the live project that ends so has the name in front of it: no two keys of a mapping can be equal.
AGAIN = " (again)"


class Environment(Mapping[str, str]):
    """Every variable is set; one whose name says so has letters in it, any other digits."""

    def __getitem__(self, name: str) -> str:
        digits = str(int(hashlib.sha256(name.encode()).hexdigest()[:6], 16))
        return f"letters-{digits}" if "LETTERS" in name else digits

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def findings_of(text: str, live: str | None = None) -> tuple[Finding, ...]:
    """What is said of a file: offline, or beside a live project."""
    configuration = load({Path(FILE): text.encode()}, Environment())
    era = Era.of(configuration.project.server or "newest")
    if live is None:
        return check(configuration, era)
    names = {
        line.strip().partition(":")[0]: line.strip().partition(AGAIN)[0]
        for line in live.splitlines()
        if AGAIN in line
    }
    snapshot = live_from_yaml(live.encode(), Environment(), names)
    return make_plan(configuration, snapshot, Options(era=era)).findings


def page(code: str) -> str:
    """The page of a code."""
    return (FOLDER / f"{code}.md").read_text(encoding="utf-8")


def example(code: str) -> tuple[str | None, str | None, str, str]:
    """The live project, the file that has the finding, what is told of it, the file that has not."""
    found = blocks(page(code))
    live = _only(found, "yaml", "live.yaml")
    broken = _only(found, "yaml", "broken.yaml")
    told = _only(found, "text", "")
    mended = _only(found, "yaml", "")
    assert mended is not None, code
    return live, broken, told or "", mended


def _only(found: list[Block], language: str, argument: str) -> str | None:
    texts = [one.text for one in found if one.language == language and one.argument == argument]
    assert len(texts) <= 1
    return texts[0] if texts else None


def codes() -> list[str]:
    """Every code of a finding."""
    return sorted(CODES)
