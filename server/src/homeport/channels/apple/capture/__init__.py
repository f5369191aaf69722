"""Keeps what Macs send, with secrets masked, until a moment that an administrator set: a real Mac's first day becomes test vectors."""
