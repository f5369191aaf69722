"""What can be done with administrators, custom roles, service accounts, one-time links, second factors and API keys."""

from dataclasses import dataclass

from homeport.directory.admins.actions.administrators import Administrators
from homeport.directory.admins.actions.api_keys import ApiKeys
from homeport.directory.admins.actions.factors import Factors
from homeport.directory.admins.actions.links import AdministratorLinks
from homeport.directory.admins.actions.roles import Roles
from homeport.directory.admins.actions.service_accounts import ServiceAccounts

__all__ = ["AdministratorActions", "AdministratorLinks", "Administrators", "ApiKeys", "Factors", "Roles", "ServiceAccounts"]


@dataclass(frozen=True, slots=True)
class AdministratorActions:
    """All of them in one unit of work."""

    administrators: Administrators
    links: AdministratorLinks
    keys: ApiKeys
    factors: Factors
    roles: Roles
    accounts: ServiceAccounts
