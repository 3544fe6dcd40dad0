"""Configurations that nobody would write, by name: traps of YAML, bombs, and texts that editors leave behind.

Most are whole files around the one thing that is wrong, so that what comes after it is read as well. The larger ones
are made here and not kept.
"""

from __future__ import annotations

from collections.abc import Callable

TOP = b"version: 1\nproject: {name: acme}\n"
_TRUNK = b"sip:\n  inbound_trunks:\n    carrier: {numbers: [%s]}\n"


def _laughs() -> bytes:
    lines = ["version: 1", "x-0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"x-{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 40)]
    return "\n".join(lines).encode()


def _laughs_by_merging() -> bytes:
    lines = ["version: 1", f"x-0: &a0 {{{', '.join(f'k{i}: 1' for i in range(200))}}}"]
    lines += [
        f"x-{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}], n{i}: 1}}" for i in range(1, 40)
    ]
    return "\n".join(lines).encode()


def _metadata_laughs() -> bytes:
    """The same below a field that is written out as JSON."""
    inner = b", ".join([b"*a"] * 1000)
    outer = b", ".join([b"*b"] * 900)
    return (
        TOP
        + b"x-a: &a {k: v}\nx-b: &b ["
        + inner
        + b"]\nsip:\n  dispatch_rules:\n    r:\n      trunks: any\n"
        b"      rooms: {individual: {prefix: call-}}\n      metadata: {a: [" + outer + b"]}\n"
    )


