"""Users as JumpCloud's API writes them (`systemusers`)."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from homeport.directory.people.model import AUTHORITIES, PasswordFacts, User, UserState
from homeport.foundation.http.wire import instant
from homeport.foundation.kernel.errors import Invalid

DETAIL_NAMES = {
    "displayname": "displayname",
    "jobTitle": "job_title",
    "department": "department",
    "company": "company",
    "location": "location",
    "costCenter": "cost_center",
    "employeeIdentifier": "employee_identifier",
    "employeeType": "employee_type",
    "description": "description",
}
"""What the wire calls the details of a user."""
FIELD_NAMES = {
    "_id": "id",
    "id": "id",
    "username": "username",
    "email": "email",
    "firstname": "firstname",
    "lastname": "lastname",
    "state": "state",
    "created": "created_at",
    **DETAIL_NAMES,
}
"""The wire's names of the fields by which a list can be filtered and sorted."""


class UserDetails(BaseModel):
    """What a directory may know of a person; a field that is left out of a change stays as it is."""

    model_config = ConfigDict(extra="ignore")

    displayname: str | None = None
    jobTitle: str | None = None  # noqa: N815 - the wire's name
    department: str | None = None
    company: str | None = None
    location: str | None = None
    costCenter: str | None = None  # noqa: N815 - the same
    employeeIdentifier: str | None = None  # noqa: N815 - the same
    employeeType: str | None = None  # noqa: N815 - the same
    description: str | None = None

    def details(self) -> dict[str, str]:
        """Return the details that were given, under our own names."""
        found = {ours: getattr(self, theirs) for theirs, ours in DETAIL_NAMES.items()}
        return {name: text for name, text in found.items() if text is not None}


NO_FACTS = PasswordFacts()


class RestrictedField(BaseModel):
    """A field that somebody outside manages. Homeport keeps that for the password only."""

    model_config = ConfigDict(extra="ignore")

    field: str
    type: str


class Mfa(BaseModel):
    """Whether there is a second factor; nobody is left out of demanding one here, access policies say that."""

    configured: bool
    exclusion: bool = False


class SystemUser(BaseModel):
    """A user in an answer. `password_never_expires` is false where the password rules let passwords expire by their age.

    `account_locked` is always false: Homeport slows guesses down and locks nobody out. `unix_uid` is null until the user was
    first given an account on a Linux device; `displayname` is made of the names when none was given.
    """

    model_config = ConfigDict(populate_by_name=True)

    id: str = Field(alias="_id")
    username: str
    email: str
    firstname: str
    lastname: str
    displayname: str
    jobTitle: str  # noqa: N815 - the wire's name
    department: str
    company: str
    location: str
    costCenter: str  # noqa: N815 - the same
    employeeIdentifier: str  # noqa: N815 - the same
    employeeType: str  # noqa: N815 - the same
    description: str
    unix_uid: int | None
    unix_guid: int | None
    state: Literal["STAGED", "ACTIVATED", "SUSPENDED"]
    activated: bool
    suspended: bool
    account_locked: bool = False
    created: str
    password_date: str | None
    password_expired: bool
    password_expiration_date: str | None
    password_never_expires: bool
    externally_managed: bool
    external_source_type: str
    restrictedFields: list[RestrictedField]  # noqa: N815 - the same
    totp_enabled: bool
    mfa: Mfa

    @classmethod
    def of(cls, user: User, uid: int | None = None, password: PasswordFacts = NO_FACTS) -> Self:
        """Translate a user; the group of a user's own has the number of the user."""
        details = {theirs: getattr(user, ours) for theirs, ours in DETAIL_NAMES.items()}
        return cls(
            **{**details, "displayname": user.full_name},
            unix_uid=uid,
            unix_guid=uid,
            _id=user.id,
            username=user.username,
            email=user.email,
            firstname=user.firstname,
            lastname=user.lastname,
            state=user.state.value,
            activated=user.state is UserState.ACTIVATED,
            suspended=user.state is UserState.SUSPENDED,
            created=instant(user.created_at),
            password_date=instant(password.set_at) if password.set_at else None,
            password_expired=password.expired,
            password_expiration_date=instant(password.expires_at) if password.expires_at else None,
            password_never_expires=password.expires_at is None,
            externally_managed=bool(password.authority),
            external_source_type=password.authority,
            restrictedFields=[RestrictedField(field="password", type=password.authority)] if password.authority else [],
            totp_enabled=password.factor_since is not None,
            mfa=Mfa(configured=password.factor_since is not None),
        )


class SystemUserList(BaseModel):
    """A window of the list of users."""

    totalCount: int  # noqa: N815 - the wire's name
    results: list[SystemUser]


class SystemUserPost(UserDetails):
    """A new user. Fields of JumpCloud's that Homeport does not keep are accepted and not stored."""

    username: str
    email: str
    firstname: str = ""
    lastname: str = ""
    state: Literal["STAGED", "ACTIVATED", "SUSPENDED"] | None = None
    activated: bool | None = None
    suspended: bool | None = None
    restrictedFields: list[RestrictedField] | None = None  # noqa: N815 - the wire's name

    def wanted_authority(self) -> str | None:
        """Return who shall manage the password, nothing for this directory, None when the body does not say. Raises Invalid."""
        return _authority_of(self.restrictedFields)

    def initial_state(self) -> UserState:
        """Return the state asked for: `state` first, then the older flags; ACTIVATED when nothing is said."""
        if self.state is not None:
            return UserState(self.state)
        if self.suspended:
            return UserState.SUSPENDED
        return UserState.STAGED if self.activated is False else UserState.ACTIVATED


class SystemUserPut(UserDetails):
    """A change of a user: what is left out stays as it is."""

    username: str | None = None
    email: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    state: Literal["ACTIVATED", "SUSPENDED"] | None = None
    suspended: bool | None = None
    restrictedFields: list[RestrictedField] | None = None  # noqa: N815 - the wire's name

    def wanted_authority(self) -> str | None:
        """Return who shall manage the password, nothing for this directory, None when the body does not say. Raises Invalid."""
        return _authority_of(self.restrictedFields)

    def wanted_state(self, present: UserState) -> UserState:
        """Return the state asked for; `suspended: false` activates only somebody who is suspended."""
        if self.state is not None:
            return UserState(self.state)
        if self.suspended is True:
            return UserState.SUSPENDED
        if self.suspended is False and present is UserState.SUSPENDED:
            return UserState.ACTIVATED
        return present


def _authority_of(given: list[RestrictedField] | None) -> str | None:
    if given is None:
        return None
    others = sorted({one.field for one in given if one.field != "password"})
    types = {one.type for one in given}
    problem = ""
    if others:
        problem = f"Only the password can be managed elsewhere here, not {', '.join(others)}."
    elif len(types) > 1 or not types <= set(AUTHORITIES):
        problem = f"Name one type of: {', '.join(AUTHORITIES)}."
    if problem:
        raise Invalid(problem, {"restrictedFields": problem})
    return next(iter(types), "")
