"""An administrator of the organization: with a password, an authenticator app, and a key for the REST API."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.support.factor import Authenticator, set_up

from homeport.bootstrap.home import Home
from homeport.foundation.kernel.actor import Actor, Origin
from homeport.foundation.kernel.clock import SystemClock

ADMINISTRATOR, PASSWORD = "marie.curie@acme.example", "five unrelated words today"


def appoint(opened: Callable[[], AbstractContextManager[Home]], by: Actor) -> tuple[Authenticator, str]:
    """Make the first administrator; their authenticator, which from now on waits by the machine's clock, and an API key of theirs."""
    with opened() as home, home.work.write() as actions:
        token = actions.administrator_links.issue(by)
        owner = actions.administrator_links.accept(
            token, email=ADMINISTRATOR, firstname="Marie", lastname="Curie", password=PASSWORD, origin=Origin()
        )
        phone = set_up(actions, owner, SystemClock())
        actions.administrators.change(by, owner.id, role=owner.role, api_keys_allowed=True)
        _, key = actions.api_keys.create(by, name="tests", owner_id=owner.id)
    phone.clock = None
    return phone, key
