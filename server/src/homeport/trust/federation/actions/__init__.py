"""What can be done with identity providers and links.

`Federation` is what a sign-in asks, before anybody has signed in; `IdentityProviders` and `Links` are what administrators do.
"""

from homeport.trust.federation.actions.federation import Federation
from homeport.trust.federation.actions.links import Links
from homeport.trust.federation.actions.providers import IdentityProviders
from homeport.trust.federation.actions.typed import Typed

__all__ = ["Federation", "IdentityProviders", "Links", "Typed"]
