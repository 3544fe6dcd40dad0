"""The agent plane: which agent joins a room. Pure, and without a word about trunks or rules."""
