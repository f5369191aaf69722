"""What ACME needs from storage."""

from datetime import datetime
from typing import Protocol

from homeport.channels.apple.authority.acme.model import Account, Order


class AcmeStore(Protocol):
    """Nonces, accounts and orders."""

    def add_nonce(self, nonce_hash: str, expires_at: datetime) -> None:
        """Remember a nonce that is handed out."""
        ...

    def take_nonce(self, nonce_hash: str, now: datetime) -> bool:
        """Use a nonce up; False when it is not known, was used, or is over. Of many at once one gets True."""
        ...

    def add_account(self, account: Account) -> bool:
        """Store a new account; False when its key has one already."""
        ...

    def account(self, account_id: str) -> Account | None:
        """Return an account."""
        ...

    def account_of(self, thumbprint: str) -> Account | None:
        """Return the account of a key."""
        ...

    def add_order(self, order: Order) -> None:
        """Store a new order."""
        ...

    def order(self, order_id: str) -> Order | None:
        """Return an order, and hold it until the unit of work ends."""
        ...

    def save_order(self, order: Order) -> None:
        """Replace the stored order with the same id."""
        ...

    def remove_before(self, now: datetime, long_ago: datetime) -> None:
        """Forget nonces that are over by `now`, and orders and accounts that were by `long_ago`."""
        ...
