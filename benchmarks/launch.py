"""Runs one command and writes its wall time, peak memory and exit code as JSON: LAUNCH REPORT OUTPUT COMMAND…

A program of its own, because the kernel counts the memory of the process that starts a command as the command's until
it is replaced: started from the benchmark itself, every small command would seem as large as the benchmark. It imports
as little as it can.
"""

import json
import os
import sys
import time

# Linux counts in KiB, macOS in bytes.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main(report: str, output: str, command: list[str]) -> None:
    """Both standard streams of the command go to `output`; it reads nothing."""
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=files)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    figures = {
        "seconds": seconds,
        "peak_bytes": usage.ru_maxrss * RSS_UNIT,
        "exit": os.waitstatus_to_exitcode(status),
    }
    with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is large
        json.dump(figures, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
