"""The agent's modules, read while `time.time` is one that can be shifted, as those that keep it for themselves keep that one."""

import time

_real, _seconds = time.time, [0.0]


def by(seconds: float) -> None:
    """Shift what a program asks the time of, and all that gets it through `time.time`, by so many seconds."""
    _seconds[0] = seconds


time.time = lambda: _real() + _seconds[0]
from homeport_agent.cli import main as agent  # noqa: E402 - after the clock can be shifted

__all__ = ["agent", "by"]
