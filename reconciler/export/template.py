"""The first file of a project that has none: small, valid, and explained line by line."""

from __future__ import annotations

from reconciler.export.scalars import scalar

# The `$id` of the shipped schema. Editors with a YAML language server read the first line, and check and complete.
SCHEMA_LINE = (
    "yaml-language-server: "
    "$schema=https://livekit-reconciler.readthedocs.io/en/latest/schemas/dispatch.schema.json"
)

_TEMPLATE = """\
# @SCHEMA@
# One place that says which room a call lands in, and which agent joins a room.
#   reconcile validate    checks this file, offline
#   reconcile plan        shows what would change in the live project
#   reconcile apply       changes it, after asking
version: 1

project:
  name: @NAME@
  # Refuse to touch any other host:
  # host: my-project.livekit.example
  # Credentials never stand here: LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET come from the environment.
  # Live objects that this file does not list: report | ignore | delete.
  unlisted: report

# Plane 1: which room a call lands in. No agent is named here.
# A kind that is not written at all (such as outbound_trunks) is left alone; {} means that there are none.
sip:
  inbound_trunks:
    provider: # the key is the object's name in LiveKit, and its identity
      numbers: ["+15550100001"] # numbers called; `any` must be written out
      allowed_addresses: ["203.0.113.0/24"] # from where calls may come
      # A secret is always a reference:
      # auth: {username: acme, password: {env: PROVIDER_SIP_PASSWORD}}

  # outbound_trunks:
  #   provider-out:
  #     address: sip.provider.example
  #     transport: tls
  #     numbers: ["+15550100001"]

  dispatch_rules:
    inbound-calls:
      trunks: [provider] # by name; `any` must be written out
      rooms: {individual: {prefix: call-}} # a room for each call: call-_<caller>_<random>

# Plane 2: which agent joins a room. No trunk or rule is named here.
agents:
  names:
    telephony: {agent_name: my-telephony-agent} # agent_name as the worker registers it; "" for one without
  # An exact room beats a prefix, the longest prefix wins, the order means nothing. `dispatch` says who brings the
  # agent: sip (the rule that makes the room), token, app, controller or automatic.
  rooms:
    - {prefix: call-, agents: [telephony], dispatch: sip}
"""


def first_file(name: str) -> str:
    """A commented configuration for a project of this name."""
    return _TEMPLATE.replace("@SCHEMA@", SCHEMA_LINE).replace("@NAME@", scalar(name))
