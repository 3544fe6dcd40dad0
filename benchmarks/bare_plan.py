"""The least that a no-op plan could do: import livekit-api, read the file, list the three kinds at the same time.

Run as a program with the file's path. It compares nothing and prints how much it read, so that a run that read nothing
cannot pass for a fast one. Written as somebody would who has livekit-api and an afternoon.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import yaml
from livekit import api


async def live_objects() -> int:
    async with api.LiveKitAPI() as livekit:
        inbound, outbound, rules = await asyncio.gather(
            livekit.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest()),
            livekit.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest()),
            livekit.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest()),
        )
    return len(inbound.items) + len(outbound.items) + len(rules.items)


def main(path: Path) -> None:
    desired = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    print(sum(len(objects) for objects in desired["sip"].values()), asyncio.run(live_objects()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
