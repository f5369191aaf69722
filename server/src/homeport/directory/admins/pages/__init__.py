"""SETTINGS > Administrators and SETTINGS > API Keys."""

from homeport.directory.admins.pages.administrators import AdministratorPages
from homeport.directory.admins.pages.api_keys import ApiKeyPages

__all__ = ["AdministratorPages", "ApiKeyPages"]
