"""No change shuts the last administrator out: not by a policy, a list, a default, a role, a suspension or a deletion."""

import pytest
from tests.support.house import ADMIN
from tests.support.together import together

from homeport.directory.admins.model import ADMINISTRATOR, BILLING
from homeport.foundation.kernel.errors import Conflict
from homeport.trust.access.actions import Wanted
from homeport.trust.access.actions.policies import wanted_of
from homeport.trust.access.model import Action, InList, Mode, Not, Portal, Targets

OFFICE, HOME = "192.0.2.7", "198.51.100.4"
SHUT = r"no Administrator with Billing could sign in"


def refused(scene, deed):
    with pytest.raises(Conflict, match=SHUT) as error:
        scene.do(deed)
    assert error.value.reason == "last_administrator_shut_out"


def test_a_policy_that_denies_everybody_is_refused_and_nothing_is_stored(scene):
    ada = scene.administrator("ada")
    refused(scene, lambda act: act.access_policies.create(scene.actor(ada), Portal.ADMIN, Wanted("Nobody", Action.DENY)))
    assert scene.house.sql("SELECT count(*) FROM access_policies") == [(0,)]
    assert scene.audited("access_policy_create") == []
    assert scene.gets_in(ada)


def test_a_default_that_denies_is_refused_until_a_policy_allows(scene):
    ada = scene.administrator("ada")
    me = scene.actor(ada)
    refused(scene, lambda act: act.access_policies.set_default(me, Portal.ADMIN, Action.DENY))
    allows = scene.policy("Billing", Action.ALLOW, by=me, targets=Targets(False, groups=(BILLING,)))
    scene.do(lambda act: act.access_policies.set_default(me, Portal.ADMIN, Action.DENY))
    refused(scene, lambda act: act.access_policies.delete(me, allows.id))
    refused(scene, lambda act: act.access_policies.set_mode(me, allows.id, Mode.DISABLED))
    assert scene.gets_in(ada)


def test_whoever_changes_a_list_must_stay_inside_it(scene):
    ada, office = scene.administrator("ada"), scene.office()
    me = scene.actor(ada, OFFICE)
    scene.policy("Office", by=me, conditions=Not(InList((office.id,))))
    refused(scene, lambda act: act.ip_lists.update(me, office.id, networks=[HOME]))
    refused(scene, lambda act: act.ip_lists.update(scene.actor(ada, HOME), office.id, networks=["203.0.113.1"]))
    scene.do(lambda act: act.ip_lists.update(me, office.id, networks=[HOME, OFFICE]))
    assert scene.gets_in(ada, HOME)
    assert scene.gets_in(ada, OFFICE)


def test_the_one_who_is_left_out_of_a_policy_cannot_be_suspended_deleted_or_given_another_role(scene):
    ada, grace = scene.administrator("ada"), scene.administrator("grace")
    scene.policy(targets=Targets(excluded_people=(grace.id,)))
    me = scene.actor(ada)
    for deed in (
        lambda act: act.administrators.suspend(me, grace.id),
        lambda act: act.administrators.delete(me, grace.id),
        lambda act: act.administrators.change(me, grace.id, role=ADMINISTRATOR),
    ):
        refused(scene, deed)
    assert scene.gets_in(grace)
    assert scene.house.sql("SELECT count(*) FROM administrators") == [(2,)]


def test_a_policy_that_denies_can_always_be_taken_back(scene):
    """Whoever came in by a link of the server, from a place that two policies deny, ends one after the other."""
    ada, office = scene.administrator("ada"), scene.office()
    me, elsewhere = scene.actor(ada, OFFICE), scene.actor(ada, HOME)
    first, second = (scene.policy(name, by=me, conditions=Not(InList((office.id,)))) for name in ("One", "Two"))
    refused(scene, lambda act: act.access_policies.update(elsewhere, first.id, Wanted("Other", Action.DENY)))
    scene.do(lambda act: act.access_policies.set_mode(elsewhere, first.id, Mode.MONITOR))
    scene.do(lambda act: act.access_policies.delete(elsewhere, second.id))
    assert scene.gets_in(ada, HOME)


def test_a_policy_that_demands_a_second_factor_shuts_nobody_out(scene):
    ada = scene.administrator("ada")
    scene.policy("Second factor", Action.MFA, by=scene.actor(ada))
    scene.do(lambda act: act.access_policies.set_default(scene.actor(ada), Portal.ADMIN, Action.MFA))
    assert scene.gets_in(ada)


def test_the_user_portal_can_be_denied_to_everybody(scene):
    scene.administrator("ada")
    policy = scene.policy("Nobody", portal=Portal.USER)
    scene.do(lambda act: act.access_policies.update(ADMIN, policy.id, wanted_of(policy)))
    decision = scene.do(lambda act: act.access_decisions.of_person("x", (), ADMIN.origin, has_factor=True))
    assert decision.denied


RACES = {
    "each leaves the other out": lambda one, two: (
        lambda act: act.access_policies.create(
            ADMIN, Portal.ADMIN, Wanted("A", Action.DENY, targets=Targets(excluded_people=(one,)))
        ),
        lambda act: act.access_policies.create(
            ADMIN, Portal.ADMIN, Wanted("B", Action.DENY, targets=Targets(excluded_people=(two,)))
        ),
    ),
    "one is left out, and suspended": lambda one, _: (
        lambda act: act.access_policies.create(
            ADMIN, Portal.ADMIN, Wanted("A", Action.DENY, targets=Targets(excluded_people=(one,)))
        ),
        lambda act: act.administrators.suspend(ADMIN, one),
    ),
    "one is left out, and deleted": lambda one, _: (
        lambda act: act.access_policies.create(
            ADMIN, Portal.ADMIN, Wanted("A", Action.DENY, targets=Targets(excluded_people=(one,)))
        ),
        lambda act: act.administrators.delete(ADMIN, one),
    ),
    "both are suspended": lambda one, two: (
        lambda act: act.administrators.suspend(ADMIN, one),
        lambda act: act.administrators.suspend(ADMIN, two),
    ),
}


@pytest.mark.parametrize("race", RACES)
def test_two_changes_at_once_that_together_would_shut_everybody_out_are_not_both_made(scene, race):
    one, two = scene.administrator("one"), scene.administrator("two")
    deeds = RACES[race](one.id, two.id)
    wrong = together(*(lambda deed=deed: scene.do(deed) for deed in deeds))
    assert all(isinstance(error, Conflict) for error in wrong), wrong
    assert len(wrong) == 1, wrong
    assert any(scene.do(lambda act, who=who: may_enter(act, who)) for who in (one.id, two.id))


def may_enter(act, administrator_id):
    found = act.administrators.find_present(administrator_id)
    if found is None or found.suspended_at is not None:
        return False
    return not act.access_decisions.of_administrator(found, ADMIN.origin).denied
