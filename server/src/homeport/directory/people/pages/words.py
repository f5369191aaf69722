"""What the pages call fields and states, and how they ask for a list."""

from homeport.directory.people.model import UserState
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.ui.listing import ListState

WORDS = {
    UserState.STAGED: ("Staged", "info"),
    UserState.ACTIVATED: ("Activated", "ok"),
    UserState.SUSPENDED: ("Suspended", "warn"),
}
LABELS = {
    "username": "User name",
    "email": "E-mail address",
    "firstname": "First name",
    "lastname": "Last name",
    "displayname": "Display name",
    "job_title": "Job title",
    "department": "Department",
    "company": "Company",
    "location": "Location",
    "cost_center": "Cost center",
    "employee_identifier": "Employee identifier",
    "employee_type": "Employee type",
    "description": "Description",
    "name": "Name",
}
MOST_AT_ONCE = 500
"""How many users one bulk action takes."""


def asked(state: ListState) -> Listing:
    """Return what the page's address asks of the store."""
    return Listing(
        text=state.text,
        filters=tuple(Filter(name, "eq", value) for name, value in state.chosen),
        sort=(f"-{state.sort}" if state.descending else state.sort,),
        skip=state.offset,
        limit=state.size,
    )


def counted(number: int, one: str) -> str:
    """Return a number with its noun, such as `1 user` and `1,204 users`."""
    return f"1 {one}" if number == 1 else f"{number:,} {one}s"


def accounts_are(count: int) -> str:
    """Return the beginning of a sentence about accounts on devices."""
    return "1 account on a device is" if count == 1 else f"{count:,} accounts on devices are"


def change_line(field: str, before: str, after: str) -> str:
    """Return one line of what a save changed."""
    return f"{LABELS[field]}: {before or '(empty)'} → {after or '(empty)'}"
