"""Console again: the passcode alone, with the network cut, with a server that hangs, and with both our processes killed."""

import time

import pytest
from tests.devices.device import PASSCODE

pytestmark = [pytest.mark.xdist_group("devices"), pytest.mark.shares_machine(people=2)]
PATIENCE = 15
"""Seconds; whoever asked the server would wait for 20."""


def test_the_passcode_alone_opens_the_console_whatever_happened_to_the_network_and_to_us(acme, lab, ada):
    lab.bind(ada)
    took = {}
    for trouble in (lambda: None, lab.machine.wire.cut, lab.machine.wire.hang, lab.kill):
        trouble()
        begun = time.monotonic()
        with lab.logs_in(ada) as console:
            took[getattr(trouble, "__name__", "")] = time.monotonic() - begun
            assert console.runs("id -un").strip() == ada.username
            assert console.runs("cd && pwd").strip() == f"/home/{ada.username}"
    assert max(took.values()) < PATIENCE, took


def test_a_wrong_passcode_is_refused_while_nothing_of_ours_runs(acme, lab, ada):
    lab.bind(ada)
    lab.kill()
    assert "incorrect" in lab.refuses_the_passcode(ada, PASSCODE + "x")
