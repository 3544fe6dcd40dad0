"""The agent plane at run time: follows live rooms by webhooks and resyncs, and brings the agents that are missing."""
