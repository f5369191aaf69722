"""Identity providers, links and key sets in SQL."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.directory.devices.tables import devices
from homeport.directory.people.tables import users
from homeport.foundation.database.constraints import violates_unique
from homeport.foundation.kernel.errors import Conflict
from homeport.trust.federation.health import FetchRecord, SecretAnswer
from homeport.trust.federation.jwks import KeySnapshot
from homeport.trust.federation.model import (
    FederatedIdentity,
    IdentityProvider,
    LinkState,
    Metadata,
    ProviderKind,
    ProviderState,
    Settings,
)
from homeport.trust.federation.tables import (
    client_secret_answers,
    federated_identities,
    identity_providers,
    key_snapshots,
    only_one,
    provider_fetches,
)

T = TypeVar("T", Settings, Metadata)
_DOCUMENTS = ("settings", "metadata", "proposal", "proposed_metadata")


@dataclass(frozen=True, slots=True)
class ProviderSql:
    """Identity providers over one connection."""

    connection: Connection

    def add(self, provider: IdentityProvider) -> None:
        """Store a new provider; raise Conflict when there is one already."""
        try:
            self.connection.execute(insert(identity_providers).values(singleton=1, **_provider_row(provider)))
        except IntegrityError as error:
            if not violates_unique(error, only_one):
                raise
            raise Conflict(
                "There is an identity provider already, and this version works with one at a time. Change it, or delete it first.",
                reason="identity_provider_exists",
            ) from error

    def list(self) -> Sequence[IdentityProvider]:
        """Return the providers, drafts too."""
        return [_provider(row) for row in self.connection.execute(select(identity_providers))]

    def get(self, provider_id: str) -> IdentityProvider | None:
        """Return a provider."""
        return self._one(select(identity_providers).where(identity_providers.c.id == provider_id))

    def get_for_update(self, provider_id: str) -> IdentityProvider | None:
        """Return a provider and keep others from changing or using it until the unit of work ends."""
        return self._one(select(identity_providers).where(identity_providers.c.id == provider_id).with_for_update())

    def get_for_use(self, provider_id: str) -> IdentityProvider | None:
        """Return a provider and keep others from changing it until the unit of work ends; many can use it at once."""
        return self._one(select(identity_providers).where(identity_providers.c.id == provider_id).with_for_update(read=True))

    def save(self, provider: IdentityProvider) -> None:
        """Store a changed provider."""
        self.connection.execute(
            update(identity_providers).where(identity_providers.c.id == provider.id).values(_provider_row(provider))
        )

    def remove(self, provider_id: str) -> None:
        """Remove a provider."""
        self.connection.execute(delete(identity_providers).where(identity_providers.c.id == provider_id))

    def _one(self, statement: Any) -> IdentityProvider | None:
        row = self.connection.execute(statement).first()
        return None if row is None else _provider(row)


@dataclass(frozen=True, slots=True)
class LinkSql:
    """Federated identities over one connection."""

    connection: Connection

    def add(self, link: FederatedIdentity) -> bool:
        """Store a link; return False when one of the same issuer and subject, or of the same user, is there and not removed."""
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(federated_identities), _link_row(link))
        except IntegrityError:
            present = self.find_by_subject(link.issuer, link.subject)
            mine = [one for one in self.of_user(link.user_id) if one.state is not LinkState.REMOVED]
            if not mine and (present is None or present.state is LinkState.REMOVED):
                raise
            return False
        return True

    def find_by_subject(self, issuer: str, subject: str) -> FederatedIdentity | None:
        """Return the link that is not removed, else the one removed last."""
        links = federated_identities.c
        statement = (
            select(federated_identities)
            .where(links.subject_hash == _subject_hash(issuer, subject))
            .order_by(case((links.state == LinkState.REMOVED.value, 1), else_=0), links.removed_at.desc(), links.id.desc())
            .limit(1)
        )
        row = self.connection.execute(statement).first()
        return None if row is None else _link(row)

    def of_user(self, user_id: str) -> Sequence[FederatedIdentity]:
        """Return all links a user ever had, the newest first."""
        links = federated_identities.c
        statement = (
            select(federated_identities).where(links.user_id == user_id).order_by(links.created_at.desc(), links.id.desc())
        )
        return [_link(row) for row in self.connection.execute(statement)]

    def save(self, link: FederatedIdentity) -> None:
        """Store a changed link."""
        self.connection.execute(update(federated_identities).where(federated_identities.c.id == link.id), _link_row(link))

    def count_active(self, provider_id: str) -> int:
        """Return how many active links a provider has."""
        links = federated_identities.c
        return self._count(links.provider_id == provider_id, links.state == LinkState.ACTIVE.value)

    def count_inactive(self, issuer: str) -> int:
        """Return how many links of an issuer outlived their provider."""
        links = federated_identities.c
        return self._count(links.issuer == issuer, links.state == LinkState.INACTIVE.value)

    def deactivate(self, provider_id: str) -> None:
        """Make a provider's active links inactive."""
        links = federated_identities.c
        self.connection.execute(
            update(federated_identities)
            .where(links.provider_id == provider_id, links.state == LinkState.ACTIVE.value)
            .values(state=LinkState.INACTIVE.value)
        )

    def reactivate(self, issuer: str, provider_id: str) -> None:
        """Give an issuer's inactive links to a provider and make them active."""
        links = federated_identities.c
        self.connection.execute(
            update(federated_identities)
            .where(links.issuer == issuer, links.state == LinkState.INACTIVE.value)
            .values(state=LinkState.ACTIVE.value, provider_id=provider_id)
        )

    def forget_user(self, user_id: str) -> None:
        """Remove every trace of a user's links."""
        self.connection.execute(delete(federated_identities).where(federated_identities.c.user_id == user_id))

    def _count(self, *conditions: Any) -> int:
        statement = select(func.count()).select_from(federated_identities).where(*conditions)
        return int(self.connection.execute(statement).scalar_one())


