"""An identity provider that is connected already, for the stories that begin after that.

How an administrator connects one by hand is told by `test_the_whole.py`, `test_configure_okta.py` and `test_identity_provider.py`.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from homeport.bootstrap.home import Home
from homeport.foundation.kernel.actor import system
from homeport.foundation.outbound.driver import drive
from homeport.trust.federation.actions import Typed
from homeport.trust.federation.connection_test import examine
from homeport.trust.federation.discovery import Check
from homeport.trust.federation.model import ProviderKind, redirect_uri

ADMIN = system("tests")


def connect(home: Home, kind: ProviderKind, typed: Typed, register: Callable[[str], None]) -> tuple[Check, ...]:
    """Add the provider as an administrator does: draft, redirect URI, credentials, checks, confirmation; return what was checked.

    `register` tells the provider the redirect URI, before it is examined.
    """
    parts = home.parts
    with home.work.write() as actions:
        draft = actions.identity_providers.draft(ADMIN, kind)
    register(redirect_uri(parts.settings.public_url, draft.id))
    with home.work.read() as actions:
        candidate = replace(actions.identity_providers.candidate(ADMIN, draft.id, typed), allow=home.allowed)
    examining = drive(examine(candidate, parts.clock, parts.entropy), home.network)
    with ThreadPoolExecutor(1) as elsewhere:  # the browser's event loop may run in this thread
        judgement = elsewhere.submit(asyncio.run, examining).result(120)
    with home.work.write() as actions:
        actions.identity_providers.propose(ADMIN, draft.id, typed, judgement)
        actions.identity_providers.apply(ADMIN, draft.id)
    return judgement.checks
