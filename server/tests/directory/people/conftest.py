import pytest

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.store import AuditStore
from homeport.directory.people.actions import People, UserGroups
from homeport.directory.people.store import UserGroupSql, UserSql


class Usage:
    """Stands where the bindings will: says on how many devices each user has an account."""

    def __init__(self):
        self.counts = {}

    def count_bindings(self, user_id):
        return self.counts.get(user_id, 0)


@pytest.fixture
def usage():
    return Usage()


@pytest.fixture
def build(clock, entropy, usage):
    """Makes the actions over a unit of work, as bootstrap does."""

    def over(unit):
        audit = Audit(AuditStore(unit.connection), clock, entropy)
        return People(UserSql(unit.connection), usage, audit, clock, entropy, unit)

    return over


@pytest.fixture
def build_groups(clock, entropy):
    """Makes the actions on user groups over a unit of work, as bootstrap does."""

    def over(unit):
        audit = Audit(AuditStore(unit.connection), clock, entropy)
        return UserGroups(UserGroupSql(unit.connection), audit, clock, entropy, unit)

    return over
