"""What is shown of a plan, from a file and a live project to the last byte, in scenario folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.render.formats import Format, show_plan
from tests.support.scenarios import EXPECTED, FOLDER, UPDATE, names, scenario
from tests.support.schemas import problems

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", names())
def test_a_scenario_looks_as_expected(name: str) -> None:
    """Text, JSON and Markdown are byte for byte what stands in the folder."""
    one = scenario(name)
    for file, text in one.rendered().items():
        place = one.folder / file
        if UPDATE:
            place.write_text(text, encoding="utf-8")
        assert text == place.read_text(encoding="utf-8"), place


@pytest.mark.parametrize("name", names())
def test_a_scenario_fits_its_schema(name: str) -> None:
    """The shipped schema knows every key of the document, and nothing that is not there."""
    text = (FOLDER / name / "expected.json").read_text(encoding="utf-8")
    assert problems("plan", json.loads(text)) == []


@pytest.mark.parametrize("name", names())
def test_no_secret_of_a_scenario_is_shown(name: str) -> None:
    """No format holds the text of a secret, be it that of the file or that of the live project."""
    one = scenario(name)
    texts = [
        show_plan(one.document, form, color=color, verbose=verbose)
        for form in Format
        for color in (False, True)
        for verbose in (False, True)
    ]
    for secret in one.secrets:
        assert [text for text in texts if secret in text] == []


def test_the_scenarios_hold_secrets() -> None:
    """The test above looks for something."""
    assert sum(len(scenario(name).secrets) for name in names()) > 10


@pytest.mark.parametrize("name", names())
def test_every_change_is_seen(name: str) -> None:
    """Every field of the JSON stands in the text, and never as an update from something to the same."""
    one = scenario(name)
    lines = one.rendered()["expected.txt"].splitlines()
    for change in one.document["changes"]:
        for field in change["fields"]:
            if field["path"] != "name":
                found = [line for line in lines if line.lstrip().startswith(f"{field['path']}:")]
                assert found, field
    for line in lines:
        before, arrow, after = line.partition(": ")[2].partition(" → ")
        assert not arrow or before != after or "changed" in line, line


def test_expected_files_are_all_compared() -> None:
    """No folder has an expected file that nobody looks at."""
    found = {path.name for path in FOLDER.glob("*/expected.*")}
    assert found == set(EXPECTED)


def test_order_of_input_and_hash_seeds_change_nothing() -> None:
    """Whatever the order of objects and list entries, and whatever the hash seed, all formats have the same bytes."""
    program = "from tests.support.shuffled import digest; print(digest())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(digests) == 1
