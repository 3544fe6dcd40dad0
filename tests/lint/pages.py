"""The pages of the findings: one for each code, with an example that has it and one that has not."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding, Severity
from reconciler.lint.codes import CODES
from reconciler.pipeline.guards import ConfigError
from reconciler.pipeline.prepare import normalised
from reconciler.planning import Options, check, check_routes, make_plan
from reconciler.sip.era import Era
from tests.docs.markdown import Block, blocks
from tests.project.repository import ROOT
from tests.support.scenarios import live_from_yaml

FOLDER = ROOT / "docs" / "findings"
FILE = "dispatch.yaml"
OVERLAY = "overlay.yaml"
# What an example cannot be without.
ALSO = {"yaml-key": {"no-value"}}
# A key of the live project that ends so has the name in front of it: no two keys of a mapping can be equal.
AGAIN = " (again)"
_TOLD = re.compile(r"```text\n(?:.*\n)*?```")


class Environment(Mapping[str, str]):
    """Every variable is set, unless its name says otherwise: to digits, or to letters where its name says so."""

    def __getitem__(self, name: str) -> str:
        if name.startswith("UNSET"):
            raise KeyError(name)
        digits = str(int(hashlib.sha256(name.encode()).hexdigest()[:6], 16))
        return f"letters-{digits}" if "LETTERS" in name else digits

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def findings_of(
    text: str | bytes, live: str | None = None, overlay: str | None = None
) -> tuple[Finding, ...]:
    """What is said of a file, with an overlay over it if there is one: offline, or beside a live project."""
    data = text if isinstance(text, bytes) else text.encode()
    overlays = [] if overlay is None else [(Path(OVERLAY), overlay.encode())]
    configuration = load({Path(FILE): data}, Environment(), overlays)
    options = Options(era=Era.of(configuration.project.server or "newest"))
    if live is None:
        return _said_offline(configuration, options)
    names = {
        line.strip().partition(":")[0]: line.strip().partition(AGAIN)[0]
        for line in live.splitlines()
        if AGAIN in line
    }
    snapshot = live_from_yaml(live.encode(), Environment(), names)
    return make_plan(configuration, snapshot, options).findings


def _said_offline(configuration: Configuration, options: Options) -> tuple[Finding, ...]:
    """What `validate` says; what it cannot know without LiveKit's messages is added."""
    found = check(configuration, options.era)
    if any(one.severity is Severity.ERROR for one in found):
        return found
    try:
        normalised(configuration)
    except ConfigError as error:
        return error.findings
    return (*found, *check_routes(configuration, options)[1])


class Example(NamedTuple):
    """The live project, the overlay, the file that has the finding or how it is made, what is told, the file that
    has not.
    """

    live: str | None
    overlay: str | None
    broken: str | None
    makes_broken: str | None
    told: list[str]
    mended: str


def page(code: str) -> str:
    """The page of a code."""
    return (FOLDER / f"{code}.md").read_text(encoding="utf-8")


def example(code: str) -> Example:
    """The examples of a page."""
    found = blocks(page(code))
    mended = _only(found, "yaml", "")
    assert mended is not None, code
    # What is too large to be shown is made: `tests/docs` runs these commands to their end.
    typed = (_only(found, "console", "") or "").splitlines()
    makes = [line.removeprefix("$ ") for line in typed if line.endswith(f"> {FILE}")]
    told = _only(found, "text", "")
    return Example(
        _only(found, "yaml", "live.yaml"),
        _only(found, "yaml", OVERLAY),
        _only(found, "yaml", "broken.yaml"),
        makes[0] if makes else None,
        [line for line in typed if not line.startswith("$ ")]
        if told is None
        else told.splitlines(),
        mended,
    )


def made(command: str, folder: Path) -> bytes:
    """The file that a command of a page makes."""
    subprocess.run(["/bin/sh", "-c", command], cwd=folder, check=True)
    return (folder / FILE).read_bytes()


def write_told(code: str, found: Iterable[Finding]) -> None:
    """Writes what is told of an example into its page."""
    told = "".join(f"{one}\n" for one in found)
    text = _TOLD.sub(lambda _: f"```text\n{told}```", page(code), count=1)
    (FOLDER / f"{code}.md").write_text(text, encoding="utf-8")


def _only(found: list[Block], language: str, argument: str) -> str | None:
    texts = [one.text for one in found if one.language == language and one.argument == argument]
    assert len(texts) <= 1
    return texts[0] if texts else None


def codes() -> list[str]:
    """Every code of a finding."""
    return sorted(CODES)
