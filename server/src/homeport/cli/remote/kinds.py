"""How each kind of thing is asked for and shown: a declaration for each, read by the verbs and by `homeport export`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from homeport.cli.plainly import Refusal, printable
from homeport.cli.remote.connection import Answer, Api, JsonObject, Refused

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""An id as Homeport makes them; what has another form is looked up as a name."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field of an answer: its path on the wire, its title, and whether it is in the table or only in the details."""

    field: str
    title: str
    listed: bool = True

    def of(self, row: JsonObject) -> str:
        """Return the field's value as text."""
        value: Any = row
        for part in self.field.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return text_of(value)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing. `rows` names the list in a list's answer; `names` are the fields by which one is called."""

    word: str
    path: str
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    rows: str = ""
    id: str = "id"
    paged: bool = True
    plural_word: str = ""
    filterable: tuple[str, ...] | None = None
    by_id: bool = True

    @property
    def plural(self) -> str:
        """Return the word for several."""
        return self.plural_word or f"{self.word}s"

    def name_of(self, row: JsonObject) -> str:
        """Return what people call the thing."""
        return next((printable(str(row[name])) for name in self.names if row.get(name)), str(row.get(self.id, "")))

    def path_of(self, row: JsonObject) -> str:
        """Return the thing's own path."""
        found = row.get(self.id)
        assert isinstance(found, str)
        return f"{self.path}/{found}"

    def all(self, api: Api, query: tuple[tuple[str, str], ...] = (), limit: int | None = None) -> Iterator[JsonObject]:
        """Give all of them, or those that the query asks for."""
        if self.paged:
            yield from api.rows(self.path, self.rows, query, limit)
            return
        answer = api.get(self.path, query)
        page = answer.body.get(self.rows) if self.rows and isinstance(answer.body, dict) else answer.body
        yield from page[:limit] if isinstance(page, list) else ()

    def find(self, api: Api, called: str) -> JsonObject:
        """Return the thing with this id or name; raise a Failure when there is none, or more than one."""
        if ID.fullmatch(called) and self.by_id:
            return self.read(api, {self.id: called}).body  # type: ignore[no-any-return]  # `read` has looked that it is an object
        if ID.fullmatch(called):
            found = self._with(api, self.id, called)
        else:
            found = next((some for name in self.names if (some := self._with(api, name, called))), [])
        if not found:
            raise Refusal(f"There is no {self.word} “{printable(called)}”. See them all: homeport {self.command} list")
        if len(found) > 1:
            ids = ", ".join(str(one.get(self.id)) for one in found[:5])
            raise Refusal(f"{len(found)} {self.plural} are called “{printable(called)}”. Give the id of one: {ids}")
        return found[0]

    def read(self, api: Api, row: JsonObject) -> Answer:
        """Return the thing as it is at this moment, with its ETag."""
        answer = api.get(self.path_of(row))
        if not isinstance(answer.body, dict) or not isinstance(answer.body.get(self.id), str):
            raise Refused(f"The server answered something else than a {self.word}.", answer.code)
        return answer

    @property
    def command(self) -> str:
        """Return the word of its commands."""
        return COMMANDS.get(self.word, self.word.replace(" ", "-"))

    def _with(self, api: Api, field: str, value: str) -> list[JsonObject]:
        if self.paged and (self.filterable is None or field in self.filterable):
            return list(self.all(api, (("filter", f"{field}:$eq:{value}"),), 20))
        return [row for row in self.all(api) if row.get(field) == value]


COMMANDS = {
    "administrator": "admin",
    "identity provider": "idp",
    "enrolment key": "enrollment-key",
    "API key": "api-key",
    "IP list": "ip-list",
}


def text_of(value: Any) -> str:
    """Return a value of an answer as people read it."""
    match value:
        case None | "":
            return ""
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(text_of(one) for one in value)
        case dict():
            return ", ".join(f"{printable(str(name))}: {text_of(one)}" for name, one in value.items())
        case str():
            return printable(value)
        case _:
            return str(value)


