"""What an administrator does with the old version: run by that version's own code, never imported.

python by_the_old_version.py set-up OKTA NAME… | key COUNT | state NAME STATE; several of these, with + between them, are done in turn.
"""

import json
import os
import sys
from itertools import groupby

from homeport.bootstrap.home import Home
from homeport.demo.provider import connect
from homeport.directory.devices.model import OSFamily, ProvisioningSetting
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import system
from homeport.settings import Settings

ACTOR = system("operator")


def main(home: Home, verb: str, *words: str) -> None:
    if verb == "set-up":
        okta, *names = words
        with home.work.write() as actions:
            for name in names:
                actions.people.create(
                    ACTOR, username=name, email=f"{name}@acme.example", firstname=name.title(), lastname="Example"
                )
            actions.provisioning.set(ACTOR, ProvisioningSetting(OSFamily.LINUX, enabled=True, several_users=True))
        connect(home, ACTOR, json.loads(okta))
    elif verb == "key":
        with home.work.write() as actions:
            print(actions.enrollment_keys.create(ACTOR, "lab", max_uses=int(words[0]))[1])
    elif verb == "state":
        name, state = words
        with home.work.write() as actions:
            user = actions.people.users.find_by_email(f"{name}@acme.example")
            actions.people.change_state(ACTOR, user.id, UserState(state))
    home.audit_sealer.seal()


assert "old" in os.environ["PYTHONPATH"], "run with the old version's code"
home = Home(Settings.read())
for between, words in groupby(sys.argv[1:], lambda word: word == "+"):
    if not between:
        main(home, *words)
