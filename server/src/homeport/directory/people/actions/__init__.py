"""What can be done with users and user groups."""

from homeport.directory.people.actions.groups import UserGroups
from homeport.directory.people.actions.users import FIELDS, People

__all__ = ["FIELDS", "People", "UserGroups"]
