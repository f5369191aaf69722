"""A privileged half that applies the orders of a file and waits; the kill test watches its journal and ends it."""

import json
import sys
import time

from homeport_agent.accounts.service import make_applier
from homeport_agent.root import Root

applier = make_applier(Root.at(sys.argv[1]), time.time)
print("repaired", json.dumps(applier.repair()), flush=True)
for line in sys.stdin:
    pair = json.loads(line)
    print("receipt", json.dumps(applier.apply(pair["order"], pair["order_key"])), flush=True)
