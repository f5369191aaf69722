"""The agent's memory: both its processes while they keep a device's accounts, after a person's sign-in."""

from collections.abc import Iterator

from tests.faults.estate import estate, until
from tests.faults.person import sign_in

from bench.frame import Figure
from bench.process import descendants, proportional_mib


def run() -> Iterator[Figure]:
    with estate(1) as made:
        made.serve()
        (device,) = made.add_devices(1)
        daemon = device.keep()
        attempt = sign_in(made, device, "ada")
        if attempt.outcome != "bound":
            raise RuntimeError(f"the sign-in did not end well: {attempt}")
        until(made.settled, "the agent's report")
        parts = [proportional_mib(pid) for pid in descendants(daemon.pid)]
        yield Figure("memory of the agent, proportional set size", sum(parts), "MiB", 40, absolute=True)
        yield Figure("processes", len(parts), "")
