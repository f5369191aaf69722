"""A user, the rules for names and addresses, and what can happen to a user."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from homeport.foundation.kernel.events import Event

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""A directory user name in lower case. Linux accepts fewer and refuses the others itself."""
_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LONGEST_EMAIL = 254
LONGEST_LOCAL_PART = 64
LONGEST_NAME = 255
DETAILS = {
    "displayname": 1024,
    "job_title": 1024,
    "department": 1024,
    "company": 1024,
    "location": 1024,
    "cost_center": 1024,
    "employee_identifier": 256,
    "employee_type": 1024,
    "description": 1024,
}
"""What a directory may know of a person besides names and address, each with its longest length in characters. All may be empty."""
OWN_FIELDS = ("displayname", "location")
"""What a person may change of themselves; everything else is their organization's to say."""
FIELDS = ("username", "email", "firstname", "lastname", *DETAILS)
"""The fields of a user that an administrator types."""


class UserState(StrEnum):
    """STAGED may be prepared but gets nothing; ACTIVATED may sign in; SUSPENDED lost everything until activated again."""

    STAGED = "STAGED"
    ACTIVATED = "ACTIVATED"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, slots=True)
class User:
    """A person in the directory. `version` counts changes and is the ETag. What is not known is empty text."""

    id: str
    username: str
    email: str
    firstname: str
    lastname: str
    state: UserState
    version: int
    created_at: datetime
    updated_at: datetime
    displayname: str = ""
    job_title: str = ""
    department: str = ""
    company: str = ""
    location: str = ""
    cost_center: str = ""
    employee_identifier: str = ""
    employee_type: str = ""
    description: str = ""

    @property
    def full_name(self) -> str:
        """Return the display name, or first and last name, or the user name of somebody without a name."""
        return self.displayname or " ".join(part for part in (self.firstname, self.lastname) if part) or self.username


@dataclass(frozen=True, slots=True)
class UsersChanging(Event):
    """Several users are about to change in one unit of work and are held; what hangs on them is held next, all in one order."""

    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserSuspended(Event):
    """The user lost access; sessions, bindings and open sign-ins end."""

    user_id: str


@dataclass(frozen=True, slots=True)
class UserActivated(Event):
    """The user gained or regained access."""

    user_id: str


@dataclass(frozen=True, slots=True)
class UserEmailChanged(Event):
    """The user has another e-mail address; what was mailed to the earlier one, which may be a stranger's, opens nothing more."""

    user_id: str


@dataclass(frozen=True, slots=True)
class UserDeleted(Event):
    """The user is about to be removed; the row still stands while the handlers run, so that they can let go of it."""

    user_id: str


def normal_email(text: str) -> str:
    """Return the address as it is stored and compared: trimmed and lower-case."""
    return text.strip().lower()


def email_problem(email: str) -> str:
    """Return what is wrong with a normalized address, or an empty string.

    Only ASCII (RFC 5321): two addresses that look the same but are not would let one person take another's place.
    """
    local, at, domain = email.rpartition("@")
    if not at or not local or not domain:
        return "Enter an e-mail address such as ada@example.com."
    if len(email) > LONGEST_EMAIL or len(local) > LONGEST_LOCAL_PART:
        return "The address is too long: at most 64 characters before the @ and 254 in all."
    if not email.isascii():
        return "Only letters without accents, digits and the usual signs can stand in an e-mail address."
    if not _LOCAL_PART.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return "This is not a complete e-mail address such as ada@example.com."
    return ""


def normal_username(text: str) -> str:
    """Return the user name as it is stored and compared: trimmed and lower-case."""
    return text.strip().lower()


def username_problem(username: str) -> str:
    """Return what is wrong with a normalized user name, or an empty string."""
    if USERNAME.fullmatch(username):
        return ""
    return "Use 1 to 64 letters a to z, digits, dots, underscores and hyphens, beginning with a letter or a digit."


def name_problem(name: str) -> str:
    """Return what is wrong with a first or last name, or an empty string."""
    if len(name) > LONGEST_NAME:
        return f"A name has at most {LONGEST_NAME} characters."
    if any(not character.isprintable() for character in name):
        return "A name cannot hold control characters."
    return ""


def detail_problem(field: str, text: str) -> str:
    """Return what is wrong with one of DETAILS, or an empty string. Only a description may have several lines."""
    if len(text) > DETAILS[field]:
        return f"At most {DETAILS[field]} characters fit here; this has {len(text)}."
    allowed = "\n\t" if field == "description" else ""
    if any(not character.isprintable() and character not in allowed for character in text):
        return "Control characters cannot stand here."
    return ""


def user_problems(user: User) -> dict[str, str]:
    """Return what is wrong with a user's fields, by field; empty when nothing is."""
    problems = {
        "username": username_problem(user.username),
        "email": email_problem(user.email),
        "firstname": name_problem(user.firstname),
        "lastname": name_problem(user.lastname),
        **{field: detail_problem(field, getattr(user, field)) for field in DETAILS},
    }
    return {field: problem for field, problem in problems.items() if problem}


def normal_fields(typed: Mapping[str, str]) -> dict[str, str]:
    """Return fields as they are stored: trimmed, and lower-case where two are compared."""
    found = {field: text.replace("\r\n", "\n").strip() for field, text in typed.items()}
    return {field: text.lower() if field in {"username", "email"} else text for field, text in found.items()}
