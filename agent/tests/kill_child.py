"""What runs in the process that the kill test ends; a module of its own, because another process imports it."""

import time

from homeport_agent.accounts.service import make_applier
from homeport_agent.root import Root


class HeldClock:
    """The journal asks for the time before each line: once it has so many lines, the asker is held until it is killed."""

    def __init__(self, journal, lines):
        self.journal, self.lines = journal, lines

    def __call__(self):
        if self.journal.exists() and self.journal.read_bytes().count(b"\n") >= self.lines:
            time.sleep(600)
        return time.time()


def apply(root, pair, clock=time.time, given=None):
    """What a restarted agent does: repair first, then the order that the server sends again."""
    applier = make_applier(Root.at(str(root)), clock)
    applier.repair()
    return applier.apply(pair["order"], pair["order_key"], given)
