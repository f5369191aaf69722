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


BECOME = {
    "activate": "opened again when the devices next report",
    "suspend": "locked and expired, and all their processes end",
    "delete": "locked; home folders stay",
}
"""What becomes of accounts on devices, by what is done to their user."""


def accounts_become(verb: str, accounts: int, on_macs: int) -> list[str]:
    """Return what becomes of so many accounts on devices, of which so many are on Macs where nothing locks one account."""
    lines = []
    if reached := accounts - on_macs:
        lines.append(("1 account on a device is " if reached == 1 else f"{reached:,} accounts on devices are ") + BECOME[verb])
    if on_macs and verb != "activate":
        begin = "1 account on a Mac stays" if on_macs == 1 else f"{on_macs:,} accounts on Macs stay"
        lines.append(f"{begin} open: nothing locks a single account there. Lock or erase the Mac on its page")
    return lines


def change_line(field: str, before: str, after: str) -> str:
    """Return one line of what a save changed."""
    return f"{LABELS[field]}: {before or '(empty)'} → {after or '(empty)'}"
