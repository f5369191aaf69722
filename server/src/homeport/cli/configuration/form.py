"""What may stand in the file: sections and their keys. The reference page is made from this."""

from collections.abc import Callable
from dataclasses import dataclass

from homeport.cli.configuration.fields import Choice, Conditions, Field, Networks, Number, Secret, Text, Texts, YesNo

VERSION = 1
"""Of the form. A file says which it was written in, so that a later version can tell."""


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


ACTIONS = ("allow", "allow_with_mfa", "deny")
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
            again_with=("url",),
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
ROLES = Section(
    name="roles",
    word="role",
    says="The custom roles; the built-in ones are always there.",
    key="role's name",
    fields=(
        Field("description", "description", Text(), "What it is for."),
        Field("permissions", "scopes", Texts(), "What it allows, such as users:read; all of it.", needed=True),
    ),
)
SERVICE_ACCOUNTS = Section(
    name="service_accounts",
    word="service account",
    says="Programs that use the REST API under a name of their own. Their keys are not in the file: `homeport service-account add-key` makes one.",
    key="account's name",
    fields=(
        Field("role", "roleName", Text(), "The name of its role.", needed=True),
        Field("description", "description", Text(), "What it is for."),
        Field("suspended", "suspended", YesNo(), "Whether its keys are refused."),
    ),
)
IP_LISTS = Section(
    name="ip_lists",
    word="IP list",
    says="Addresses with a name, for access policies.",
    key="list's name",
    fields=(
        Field("description", "description", Text(), "What it is for."),
        Field(
            "addresses", "ips", Networks(), "Addresses, networks such as 203.0.113.0/24, and ranges; all of them.", needed=True
        ),
    ),
)
ACCESS_DEFAULTS = Section(
    name="access_defaults",
    made=False,
    word="access without a policy",
    says="What happens at each portal when no policy applies.",
    fields=(
        Field("user_portal", "user_portal", Choice(ACTIONS), "At the user portal."),
        Field("admin_portal", "admin_portal", Choice(ACTIONS), "At the admin portal."),
    ),
)
ACCESS_POLICIES = Section(
    name="access_policies",
    word="access policy",
    says="Who may sign in to the portals. One for whom nobody is named is for everybody.",
    key="policy's name",
    fields=(
        Field("portal", "", Choice(("user_portal", "admin_portal")), "What it guards; it cannot change.", needed=True),
        Field("action", "", Choice(ACTIONS), "What it does.", needed=True),
        Field(
            "mode", "", Choice(("enabled", "disabled", "monitor")), "Whether it counts. A new one is enabled unless it is said."
        ),
        Field("description", "", Text(), "What it is for."),
        Field("message", "", Text(), "What somebody reads whom it denies."),
        Field("conditions", "", Conditions(), "When it applies. IP lists are called by their names."),
        Field("users", "", Texts(fold=True), "User names it is for; of the admin portal, e-mail addresses of administrators."),
        Field("user_groups", "", Texts(), "User groups it is for; user portal only."),
        Field("roles", "", Texts(), "Roles it is for; admin portal only."),
        Field("except_users", "", Texts(fold=True), "Who is left out, called as in `users`."),
        Field("except_user_groups", "", Texts(), "User groups that are left out."),
        Field("except_roles", "", Texts(), "Roles that are left out."),
    ),
)
EVENT_DESTINATIONS = Section(
    name="event_destinations",
    word="event destination",
    says="Where the audit log's entries are sent. A webhook that a file made signs with a secret nobody has seen: `homeport event-destination "
    "renew-secret` hands one out.",
    key="destination's name",
    fields=(
        Field("kind", "kind", Choice(("webhook", "syslog")), "How it takes events; it cannot change.", needed=True),
        Field(
            "address",
            "address",
            Secret(),
            "Where its address is found, since it may hold a secret: an environment variable, or a file (from the file's own folder). Sent "
            "when the destination is made, and with `--send-secrets`.",
            needed=True,
        ),
        Field("batched", "batched", YesNo(), "Of a webhook: many events in one request."),
        Field("enabled", "enabled", YesNo(), "Whether it gets anything now; what it misses comes later."),
    ),
)
MAIL_SERVER = Section(
    name="mail_server",
    made=False,
    word="mail server",
    says="By which server mail is sent. `homeport mail remove` sends none any more.",
    fields=(
        Field("host", "host", Text(), "Such as smtp.example.com."),
        Field("port", "port", Number(1, 65535), "Usually 587 for starttls, 465 for tls, 25 for none."),
        Field("tls", "tls", Choice(("starttls", "tls", "none")), "How the connection is protected."),
        Field("username", "username", Text(), "Empty where the server asks for none."),
        Field(
            "password",
            "password",
            Secret(),
            "Where the password is found: an environment variable, or a file. Sent when host or username change, and with `--send-secrets`.",
            again_with=("host", "username"),
        ),
        Field("sender", "sender", Text(fold=True), "The address that mail comes from."),
    ),
)
SECTIONS = (
    USERS,
    USER_GROUPS,
    DEVICE_GROUPS,
    DEVICES,
    ENROLLMENT,
    IDENTITY_PROVIDERS,
    PROVISIONING,
    ROLES,
    SERVICE_ACCOUNTS,
    IP_LISTS,
    ACCESS_DEFAULTS,
    ACCESS_POLICIES,
    EVENT_DESTINATIONS,
    MAIL_SERVER,
)
"""In the order in which they are carried out; what is deleted goes last, in the reverse order."""
