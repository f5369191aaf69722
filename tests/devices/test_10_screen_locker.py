"""A screen locker runs as an ordinary user and asks PAM: their own passcode unlocks, nobody else's; our sockets are closed to users."""

import pytest
from tests.devices.device import PASSCODE

pytestmark = [pytest.mark.xdist_group("devices"), pytest.mark.shares_machine(people=3)]
SERVICE = "@include common-auth\n@include common-account\n"


def unlocks(lab, locker, person, passcode) -> bool:
    """Whether a locker that `locker` runs opens for `person`."""
    with lab.machine.terminal(
        "setpriv",
        f"--reuid={locker.username}",
        f"--regid={locker.username}",
        "--init-groups",
        "pamtester",
        "locker",
        person.username,
        "authenticate",
        "acct_mgmt",
    ) as screen:
        screen.asks_secretly("Password: $")
        screen.types(passcode)
        screen.ends()
        return "account management done" in screen.text


def test_a_locker_opens_for_the_passcode_of_the_one_who_runs_it(acme, lab, ada, bea):
    lab.machine.write("/etc/pam.d/locker", SERVICE)
    lab.bind(ada)
    lab.bind(bea, "harbour-walnut-71")
    assert unlocks(lab, ada, ada, PASSCODE)
    assert not unlocks(lab, ada, ada, PASSCODE + "x")
    assert not unlocks(lab, ada, bea, "harbour-walnut-71")
    lab.kill()
    assert unlocks(lab, ada, ada, PASSCODE)


def test_our_sockets_are_closed_to_users(acme, lab, ada):
    lab.bind(ada)
    sockets = lab.machine.run("find", "/run", "-type", "s").split()
    assert sockets
    for path in sockets:
        ask = f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"
        refused = lab.machine.attempt("python3", "-c", ask, user=ada.username)
        assert "PermissionError" in refused.stderr, path
