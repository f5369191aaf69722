"""A Debian machine with the agent as its package installs it: both processes, a real server, a person with an account."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from tests.devices.company import Company, Person, company
from tests.devices.device import Device, device
from tests.support.debian.image import installed
from tests.support.debian.machine import Machine


@dataclass
class Lab:
    """The machine, and Ada, who has signed in at it once."""

    acme: Company
    device: Device
    ada: Person


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    with company() as acme, installed() as layers, Machine(layers, "lab-7", port=acme.port) as machine:
        acme.set_provisioning()
        ada = acme.new_person()
        with device(acme, machine, ada) as made:
            made.bind(ada)
            yield Lab(acme, made, ada)