SMALL: dict[str, bytes] = {
    "empty": b"",
    "one newline": b"\n",
    "only comments": b"# nothing\n  # at all\n",
    "only markers": b"---\n...\n---\n",
    "only a directive": b"%YAML 1.1\n",
    "a directive of the future": b"%YAML 9.9\n---\n" + TOP,
    "a directive of a stranger": b"%FOO bar\n---\n" + TOP,
    "a tag directive": b"%TAG ! tag:evil.example,2000:\n---\n!x " + TOP,
    "two documents": TOP + b"---\n" + TOP,
    "a null document": b"null\n",
    "a number": b"42\n",
    "a text over lines": b"|\n  version: 1\n",
    "tabs everywhere": b"version:\t1\nproject:\n\tname: a\n",
    "a tab behind a dash": b"version: 1\ntests:\n-\t{from: a, to: b}\n",
    "a mark of UTF-8": b"\xef\xbb\xbf" + TOP,
    "two marks of UTF-8": b"\xef\xbb\xbf\xef\xbb\xbf" + TOP,
    "a mark in the middle": TOP + b"\xef\xbb\xbfsip: {}\n",
    "UTF-16 with a mark": TOP.decode().encode("utf-16"),
    "UTF-16 backwards": TOP.decode().encode("utf-16-be"),
    "UTF-32": TOP.decode().encode("utf-32"),
    "UTF-7": "version: 1\nproject: {name: é}\n".encode("utf-7"),
    "Latin-1": "version: 1\nproject: {name: Büro}\n".encode("latin-1"),
    "overlong UTF-8": TOP + b"x-a: \xc0\xaf\n",
    "halves as bytes": TOP + b"x-a: \xed\xa0\x80\n",
    "halves as escapes": TOP + b'x-a: "\\ud83d\\ude00"\n',
    "NUL": TOP + b"x-a: a\0b\n",
    "NUL as an escape": TOP + b'project2: "\\0"\n',
    "control characters": TOP + b"x-a: \x01\x02\x1b[31m\x7f\n",
    "C1 controls": TOP + "x-a: \x85\x9b31m\n".encode(),
    "controls in a key": TOP + b'"\\e]8;;https://evil.example\\a": 1\n',
    "line separators": TOP + "x-a: a\u2028b\u2029c\n".encode(),
    "bidi in a key": TOP + "\u202esip\u202c: {}\n".encode(),
    "a key in look-alikes": TOP + "s\u0456p: {}\n".encode(),
    "spaces that are none": TOP.replace(b" ", "\u00a0".encode()),
    "CRLF": TOP.replace(b"\n", b"\r\n"),
    "CR alone": TOP.replace(b"\n", b"\r"),
    "ends mixed": b"version: 1\r\nproject:\r  name: a\nsip: {}\r\n",
    "duplicate keys": TOP + TOP,
    "duplicate keys by an escape": b'version: 1\n"versi\\x6fn": 1\n',
    "a key that is a list": TOP + b"? [a, b]\n: c\n",
    "a key that is a mapping": TOP + b"{a: b}: c\n",
    "a null key": TOP + b"? \n: c\n~: d\n",
    "a key without a value": TOP + b"sip\n",
    "an alias to nothing": TOP + b"x-a: *nothing\n",
    "an alias to itself": TOP + b"x-a: &a [*a]\n",
    "an alias as a key": TOP + b"x-a: &a version\n*a : 1\n",
    "an anchor twice": TOP + b"x-a: &a 1\nx-b: &a 2\nx-c: *a\n",
    "a merge into itself": TOP + b"x-a: &a {<<: *a}\n",
    "a merge of numbers": TOP + b"x-a: {<<: [1, 2]}\n",
    "a merge at the top": b"x-a: &a {version: 1}\n<<: *a\n",
    "a merge of a section": TOP + b"x-a: &a {inbound_trunks: {t: {numbers: any}}}\nsip: {<<: *a}\n",
    "an object of Python": TOP + b"x-a: !!python/object/apply:os.system [id]\n",
    "a tag of the writer": TOP + b"x-a: !env NAME\n",
    "a verbatim tag": TOP + b"x-a: !<tag:yaml.org,2002:str> a\n",
    "binary": TOP + b"x-a: !!binary aGk=\n",
    "a set and an ordered map": TOP + b"x-a: !!set {a, b}\nx-b: !!omap [a: 1]\n",
    "a template": b"version: {{ version }}\nproject: {% if x %}\n",
    "merge conflict": b"<<<<<<< HEAD\nversion: 1\n=======\nversion: 2\n>>>>>>> other\n",
    "JSON with comments": b'{"version": 1, /* no */ "project": {}}',
    "JSON": b'{"version": 1, "sip": {"inbound_trunks": {"a": {"numbers": ["+15550100001"]}}}}',
    "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "TOML": b"version = 1\n[project]\nname = 'a'\n",
    "a program": b"#!/bin/sh\nversion=1\nexec rm -rf \"$@\"\n",
    "noise": bytes(range(256)) * 4,
    "an archive": b"PK\x03\x04" + bytes(range(60)),
    "a GIF": b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
    "Norway": b"version: 1\nproject: {name: NO}\nsip: {inbound_trunks: {no: {numbers: [on]}}}\n",
    "octal": TOP + _TRUNK % b"0o17, 017, 0b11",
    "sexagesimal": TOP + _TRUNK % b"190:20:30",
    "huge numbers": TOP + _TRUNK % (b"9" * 5000),
    "infinities": TOP + b"x-a: [.inf, -.inf, .nan, 1e999]\nsip: {dispatch_rules: {r: {metadata: {a: .nan}}}}\n",
    "dates": TOP + _TRUNK % b"2024-02-30",
    "an equals sign": TOP + b"x-a: =\n",
    "quotes that do not end": TOP + b'x-a: "abc\n',
    "a block that does not begin": TOP + b"x-a: |9\nb\n",
    "a flow over lines": TOP + b"sip: {inbound_trunks:\n{a:\n{numbers:\n[any]}}}\n",
    "a comment without a space": TOP + b"x-a: b#c #d\n",
    "versions": b"version: 01\n",
    "a version as text": b'version: "1"\n',
    "a version of a stranger": b"version: 99999999999999999999\n",
    "everything null": b"version:\nproject:\nsip:\nagents:\ntests:\nlint:\n",
    "everything a list": b"version: []\nproject: []\nsip: []\nagents: []\ntests: {}\nlint: []\n",
    "everything a text": b"version: a\nproject: a\nsip: a\nagents: a\ntests: a\nlint: a\n",
    "names that are empty": TOP + b'sip: {inbound_trunks: {"": {numbers: any}}}\nagents: {names: {"": {}}}\n',
    "a secret that never ends": TOP
    + b"sip: {inbound_trunks: {a: {numbers: any, auth: {password: {file: /dev/zero}}}}}\n",
    "a secret that is a folder": TOP + b"sip: {inbound_trunks: {a: {numbers: any, auth: {password: {file: /}}}}}\n",
    "a secret that is NUL": TOP + b'sip: {inbound_trunks: {a: {numbers: any, auth: {password: {file: "\\0"}}}}}\n',
    "a secret that is a variable of nobody": TOP
    + b'sip: {inbound_trunks: {a: {numbers: any, auth: {password: {env: "A=B"}}}}}\n',
    "a glob without an end": b"version: 1\nproject: {owns: ['[', '[!', '**', '[z-a]', '\\\\']}\n",
    "patterns that take for ever": b"version: 1\nproject: {owns: ['%s']}\n" % (b"*a" * 60)
    + _TRUNK.replace(b"carrier", b"a" * 200) % b"any",
}  # fmt: skip

