"""What runs in the process that the kill test ends; a module of its own, because another process imports it."""

import time

from homeport_agent.accounts.service import make_applier
from homeport_agent.root import Root


def slow_clock():
    """The journal asks for the time before each line: a pause there gives the killer its chance at every line."""
    time.sleep(0.01)
    return time.time()


def apply(root, pair, clock=slow_clock, given=None):
    """What a restarted agent does: repair first, then the order that the server sends again."""
    applier = make_applier(Root.at(str(root)), clock)
    applier.repair()
    return applier.apply(pair["order"], pair["order_key"], given)
