"""The slice's REST routes, and how a request proves by its API key whose it is."""

from homeport.directory.admins.api.administrators import AdministratorsApi
from homeport.directory.admins.api.api_keys import ApiKeysApi
from homeport.directory.admins.api.authenticator import ApiKeyAuthenticator
from homeport.directory.admins.api.roles import RolesApi
from homeport.directory.admins.api.service_accounts import ServiceAccountsApi

__all__ = ["AdministratorsApi", "ApiKeyAuthenticator", "ApiKeysApi", "RolesApi", "ServiceAccountsApi"]
