"""Who is acting, and what they may do."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

from homeport.foundation.kernel.errors import Denied, StepUpRequired
from homeport.foundation.kernel.permissions import Permission

RECENT = timedelta(minutes=5)
"""How long an authentication counts as recent for sensitive acts."""


class ActorKind(StrEnum):
    """What kind of actor it is."""

    ADMINISTRATOR = "admin"
    USER = "user"
    DEVICE = "device"
    SYSTEM = "system"
    SERVICE_ACCOUNT = "service_account"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as the audit log keeps it."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""
    client_key: str = ""
    """The key that the caller proved by a TLS certificate to a trusted proxy (RFC 7638 thumbprint); empty without one."""
    device_browser: str = field(default="", repr=False)
    """The token of a browser whose sign-in a device's agent began, as it was sent; empty without one."""

    @property
    def network(self) -> str:
        """Return whose attempts count together: the address, and of IPv6 its /64, since one customer has all addresses of one."""
        try:
            parsed = ip_address(self.address.partition("%")[0])
        except ValueError:
            return self.address
        if not isinstance(parsed, IPv6Address) or parsed.ipv4_mapped:
            return self.address
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting. `authenticated_at` is when they last proved who they are; None for API keys, which never step up."""

    kind: ActorKind
    id: str
    name: str
    permissions: frozenset[Permission] = frozenset()
    role: str = ""
    session_id: str = ""
    authenticated_at: datetime | None = None
    origin: Origin = field(default_factory=Origin)
    key_id: str = ""
    """The API key that acts for them; empty for a session."""
    has_factor: bool = False
    """They have a second factor set up."""
    lacks_factor: bool = False
    """The role demands a second factor that is not set up yet; until then there are no permissions."""

    def may(self, permission: Permission) -> bool:
        """Tell whether the actor has the permission."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise Denied, naming the permission, unless the actor has it."""
        if permission not in self.permissions:
            raise Denied(
                f"This needs the permission “{permission}”, which your role {self.role or '(none)'} does not have. "
                "An Administrator with Billing can do it or change your role.",
                permission=permission.value,
            )

    def require_recent(self, now: datetime) -> None:
        """Raise StepUpRequired unless the actor authenticated within five minutes; API keys and the system pass."""
        if self.session_id and (self.authenticated_at is None or now - self.authenticated_at > RECENT):
            raise StepUpRequired("Confirm that it is you to continue. This is asked again five minutes after you last did.")


def system(name: str, origin: Origin | None = None) -> Actor:
    """Return the actor of something that Homeport does by itself or a local operator does; it may do everything."""
    return Actor(ActorKind.SYSTEM, f"system:{name}", name, frozenset(Permission), role="System", origin=origin or Origin())