@dataclass(frozen=True, slots=True)
class KeySnapshotSql:
    """Key sets over one connection."""

    connection: Connection

    def load(self, jwks_uri: str) -> KeySnapshot | None:
        """Return the snapshot of an address."""
        row = self.connection.execute(select(key_snapshots).where(key_snapshots.c.id == _hash(jwks_uri))).first()
        return None if row is None else KeySnapshot(row.jwks_uri, row.body, row.fetched_at)

    def save(self, snapshot: KeySnapshot) -> None:
        """Store a snapshot unless a newer one is there."""
        values = {"body": snapshot.body, "fetched_at": snapshot.fetched_at}
        try:
            with self.connection.begin_nested():
                self.connection.execute(
                    insert(key_snapshots).values(id=_hash(snapshot.jwks_uri), jwks_uri=snapshot.jwks_uri, **values)
                )
        except IntegrityError:  # the row is there, perhaps since a moment ago
            table = key_snapshots.c
            self.connection.execute(
                update(key_snapshots)
                .where(table.id == _hash(snapshot.jwks_uri), table.fetched_at <= snapshot.fetched_at)
                .values(values)
            )


@dataclass(frozen=True, slots=True)
class HealthSql:
    """What became of fetches and secrets, over one connection."""

    connection: Connection

    def fetch(self, url: str) -> FetchRecord:
        """Return what is known of an address; an empty record when nothing is."""
        row = self.connection.execute(select(provider_fetches).where(provider_fetches.c.id == _hash(url))).first()
        if row is None:
            return FetchRecord(url)
        return FetchRecord(row.url, row.succeeded_at, row.failed_at, row.failure, row.changed_at, row.change)

    def note_success(self, url: str, at: datetime, change: str = "") -> None:
        """Keep that an address was fetched, and what it says otherwise than before."""
        changed = {"changed_at": at, "change": change} if change else {}
        self._note(url, {"succeeded_at": at, **changed})

    def note_failure(self, url: str, at: datetime, failure: str) -> None:
        """Keep that an address could not be fetched, and why."""
        self._note(url, {"failed_at": at, "failure": failure})

    def answers(self, provider_id: str) -> Mapping[str, SecretAnswer]:
        """Return what a provider said to its secrets, by the secret's id."""
        table = client_secret_answers
        rows = self.connection.execute(select(table).where(table.c.provider_id == provider_id))
        return {row.secret_id: SecretAnswer(**row._mapping) for row in rows}  # noqa: SLF001 - SQLAlchemy's documented way to a row's names

    def note_answer(self, secret_id: str, provider_id: str, at: datetime, *, accepted: bool) -> None:
        """Keep that the provider took a secret, or refused it."""
        values = {"accepted_at" if accepted else "refused_at": at}
        try:
            with self.connection.begin_nested():
                self.connection.execute(
                    insert(client_secret_answers).values(secret_id=secret_id, provider_id=provider_id, **values)
                )
        except IntegrityError:  # the row is there, perhaps since a moment ago
            table = client_secret_answers
            self.connection.execute(update(table).where(table.c.secret_id == secret_id).values(values))

    def key_snapshot(self, jwks_uri: str) -> KeySnapshot | None:
        """Return the key set that is stored for an address."""
        return KeySnapshotSql(self.connection).load(jwks_uri)

    def forget(self, provider_id: str) -> None:
        """Forget what a deleted provider said."""
        self.connection.execute(delete(client_secret_answers).where(client_secret_answers.c.provider_id == provider_id))

    def _note(self, url: str, values: dict[str, Any]) -> None:
        try:
            with self.connection.begin_nested():
                row = {"id": _hash(url), "url": url, "failure": "", "change": "", **values}
                self.connection.execute(insert(provider_fetches).values(row))
        except IntegrityError:  # the row is there, perhaps since a moment ago
            self.connection.execute(update(provider_fetches).where(provider_fetches.c.id == _hash(url)).values(values))


