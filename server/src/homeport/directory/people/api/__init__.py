"""The slice's REST routes."""

from homeport.directory.people.api.groups import UserGroupsApi
from homeport.directory.people.api.users import PeopleApi

__all__ = ["PeopleApi", "UserGroupsApi"]
