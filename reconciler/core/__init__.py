"""Plans as values: what a change is, how two snapshots differ, what may be written. No word of LiveKit here."""
