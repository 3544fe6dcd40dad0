"""`--write-back` of `drift`: the option, and what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.console import note
from reconciler.cli.options import Output
from reconciler.pipeline.request import Request

if TYPE_CHECKING:
    from reconciler.pipeline.request import Prepared

write_back_option = click.option(
    "--write-back",
    is_flag=True,
    help="Accept the live state: change the files so that they say it, and nothing else in them.",
)


def require_write_back(request: Request) -> None:
    """Raises at once where what it needs is not installed, or where an overlay has a say in what the files mean."""
    if request.overlays:
        raise click.UsageError(
            "--write-back changes the files of -c, and cannot tell what is to stand in an overlay over them: "
            "run it without --overlay"
        )
    from reconciler.pipeline.write_back import require_library

    require_library()


def accept_live_state(request: Request, prepared: Prepared, output: Output) -> None:
    """Changes the files. What could not be written is told with -q as well: it is no note but a result."""
    from reconciler.pipeline.write_back import write_back

    told = write_back(request, prepared)
    for one in told.done:
        note(f"written: {one}", output)
    for line in told.notes:
        note(f"note: {line}", output)
    for name, place in told.variables:
        note(f"set the variable {name}: {place} refers to it")
    for left in told.left:
        label = "not written" if left.is_error else "still differs"
        note(f"{label}: {left}")
    for error in told.errors:
        note(f"the next plan: {error}")
    if not told.done and not told.left:
        note("nothing to write: the files say what lives", output)
