"""Puts the made-up objects straight into the Redis behind a livekit-server.

Through the API a create takes longer the more objects there are, because the server checks each new one against the
stored ones: 100,000 would take hours. LiveKit keeps SIP objects in three hashes, id to serialised message, and reads
them anew for every call, so writing the hashes is the same as having created the objects. The protocol is spoken by
hand: it is a length and a value for each word, and a client library would be a dependency for this alone.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator

from benchmarks import generate

_CHUNK = 500


def seed(redis_port: int, size: int) -> None:
    """Replaces all SIP objects by those of a project of this size."""
    shape = generate.Shape.of(size)
    inbound = (generate.inbound_trunk(index) for index in range(shape.inbound))
    outbound = (generate.outbound_trunk(index) for index in range(shape.outbound))
    rules = (generate.dispatch_rule(index) for index in range(shape.rules))
    hashes = {
        b"sip_inbound_trunk": ((t.sip_trunk_id, t.SerializeToString()) for t in inbound),
        b"sip_outbound_trunk": ((t.sip_trunk_id, t.SerializeToString()) for t in outbound),
        b"sip_dispatch_rule": ((r.sip_dispatch_rule_id, r.SerializeToString()) for r in rules),
    }
    with socket.create_connection(("127.0.0.1", redis_port), timeout=30) as connection:
        answers = connection.makefile("rb")
        for name, objects in hashes.items():
            for command in _commands(name, objects):
                connection.sendall(_encode(command))
                answer = answers.readline()
                if not answer.startswith(b":"):
                    raise RuntimeError(f"Redis refused {command[0]!r}: {answer!r}")


def _commands(name: bytes, objects: Iterable[tuple[str, bytes]]) -> Iterator[list[bytes]]:
    yield [b"DEL", name]
    words: list[bytes] = []
    for key, value in objects:
        words += [key.encode(), value]
        if len(words) >= 2 * _CHUNK:
            yield [b"HSET", name, *words]
            words = []
    if words:
        yield [b"HSET", name, *words]


def _encode(words: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)
