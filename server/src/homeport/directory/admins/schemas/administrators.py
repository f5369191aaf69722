"""Administrators as JumpCloud's API writes them (`userreturn`, `userput`), and invitations in the same style."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from homeport.directory.admins.model import REQUIRED_FOR, Administrator, AdministratorLink
from homeport.foundation.http.wire import instant
from homeport.foundation.kernel.errors import Invalid

FIELD_NAMES = {
    "_id": "id",
    "id": "id",
    "email": "email",
    "firstname": "firstname",
    "lastname": "lastname",
    "roleName": "role",
    "apiKeyAllowed": "api_keys_allowed",
    "created": "created_at",
    "totpUpdatedAt": "factor_since",
    "suspendedAt": "suspended_at",
}
"""The wire's names of the fields by which a list can be filtered and sorted."""


class AdministratorBody(BaseModel):
    """An administrator in an answer. `enableMultiFactor` tells that the role demands a second factor, `totpEnrolled` that there is one."""

    model_config = ConfigDict(populate_by_name=True)

    id: str = Field(alias="_id")
    email: str
    firstname: str
    lastname: str
    roleName: str  # noqa: N815 - the wire's name
    roleNames: list[str]  # noqa: N815 - the same
    apiKeyAllowed: bool  # noqa: N815 - the same
    enableMultiFactor: bool  # noqa: N815 - the same
    totpEnrolled: bool  # noqa: N815 - the same
    totpUpdatedAt: str | None  # noqa: N815 - the same
    suspended: bool
    suspendedAt: str | None  # noqa: N815 - in the style of the others
    created: str

    @classmethod
    def of(cls, administrator: Administrator) -> Self:
        """Translate an administrator."""
        return cls(
            _id=administrator.id,
            email=administrator.email,
            firstname=administrator.firstname,
            lastname=administrator.lastname,
            roleName=administrator.role,
            roleNames=[administrator.role],
            apiKeyAllowed=administrator.api_keys_allowed,
            enableMultiFactor=administrator.role in REQUIRED_FOR,
            totpEnrolled=administrator.factor_since is not None,
            totpUpdatedAt=instant(administrator.factor_since) if administrator.factor_since else None,
            suspended=administrator.suspended_at is not None,
            suspendedAt=instant(administrator.suspended_at) if administrator.suspended_at else None,
            created=instant(administrator.created_at),
        )


class AdministratorList(BaseModel):
    """A window of the list of administrators."""

    totalCount: int  # noqa: N815 - the wire's name
    results: list[AdministratorBody]


class AdministratorPut(BaseModel):
    """A change of an administrator: what is left out stays. Fields of JumpCloud's that Homeport does not keep are accepted and not stored.

    The e-mail address is how somebody signs in and stays as it is; one that differs is refused.
    """

    email: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    roleName: str | None = None  # noqa: N815 - the wire's name
    apiKeyAllowed: bool | None = None  # noqa: N815 - the same
    suspended: bool | None = None

    def check_email(self, present: str) -> None:
        """Raise Invalid for another address than the present one."""
        if self.email is not None and self.email.strip().lower() != present:
            raise Invalid(
                "The e-mail address of an administrator stays as it is. Invite the new address and delete this one.",
                {"email": f"Leave it out, or give {present}."},
            )


class InvitationPost(BaseModel):
    """Who is invited, and into which role."""

    email: str
    roleName: str  # noqa: N815 - the wire's name


class InvitationBody(BaseModel):
    """An open invitation; its link is never in it."""

    id: str
    email: str
    roleName: str  # noqa: N815 - the wire's name
    createdBy: str  # noqa: N815 - the same
    created: str
    expiresAt: str  # noqa: N815 - the same

    @classmethod
    def of(cls, link: AdministratorLink) -> Self:
        """Translate an invitation."""
        return cls(**_invitation(link))


class InvitationCreated(InvitationBody):
    """A new invitation; `link` makes whoever opens it an administrator, and is in this answer only."""

    link: str

    @classmethod
    def with_link(cls, link: AdministratorLink, address: str) -> Self:
        """Translate a new invitation together with its address."""
        return cls(**_invitation(link), link=address)


class InvitationList(BaseModel):
    """The open invitations."""

    totalCount: int  # noqa: N815 - the wire's name
    invitations: list[InvitationBody]


def _invitation(link: AdministratorLink) -> dict[str, str]:
    return {
        "id": link.id,
        "email": link.email,
        "roleName": link.role,
        "createdBy": link.created_by,
        "created": instant(link.created_at),
        "expiresAt": instant(link.expires_at),
    }
