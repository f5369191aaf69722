"""The admin portal's pages of identity providers, and the section about a user's link."""

from homeport.trust.federation.pages.client_secrets import ClientSecretPages
from homeport.trust.federation.pages.links import LinkPages
from homeport.trust.federation.pages.providers import IdentityProviderPages

__all__ = ["ClientSecretPages", "IdentityProviderPages", "LinkPages"]
