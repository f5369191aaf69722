"""A Mac talks to us: Automated Device Enrollment. Each room is one protocol.

`cms` reads and makes signed and encrypted messages, `machine_info` what a Mac says of itself, `authority` issues device
certificates, `ade` talks to Apple's service, `enrollment` is the web view, `mdm` manages the Mac once it is enrolled.
"""
