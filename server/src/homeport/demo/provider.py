"""Connects the simulated Okta as an administrator would: draft, redirect URI into Okta, credentials, checks, confirmation."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx2

from homeport.bootstrap.home import Home
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.outbound.driver import drive
from homeport.trust.federation.actions import Typed
from homeport.trust.federation.connection_test import examine
from homeport.trust.federation.model import ProviderKind, redirect_uri

DOMAIN = "acme.example"


def connect(home: Home, actor: Actor, okta: dict[str, Any]) -> str:
    """Add the provider and make it active; return what the checks found, as one line."""
    parts = home.parts
    with home.work.write() as actions:
        provider = actions.identity_providers.draft(actor, ProviderKind.OKTA)
    uri = redirect_uri(parts.settings.public_url, provider.id)
    answer = httpx2.patch(f"{okta['control']}/apps/{okta['client_id']}", json={"redirect_uris": [uri]})
    answer.raise_for_status()
    typed = Typed(
        name="Okta", url=okta["issuer"], client_id=okta["client_id"], email_domains=(DOMAIN,), secret=okta["client_secret"]
    )
    with home.work.read() as actions:
        candidate = actions.identity_providers.candidate(actor, provider.id, typed)
    judgement = asyncio.run(drive(examine(replace(candidate, allow=home.allowed), parts.clock, parts.entropy), home.network))
    with home.work.write() as actions:
        actions.identity_providers.propose(actor, provider.id, typed, judgement)
        actions.identity_providers.apply(actor, provider.id)
    return ", ".join(f"{check.name.lower()} {check.state.value}" for check in judgement.checks)
