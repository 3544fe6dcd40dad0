"""No file, however broken, raises anything, hangs, or leaves a finding without a place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.config import files
from reconciler.config.load import load
from reconciler.planning import check
from reconciler.sip.era import Era
from tests.config.documents import as_yaml, documents, slips
from tests.config.reading import FILE
from tests.project.repository import ROOT

EXAMPLES = [path.read_bytes() for path in sorted((ROOT / "examples").glob("*.yaml"))]
PIECES = [
    b"\t",
    b"\r",
    b"\0",
    b"\xff",
    b"\xe2\x80\xa8",
    b"---\n",
    b"<<: ",
    b"&a ",
    b"*a",
    b"!x ",
    b"? ",
    b": ",
    b"- ",
    b"[",
    b"}",
    b'"',
    b"'",
    b"|\n",
    b"#",
    b"%",
    b"any",
    b"{env: X}",
    b"+15550100001",
    b"9" * 30,
]


def readable(data: bytes) -> None:
    """Loads and checks a file; whatever is found has a code, a message and a place in it."""
    configuration = load({Path(FILE): data}, {"PW": "x"})
    lines = (
        data.count(b"\n") + data.count(b"\r") + data.count(b"\x85") + data.count(b"\xe2\x80") + 1
    )
    for finding in configuration.findings:
        assert finding.mark.file == FILE
        assert 1 <= finding.mark.line <= lines
        assert finding.mark.column >= 1
        assert finding.code
        assert finding.message
    for era in Era:
        check(configuration, era)


QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(QUIET, max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Noise is refused politely."""
    readable(data)


@settings(QUIET, max_examples=300)
@given(st.data())
def test_a_file_with_bytes_changed(data: st.DataObject) -> None:
    """An example of the repository, cut, repeated, and with pieces of YAML dropped into it."""
    text = data.draw(st.sampled_from(EXAMPLES))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 20)))
        text = (
            text[:start] + data.draw(st.sampled_from(PIECES) | st.binary(max_size=3)) + text[end:]
        )
    readable(text)


@settings(QUIET, max_examples=150)
@given(documents() | slips())
def test_any_document(document: object) -> None:
    """Valid files and files with slips pass through every check that needs no server."""
    readable(as_yaml(document))


@settings(QUIET, max_examples=100)
@given(st.lists(st.sampled_from(EXAMPLES) | st.binary(max_size=40), min_size=2, max_size=4))
def test_any_files_together(files: list[bytes]) -> None:
    """Several files, some of them broken, are one project or an error with a place."""
    named = {Path(f"{index}.yaml"): data for index, data in enumerate(files)}
    for finding in load(named, {}).findings:
        assert finding.mark.line >= 1


MEGABYTE = 1024 * 1024
COSTLY = {
    "brackets": b"x-a: " + b"[" * MEGABYTE,
    "braces": b"x-a: " + b"{" * MEGABYTE,
    "closed lists": b"x-a: [" + b"[]," * (MEGABYTE // 3) + b"]",
    "unknown keys": b"".join(b"k%d: 1\n" % i for i in range(MEGABYTE // 10)),
    "unknown fields": b"sip: {inbound_trunks: {a: {"
    + b",".join(b"k%d: 1" % i for i in range(MEGABYTE // 10))
    + b"}}}",
    "one long text": b"project: {name: " + b"a" * MEGABYTE + b"}",
    "one long key": b"? " + b"a" * MEGABYTE + b"\n: 1\n",
    "long digits": b"sip: {dispatch_rules: {a: {room: {max_participants: "
    + b"9" * MEGABYTE
    + b"}}}}",
    "long duration": b"sip: {inbound_trunks: {a: {ringing_timeout: " + b"9" * MEGABYTE + b"s}}}",
    "repeated numbers": b"sip: {inbound_trunks: {a: {numbers: ["
    + b"'1'," * (MEGABYTE // 4)
    + b"]}}}",
    "quotes": b'"' * MEGABYTE,
    "anchors": b"x-a: [" + b"".join(b"&a%d 1," % i for i in range(MEGABYTE // 12)) + b"]",
    "aliases": b"x-a: [&a 1," + b"*a," * (MEGABYTE // 3) + b"]",
    "duplicate keys": b"a: 1\n" * (MEGABYTE // 5),
    "keys that merge": b"x-a: &a {b: 1}\n"
    + b"".join(b"x-%d: {<<: *a}\n" % i for i in range(MEGABYTE // 20)),
}


@pytest.mark.parametrize("what", COSTLY)
def test_a_megabyte_of_anything_is_read_in_seconds(what: str) -> None:
    """The time is that of the file's length, whatever stands in it."""
    assert len(COSTLY[what]) < files.MAX_BYTES
    start = time.process_time()
    readable(COSTLY[what])
    assert time.process_time() - start < 15


def test_ten_thousand_objects_are_read_in_seconds() -> None:
    """A large project is no special case; the benchmark has the exact figures."""
    trunks = "".join(
        f'    trunk-{i}: {{numbers: ["+1555010{i:04d}"], auth: {{username: a, password: {{env: PW}}}}}}\n'
        for i in range(5000)
    )
    rules = "".join(
        f"    rule-{i}: {{trunks: [trunk-{i}], rooms: {{individual: {{prefix: call-{i}-}}}}}}\n"
        for i in range(5000)
    )
    text = f"version: 1\nsip:\n  inbound_trunks:\n{trunks}  dispatch_rules:\n{rules}"
    start = time.process_time()
    configuration = load({Path(FILE): text.encode()}, {"PW": "x"})
    assert time.process_time() - start < 6
    assert configuration.findings == ()
    assert {kind: len(found) for kind, found in configuration.sip.items()} == {
        "inbound_trunk": 5000,
        "dispatch_rule": 5000,
    }
