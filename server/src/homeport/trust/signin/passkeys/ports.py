"""What passkeys need."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from homeport.trust.signin.passkeys.model import Act, Answer, Ceremony, Passkey, Registered


class PasskeyStore(Protocol):
    """Keeps the passkeys of one kind of owners."""

    def add(self, passkey: Passkey) -> None:
        """Store a new one."""
        ...

    def find(self, credential_id: str) -> Passkey | None:
        """Return the one with this credential id, and keep others from it until the unit of work ends."""
        ...

    def of_owner(self, owner_id: str) -> Sequence[Passkey]:
        """Return somebody's, the oldest first."""
        ...

    def used(self, passkey_id: str, sign_count: int, at: datetime) -> None:
        """Note a use."""
        ...

    def remove_of(self, owner_id: str) -> int:
        """Remove all of somebody's; return how many."""
        ...

    def remove(self, owner_id: str, passkey_id: str) -> bool:
        """Remove one of somebody's; tell whether it was there."""
        ...


class CeremonyStore(Protocol):
    """Keeps challenges."""

    def add(self, ceremony: Ceremony) -> None:
        """Store a new one."""
        ...

    def take(self, challenge_hash: str, whose: str, act: Act) -> Ceremony | None:
        """Remove a challenge and return it, to one caller only."""
        ...

    def remove_before(self, moment: datetime) -> None:
        """Forget those that were over before."""
        ...


class WebAuthn(Protocol):
    """The cryptography of WebAuthn. What does not hold raises Invalid."""

    def registration_options(self, challenge: bytes, owner_id: str, name: str, display_name: str, known: Sequence[str]) -> str:
        """Return the options of `navigator.credentials.create` as JSON."""
        ...

    def sign_in_options(self, challenge: bytes) -> str:
        """Return the options of `navigator.credentials.get` as JSON."""
        ...

    def read(self, credential: str) -> Answer:
        """Read an answer without believing it."""
        ...

    def plain_challenge(self, credential: str) -> str:
        """Return the text that was handed out as challenge, as the answer repeats it."""
        ...

    def verify_registration(self, credential: str, challenge: bytes) -> Registered:
        """Judge the answer to `registration_options`."""
        ...

    def verify_sign_in(self, credential: str, challenge: bytes, passkey: Passkey) -> int:
        """Judge the answer to `sign_in_options` and return the new counter."""
        ...
