"""The issuer's ports in SQL."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.trust.issuer.model import AccessToken, AuthorizationState, DeviceAuthorization, Scope, Wanted
from homeport.trust.issuer.tables import access_tokens, device_authorizations, seen_jtis
from homeport.trust.signin.tables import sign_ins


@dataclass(frozen=True, slots=True)
class SqlAuthorizationStore:
    """Device authorizations in SQL."""

    connection: Connection

    def add(self, authorization: DeviceAuthorization) -> None:
        """Store a new one."""
        self.connection.execute(insert(device_authorizations), _values(authorization))

    def update(self, authorization: DeviceAuthorization) -> None:
        """Replace the stored one with the same id."""
        table = device_authorizations
        self.connection.execute(update(table).where(table.c.id == authorization.id), _values(authorization))

    def get(self, authorization_id: str) -> DeviceAuthorization | None:
        """Return one by id."""
        query = select(device_authorizations).where(device_authorizations.c.id == authorization_id)
        return _authorization(self.connection.execute(query).one_or_none())

    def get_for_update(self, authorization_id: str) -> DeviceAuthorization | None:
        """Return one by id and hold its row until the unit of work ends; a sign-in is held before it."""
        query = select(device_authorizations).where(device_authorizations.c.id == authorization_id).with_for_update()
        return _authorization(self.connection.execute(query).one_or_none())

    def hold_sign_in(self, device_code_hash: str) -> bool:
        """Hold the sign-in that approved the one with this device code, until the unit of work ends; False when none did."""
        table = device_authorizations
        query = select(sign_ins.c.id).join(table, table.c.sign_in_id == sign_ins.c.id)
        query = query.where(table.c.device_code_hash == device_code_hash).with_for_update(of=sign_ins)
        return self.connection.execute(query).first() is not None

    def find_by_user_code(self, user_code: str) -> DeviceAuthorization | None:
        """Return the newest one with this user code."""
        table = device_authorizations
        query = select(table).where(table.c.user_code == user_code).order_by(table.c.created_at.desc()).limit(1)
        return _authorization(self.connection.execute(query).one_or_none())

    def find_by_sign_in(self, sign_in_id: str) -> DeviceAuthorization | None:
        """Return the one that a sign-in approved."""
        query = select(device_authorizations).where(device_authorizations.c.sign_in_id == sign_in_id)
        return _authorization(self.connection.execute(query).first())

    def find_by_device_code(self, device_code_hash: str) -> DeviceAuthorization | None:
        """Return one by the hash of its device code and hold its row until the unit of work ends."""
        table = device_authorizations
        query = select(table).where(table.c.device_code_hash == device_code_hash).with_for_update()
        return _authorization(self.connection.execute(query).one_or_none())

    def remove_before(self, moment: datetime) -> int:
        """Forget those that expired before the moment; return how many."""
        table = device_authorizations
        return self.connection.execute(delete(table).where(table.c.expires_at < moment)).rowcount


@dataclass(frozen=True, slots=True)
class SqlTokenStore:
    """Access tokens and seen `jti` values in SQL."""

    connection: Connection

    def add(self, token: AccessToken) -> None:
        """Store a new token."""
        self.connection.execute(insert(access_tokens), asdict(token))

    def get(self, token_hash: str) -> AccessToken | None:
        """Return a token and hold its row until the unit of work ends."""
        query = select(access_tokens).where(access_tokens.c.token_hash == token_hash).with_for_update()
        row = self.connection.execute(query).one_or_none()
        return AccessToken(**{**row._mapping, "scope": Scope(row.scope)}) if row else None  # noqa: SLF001 - SQLAlchemy's documented name

    def mark_used(self, token_hash: str, moment: datetime) -> None:
        """Remember that a one-use token was used."""
        self.connection.execute(update(access_tokens).where(access_tokens.c.token_hash == token_hash).values(used_at=moment))

    def remember_jti(self, jti_hash: str, expires_at: datetime) -> bool:
        """Store a `jti`; return False when it is already there."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(seen_jtis), {"jti_hash": jti_hash, "expires_at": expires_at})
        except IntegrityError:
            return False
        return True

    def remove_before(self, moment: datetime) -> int:
        """Forget tokens and `jti` values that expired before the moment; return how many."""
        removed = self.connection.execute(delete(access_tokens).where(access_tokens.c.expires_at < moment)).rowcount
        return removed + self.connection.execute(delete(seen_jtis).where(seen_jtis.c.expires_at < moment)).rowcount


def _authorization(row: Row[tuple[object, ...]] | None) -> DeviceAuthorization | None:
    if row is None:
        return None
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    wanted = Wanted(**{one.name: values.pop(f"wanted_{one.name}") for one in fields(Wanted)})
    enums = {"state": AuthorizationState(values["state"]), "scope": Scope(values["scope"])}
    return DeviceAuthorization(**{**values, **enums, "wanted": wanted})


def _values(authorization: DeviceAuthorization) -> dict[str, object]:
    values = asdict(authorization)
    wanted = values.pop("wanted")
    return {**values, **{f"wanted_{name}": value for name, value in wanted.items()}}
