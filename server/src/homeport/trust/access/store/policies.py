"""Access policies, and what counts without one, in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from homeport.foundation.database.constraints import violates_unique
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.errors import Conflict
from homeport.foundation.kernel.listing import Listing, Page
from homeport.trust.access.model import (
    Action,
    DefaultAction,
    Link,
    Mode,
    Policy,
    Portal,
    Targets,
    name_key,
    read,
    written,
)
from homeport.trust.access.tables import access_defaults, access_policies, unique_policy_name

_FIELDS = {
    column.name: column for column in access_policies.c if column.name not in {"name_key", "targets", "conditions", "links"}
}


@dataclass(frozen=True, slots=True)
class PolicySql:
    """Policies over one connection."""

    connection: Connection

    def add(self, policy: Policy) -> None:
        """Store a new policy."""
        try:
            self.connection.execute(insert(access_policies).values(_row(policy)))
        except IntegrityError as error:
            raise _taken(policy, error) from error

    def get(self, policy_id: str) -> Policy | None:
        """Return a policy."""
        row = self.connection.execute(select(access_policies).where(access_policies.c.id == policy_id)).first()
        return None if row is None else _policy(row)

    def get_for_update(self, policy_id: str) -> Policy | None:
        """Return a policy and keep others from changing it until the unit of work ends."""
        row = self.connection.execute(select(access_policies).where(access_policies.c.id == policy_id).with_for_update()).first()
        return None if row is None else _policy(row)

    def search(self, listing: Listing) -> Page[Policy]:
        """Return the policies that match, by name unless the listing says otherwise."""
        return fetch_page(
            self.connection,
            select(access_policies),
            listing,
            fields=_FIELDS,
            texts=[access_policies.c.name, access_policies.c.description],
            sorts={"name": access_policies.c.name_key},
            order=(access_policies.c.name_key,),
            make=_policy,
        )

    def of_portal(self, portal: Portal) -> Sequence[Policy]:
        """Return all policies of a portal, by name."""
        query = select(access_policies).where(access_policies.c.portal == portal).order_by(access_policies.c.name_key)
        return [_policy(row) for row in self.connection.execute(query)]

    def save(self, policy: Policy) -> None:
        """Store a changed policy."""
        try:
            self.connection.execute(update(access_policies).where(access_policies.c.id == policy.id).values(_row(policy)))
        except IntegrityError as error:
            raise _taken(policy, error) from error

    def remove(self, policy_id: str) -> None:
        """Remove a policy."""
        self.connection.execute(delete(access_policies).where(access_policies.c.id == policy_id))

    def default(self, portal: Portal) -> DefaultAction:
        """Return what counts at a portal without a policy; version 0 while nobody has set it."""
        row = self.connection.execute(select(access_defaults).where(access_defaults.c.portal == portal)).first()
        return DefaultAction(portal, Action.ALLOW) if row is None else DefaultAction(portal, Action(row.action), row.version)

    def save_default(self, default: DefaultAction) -> None:
        """Store what counts at a portal without a policy."""
        this = access_defaults.c.portal == default.portal
        if not self.connection.execute(update(access_defaults).where(this).values(asdict(default))).rowcount:
            self.connection.execute(insert(access_defaults).values(asdict(default)))


def _row(policy: Policy) -> dict[str, Any]:
    values = {name: getattr(policy, name) for name in _FIELDS}
    targets = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(policy.targets).items()}
    links = [asdict(link) for link in policy.links]
    conditions = written(policy.conditions)
    return {**values, "name_key": name_key(policy.name), "targets": targets, "conditions": conditions, "links": links}


def _policy(row: Any) -> Policy:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's names
    del values["name_key"]
    kept = values.pop("targets")
    everyone, names = kept.pop("everyone"), {name: tuple(ids) for name, ids in kept.items()}
    conditions, links = read(values.pop("conditions")), tuple(Link(**link) for link in values.pop("links"))
    portal, mode, action = Portal(values.pop("portal")), Mode(values.pop("mode")), Action(values.pop("action"))
    made = Policy(**values, portal=portal, mode=mode, action=action)
    return replace(made, targets=Targets(everyone, **names), conditions=conditions, links=links)


def _taken(policy: Policy, error: IntegrityError) -> Conflict:
    if violates_unique(error, unique_policy_name):
        return Conflict(f"Another policy is already called “{policy.name}”.", reason="policy_name_taken")
    raise error
