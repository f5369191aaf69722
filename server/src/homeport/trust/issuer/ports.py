"""What the issuer's actions need from storage."""

from datetime import datetime
from typing import Protocol

from homeport.trust.issuer.model import AccessToken, DeviceAuthorization


class AuthorizationStore(Protocol):
    """Device authorizations."""

    def add(self, authorization: DeviceAuthorization) -> None:
        """Store a new one."""
        ...

    def update(self, authorization: DeviceAuthorization) -> None:
        """Replace the stored one with the same id."""
        ...

    def get(self, authorization_id: str) -> DeviceAuthorization | None:
        """Return one by id."""
        ...

    def get_for_update(self, authorization_id: str) -> DeviceAuthorization | None:
        """Return one by id and hold its row until the unit of work ends; a sign-in is held before it."""
        ...

    def hold_sign_in(self, device_code_hash: str) -> bool:
        """Hold the sign-in that approved the one with this device code, until the unit of work ends; False when none did."""
        ...

    def find_by_user_code(self, user_code: str) -> DeviceAuthorization | None:
        """Return the newest one with this user code."""
        ...

    def find_by_sign_in(self, sign_in_id: str) -> DeviceAuthorization | None:
        """Return the one that a sign-in approved."""
        ...

    def find_by_device_code(self, device_code_hash: str) -> DeviceAuthorization | None:
        """Return one by the hash of its device code and hold its row until the unit of work ends."""
        ...

    def remove_before(self, moment: datetime) -> int:
        """Forget those that expired before the moment; return how many."""
        ...


class TokenStore(Protocol):
    """Access tokens, and the `jti` values that were already seen."""

    def add(self, token: AccessToken) -> None:
        """Store a new token."""
        ...

    def get(self, token_hash: str) -> AccessToken | None:
        """Return a token and hold its row until the unit of work ends."""
        ...

    def mark_used(self, token_hash: str, moment: datetime) -> None:
        """Remember that a one-use token was used."""
        ...

    def remember_jti(self, jti_hash: str, expires_at: datetime) -> bool:
        """Store a `jti`; return False when it is already there (RFC 9449, section 11.1)."""
        ...

    def remove_before(self, moment: datetime) -> int:
        """Forget tokens and `jti` values that expired before the moment; return how many."""
        ...
