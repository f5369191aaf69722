"""What access policies need: storage, who the administrators are, and what tells a country or a device."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from homeport.directory.admins.model import Administrator, Role
from homeport.foundation.kernel.listing import Listing, Page
from homeport.trust.access.model import DefaultAction, IpList, Networks, Policy, Portal
from homeport.trust.access.model.browsers import DeviceBrowser


class PolicyStore(Protocol):
    """Keeps policies, and what counts without one. A name is unique ignoring case; `add` and `save` raise Conflict otherwise."""

    def add(self, policy: Policy) -> None:
        """Store a new policy."""
        ...

    def get(self, policy_id: str) -> Policy | None:
        """Return a policy."""
        ...

    def get_for_update(self, policy_id: str) -> Policy | None:
        """Return a policy and keep others from changing it until the unit of work ends."""
        ...

    def search(self, listing: Listing) -> Page[Policy]:
        """Return the policies that match, by name unless the listing says otherwise."""
        ...

    def of_portal(self, portal: Portal) -> Sequence[Policy]:
        """Return all policies of a portal, by name."""
        ...

    def save(self, policy: Policy) -> None:
        """Store a changed policy."""
        ...

    def remove(self, policy_id: str) -> None:
        """Remove a policy."""
        ...

    def default(self, portal: Portal) -> DefaultAction:
        """Return what counts at a portal without a policy; version 0 while nobody has set it."""
        ...

    def save_default(self, default: DefaultAction) -> None:
        """Store what counts at a portal without a policy."""
        ...


class IpListStore(Protocol):
    """Keeps IP lists. A name is unique ignoring case; `add` and `save` raise Conflict otherwise."""

    def add(self, one: IpList) -> None:
        """Store a new list."""
        ...

    def get(self, list_id: str) -> IpList | None:
        """Return a list."""
        ...

    def get_for_update(self, list_id: str) -> IpList | None:
        """Return a list and keep others from changing it until the unit of work ends."""
        ...

    def search(self, listing: Listing) -> Page[IpList]:
        """Return the lists that match, by name unless the listing says otherwise."""
        ...

    def names(self, list_ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of those of these lists that exist."""
        ...

    def with_names(self, names: Collection[str]) -> Sequence[IpList]:
        """Return the lists that have one of these names, ignoring case."""
        ...

    def networks(self, list_ids: Collection[str]) -> Networks:
        """Return the networks of those of these lists that exist."""
        ...

    def save(self, one: IpList) -> None:
        """Store a changed list."""
        ...

    def remove(self, list_id: str) -> None:
        """Remove a list."""
        ...


class BillingStore(Protocol):
    """Knows the administrators; `directory.admins.store.administrators.AdministratorSql` is one."""

    def get(self, administrator_id: str) -> Administrator | None:
        """Return an administrator."""
        ...

    def hold_role(self, role: str) -> Sequence[str]:
        """Return the ids of all with this role who are not suspended, and keep others from changing any until the unit of work ends."""
        ...


class RoleStore(Protocol):
    """Knows the custom roles; `directory.admins.store.roles.RoleSql` is one."""

    def all(self) -> Sequence[Role]:
        """Return every custom role by name."""
        ...

    def hold_named(self, name: str) -> Role | None:
        """Return the role of exactly this name and keep others from changing or deleting it until the unit of work ends."""
        ...


class Countries(Protocol):
    """Tells to which country an address belongs."""

    def of(self, address: str) -> str | None:
        """Return the ISO 3166-1 alpha-2 code in capitals; None when it is not known."""
        ...


class Devices(Protocol):
    """Knows the enrolled devices."""

    def with_key(self, thumbprint: str) -> str:
        """Return the id of the enrolled, active device with this key (RFC 7638 thumbprint); empty when there is none."""
        ...

    def with_browser(self, token: str) -> str:
        """Return the id of the enrolled, active device whose agent began the sign-in of the browser with this token; else empty."""
        ...


class BrowserStore(Protocol):
    """Keeps the browsers of devices."""

    def add(self, browser: DeviceBrowser) -> None:
        """Store a new one."""
        ...

    def find(self, token_hash: str) -> DeviceBrowser | None:
        """Return what a token stands for."""
        ...

    def take(self, token_hash: str) -> bool:
        """Remove a token; tell whether it was there, to one caller only."""
        ...

    def remove_before(self, moment: datetime) -> None:
        """Forget those that were over before."""
        ...


class Factored(Protocol):
    """Knows which users have a second factor."""

    def has(self, user_id: str) -> bool:
        """Tell whether the user has a second factor for the user portal."""
        ...