USER_DETAILS = {
    "displayname": "Display name",
    "jobTitle": "Job title",
    "department": "Department",
    "company": "Company",
    "location": "Location",
    "costCenter": "Cost centre",
    "employeeIdentifier": "Employee identifier",
    "employeeType": "Employee type",
    "description": "Description",
}
USER = Kind(
    word="user",
    path="/api/systemusers",
    rows="results",
    id="_id",
    names=("username", "email"),
    columns=(
        Column("username", "User name"),
        Column("email", "E-mail address"),
        Column("firstname", "First name"),
        Column("lastname", "Last name"),
        *(Column(field, title, listed=False) for field, title in USER_DETAILS.items()),
        Column("unix_uid", "uid", listed=False),
        Column("state", "State"),
        Column("created", "Created", listed=False),
        Column("_id", "Id"),
    ),
)
DEVICE = Kind(
    word="device",
    path="/api/systems",
    rows="results",
    id="_id",
    names=("displayName", "hostname", "serialNumber"),
    columns=(
        Column("displayName", "Name"),
        Column("hostname", "Host name"),
        Column("os", "Operating system"),
        Column("version", "Version", listed=False),
        Column("arch", "Architecture", listed=False),
        Column("serialNumber", "Serial number", listed=False),
        Column("agentVersion", "Agent's version", listed=False),
        Column("enrollmentStatus", "Enrolment"),
        Column("active", "In contact"),
        Column("lastContact", "Last contact"),
        Column("remoteIP", "Address", listed=False),
        Column("limitedToAssigned", "Left to assigned people", listed=False),
        Column("effectiveSsh.value", "Over ssh", listed=False),
        Column("effectiveSsh.from", "Said by", listed=False),
        Column("effectiveSudo.value", "With sudo", listed=False),
        Column("effectiveSudo.from", "Said by", listed=False),
        Column("created", "Enrolled", listed=False),
        Column("_id", "Id"),
    ),
)
PROVIDER = Kind(
    word="identity provider",
    path="/api/v2/identity-providers",
    rows="identityProviders",
    names=("name",),
    paged=False,
    columns=(
        Column("name", "Name"),
        Column("type", "Type"),
        Column("oidc.url", "Address"),
        Column("oidc.issuer", "Issuer", listed=False),
        Column("oidc.clientId", "Client ID"),
        Column("oidc.redirectUri", "Redirect URI", listed=False),
        Column("emailDomains", "E-mail domains"),
        Column("created", "Created", listed=False),
        Column("updated", "Changed", listed=False),
        Column("id", "Id"),
    ),
)
ENROLLMENT_KEY = Kind(
    word="enrolment key",
    path="/api/v2/enrollment-keys",
    rows="enrollmentKeys",
    names=("name",),
    by_id=False,
    columns=(
        Column("name", "Name"),
        Column("state", "State"),
        Column("uses", "Used"),
        Column("maxUses", "At most"),
        Column("usesLeft", "Left", listed=False),
        Column("createdBy", "Made by"),
        Column("created", "Made", listed=False),
        Column("expiresAt", "Expires"),
        Column("revokedAt", "Revoked", listed=False),
        Column("id", "Id"),
    ),
)
GROUP_COLUMNS = (Column("name", "Name"), Column("description", "Description"), Column("id", "Id"))
USER_GROUP = Kind(word="user group", path="/api/v2/usergroups", names=("name",), columns=GROUP_COLUMNS)
DEVICE_GROUP = Kind(
    word="device group",
    path="/api/v2/systemgroups",
    names=("name",),
    columns=(
        *GROUP_COLUMNS[:-1],
        Column("limitedToAssigned", "Left to assigned people"),
        Column("ssh", "Over ssh", listed=False),
        Column("sudo", "With sudo", listed=False),
        GROUP_COLUMNS[-1],
    ),
)
ACCESS_POLICY = Kind(
    word="access policy",
    plural_word="access policies",
    path="/api/v2/authn/policies",
    names=("name",),
    columns=(
        Column("name", "Name"),
        Column("type", "Portal"),
        Column("effect.action", "Action"),
        Column("effect.obligations.mfa.required", "Second factor"),
        Column("disabled", "Disabled"),
        Column("monitorOnly", "Monitor only"),
        Column("description", "Description", listed=False),
        Column("targets.users.inclusions", "For", listed=False),
        Column("conditions", "Conditions", listed=False),
        Column("effect.custom_error_message.message", "Message", listed=False),
        Column("id", "Id"),
    ),
)
IP_LIST = Kind(
    word="IP list",
    path="/api/v2/iplists",
    names=("name",),
    columns=(Column("name", "Name"), Column("description", "Description"), Column("ips", "Addresses"), Column("id", "Id")),
)
ADMINISTRATOR = Kind(
    word="administrator",
    path="/api/users",
    rows="results",
    id="_id",
    names=("email",),
    columns=(
        Column("email", "E-mail address"),
        Column("firstname", "First name"),
        Column("lastname", "Last name"),
        Column("roleName", "Role"),
        Column("suspended", "Suspended"),
        Column("totpEnrolled", "Second factor"),
        Column("apiKeyAllowed", "API keys"),
        Column("suspendedAt", "Suspended since", listed=False),
        Column("created", "Created", listed=False),
        Column("_id", "Id"),
    ),
)
INVITATION = Kind(
    word="invitation",
    path="/api/v2/administrator-invitations",
    rows="invitations",
    names=("email",),
    paged=False,
    by_id=False,
    columns=(
        Column("email", "E-mail address"),
        Column("roleName", "Role"),
        Column("createdBy", "Invited by"),
        Column("created", "Made", listed=False),
        Column("expiresAt", "Expires"),
        Column("id", "Id"),
    ),
)
API_KEY = Kind(
    word="API key",
    path="/api/v2/api-keys",
    rows="apiKeys",
    names=("name",),
    columns=(
        Column("name", "Name"),
        Column("apiKeyPrefix", "Begins with", listed=False),
        Column("status", "Status"),
        Column("networks", "Works from"),
        Column("createdAt", "Made", listed=False),
        Column("expiresAt", "Expires"),
        Column("lastUsedAt", "Last used"),
        Column("lastRefusedAt", "Last refused", listed=False),
        Column("madeWith", "Made with", listed=False),
        Column("id", "Id"),
    ),
)
SIGN_IN = Kind(
    word="sign-in",
    path="/api/v2/sign-ins",
    rows="signIns",
    names=("id",),
    columns=(
        Column("started", "Started"),
        Column("purpose", "Purpose"),
        Column("state", "Outcome"),
        Column("reason", "Reason"),
        Column("email", "E-mail address"),
        Column("address", "From"),
        Column("userId", "User", listed=False),
        Column("systemId", "Device", listed=False),
        Column("identityProviderId", "Identity provider", listed=False),
        Column("issuer", "Issuer", listed=False),
        Column("subject", "Subject", listed=False),
        Column("userAgent", "Browser", listed=False),
        Column("ended", "Ended", listed=False),
        Column("id", "Id"),
    ),
)
