"""A group of users, the rules for its name and description, and what can happen to it."""

from dataclasses import dataclass
from datetime import datetime

from homeport.foundation.kernel.events import Event
from homeport.foundation.kernel.listing import folded

LONGEST_GROUP_NAME = 255
LONGEST_GROUP_KEY = 765
LONGEST_DESCRIPTION = 1024


@dataclass(frozen=True, slots=True)
class UserGroup:
    """Users whom something is given to together. `version` counts changes of name and description and is the ETag."""

    id: str
    name: str
    description: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class UserGroupMembersChanged(Event):
    """Users joined or left the group; it holds their ids."""

    group_id: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserGroupDeleted(Event):
    """The group is about to be removed; it and its members still stand while the handlers run, so that they can let go of it."""

    group_id: str


def group_key(name: str) -> str:
    """Return what two names are compared by: `Sales`, `SALES` and either in full-width letters are the same (Unicode NFKC, then case folding)."""
    return folded(name)


def group_name_problem(name: str) -> str:
    """Return what is wrong with a trimmed group name, or an empty string."""
    if not name:
        return "Enter a name for the group."
    if len(name) > LONGEST_GROUP_NAME or len(group_key(name)) > LONGEST_GROUP_KEY:
        return f"A group's name has at most {LONGEST_GROUP_NAME} characters."
    if any(not character.isprintable() for character in name):
        return "A group's name cannot hold control characters."
    return ""


def description_problem(text: str) -> str:
    """Return what is wrong with a description, or an empty string. It may have several lines."""
    if len(text) > LONGEST_DESCRIPTION:
        return f"A description has at most {LONGEST_DESCRIPTION} characters; this has {len(text)}."
    if any(not character.isprintable() and character not in "\n\t" for character in text):
        return "A description cannot hold control characters."
    return ""
