"""What can be done with administrators, one-time links, second factors and API keys."""

from homeport.directory.admins.actions.administrators import Administrators
from homeport.directory.admins.actions.api_keys import ApiKeys
from homeport.directory.admins.actions.factors import Factors
from homeport.directory.admins.actions.links import AdministratorLinks

__all__ = ["AdministratorLinks", "Administrators", "ApiKeys", "Factors"]
