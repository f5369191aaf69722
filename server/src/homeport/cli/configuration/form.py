"""What may stand in the file: sections, their fields, and which values each field takes. The reference page is made from this."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

VERSION = 1
"""Of the form. A file says which it was written in, so that a later version can tell."""


class Kind(ABC):
    """Which values a field takes. `says` is how the reference and the sentences name them."""

    says: str

    @abstractmethod
    def problem(self, value: object) -> str:
        """Return what is wrong with a value, or an empty string."""

    def normal(self, value: Any) -> Any:
        """Return a right value as the server stores it, so that equal things compare equal."""
        return value


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """Any text; `fold` makes it lower-case, as the server does."""

    fold: bool = False
    says: str = "a text"

    def problem(self, value: object) -> str:
        """Look at the type only: what a text may hold is the server's to say."""
        return "" if isinstance(value, str) else f"must be {self.says} in quotes"

    def normal(self, value: Any) -> Any:
        """Trim."""
        text = str(value).strip()
        return text.lower() if self.fold else text


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of some words."""

    words: tuple[str, ...]

    @property
    def says(self) -> str:  # type: ignore[override]  # made from the words
        """Name them."""
        return " or ".join(f'"{word}"' for word in self.words)

    def problem(self, value: object) -> str:
        """Take one of the words, exactly."""
        return "" if value in self.words and isinstance(value, str) else f"must be {self.says}"


@dataclass(frozen=True, slots=True)
class YesNo(Kind):
    """A TOML boolean."""

    says: str = "true or false"

    def problem(self, value: object) -> str:
        """Take a boolean, not a word in quotes."""
        return "" if isinstance(value, bool) else f"must be {self.says}, without quotes"


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A whole number in a range."""

    least: int
    most: int

    @property
    def says(self) -> str:  # type: ignore[override]  # made from the range
        """Name the range."""
        return f"a whole number from {self.least} to {self.most}"

    def problem(self, value: object) -> str:
        """Take what is in the range; TOML's booleans are no numbers here."""
        right = isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most
        return "" if right else f"must be {self.says}, without quotes"


@dataclass(frozen=True, slots=True)
class Texts(Kind):
    """A list of texts whose order means nothing and that holds each once."""

    fold: bool = False
    without: str = ""
    """What may stand before each and means nothing."""
    says: str = "a list of texts"

    def problem(self, value: object) -> str:
        """Take a list that holds texts only."""
        right = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return "" if right else f'must be {self.says}, such as ["one", "two"]'

    def normal(self, value: Any) -> Any:
        """Trim and order."""
        trimmed = [one.strip().removeprefix(self.without) for one in value]
        return sorted({one.lower() if self.fold else one for one in trimmed})


@dataclass(frozen=True, slots=True)
class Secret(Kind):
    """Where a secret is found; never the secret itself."""

    says: str = '{ env = "NAME" } or { file = "path" }'

    def problem(self, value: object) -> str:
        """Take exactly one of the two places; the value is not repeated, since it may be the secret."""
        if isinstance(value, str):
            return f"must not hold the secret itself; write {self.says}, which says where it is found"
        right = isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"env", "file"}
        right = right and isinstance(value, dict) and all(isinstance(one, str) and one for one in value.values())
        return "" if right else f"must be {self.says}"


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a table. `wire` is its path in the REST API; empty for what is not an ordinary field there."""

    name: str
    wire: str
    kind: Kind
    says: str
    needed: bool = False
    """Whether a new thing must have it."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file. `key` says what the names of its tables are; empty for a section that is one table itself."""

    name: str
    word: str
    says: str
    fields: tuple[Field, ...]
    key: str = ""
    names: tuple[str, ...] | None = None
    """The only names there are; None when things are made and deleted."""
    made: bool = True
    """Whether a file makes and deletes its things; settings and devices are there or not, whatever a file says."""
    fold: Callable[[str], str] = str.casefold
    """Makes names comparable that are the same for the server."""

    def field(self, name: str) -> Field | None:
        """Return the field of this name."""
        return next((field for field in self.fields if field.name == name), None)


