"""Device groups, and the rules for their names."""

from dataclasses import dataclass
from datetime import datetime

LONGEST_GROUP_NAME = 100
LONGEST_DESCRIPTION = 1000


@dataclass(frozen=True, slots=True)
class DeviceGroup:
    """A set of devices that are treated alike. The name is unique whatever its case; `version` counts changes of the group itself.

    `limited` leaves its devices to the people who are assigned to them or to one of their groups.
    """

    id: str
    name: str
    description: str
    version: int
    created_at: datetime
    updated_at: datetime
    limited: bool = False

    @property
    def name_key(self) -> str:
        """Return the name as it is compared with others."""
        return self.name.casefold()


def group_name_problem(name: str) -> str:
    """Tell what is wrong with a group's name; empty when nothing is."""
    if not name or len(name) > LONGEST_GROUP_NAME or not name.isprintable():
        return f"Enter a name of 1 to {LONGEST_GROUP_NAME} letters, digits, spaces and signs."
    return ""


def description_problem(description: str) -> str:
    """Tell what is wrong with a group's description; empty when nothing is."""
    plain = description.replace("\n", "").replace("\t", "")
    if len(description) > LONGEST_DESCRIPTION or not plain.isprintable():
        return f"Use at most {LONGEST_DESCRIPTION:,} letters, digits, spaces, signs and line breaks."
    return ""
