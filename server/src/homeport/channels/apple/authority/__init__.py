"""The authority that vouches for Macs: its own key, one-use challenges, certificates, and whose certificate it is that speaks.

`scep` (RFC 8894) and `acme` (RFC 8555) are how a Mac asks, `identity` how it proves itself afterwards. A certificate says nothing that our own table does not
say better: each request looks there.
"""
