"""`reconcile conventions`: the agent plane for applications in other languages, as a file to be committed."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.console import emit, note
from reconciler.cli.options import PATH, Output, config_option, output_in, server_option
from reconciler.errors import ExitCode, FileError
from reconciler.files import write_plain
from reconciler.pipeline.request import Request

FORMATS = ("json", "typescript")


@click.command("conventions")
@config_option
@click.option(
    "--out",
    type=PATH,
    metavar="FILE",
    help="Write this file instead of stdout; one that has the same content already is left alone.",
)
@server_option
@output_in(FORMATS, "RECONCILE_CONVENTIONS_FORMAT")
def command(
    paths: tuple[Path, ...],
    overlays: tuple[Path, ...],
    out: Path | None,
    server_version: str | None,
    output: Output,
) -> int:
    """Print which rooms get which agents, for backends that create rooms and mint tokens.

    `json` is for any language, and its shape is in `reconcile schema conventions`. `typescript` is one module without
    dependencies: forRoom(name), and roomConfig(name, metadata) for the token. Backends in Python take the file itself,
    with `reconciler.tokens`. The same configuration makes the same bytes, so that the result can be committed and
    compared. Only the `project` and `agents` sections are read.

    \b
    Examples:
      reconcile conventions > conventions.json
      reconcile conventions --format typescript --out backend/src/conventions.ts
    """
    from reconciler.export.plane import plane_document, plane_json
    from reconciler.export.typescript import plane_typescript
    from reconciler.pipeline.token_audit import load_conventions
    from reconciler.render.document import visible

    # What is wrong goes to stderr alone: stdout is a file that applications read.
    files = load_conventions(Request(paths, server_version=server_version, overlays=overlays)).files
    if output.format == "typescript":
        text = plane_typescript(files.project, files.plane, files.era)
    else:
        text = plane_json(plane_document(files.project, files.plane, files.era))
    text = visible(text)
    if out is None:
        emit(text)
    else:
        note(f"{out} {_write(out, text)}", output)
    return ExitCode.OK


def _write(path: Path, text: str) -> str:
    """Writes the file, and says what was done."""
    data = text.encode("ascii")
    try:
        if path.is_file() and path.read_bytes() == data:
            return "is up to date"
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    write_plain(path, data, "conventions")
    return "written"
