"""Secrets at rest: the sealing key, envelopes, rotation. What is sealed is elsewhere (client secrets, signing keys)."""
