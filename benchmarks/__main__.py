"""`make bench`: measures, prints one table, and with --check exits 1 when a promise is broken."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from benchmarks import suite
from benchmarks.controller import controller
from benchmarks.figures import Figure, row, table
from benchmarks.measure import CommandFailed
from benchmarks.projects import projects
from benchmarks.routing import routing
from benchmarks.server import SeededServer
from tests.support.missing import ServerMissing


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(size) for size in text.split(",")],
        default=[10, 1_000, 10_000, 100_000],
        help="objects in the projects that are planned (default: 10,1000,10000,100000)",
    )
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command")
    parser.add_argument(
        "--seconds", type=int, default=60, help="how long rooms come to be at 100 a second"
    )
    parser.add_argument("--rooms", type=int, default=5_000, help="live rooms that are looked at")
    parser.add_argument(
        "--only",
        choices=["objects", "routing", "projects", "controller"],
        help="measure this part alone",
    )
    parser.add_argument("--check", action="store_true", help="exit 1 when a promise is broken")
    return parser.parse_args()


def _parts(arguments: argparse.Namespace) -> Iterator[Figure]:
    wanted = arguments.only
    if wanted in (None, "objects"):
        yield suite.start_up(max(arguments.runs, 10))
        with SeededServer() as server:
            yield from suite.plans(server, arguments.sizes, arguments.runs)
            yield from suite.apply(server, arguments.runs)
    if wanted in (None, "routing"):
        yield from routing(arguments.runs)
    if wanted in (None, "projects"):
        yield from projects(arguments.runs)
    if wanted in (None, "controller"):
        yield from controller(arguments.seconds, arguments.rooms, arguments.runs)


def _measure(arguments: argparse.Namespace) -> list[Figure]:
    figures = []
    for figure in _parts(arguments):
        print("measured:", "  ".join(row(figure)).rstrip(), file=sys.stderr, flush=True)
        figures.append(figure)
    return figures


def main() -> int:
    """The table goes to standard output, progress to standard error."""
    arguments = _arguments()
    try:
        figures = _measure(arguments)
    except (CommandFailed, ServerMissing) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(table(figures))
    return int(arguments.check and not all(figure.kept for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
