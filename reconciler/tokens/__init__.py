"""Tokens for applications: the agent plane's conventions, applied where a room is created by a join."""
