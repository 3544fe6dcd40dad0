"""The emulator answers as the real server does: random sequences of calls go to both, and nothing may differ.

`RECONCILE_CONTRACT_SEQUENCES` sets how many sequences go to 1.9.12 (a tenth of them to 1.8.4); 2,000 have to pass.
`RECONCILE_CONTRACT_SEED` starts at another seed; a failure names the seed that shows it again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.contract.pair import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.livekit_server import LiveKitServer

SEQUENCES = int(os.environ.get("RECONCILE_CONTRACT_SEQUENCES") or 400)
SEED = int(os.environ.get("RECONCILE_CONTRACT_SEED") or 0)
# In parts, so that several test processes share the work.
PARTS = 4


@pytest.fixture
def pair(real_project: LiveKitServer) -> Iterator[Pair]:
    """The real 1.9.12 server and the emulator of it, both empty."""
    with Pair(real_project) as both:
        yield both


@pytest.mark.real
@pytest.mark.parametrize("part", range(PARTS))
def test_random_sequences_are_answered_alike(pair: Pair, part: int) -> None:
    """Whatever is called in whatever order, the emulator of 1.9.12 gives the real server's status, code and lists."""
    pair.sequences(range(SEED + part, SEED + SEQUENCES, PARTS))


@pytest.mark.real
def test_random_sequences_are_answered_alike_by_1_8_4(real_project_184: LiveKitServer) -> None:
    """The emulator of 1.8.4 gives the real 1.8.4 server's status, code and lists."""
    with Pair(real_project_184) as both:
        both.sequences(range(SEED, SEED + max(1, SEQUENCES // 10)))


@pytest.mark.real
@pytest.mark.parametrize("version", ["1.8.4", "1.13.11"])
def test_the_contract_notices_a_server_that_differs(
    real_project: LiveKitServer, version: str
) -> None:
    """The contract itself is put to the test: the emulator of another version does not get through."""
    with Pair(real_project, emulated_version=version) as both, pytest.raises(AssertionError):
        both.sequences(range(50))
