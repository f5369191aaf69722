"""ACME (RFC 8555) for Macs whose hardware vouches for the key: one challenge type, `device-attest-01`, one identifier a session.

Each word of the protocol is a file: `directory`, `nonce`, `account`, `order`, `authorization`, `challenge`, `finalize`, `certificate`.
`jws` reads the signed requests, `attestation` judges what the hardware said.
"""
