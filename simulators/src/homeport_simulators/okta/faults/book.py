"""The faults in force and how often each is still due."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from homeport_simulators.okta.clock import Clock


@dataclass(kw_only=True)
class DueFault:
    """A fault someone asked for; `times` is how often it is still due, nothing means always."""

    id: int
    name: str
    times: int | None
    arguments: dict[str, Any]


class FaultBook:
    """Faults in the order in which they were asked for.

    Every handler runs on the one event loop and `take` never awaits, so a fault that is due once is committed once.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self.due: list[DueFault] = []

    def add(self, name: str, *, times: int | None, arguments: dict[str, Any]) -> DueFault:
        """Put a fault in force; a skewed clock is a state and stays until it is removed."""
        if name == "skew":
            times = None
        fault = DueFault(id=next(self._numbers), name=name, times=times, arguments=arguments)
        self.due.append(fault)
        self._set_clock()
        return fault

    def take(self, name: str) -> dict[str, Any] | None:
        """Return the arguments of this fault if it is due, counting it as committed; else nothing."""
        fault = next((fault for fault in self.due if fault.name == name), None)
        if fault is None:
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.due.remove(fault)
        return fault.arguments

    def remove(self, fault_id: int) -> bool:
        """Lift one fault; say whether it was in force."""
        found = [fault for fault in self.due if fault.id == fault_id]
        self.due = [fault for fault in self.due if fault.id != fault_id]
        self._set_clock()
        return bool(found)

    def clear(self) -> None:
        """Lift all faults."""
        self.due = []
        self._set_clock()

    def _set_clock(self) -> None:
        skews = [fault.arguments["seconds"] for fault in self.due if fault.name == "skew"]
        self._clock.skew = timedelta(seconds=skews[-1] if skews else 0)
