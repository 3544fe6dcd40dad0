"""Does what somebody in a hurry does in the dashboard: renames the rooms of a dispatch rule.

The rooms then fall under no convention any more. It talks to LiveKit as any other program would, through livekit-api,
and knows nothing of `reconcile`.
"""

from __future__ import annotations

import asyncio

from livekit import api


async def main() -> None:
    async with api.LiveKitAPI() as livekit:
        rules = await livekit.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())
        rule = next(rule for rule in rules.items if rule.name == "inbound-calls")
        rule.rule.dispatch_rule_individual.room_prefix = "hotline-"
        await livekit.sip.update_dispatch_rule(rule.sip_dispatch_rule_id, rule)
    print("The rooms of inbound-calls are now called hotline-…")


if __name__ == "__main__":
    asyncio.run(main())
