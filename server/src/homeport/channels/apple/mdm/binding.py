"""Whether the local account of a Mac is the one that was meant: three facts have to agree.

The person's sign-in says whose account it is and what it is called (intended), the Mac's acknowledgement of AccountConfiguration
that it knows the name (configured), its own list of accounts or its user channel that the account is there (observed). Only when
the name and the account's GUID were seen is the binding confirmed; anything else that was seen is a mismatch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self


class BindingState(StrEnum):
    """How sure it is that the person has the account."""

    NONE = "none"
    INTENDED = "intended"
    CONFIGURED = "configured"
    OBSERVED = "observed"
    CONFIRMED = "confirmed"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a Mac: what is wanted of it, and what was seen.

    `guid` is macOS' GeneratedUID of the account that was seen; `listed` that the list of accounts had it, `signed_in` that its user
    channel was used. `others` are the accounts a person could use beside it. `accepted` is a name that an administrator took as the
    person's own although another one was intended.
    """

    username: str = ""
    full_name: str = ""
    admin: bool = False
    configured: bool = False
    observed: str = ""
    guid: str = ""
    listed: bool = False
    signed_in: bool = False
    secure_token: bool = False
    others: tuple[str, ...] = ()
    accepted: str = ""

    @property
    def expected(self) -> str:
        """Return the name under which the account has to appear."""
        return self.accepted or self.username

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {**asdict(self), "others": list(self.others)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what was stored."""
        return cls(**{**stored, "others": tuple(stored.get("others", ()))}) if stored else cls()


@dataclass(frozen=True, slots=True)
class LocalAccount:
    """An account as the Mac's UserList names it."""

    name: str
    guid: str = ""
    secure_token: bool = False


def state_of(account: Account) -> BindingState:
    """Return how sure the binding is; two independent sightings of the expected name with one GUID confirm it."""
    if not account.username:
        return BindingState.NONE
    if account.observed and account.observed != account.expected:
        return BindingState.MISMATCH
    if account.observed and account.listed and account.signed_in and account.guid:
        return BindingState.CONFIRMED
    if account.observed:
        return BindingState.OBSERVED
    return BindingState.CONFIGURED if account.configured else BindingState.INTENDED


def after_list(account: Account, found: Iterable[LocalAccount], *, but: str = "") -> Account:
    """Return the account after the Mac listed its accounts; `but` is the managed administrator, who is nobody's.

    An account of the expected name with another GUID than the one seen before is another account: the Mac was set up anew.
    """
    people = [one for one in found if one.name and one.name != but and not one.name.startswith("_")]
    ours = next((one for one in people if one.name == account.expected), None)
    others = tuple(sorted(one.name for one in people if one is not ours))
    if ours is not None:
        same = not account.guid or not ours.guid or account.guid == ours.guid
        return replace(
            account,
            observed=ours.name,
            guid=ours.guid or account.guid,
            listed=True,
            signed_in=account.signed_in and same and account.observed == ours.name,
            secure_token=ours.secure_token,
            others=others,
        )
    if others:
        return replace(account, observed=others[0], guid="", listed=True, signed_in=False, secure_token=False, others=others)
    return replace(account, observed="", guid="", listed=False, signed_in=False, secure_token=False, others=())


def after_sign_in(account: Account, name: str, guid: str, *, but: str = "") -> Account:
    """Return the account after somebody's user channel spoke; the managed administrator's says nothing of the person."""
    if not name or name == but:
        return account
    if name == account.expected:
        same = not account.guid or account.guid == guid
        return replace(account, observed=name, guid=guid, signed_in=True, listed=account.listed and same)
    if account.observed == account.expected:  # the person's account is there; somebody else used the Mac too
        return replace(account, others=tuple(sorted({*account.others, name})))
    return replace(account, observed=name, guid=guid, signed_in=True, listed=False, others=tuple(sorted({*account.others, name})))
