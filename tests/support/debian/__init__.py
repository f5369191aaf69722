"""A real Debian as the device: its own login, sshd, sudo and shadow tools, in namespaces of its own.

`image.py` unpacks the root that `tools/debian_root.py` built and installs the agent's package in it, once per worker; `machine.py`
boots a copy of it (an overlay, thrown away afterwards); `wire.py` is its network, which can be cut; `terminal.py` is a person
at one of its terminals. Needs root, and says so.
"""
