"""Configurations that tests of tokens share, and a way to load one without a file of its own in each test."""

from __future__ import annotations

from pathlib import Path

from reconciler.tokens import Conventions
from reconciler.tokens.loading import read_plane

PLANE = """\
version: 1
project: {name: acme-voice}
agents:
  names:
    interviewer: {agent_name: ""}
    avatar: {agent_name: ornina-avatar-agent}
    recorder: {agent_name: recorder}
    telephony: {agent_name: SW Telephony Agent}
  rooms:
    - {prefix: interview-, agents: [interviewer], dispatch: token, required_metadata: [session_id, participant]}
    - {prefix: ornina-, agents: [{agent: avatar, metadata: {lang: ar, level: 1}}, recorder], dispatch: token}
    - {room: ornina-lobby, agents: [{agent: avatar, metadata: hello}], dispatch: [token, sip]}
    - {prefix: call-, agents: [telephony], dispatch: sip}
    - {prefix: call-outbound-, agents: [telephony], dispatch: controller}
    - {prefix: quiet-, agents: [], dispatch: token}
    - {prefix: line-, lines: {sales: {agents: [telephony]}}, dispatch: [token, sip]}
    - {prefix: queue-, agents: [telephony, avatar], dispatch: [app, token], join_timeout: 1m30s}
"""


def conventions(text: str = PLANE) -> Conventions:
    """The conventions of a configuration."""
    return Conventions(read_plane({Path("dispatch.yaml"): text.encode()}))
