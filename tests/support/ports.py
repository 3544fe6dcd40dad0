"""Ports on loopback that stay one test process's own: a port is chosen long before somebody listens on it.

They lie below those that the system gives to outgoing connections, and a lock on a file each, held until the process
ends, keeps test processes that run side by side away from each other's.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import TextIO

_RANGE = range(12_000, 32_000)
_LOCKS = Path(tempfile.gettempdir()) / f"reconcile-ports-{os.getuid()}"
_held: list[TextIO] = []


def free_port() -> int:
    """A TCP port that nobody listens on, and that no other test process chooses."""
    _LOCKS.mkdir(exist_ok=True)
    for port in random.sample(_RANGE, len(_RANGE)):
        lock = (_LOCKS / str(port)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _held.append(lock)
        return port
    raise OSError("all ports are taken")


def free_udp_range(size: int = 50) -> tuple[int, int]:
    """A range of UDP ports for media; livekit-server insists on having one."""
    start = 20_000 + (os.getpid() * 97) % 30_000
    return start, start + size
