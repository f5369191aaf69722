"""Nonces, accounts and orders in SQL."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.channels.apple.authority.acme.model import Account, Order, OrderState
from homeport.channels.apple.authority.acme.tables import acme_accounts, acme_nonces, acme_orders


@dataclass(frozen=True, slots=True)
class SqlAcmeStore:
    """The store of one unit of work."""

    connection: Connection

    def add_nonce(self, nonce_hash: str, expires_at: datetime) -> None:
        """Remember a nonce that is handed out."""
        self.connection.execute(insert(acme_nonces).values(nonce_hash=nonce_hash, expires_at=expires_at))

    def take_nonce(self, nonce_hash: str, now: datetime) -> bool:
        """Use a nonce up; False when it is not known, was used, or is over. Of many at once one gets True."""
        table = acme_nonces
        taken = delete(table).where(table.c.nonce_hash == nonce_hash, table.c.expires_at > now)
        return self.connection.execute(taken).rowcount == 1

    def add_account(self, account: Account) -> bool:
        """Store a new account; False when its key has one already."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(acme_accounts).values(**asdict(account)))
        except IntegrityError:
            return False
        return True

    def account(self, account_id: str) -> Account | None:
        """Return an account."""
        query = select(acme_accounts).where(acme_accounts.c.id == account_id)
        row = self.connection.execute(query).mappings().one_or_none()
        return Account(**row) if row else None

    def account_of(self, thumbprint: str) -> Account | None:
        """Return the account of a key."""
        query = select(acme_accounts).where(acme_accounts.c.thumbprint == thumbprint)
        row = self.connection.execute(query).mappings().one_or_none()
        return Account(**row) if row else None

    def add_order(self, order: Order) -> None:
        """Store a new order."""
        self.connection.execute(insert(acme_orders).values(**asdict(order)))

    def order(self, order_id: str) -> Order | None:
        """Return an order, and hold it until the unit of work ends."""
        query = select(acme_orders).where(acme_orders.c.id == order_id).with_for_update()
        row = self.connection.execute(query).mappings().one_or_none()
        return Order(**{**row, "state": OrderState(row["state"])}) if row else None

    def save_order(self, order: Order) -> None:
        """Replace the stored order with the same id."""
        self.connection.execute(update(acme_orders).where(acme_orders.c.id == order.id).values(**asdict(order)))

    def remove_before(self, now: datetime, long_ago: datetime) -> None:
        """Forget nonces that are over by `now`, and orders and accounts that were by `long_ago`."""
        self.connection.execute(delete(acme_nonces).where(acme_nonces.c.expires_at < now))
        self.connection.execute(delete(acme_orders).where(acme_orders.c.expires_at < long_ago))
        self.connection.execute(delete(acme_accounts).where(acme_accounts.c.created_at < long_ago))
