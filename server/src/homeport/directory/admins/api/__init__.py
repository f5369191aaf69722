"""The slice's REST routes, and how a request proves by its API key whose it is."""

from homeport.directory.admins.api.administrators import AdministratorsApi
from homeport.directory.admins.api.api_keys import ApiKeysApi
from homeport.directory.admins.api.authenticator import ApiKeyAuthenticator

__all__ = ["AdministratorsApi", "ApiKeyAuthenticator", "ApiKeysApi"]
