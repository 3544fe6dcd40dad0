"""The least that a plan of many projects could do: read the files, and list the three kinds of all at the same time.

Run as a program with the folder. It compares nothing and prints how many objects it read. Written as somebody would who
has livekit-api and an afternoon.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import yaml
from livekit import api


async def live_objects(project: dict[str, Any]) -> int:
    prefix = project["project"]["env_prefix"]
    url, key, secret = (
        os.environ[f"{prefix}LIVEKIT_{name}"] for name in ("URL", "API_KEY", "API_SECRET")
    )
    async with api.LiveKitAPI(url, key, secret) as livekit:
        inbound, outbound, rules = await asyncio.gather(
            livekit.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest()),
            livekit.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest()),
            livekit.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest()),
        )
    return len(inbound.items) + len(outbound.items) + len(rules.items)


async def all_of(projects: list[dict[str, Any]]) -> int:
    return sum(await asyncio.gather(*map(live_objects, projects)))


def main(folder: Path) -> None:
    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    projects = [yaml.load(data, Loader=yaml.CSafeLoader) for data in files]
    print(asyncio.run(all_of(projects)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
