"""A real Debian as the device: its own login, sshd, sudo and shadow tools, in namespaces of its own.

`image.py` unpacks the root that `tools/debian_root.py` built and installs the agent's package in it, once per worker; `machine.py`
boots a copy of it (an overlay, thrown away afterwards); `wire.py` is its network, which can be cut; `terminal.py` is a person
at one of its terminals. Needs root, and says so.
"""

from pathlib import Path


def pam_flood_path() -> Path:
    """Where the program lies that talks to PAM ten thousand times; it runs on the machine."""
    return Path(__file__).with_name("pam_flood.py")
