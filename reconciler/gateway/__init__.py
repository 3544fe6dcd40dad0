"""The only place that talks to LiveKit: messages, HTTP, tokens. Everything else sees plain values."""
