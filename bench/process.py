"""What the kernel knows about a running process."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
MIB = 2**20


def cpu_seconds(pid: int) -> float:
    """Processor time the process used so far, in user and kernel mode; not that of its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid: int) -> float:
    """Resident memory in MiB, shared pages counted in full."""
    return _kib(Path(f"/proc/{pid}/status").read_text(), "VmRSS:") / 1024


def proportional_mib(pid: int) -> float:
    """Proportional set size in MiB: shared pages are split among those who share them."""
    return _kib(Path(f"/proc/{pid}/smaps_rollup").read_text(), "Pss:") / 1024


def _kib(text: str, name: str) -> int:
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))
