"""The least that an apply could do: list the three kinds, and write every object back with one field changed.

Eight writes at a time, as `reconcile apply` does. It checks no conflict, keeps no order and reads nothing again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from livekit import api

CONCURRENCY = 8


async def main() -> None:
    slots = asyncio.Semaphore(CONCURRENCY)

    async def write(call: Awaitable[object]) -> None:
        async with slots:
            await call

    async with api.LiveKitAPI() as livekit:
        sip = livekit.sip
        inbound, outbound, rules = await asyncio.gather(
            sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest()),
            sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest()),
            sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest()),
        )
        for trunk in inbound.items:
            trunk.metadata = "changed"
        for line in outbound.items:
            line.metadata = "changed"
        for rule in rules.items:
            rule.metadata = "changed"
        await asyncio.gather(
            *(write(sip.update_inbound_trunk(t.sip_trunk_id, t)) for t in inbound.items),
            *(write(sip.update_outbound_trunk(t.sip_trunk_id, t)) for t in outbound.items),
            *(write(sip.update_dispatch_rule(r.sip_dispatch_rule_id, r)) for r in rules.items),
        )


if __name__ == "__main__":
    asyncio.run(main())