@dataclass(frozen=True, slots=True)
class DirectorySql:
    """Counts of the directory over one connection."""

    connection: Connection

    def count_users(self) -> int:
        """Return how many users there are."""
        return int(self.connection.execute(select(func.count()).select_from(users)).scalar_one())

    def count_devices(self) -> int:
        """Return how many devices there are."""
        statement = select(func.count()).select_from(devices).where(devices.c.status != "deleted")
        return int(self.connection.execute(statement).scalar_one())

    def email_domains(self) -> Sequence[str]:
        """Return the domains of the users' addresses, the most frequent first."""
        counted: dict[str, int] = {}
        for (email,) in self.connection.execute(select(users.c.email)):
            domain = email.rpartition("@")[2]
            counted[domain] = counted.get(domain, 0) + 1
        return sorted(counted, key=lambda domain: (-counted[domain], domain))


def _provider_row(provider: IdentityProvider) -> dict[str, Any]:
    row = asdict(provider)
    return {
        **{name: value for name, value in row.items() if name not in _DOCUMENTS},
        **{name: _document(row[name]) for name in _DOCUMENTS},
        "kind": provider.kind.value,
        "state": provider.state.value,
    }


def _provider(row: Any) -> IdentityProvider:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    del values["singleton"]
    settings = _read(Settings, values["settings"])
    assert settings is not None
    return IdentityProvider(
        **{
            **values,
            "kind": ProviderKind(values["kind"]),
            "state": ProviderState(values["state"]),
            "settings": settings,
            "metadata": _read(Metadata, values["metadata"]),
            "proposal": _read(Settings, values["proposal"]),
            "proposed_metadata": _read(Metadata, values["proposed_metadata"]),
        }
    )


def _document(values: dict[str, Any] | None) -> dict[str, Any]:
    """Write a dataclass as JSON; what is absent is an empty object."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in (values or {}).items()}


def _read(kind: type[T], document: dict[str, Any]) -> T | None:
    if not document:
        return None
    return kind(**{name: _value(name, value) for name, value in document.items()})


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return datetime.fromisoformat(value) if name.endswith("_at") and isinstance(value, str) else value


def _link_row(link: FederatedIdentity) -> dict[str, Any]:
    return {**asdict(link), "state": link.state.value, "subject_hash": _subject_hash(link.issuer, link.subject)}


def _link(row: Any) -> FederatedIdentity:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    del values["subject_hash"]
    return FederatedIdentity(**{**values, "state": LinkState(values["state"])})


def _subject_hash(issuer: str, subject: str) -> str:
    return _hash(f"{len(issuer)} {issuer} {subject}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
