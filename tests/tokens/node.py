"""The generated TypeScript, compiled by TypeScript's own compiler and asked by Node.

`RECONCILE_TYPESCRIPT=…/typescript/bin/tsc` names the compiler that `npm install typescript` brings.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.support.missing import missing

_STRICT = [
    "--strict",
    "--noUncheckedIndexedAccess",
    "--exactOptionalPropertyTypes",
    "--noImplicitReturns",
    "--noUnusedLocals",
    "--noUnusedParameters",
    "--isolatedModules",
    "--erasableSyntaxOnly",
    "--target",
    "es2020",
]

_ASK = """\
const fs = require("fs");
const answers = [];
for (const [folder, asked] of JSON.parse(fs.readFileSync(process.argv[2], "utf8"))) {
  const module = require(folder + "/conventions.js");
  for (const [room, metadata] of asked) {
    const answer = { found: module.forRoom(room) };
    try {
      answer.config = module.roomConfig(room, metadata === null ? undefined : metadata);
    } catch (error) {
      if (!(error instanceof module.MetadataInvalid)) throw error;
      answer.error = error.message;
      answer.keys = error instanceof module.MetadataMissing ? error.keys : null;
    }
    answers.push(answer);
  }
}
process.stdout.write(JSON.stringify(answers));
"""


def compiler() -> list[str]:
    """The command of the compiler; the test is skipped without one, unless `RECONCILE_REQUIRE_REAL=1` forbids that."""
    program, node = os.environ.get("RECONCILE_TYPESCRIPT"), shutil.which("node")
    if not program or not node:
        missing(
            "no TypeScript: RECONCILE_TYPESCRIPT=…/bin/tsc names the one from npm, and Node runs it"
        )
    return [node, program]


def compiled(folder: Path, modules: dict[str, str], *more: Path) -> Path:
    """Compiles modules, each in a folder of its own; returns the folder of what came out. Fails on any complaint."""
    sources = []
    for name, text in modules.items():
        source = folder / "src" / name / "conventions.ts"
        source.parent.mkdir(parents=True)
        source.write_text(text, encoding="ascii")
        sources.append(source)
    out = folder / "out"
    command = [*compiler(), *_STRICT, "--module", "commonjs", "--rootDir", str(folder / "src")]
    command += ["--outDir", str(out), *map(str, (*sources, *more))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def answers(out: Path, asked: dict[str, list[tuple[str, Any]]]) -> list[dict[str, Any]]:
    """What the compiled modules say of rooms and metadata, in the order of the questions."""
    questions = out / "asked.json"
    questions.write_text(json.dumps([(str(out / name), rooms) for name, rooms in asked.items()]))
    script = out / "ask.js"
    script.write_text(_ASK)
    node = compiler()[0]
    done = subprocess.run([node, script, questions], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read: list[dict[str, Any]] = json.loads(done.stdout)
    return read
