"""Findings that somebody does not want to read, and what `--strict` makes of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.config.load import load
from reconciler.core.finding import Severity
from reconciler.planning import check
from reconciler.sip.era import Era
from tests.lint.reading import CALLS, project, told
from tests.support.cli import Shell

WILD = CALLS.replace("[carrier]", "any")
TEXT = project(rules=WILD)


def commented(comment: str) -> str:
    """The file with a comment on the line of the finding."""
    return TEXT.replace(WILD, f"{WILD} {comment}")


def test_a_list_silences_a_code_in_the_whole_project() -> None:
    """Wherever it is found, and nothing else."""
    assert told(TEXT) == ["catch-all-rule"]
    assert told(TEXT + "lint: {ignore: [catch-all-rule]}\n") == []
    assert told(TEXT + "lint: {ignore: [no-callback]}\n") == ["catch-all-rule"]
    assert told(TEXT + "lint: {}\n") == ["catch-all-rule"]


def test_lists_of_several_files_are_one() -> None:
    """A file of its own may hold the list."""
    files = {
        Path("a.yaml"): TEXT.encode(),
        Path("b.yaml"): b"version: 1\nlint: {ignore: [catch-all-rule]}\n",
        Path("c.yaml"): b"version: 1\nlint: {ignore: [no-callback]}\n",
    }
    assert check(load(files, {}), Era.NEW) == ()


@pytest.mark.parametrize(
    "comment",
    [
        "# reconcile: ignore[catch-all-rule]",
        "#reconcile:ignore[catch-all-rule]",
        "# reconcile: ignore[no-callback, catch-all-rule] for a reason",
        "# as agreed. # reconcile: ignore[no-callback,catch-all-rule]",
    ],
)
def test_a_comment_silences_its_own_line(comment: str) -> None:
    """One code or several, with words before and behind."""
    assert told(commented(comment)) == []


@pytest.mark.parametrize(
    "text",
    [
        f"# reconcile: ignore[catch-all-rule]\n{TEXT}",
        f"{TEXT}# reconcile: ignore[catch-all-rule]\n",
        commented("# reconcile: ignore[]"),
        commented("# reconcile: ignore catch-all-rule"),
        commented("# ignore[catch-all-rule]"),
    ],
)
def test_other_comments_silence_nothing(text: str) -> None:
    """On another line, without a code, or not meant for this program."""
    assert told(text) == ["catch-all-rule"]


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_lines_are_counted_as_yaml_counts_them(end: str) -> None:
    """A mark at the start of the file and other ends of lines move nothing."""
    text = commented("# reconcile: ignore[catch-all-rule]").replace("\n", end)
    files = {Path("dispatch.yaml"): b"\xef\xbb\xbf" + text.encode()}
    assert check(load(files, {}), Era.NEW) == ()


def test_a_line_of_another_file_is_another_line() -> None:
    """The comment counts where it stands."""
    empty = "version: 1\n" * 1 + "#\n" * 4 + "# reconcile: ignore[catch-all-rule]\n"
    files = {Path("a.yaml"): TEXT.encode(), Path("b.yaml"): empty.encode()}
    assert [one.code for one in check(load(files, {}), Era.NEW)] == ["catch-all-rule"]


def test_warnings_of_the_reader_can_be_silenced_too() -> None:
    """Whoever made a finding."""
    text = 'version: 1\nproject: {name: "a\\ab"}'
    assert told(text) == ["control-character"]
    assert told(f"{text}  # reconcile: ignore[control-character]") == []


@pytest.mark.parametrize(
    "silence", ["lint: {ignore: [unknown-key]}", "# reconcile: ignore[unknown-key]"]
)
def test_errors_cannot_be_silenced(silence: str) -> None:
    """And who tries is told."""
    assert sorted(told(f"version: 1\nx: 1 {'#' if silence[0] == '#' else ''}\n{silence}\n")) == [
        "unknown-key",
        "unknown-lint-code",
    ]


@pytest.mark.parametrize(
    "written", ["lint: {ignore: [catchall-rule]}", "# reconcile: ignore[catchall-rule]"]
)
def test_a_misspelt_code_is_told_with_what_was_meant(written: str) -> None:
    """It would silence nothing, and nobody would notice."""
    (finding,) = check(
        load({Path("dispatch.yaml"): f"version: 1\n{written}\n".encode()}, {}), Era.NEW
    )
    assert (finding.code, finding.severity) == ("unknown-lint-code", Severity.WARNING)
    assert finding.fix == 'did you mean "catch-all-rule"?'
    assert finding.mark.line == 2
    assert finding.mark.column == written.index("catchall") + 1


def test_even_that_can_be_silenced() -> None:
    """For codes of a newer version."""
    assert told("version: 1\nlint: {ignore: [of-the-future, unknown-lint-code]}\n") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("lint: {ignore: catch-all-rule}", "wrong-type"),
        ("lint: [catch-all-rule]", "wrong-type"),
        ("lint: {ingore: [catch-all-rule]}", "unknown-key"),
        ("lint: {ignore: [[a]]}", "wrong-type"),
    ],
)
def test_the_section_has_a_form(body: str, code: str) -> None:
    """Slips are errors, as everywhere."""
    assert told(f"version: 1\n{body}\n") == [code]


@pytest.mark.parametrize(
    ("text", "strict", "code"),
    [
        (TEXT, False, 0),
        (TEXT, True, 1),
        (commented("# reconcile: ignore[catch-all-rule]"), True, 0),
        (project(outbound='o: {address: s.example, numbers: ["+15550100002"]}'), True, 0),
    ],
)
def test_strict_makes_warnings_errors_and_leaves_notes(
    tmp_path: Path, text: str, strict: bool, code: int
) -> None:
    """Without it the exit code of a file with warnings is 0."""
    file = tmp_path / "dispatch.yaml"
    file.write_text(text, encoding="utf-8")
    ran = Shell(tmp_path).run("validate", "-c", str(file), *(["--strict"] if strict else []))
    assert ran.code == code


def test_what_an_old_server_ignores_of_an_agent_is_told_offline() -> None:
    """The agents that a rule gets count as its own, with no server asked."""
    agent = "{agent: a, attributes: {lang: ar}}"
    text = project(
        names="a: {agent_name: agent-a}",
        rooms=f"- {{prefix: call-, agents: [{agent}], dispatch: sip}}",
    )
    configuration = load({Path("dispatch.yaml"): text.encode()}, {})
    (finding,) = check(configuration, Era.OLD)
    assert finding.code == "unhonoured-field"
    assert "attributes of an agent" in finding.message
    assert check(configuration, Era.NEW) == ()
