"""A machine that systemd boots, in QEMU: `make test-vm` runs it, `make test` does not, because it takes minutes.

What only an init can show: the units as they are hardened, a getty, lingering services and timers of people, a reboot, a removal
from the running system. The scenarios themselves, one by one, are in tests/devices.
"""
