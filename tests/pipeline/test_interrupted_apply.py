"""An apply that is interrupted at any moment knows what became of every call that went out."""

from __future__ import annotations

import random
import signal
import threading
import time
from pathlib import Path

from reconciler.apply import Outcome
from reconciler.config.load import load
from reconciler.emulator.server import Emulator
from reconciler.pipeline.carry_out import carry_out
from reconciler.pipeline.prepare import prepare
from reconciler.pipeline.request import Request
from tests.support.effort import effort

TRUNKS = 12


def _request(folder: Path, emulator: Emulator) -> Request:
    path = folder / "dispatch.yaml"
    lines = [
        f'    t{n}: {{address: sip.example, numbers: ["+155501{n:05}"]}}\n' for n in range(TRUNKS)
    ]
    path.write_text("version: 1\nsip:\n  outbound_trunks:\n" + "".join(lines))
    environ = {
        "LIVEKIT_URL": emulator.url,
        "LIVEKIT_API_KEY": emulator.api_key,
        "LIVEKIT_API_SECRET": emulator.api_secret,
    }
    assert load({path: path.read_bytes()}, environ).sip
    return Request((path,), environ)


def test_no_call_is_left_behind(tmp_path: Path, livekit_emulator: Emulator) -> None:
    """Ctrl-C while the first calls go out: those that were sent have an outcome, and none is sent afterwards."""
    dice = random.Random(7)  # the same dice every time is what is wanted
    request = _request(tmp_path, livekit_emulator)
    main = threading.main_thread().ident
    assert main is not None
    for _ in range(effort(30, 1_000)):
        livekit_emulator.clear()
        prepared = prepare(request)
        # Not before the apply has begun, which reads the project once more.
        livekit_emulator.forget_calls()
        livekit_emulator.faults.delay("Create*", 0.03, times=TRUNKS)
        wait = dice.uniform(0.0, 0.008)

        def interrupt(wait: float = wait) -> None:
            deadline = time.monotonic() + 10
            while not livekit_emulator.count("List*") and time.monotonic() < deadline:
                time.sleep(0.0002)
            time.sleep(wait)
            signal.pthread_kill(main, signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        applied = carry_out(request, prepared, lambda result: None)
        tried = sum(one.outcome is not Outcome.SKIPPED for one in applied.report.results)
        sent = livekit_emulator.count("Create*")
        thread.join()
        time.sleep(0.05)
        # Now and then Python loses an interrupt, outside of what is looked at here.
        assert applied.report.interrupted or tried == TRUNKS
        assert livekit_emulator.count("Create*") == sent == tried
        livekit_emulator.faults.clear()
