"""What runs in the process that the kill test ends; a module of its own, because another process imports it."""

import time

from homeport_agent.accounts.service import make_applier
from homeport_agent.root import Root


def apply(root, pair):
    """What a restarted agent does: repair first, then the order that the server sends again."""
    applier = make_applier(Root.at(str(root)), time.time)
    applier.repair()
    return applier.apply(pair["order"], pair["order_key"])
