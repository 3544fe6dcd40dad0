"""What documents take from the code is what the code says today."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from reconciler.cli.main import COMMANDS
from reconciler.config import agents, expectations, objects, project
from reconciler.errors import ExitCode
from reconciler.lint.codes import CODES
from tests.docs.documents import DOCUMENTS
from tests.docs.markdown import blocks, prose
from tests.project.repository import ROOT
from tools import file_reference, findings, reference

_CODE_SPAN = re.compile(r"`([^`]+)`")
_CALL = re.compile(r"\breconcile ([a-z]+(?:-[a-z]+)*)\b([^|;&<>\n]*)")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+)")
_FINDING = re.compile(r"[a-z]+(-[a-z0-9]+)+")
# Functions that make a finding: the code stands among the first two arguments.
_MAKERS = {
    "Finding",
    "error",
    "warning",
    "hard_error",
    "_error",
    "_complain",
    "_stop",
    "report",
    "report_convention",
    "Judgement",
}


def typed(text: str) -> Iterator[str]:
    """Everything in a document that a reader might type."""
    yield from _CODE_SPAN.findall(prose(text))
    for block in blocks(text):
        if block.language in ("console", "text"):
            yield block.text


@pytest.mark.parametrize("section", file_reference.SECTIONS, ids=lambda section: section.page)
def test_the_reference_of_the_file_is_current(section: file_reference.Section) -> None:
    """Every key of the schema is on its page as `python -m tools.file_reference` writes it."""
    page = file_reference.PAGES / f"{section.page}.md"
    assert page.read_text(encoding="utf-8") == file_reference.page(section)
    assert file_reference.keys_of(section)


def test_the_reference_has_all_sections() -> None:
    """Each section of the file has its page, and its row in the list that the generator writes."""
    text = (file_reference.PAGES / "index.md").read_text(encoding="utf-8")
    assert text == file_reference.index(text)
    described = {one.path[0] for one in file_reference.SECTIONS}
    assert described == set(file_reference.schema()["properties"]) - {"version"}


def test_the_list_of_commands_is_current() -> None:
    """The generated regions of docs/commands/index.md are what `python -m tools.reference` writes."""
    text = reference.INDEX.read_text(encoding="utf-8")
    assert text == reference.filled(text)
    assert all(f"]({name}.md)" in text for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_a_page(name: str) -> None:
    """docs/commands/NAME.md begins as `python -m tools.reference` writes it, with the options of today."""
    page = reference.page_of(name)
    assert page.exists(), f"`python -m tools.reference` begins {page}; write the rest of it"
    text = page.read_text(encoding="utf-8")
    assert text == reference.filled(text), "`python -m tools.reference` writes it anew"
    assert text.startswith(reference.filled(reference.blank_page(name)))


def test_every_page_has_its_command() -> None:
    """No page is left of a command that is called otherwise by now."""
    assert {page.stem for page in reference.PAGES.iterdir()} == {*COMMANDS, "index"}


def test_every_exit_code_is_explained() -> None:
    """docs/commands/index.md has a row for each code."""
    text = reference.INDEX.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (\d+) \|", text, re.MULTILINE)) == {
        str(code.value) for code in ExitCode
    }


@pytest.mark.parametrize("path", sorted(DOCUMENTS))
def test_commands_and_options_exist(path: str) -> None:
    """What a document says to type is a command, with options that this command has."""
    for text in typed(DOCUMENTS[path]):
        for name, rest in _CALL.findall(text):
            if name not in COMMANDS:
                # Sentences begin so, too: `reconcile` is a verb.
                assert not text.startswith("reconcile "), f"{path}: {text}"
                continue
            known = {spelling for one in reference.options_of(name) for spelling in one.opts}
            assert set(_OPTION.findall(rest)) <= known | {"--help"}, f"{path}: {text}"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_has_help(name: str) -> None:
    """`--help` explains each option in a sentence."""
    for option in reference.options_of(name):
        assert option.help, option.opts
        assert option.help.endswith("."), option.help


def test_every_key_of_the_file_is_explained() -> None:
    """docs/configuration.md names each key of a project, an agent, a convention and an object."""
    text = DOCUMENTS["docs/configuration.md"]
    keys = {
        *project.PROJECT_KEYS,
        *agents.NAME_KEYS,
        *agents.CONVENTION_KEYS,
        *agents.AGENT_KEYS,
        *expectations.TEST_KEYS,
        *objects.OWN_KEYS,
        objects.LINE_KEY,
    }
    assert {key for key in keys if f"`{key}`" not in text} == set()


def codes() -> set[str]:
    """The codes of all findings that the code makes."""
    found = set()
    for path in (ROOT / "reconciler").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in _MAKERS:
                for argument in node.args[:2]:
                    if isinstance(argument, ast.Constant) and _is_code(argument.value):
                        found.add(str(argument.value))
    return found


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_code(value: object) -> bool:
    return isinstance(value, str) and _FINDING.fullmatch(value) is not None


def test_every_code_of_a_finding_is_explained() -> None:
    """The table of codes has each that a finding can have, and no other."""
    found = codes()
    assert len(found) > 40
    # A word alone is not told from other texts, nor is a code that stands in a constant.
    assert found | {"conflict", "unknown-lint-code"} == set(CODES)


def test_the_list_of_findings_is_current() -> None:
    """docs/findings/index.md and the heads of the pages beside it are what `python -m tools.findings` writes."""
    pages = {place.stem: place.read_text(encoding="utf-8") for place in findings.PAGES.iterdir()}
    index = pages.pop("index")
    assert index == findings.index(index)
    assert all(f"]({code}.md)" in index for code in CODES)
    assert set(pages) == set(CODES)
    assert {code for code, page in pages.items() if page != findings.page(code, page)} == set()
