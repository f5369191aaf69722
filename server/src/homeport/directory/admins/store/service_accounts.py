"""Service accounts and their keys in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.admins.model import AccountKey, ServiceAccount
from homeport.directory.admins.store.roles import of_role, permissions_in
from homeport.directory.admins.tables import service_account_keys, service_accounts, unique_account
from homeport.foundation.database.constraints import violates_unique
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.listing import Listing, Page

_WITH_ROLE = select(service_accounts, of_role(service_accounts.c.role))
_FIELDS = {column.name: column for column in service_accounts.c}
_KEYS = service_account_keys


@dataclass(frozen=True, slots=True)
class ServiceAccountSql:
    """Service accounts and their keys over one connection."""

    connection: Connection

    def add(self, account: ServiceAccount) -> None:
        """Store a new account; raise Conflict when the name is taken."""
        try:
            self.connection.execute(insert(service_accounts).values(_stored(account)))
        except IntegrityError as error:
            raise _taken(error, account) from error

    def get(self, account_id: str) -> ServiceAccount | None:
        """Return an account."""
        row = self.connection.execute(_WITH_ROLE.where(service_accounts.c.id == account_id)).first()
        return None if row is None else _account(row)

    def get_for_update(self, account_id: str) -> ServiceAccount | None:
        """Return an account and keep others from changing it until the unit of work ends."""
        query = _WITH_ROLE.where(service_accounts.c.id == account_id).with_for_update()
        row = self.connection.execute(query).first()
        return None if row is None else _account(row)

    def search(self, listing: Listing) -> Page[ServiceAccount]:
        """Return the accounts that match, by name unless the listing says otherwise."""
        return fetch_page(
            self.connection,
            _WITH_ROLE,
            listing,
            fields=_FIELDS,
            texts=[service_accounts.c.name, service_accounts.c.description],
            order=(service_accounts.c.name,),
            make=_account,
        )

    def save(self, account: ServiceAccount) -> None:
        """Store a changed account; raise Conflict when the name is taken."""
        try:
            self.connection.execute(update(service_accounts).where(service_accounts.c.id == account.id).values(_stored(account)))
        except IntegrityError as error:
            raise _taken(error, account) from error

    def remove(self, account_id: str) -> None:
        """Remove an account, and its keys with it."""
        self.connection.execute(delete(service_accounts).where(service_accounts.c.id == account_id))

    def add_key(self, key: AccountKey) -> None:
        """Store a new key."""
        self.connection.execute(insert(_KEYS).values({**asdict(key), "networks": list(key.networks)}))

    def get_key(self, key_id: str) -> AccountKey | None:
        """Return a key."""
        row = self.connection.execute(select(_KEYS).where(_KEYS.c.id == key_id)).first()
        return None if row is None else _key(row)

    def keys_of(self, account_id: str) -> Sequence[AccountKey]:
        """Return an account's keys, the newest first."""
        query = select(_KEYS).where(_KEYS.c.account_id == account_id).order_by(_KEYS.c.created_at.desc(), _KEYS.c.id)
        return [_key(row) for row in self.connection.execute(query)]

    def touch_key(self, key_id: str, at: datetime) -> None:
        """Note when the key was last used."""
        self.connection.execute(update(_KEYS).where(_KEYS.c.id == key_id).values(last_used_at=at))

    def touch_key_refused(self, key_id: str, at: datetime) -> None:
        """Note when the key was last refused although its secret was right."""
        self.connection.execute(update(_KEYS).where(_KEYS.c.id == key_id).values(last_refused_at=at))

    def remove_key(self, key_id: str) -> None:
        """Remove a key."""
        self.connection.execute(delete(_KEYS).where(_KEYS.c.id == key_id))


def _taken(error: IntegrityError, account: ServiceAccount) -> Exception:
    if violates_unique(error, unique_account):
        return Conflict(f"There is a service account called {account.name} already.", reason="name_taken")
    return error


def _stored(account: ServiceAccount) -> dict[str, Any]:
    return {name: value for name, value in asdict(account).items() if name != "custom_permissions"}


def _account(row: Any) -> ServiceAccount:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    return ServiceAccount(**{**values, "custom_permissions": permissions_in(values["custom_permissions"])})


def _key(row: Any) -> AccountKey:
    values = dict(row._mapping)  # noqa: SLF001 - the same
    return AccountKey(**{**values, "networks": tuple(values["networks"])})
