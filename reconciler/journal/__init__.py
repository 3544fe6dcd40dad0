"""The journal: what happened to every live room, kept in a database so that it can be asked the next morning."""
