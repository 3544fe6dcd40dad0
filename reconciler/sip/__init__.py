"""The SIP plane: which room a phone call lands in. Pure, and without a word about agents."""
