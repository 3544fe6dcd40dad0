"""Declarative configuration for LiveKit's two dispatch systems: SIP routing and agent dispatch."""

__version__ = "0.1.0"
