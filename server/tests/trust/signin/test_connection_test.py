"""A connection test ends before anybody is linked or admitted, on both databases, whatever it tests."""

import pytest
from tests.support.house import ADMIN, METADATA, ORIGIN
from tests.support.house import ISSUER as OKTA

from homeport.foundation.database.columns import metadata
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Denied, NotFound
from homeport.trust.federation.actions import Typed
from homeport.trust.federation.discovery import Judgement
from homeport.trust.federation.model import ProviderKind
from homeport.trust.signin.actions import Returned
from homeport.trust.signin.model import Purpose, State

ITS_OWN = {"sign_ins", "sign_in_steps", "audit_entries"}


@pytest.fixture
def house(each_house):
    each_house.empty()
    each_house.provision()
    return each_house


def tables(house):
    return {table.name: sorted(map(str, house.sql(f'SELECT * FROM "{table.name}"'))) for table in metadata.sorted_tables}


def run(house, provider_id, name="ada"):
    started = house.do(lambda act: act.sign_ins.start_test(ADMIN, provider_id, "browser", ORIGIN))
    returned = house.come_back(started)
    assert isinstance(returned, Returned)
    return house.conclude(returned, house.provider_says(returned, name))


@pytest.mark.parametrize(("name", "state", "reason"), [("ada", State.COMPLETED, ""), ("eve", State.REFUSED, "user_unknown")])
def test_a_test_writes_its_own_record_and_nothing_else(house, name, state, reason):
    provider, user = house.connect(), house.user("ada")
    before = tables(house)
    done = run(house, provider.id, name)
    assert (done.purpose, done.state, done.reason) == (Purpose.CONNECTION_TEST, state, reason)
    assert done.user_id == (user.id if state is State.COMPLETED else None)
    after = tables(house)
    assert {table for table in after if after[table] != before[table]} == ITS_OWN
    assert house.links() == []


def test_a_draft_is_tested_before_it_counts_and_nothing_before_it_is_saved(house):
    house.user("ada")
    draft = house.do(lambda act: act.identity_providers.draft(ADMIN, ProviderKind.OIDC))
    with pytest.raises(NotFound):
        house.do(lambda act: act.sign_ins.start_test(ADMIN, draft.id, "browser", ORIGIN))
    typed = Typed(name="Draft", url=OKTA, client_id="homeport", email_domains=("acme.example",), secret="s")
    house.do(lambda act: act.identity_providers.propose(ADMIN, draft.id, typed, Judgement((), METADATA)))
    assert run(house, draft.id).state is State.COMPLETED
    assert house.do(lambda act: act.federation.active_provider()) is None


def test_discarding_the_draft_while_the_browser_is_away_ends_the_test(house):
    provider = house.connect()
    started = house.do(lambda act: act.sign_ins.start_test(ADMIN, provider.id, "browser", ORIGIN))
    house.do(lambda act: act.identity_providers.delete(ADMIN, provider.id))
    assert house.come_back(started).reason == "provider_gone"


def test_a_test_is_only_for_those_who_may_change_the_provider(house):
    provider = house.connect()
    nobody = Actor(ActorKind.ADMINISTRATOR, "r", "Rita", frozenset(), role="Read Only")
    with pytest.raises(Denied):
        house.do(lambda act: act.sign_ins.start_test(nobody, provider.id, "browser", ORIGIN))
