"""SETTINGS > Administrators, Roles, Service Accounts and API Keys."""

from homeport.directory.admins.pages.administrators import AdministratorPages
from homeport.directory.admins.pages.api_keys import ApiKeyPages
from homeport.directory.admins.pages.roles import RolePages
from homeport.directory.admins.pages.service_accounts import ServiceAccountPages

__all__ = ["AdministratorPages", "ApiKeyPages", "RolePages", "ServiceAccountPages"]
