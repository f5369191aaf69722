"""The authority that vouches for Macs: its own key, one-use challenges, certificates, and whose certificate it is that speaks.

`scep` is how a Mac asks (RFC 8894), `identity` how it proves itself afterwards. A certificate says nothing that our own table does not
say better: each request looks there.
"""
