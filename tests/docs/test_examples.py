"""The examples of the documents are valid: YAML to `reconcile`, Python to a type checker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.config.load import load
from reconciler.core.finding import Severity
from reconciler.planning import check
from reconciler.sip.era import Era
from tests.docs.documents import DOCUMENTS
from tests.docs.markdown import Block, blocks
from tests.project.repository import ROOT

# What an example shows on purpose.
BROKEN = {"broken.yaml", "live.yaml"}
# What the name of an example says that is no file by itself.
OVERLAY = "overlay"


def examples(language: str) -> list[tuple[str, Block]]:
    """The blocks in a language, with the document they stand in."""
    return [
        (path, block)
        for path, text in DOCUMENTS.items()
        for block in blocks(text)
        if block.language == language
        and block.argument not in BROKEN
        and block.directive != "not ours"
    ]


@pytest.mark.parametrize(
    ("path", "block"),
    [pytest.param(path, block, id=f"{path}:{block.line}") for path, block in examples("yaml")],
)
def test_a_yaml_example_is_valid(path: str, block: Block) -> None:
    """Every YAML block that is not another program's is a whole file in which nothing is wrong, or an overlay over
    the one before it.
    """
    place, data = Path(f"{path}@{block.line}"), block.text.encode()
    if OVERLAY in block.argument:
        before = [
            one
            for one in blocks(DOCUMENTS[path])
            if one.language == "yaml" and one.line < block.line
        ]
        configuration = load({Path(f"{path}@base"): before[-1].text.encode()}, {}, [(place, data)])
    else:
        configuration = load({place: data}, {})
    findings = check(configuration, Era.NEW)
    assert [str(one) for one in findings if one.severity is not Severity.NOTE] == []


@pytest.mark.slow
def test_the_python_examples_have_the_right_types(tmp_path: Path) -> None:
    """Whoever copies an example gets no complaint from a strict type checker."""
    files = []
    for number, (_, block) in enumerate(examples("python")):
        file = tmp_path / f"example_{number}.py"
        file.write_text(block.text)
        files.append(file)
    assert files
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
