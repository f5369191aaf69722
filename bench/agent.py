"""The agent's memory: both its processes while they keep a device's accounts, after a person's sign-in."""

from collections.abc import Iterator

from tests.faults.estate import estate, until
from tests.faults.person import sign_in

from bench.frame import Figure
from bench.process import proportional_mib


def run() -> Iterator[Figure]:
    with estate(1) as made:
        made.serve()
        (device,) = made.add_devices(1)
        words = (*device.words, "accounts", "--root", device.root.path, "--agent-user", "root")
        accounts = made.programs.start(*words, ready="Keeping the accounts", seconds=60)
        daemon = device.keep()
        attempt = sign_in(made, device, "ada")
        if attempt.outcome != "bound":
            raise RuntimeError(f"the sign-in did not end well: {attempt}")
        until(made.settled, "the agent's report")
        parts = [proportional_mib(one.pid) for one in (daemon, accounts)]
        yield Figure("memory of the agent's two processes, proportional set size", sum(parts), "MiB", 40, absolute=True)
