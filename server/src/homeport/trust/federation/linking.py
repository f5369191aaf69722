"""Decides whose identity a verified one is. Pure; the caller stores what it says, under the same lock under which it read.

The invariants: one link for each issuer and subject; no link without proof of an address that is exactly one activated user's, who
never had a link; a removed link comes back only by an administrator's word, and only for sign-ins that started after it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.model import FederatedIdentity, IdentityProvider, LinkState, Refusal
from homeport.trust.federation.verifier import VerifiedIdentity

_ADDRESS = re.compile(r"[!-?A-~]{1,64}@([A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+)\Z")
"""Plain ASCII only: nothing that looks like another letter, nothing that needs normalising."""


class Person(Protocol):
    """What the linker must know of a user."""

    @property
    def id(self) -> str:
        """The user's id."""
        ...

    @property
    def email(self) -> str:
        """The user's address, lower-case."""
        ...

    @property
    def state(self) -> str:
        """STAGED, ACTIVATED or SUSPENDED."""
        ...


@dataclass(frozen=True, slots=True)
class Matched:
    """The identity is this user's, by an existing link."""

    user_id: str
    link: FederatedIdentity


@dataclass(frozen=True, slots=True)
class LinkAndMatch:
    """The identity is this user's, and the link is to be made now."""

    user_id: str
    issuer: str
    subject: str
    email: str


def match(
    identity: VerifiedIdentity,
    provider: IdentityProvider,
    *,
    link_by_subject: FederatedIdentity | None,
    linked_user: Person | None,
    user_by_email: Person | None,
    links_of_user: Sequence[FederatedIdentity],
    signin_started_at: datetime,
) -> Matched | LinkAndMatch | Refusal:
    """Match by issuer and subject; else make the first link by the address.

    `link_by_subject`: the link of this issuer and subject, whatever its state (a removed one only if no other exists), and
    `linked_user` its user. `user_by_email`: the user with the identity's address, found by `canonical_email`, and `links_of_user` all
    links that user ever had.
    """
    if identity.issuer != provider.issuer:
        return Refusal(ReasonCode.ISSUER_WRONG, f"The identity is from {identity.issuer}, the provider is {provider.issuer}.")
    if link_by_subject is not None:
        if (link_by_subject.issuer, link_by_subject.subject) != (identity.issuer, identity.subject):
            raise ValueError("link_by_subject is another identity's link")
        known = _by_link(link_by_subject, linked_user, signin_started_at)
        if known is not None:
            return known
    return _by_address(identity, provider, user_by_email, links_of_user, signin_started_at)


def canonical_email(email: str | None) -> str | None:
    """Return the address in lower case, or None when it is none or not plain ASCII."""
    return email.lower() if email is not None and _ADDRESS.match(email) else None


def _by_link(link: FederatedIdentity, user: Person | None, signin_started_at: datetime) -> Matched | Refusal | None:
    """Judge an existing link; None when it was removed long enough ago to count as never made for this subject."""
    if link.state is LinkState.INACTIVE:
        return Refusal(ReasonCode.LINK_INACTIVE, f"The link of {link.created_at.isoformat()} outlived its provider.")
    if link.state is LinkState.REMOVED:
        return None if _may_relink(link, signin_started_at) else _removed(link)
    if user is None or user.id != link.user_id:
        return Refusal(ReasonCode.USER_UNKNOWN, "The linked user does not exist any more.")
    return _refused_state(user) or Matched(user.id, link)


def _by_address(
    identity: VerifiedIdentity,
    provider: IdentityProvider,
    user: Person | None,
    links_of_user: Sequence[FederatedIdentity],
    signin_started_at: datetime,
) -> LinkAndMatch | Refusal:
    email = canonical_email(identity.email)
    if email is None:
        return Refusal(
            ReasonCode.EMAIL_MISSING, "There is no `email`." if identity.email is None else "`email` is no plain address."
        )
    if email.rpartition("@")[2] not in provider.email_domains:
        return Refusal(
            ReasonCode.EMAIL_DOMAIN_NOT_ALLOWED, f"{email} is not in {', '.join(provider.email_domains) or 'any domain'}."
        )
    if identity.email_verified is False:
        return Refusal(ReasonCode.EMAIL_UNVERIFIED, "`email_verified` is false.")
    if provider.must_state_verified and identity.email_verified is not True:
        return Refusal(
            ReasonCode.EMAIL_UNVERIFIED,
            "`email_verified` is missing, and a Generic OIDC provider must say that it is true, unless it was decided otherwise "
            "under “When email_verified is missing” on the provider's page.",
        )
    if user is None or user.email != email:
        return Refusal(ReasonCode.USER_UNKNOWN, f"No user has the address {email}.")
    refused = _refused_state(user) or _refused_links(identity, links_of_user, signin_started_at)
    return refused or LinkAndMatch(user.id, identity.issuer, identity.subject, email)


def _refused_state(user: Person) -> Refusal | None:
    if user.state == "ACTIVATED":
        return None
    if user.state == "STAGED":
        return Refusal(ReasonCode.USER_STAGED, "The user is STAGED.")
    return Refusal(ReasonCode.USER_SUSPENDED, f"The user is {user.state}.")


def _refused_links(identity: VerifiedIdentity, links: Sequence[FederatedIdentity], signin_started_at: datetime) -> Refusal | None:
    """Refuse a user who ever had a link, except removed ones that an administrator lets be replaced."""
    if any(link.state is LinkState.ACTIVE and link.issuer == identity.issuer for link in links):
        return Refusal(ReasonCode.SUBJECT_DIFFERS, "The user is linked to another subject of this provider.")
    for link in links:
        if link.state is not LinkState.REMOVED:
            return Refusal(ReasonCode.LINK_INACTIVE, f"The user is linked to a subject of {link.issuer}.")
        if not _may_relink(link, signin_started_at):
            return _removed(link)
    return None


def _may_relink(link: FederatedIdentity, signin_started_at: datetime) -> bool:
    return link.relink_allowed_at is not None and link.relink_allowed_at < signin_started_at


def _removed(link: FederatedIdentity) -> Refusal:
    when = link.removed_at.isoformat() if link.removed_at else "an unknown time"
    if link.relink_allowed_at is None:
        return Refusal(ReasonCode.LINK_REMOVED, f"The link was removed at {when}.")
    return Refusal(
        ReasonCode.LINK_REMOVED, f"A new link was allowed at {link.relink_allowed_at.isoformat()}, after this sign-in started."
    )
