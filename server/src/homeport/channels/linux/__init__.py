"""A Linux agent: enrolment, signed orders, desired state, reports.

What both sides say is in `docs/protocols/device.md`. Which accounts a device should have is decided in `directory.devices`; how a
device proves itself is in `trust.issuer`.
"""