LARGE: dict[str, Callable[[], bytes]] = {
    "billion laughs": _laughs,
    "billion laughs by merging": _laughs_by_merging,
    "a million values of metadata": _metadata_laughs,
    "brackets": lambda: b"x-a: " + b"[" * 300_000,
    "braces that open a mapping each": lambda: b"x-a: " + b"{a: " * 300_000,
    "nested by indentation": lambda: b"".join(b" " * i + b"k:\n" for i in range(2000)),
    "a scalar of 10 MB": lambda: TOP + b"x-a: " + b"a" * 10_000_000,
    "a name of 10 MB": lambda: b"version: 1\nproject: {name: " + b"a" * 10_000_000 + b"}\n",
    "a key of 10 MB": lambda: b"? " + b"k" * 10_000_000 + b"\n: 1\n",
    "a comment of 10 MB": lambda: TOP + b"#" + b"c" * 10_000_000,
    "a quoted text of 10 MB in lines": lambda: TOP + b'x-a: "' + b"abcdefg\n " * 1_100_000 + b'"\n',
    "100,000 keys": lambda: TOP + b"".join(b"k%d: 1\n" % i for i in range(100_000)),
    "100,000 trunks": lambda: TOP
    + b"sip:\n  inbound_trunks:\n"
    + b"".join(b"    t%d: {numbers: ['+1555%07d']}\n" % (i, i) for i in range(100_000)),
    "100,000 wrong fields": lambda: TOP
    + b"sip: {inbound_trunks: {a: {numbers: any, "
    + b", ".join(b"n%d: 1" % i for i in range(100_000))
    + b"}}}\n",
    "100,000 duplicate keys": lambda: TOP + b"x-a: 1\n" * 100_000,
    "100,000 documents": lambda: b"---\n" * 100_000,
    "100,000 anchors": lambda: TOP + b"x-a: [" + b", ".join(b"&a%d 1" % i for i in range(100_000)) + b"]\n",
    "a line of a million commas": lambda: TOP + b"x-a: [" + b"," * 1_000_000 + b"]\n",
    "NULs": lambda: b"\0" * 10_000_000,
    "newlines": lambda: b"\n" * 10_000_000,
    "spaces": lambda: b" " * 10_000_000,
    "dashes": lambda: b"- " * 1_000_000,
    "quotes": lambda: b"'" * 5_000_000,
    "percent signs": lambda: b"%\n" * 500_000,
}  # fmt: skip
