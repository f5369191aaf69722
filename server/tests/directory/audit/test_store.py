from datetime import timedelta

import pytest

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Resource
from homeport.directory.audit.store import AuditStore
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin, system
from homeport.foundation.kernel.errors import Denied, Invalid
from homeport.foundation.kernel.listing import Filter, Listing

OPERATOR = system("root", Origin("192.0.2.7", "curl", "request-1"))
ADA = Resource("user", "u1", "ada")


@pytest.fixture
def write(database, clock, entropy):
    def within(action):
        with database.write() as unit:
            return action(Audit(AuditStore(unit.connection), clock, entropy))

    return within


def test_recorded_entry_comes_back_as_it_was_written(write, clock):
    changes = (Change("email", "a@example.com", "b@example.com"), Change("groups", [], ["x", {"y": 1}]))
    write(lambda audit: audit.record(OPERATOR, "user_update", resource=ADA, changes=changes, details={"ways": 2}))
    (entry,) = write(lambda audit: audit.search(OPERATOR, Listing())).items
    assert (entry.at, entry.event_type, entry.actor_id, entry.address) == (clock.now(), "user_update", "system:root", "192.0.2.7")
    assert (entry.resource_type, entry.resource_id, entry.resource_name, entry.success) == ("user", "u1", "ada", True)
    assert entry.changed() == changes
    assert entry.detailed() == {"ways": 2}


def test_secrets_are_never_kept(write):
    details = {"request": {"client_secret": "s3", "list": [{"password": "s3"}]}}
    write(lambda audit: audit.record(OPERATOR, "x", resource=ADA, changes=[Change("password", "s3", None)], details=details))
    (entry,) = write(lambda audit: audit.search(OPERATOR, Listing())).items
    assert "s3" not in entry.changes + entry.details


def test_text_that_a_database_refuses_is_replaced(write):
    write(lambda audit: audit.record(OPERATOR, "x", resource=Resource("user", "u", "a\x00b\ud800"), details={"k": "\x00\ud800"}))
    (entry,) = write(lambda audit: audit.search(OPERATOR, Listing())).items
    assert entry.resource_name == "a\N{REPLACEMENT CHARACTER}b?"
    assert entry.detailed() == {"k": "\x00?"}


def test_search_finds_by_text_filter_and_window_newest_first(write, clock):
    for number in range(5):
        clock.forward(seconds=1)
        resource = Resource("user", f"u{number}", f"Per_son{number}")
        write(lambda audit, it=resource: audit.record(OPERATOR, "user_create", resource=it, success=it.id != "u3"))

    def found(**asked):
        page = write(lambda audit: audit.search(OPERATOR, Listing(**asked)))
        return [entry.resource_id for entry in page.items], page.total

    assert found(limit=2) == (["u4", "u3"], 5)
    assert found(limit=2, skip=4) == (["u0"], 5)
    assert found(text="per_SON2") == (["u2"], 1)
    assert found(text="per%son") == ([], 0)
    assert found(filters=(Filter("success", "eq", "false"),)) == (["u3"], 1)
    assert found(filters=(Filter("resource_id", "eq", "u1"), Filter("resource_id", "eq", "u2"))) == (["u2", "u1"], 2)
    late = (clock.now() - timedelta(seconds=1)).isoformat()
    assert found(filters=(Filter("at", "gt", late),)) == (["u4"], 1)
    assert found(sort=("at",), limit=1) == (["u0"], 5)


@pytest.mark.parametrize("one", [Filter("nothing", "eq", "x"), Filter("at", "eq", "yesterday"), Filter("reason", "like", "x")])
def test_unknown_filter_is_refused_with_a_sentence(write, one):
    with pytest.raises(Invalid):
        write(lambda audit: audit.search(OPERATOR, Listing(filters=(one,))))


def test_search_needs_the_permission(write):
    with pytest.raises(Denied, match="audit:read"):
        write(lambda audit: audit.search(Actor(ActorKind.USER, "u", "u"), Listing()))
