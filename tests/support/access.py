"""What access policies say, over one unit of work: for tests that build a slice without bootstrap."""

from homeport.directory.admins.store.administrators import AdministratorSql
from homeport.foundation.database.engine import UnitOfWork
from homeport.trust.access.actions import Decisions
from homeport.trust.access.store.lists import IpListSql
from homeport.trust.access.store.places import Countries
from homeport.trust.access.store.policies import PolicySql


class NoDevices:
    """A directory without devices."""

    def with_key(self, thumbprint: str) -> str:  # noqa: ARG002 - the port's name
        return ""


def decisions_over(unit: UnitOfWork) -> Decisions:
    """The real decisions, in a directory without devices and without a file of countries."""
    connection = unit.connection
    return Decisions(PolicySql(connection), IpListSql(connection), AdministratorSql(connection), Countries(), NoDevices())
