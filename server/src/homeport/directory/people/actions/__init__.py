"""What can be done with users and user groups."""

from dataclasses import dataclass

from homeport.directory.people.actions.groups import UserGroups
from homeport.directory.people.actions.imports import Imports
from homeport.directory.people.actions.users import People

__all__ = ["Imports", "People", "PeopleActions", "UserGroups"]


@dataclass(frozen=True, slots=True)
class PeopleActions:
    """All actions of this slice over one unit of work; what its edges hold."""

    people: People
    groups: UserGroups
    imports: Imports
