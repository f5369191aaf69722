"""A server that takes every connection and never answers: who does not need it does not notice, and who does is told."""

import pytest
from tests.devices.device import PASSCODE

pytestmark = pytest.mark.xdist_group("devices")
SECRET = "sesame-and-lentils"
PATIENCE = 15
"""Seconds; whoever asked the server would wait for 20."""


def logs_in(machine, name, passcode) -> None:
    with machine.console(seconds=PATIENCE) as console:
        console.reads("login: $")
        console.types(name)
        console.asks_secretly("Password: $")
        console.types(passcode)
        console.reads(r"[$#] $")
        assert console.runs("id -un").strip() == name


def test_a_hung_server_holds_up_no_lookup_and_no_login_but_the_first_one(lab, ada, bea):
    machine = lab.machine
    lab.bind(ada)
    lab.give_a_key(ada)
    machine.run("useradd", "-m", "-s", "/bin/bash", "opa")
    machine.run("chpasswd", input=f"opa:{SECRET}\nroot:{SECRET}\n")
    machine.start_sshd()
    machine.wire.hang()
    # Bea comes for the first time, at the console and four times over ssh: these wait for the server, each in its own thread.
    console, *others = [machine.console(), *(machine.ssh(bea.username) for _ in range(4))]
    console.reads("login: $")
    console.types(bea.username)
    machine.until(lambda: machine.wire.carried_since_hang() >= 5, "the five of them at the server")

    for name, known in (("root", True), ("opa", True), (ada.username, True), (bea.username, True), ("nobody-here", False)):
        found = machine.attempt("getent", "passwd", name, seconds=PATIENCE)
        assert (found.returncode == 0) is known, name
    for name, secret in (("root", SECRET), ("opa", SECRET), (ada.username, PASSCODE)):
        logs_in(machine, name, secret)
    assert lab.key_opens(ada, "-o", f"ConnectTimeout={PATIENCE}")
    assert machine.run("homeport-agent", "status", seconds=PATIENCE)

    console.reads("Reason: server_unreachable", seconds=180)
    machine.wire.mend()
    for one in others:
        one.close()
    with machine.console() as again:
        again.reads("login: $")
        again.types(bea.username)
        lab.signs_in(again, bea)
