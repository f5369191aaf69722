"""USER MANAGEMENT in the admin portal: users, what is done with many of them at once, and user groups."""

from homeport.directory.people.pages.bulk import BulkPages
from homeport.directory.people.pages.groups import UserGroupPages
from homeport.directory.people.pages.imports import ImportPages
from homeport.directory.people.pages.users import PeoplePages

__all__ = ["BulkPages", "ImportPages", "PeoplePages", "UserGroupPages"]
