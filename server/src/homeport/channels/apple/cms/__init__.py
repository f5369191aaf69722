"""Cryptographic Message Syntax (RFC 5652) as Macs speak it: pure functions over bytes, without input or output.

`ber` makes DER of what a Mac sends, `signed` verifies, `enveloped` decrypts and encrypts, `signing` signs. Who is trusted is decided
elsewhere: in `machine_info` (Apple's devices) and in `authority` (our own).
"""
