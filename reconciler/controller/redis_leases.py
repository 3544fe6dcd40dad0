"""Leases in Redis: who decides about a room session just now, and what is remembered of it.

    PREFIX:lease:SID   the owner; it expires by itself
    PREFIX:state:SID   what is remembered, and who had the session last

The last owner stands with the memory, so that one whose time ran out may still store what it learnt, as long as nobody
followed it. Memories are kept for a week after the last look.
"""

from __future__ import annotations

from typing import Any

from reconciler.controller.redis_ties import RedisTies

_STATE_SECONDS = 7 * 86_400

# KEYS: lease, state. ARGV: owner, milliseconds, seconds that the memory is kept.
_TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('HSET', KEYS[2], 'owner', ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return redis.call('HGET', KEYS[2], 'memory') or ''
"""
# KEYS: lease, state. ARGV: owner, memory, seconds that it is kept, 1 to free the session.
_STORE = """
if redis.call('HGET', KEYS[2], 'owner') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'memory', ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[3])
if ARGV[4] == '1' then redis.call('DEL', KEYS[1]) end
return 1
"""


class RedisStore:
    """Leases in Redis; see `leases.Store`."""

    def __init__(self, ties: RedisTies) -> None:
        self._ties = ties
        self._take = ties.redis.register_script(_TAKE)
        self._store = ties.redis.register_script(_STORE)

    def _keys(self, session: str) -> list[str]:
        return [self._ties.key("lease", session), self._ties.key("state", session)]

    async def take(self, session: str, seconds: float) -> bytes | None:
        """Takes a session for some time."""
        args: list[Any] = [self._ties.owner, max(int(seconds * 1000), 1), _STATE_SECONDS]
        answer = await self._ties.call(self._take(keys=self._keys(session), args=args))
        return bytes(answer) if answer is not None else None

    async def give_back(self, session: str, state: bytes) -> bool:
        """Stores the state and frees the session."""
        return await self._write(session, state, frees=True)

    async def keep(self, session: str, state: bytes) -> bool:
        """Stores the state and lets the time run out."""
        return await self._write(session, state, frees=False)

    async def _write(self, session: str, state: bytes, *, frees: bool) -> bool:
        args: list[Any] = [self._ties.owner, state, _STATE_SECONDS, int(frees)]
        return bool(await self._ties.call(self._store(keys=self._keys(session), args=args)))