SSH, SUDO = ("INHERIT", "KEY", "BROWSER", "PASSCODE"), ("INHERIT", "PASSCODE", "BROWSER", "NEVER")
ENROLLMENT = Section(
    name="enrollment",
    made=False,
    word="enrolment",
    says="How devices join.",
    fields=(
        Field(
            "new_devices_wait_for_approval",
            "newDevicesWaitForApproval",
            YesNo(),
            "Whether an administrator approves each new device.",
        ),
        Field("default_device_group", "", Text(), "The name of the device group that new devices join; empty for none."),
    ),
)
USERS = Section(
    name="users",
    word="user",
    says="The people. A file that leaves this section out leaves them alone.",
    key="user name",
    fields=(
        Field("email", "email", Text(fold=True), "E-mail address, unique in the directory.", needed=True),
        Field("firstname", "firstname", Text(), "First name."),
        Field("lastname", "lastname", Text(), "Last name."),
        Field("job_title", "jobTitle", Text(), "Job title."),
        Field("department", "department", Text(), "Department."),
        Field("company", "company", Text(), "Company."),
        Field("location", "location", Text(), "Location."),
        Field("cost_center", "costCenter", Text(), "Cost centre."),
        Field("employee_identifier", "employeeIdentifier", Text(), "Employee identifier."),
        Field("employee_type", "employeeType", Text(), "Employee type."),
        Field("description", "description", Text(), "Anything else."),
        Field(
            "state",
            "state",
            Choice(("STAGED", "ACTIVATED", "SUSPENDED")),
            "What the user may do. A new user is ACTIVATED unless it is said; nobody becomes STAGED again.",
        ),
    ),
)
USER_GROUPS = Section(
    name="user_groups",
    word="user group",
    says="Groups of people.",
    key="group's name",
    fields=(
        Field("description", "description", Text(), "What it is for."),
        Field("members", "", Texts(fold=True), "The user names of all its members; left out, the members stay as they are."),
    ),
)
DEVICE_GROUPS = Section(
    name="device_groups",
    word="device group",
    says="Groups of devices.",
    key="group's name",
    fields=(
        Field("description", "description", Text(), "What it is for."),
        Field(
            "limited_to_assigned", "limitedToAssigned", YesNo(), "Whether its devices are left to the people assigned to them."
        ),
        Field("ssh", "ssh", Choice(SSH), "What opens a session over ssh on its devices; INHERIT says nothing."),
        Field("sudo", "sudo", Choice(SUDO), "What sudo asks for on its devices; INHERIT says nothing."),
        Field("members", "", Texts(), "The ids of all its devices; left out, the members stay as they are."),
    ),
)
DEVICES = Section(
    name="devices",
    word="device",
    says="What single devices say of ssh and sudo. They enrol themselves, so a file makes and deletes none; a device that it leaves out is left alone.",
    key="device's id",
    made=False,
    fold=str,
    fields=(
        Field(
            "ssh",
            "ssh",
            Choice(SSH),
            "What opens a session over ssh on it; INHERIT lets its groups decide, and then the setting.",
        ),
        Field("sudo", "sudo", Choice(SUDO), "What sudo asks for on it; INHERIT lets its groups decide, and then the setting."),
    ),
)
IDENTITY_PROVIDERS = Section(
    name="identity_providers",
    word="identity provider",
    says="Who says which person it is. A new or moved one is tried before it is saved.",
    key="provider's name",
    fold=str,
    fields=(
        Field("type", "type", Choice(("OKTA", "OIDC")), "Which kind it is; it cannot change.", needed=True),
        Field("url", "oidc.url", Text(), "Its address. Another one needs the client secret again.", needed=True),
        Field("client_id", "oidc.clientId", Text(), "The client ID that it gave.", needed=True),
        Field(
            "client_secret",
            "oidc.clientSecret",
            Secret(),
            "Where the client secret is found: an environment variable, or a file (from the file's own folder). Sent when the provider is "
            "made, when its address changes, and with `--send-secrets`.",
            needed=True,
        ),
        Field(
            "second_client_secret",
            "oidc.secondClientSecret",
            Secret(),
            "The same for a second secret; sent with `--send-secrets`.",
        ),
        Field("email_domains", "emailDomains", Texts(fold=True, without="@"), "The e-mail domains whose people sign in with it."),
        Field(
            "accept_missing_email_verified",
            "oidc.acceptMissingEmailVerified",
            YesNo(),
            "Type OIDC only: an address counts although the provider does not say that it is verified.",
        ),
    ),
)
PROVISIONING = Section(
    name="provisioning",
    word="provisioning of",
    says="Whether people may make their own accounts on devices.",
    key="system",
    made=False,
    names=("linux", "macos", "windows"),
    fields=(
        Field("enabled", "enabled", YesNo(), "Whether they may."),
        Field("default_permission", "defaultPermission", Choice(("STANDARD", "ADMIN")), "What a new account may do."),
        Field("several_users", "severalUsers", YesNo(), "Whether more than the first person may get onto a device."),
        Field("lease_days", "leaseDays", Number(1, 90), "How many days an account works without contact."),
        Field(
            "ssh",
            "ssh",
            Choice(("KEY", "BROWSER", "PASSCODE")),
            "What opens a session over ssh to people with an account; Linux only.",
        ),
        Field("sudo", "sudo", Choice(("PASSCODE", "BROWSER", "NEVER")), "What sudo asks of people with an account; Linux only."),
        Field(
            "existing_account",
            "existingAccount",
            Choice(("REFUSE", "TAKE_OVER")),
            "What becomes of a local account that has the person's name; Linux only.",
        ),
    ),
)
SECTIONS = (USERS, USER_GROUPS, DEVICE_GROUPS, DEVICES, ENROLLMENT, IDENTITY_PROVIDERS, PROVISIONING)
"""In the order in which they are carried out; what is deleted goes last, in the reverse order."""
