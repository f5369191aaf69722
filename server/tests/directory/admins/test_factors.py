"""Setting up, resetting and removing second factors, with real stores on both databases."""

from dataclasses import replace

import pytest
from tests.support.factor import Authenticator, set_up

from homeport.directory.admins.model import (
    ADMINISTRATOR,
    BILLING,
    HELP_DESK,
    MANAGER,
    READ_ONLY,
    AdministratorFactorReset,
    AdministratorProofChanged,
    actor_of,
)
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, StepUpRequired

ROOT = system("root")


def signed_in(administrator, clock):
    return replace(actor_of(administrator, Origin()), session_id="s", authenticated_at=clock.now())


def present(house, administrator):
    return house.do(lambda actions: actions.administrators.find_present(administrator.id))


@pytest.fixture
def ada(house):
    return house.administrator(role=ADMINISTRATOR)


def test_a_factor_is_set_up_by_its_first_code_and_not_before(house, ada, clock):
    actor = signed_in(ada, clock)
    enrolment = house.do(lambda actions: actions.factors.begin(actor))
    assert f"secret={enrolment.secret}" in enrolment.uri
    assert "Acme:ada%40example.com" in enrolment.uri
    phone = Authenticator(enrolment.secret, clock)
    with pytest.raises(Invalid, match="not the code"):
        house.do(lambda actions: actions.factors.confirm(actor, enrolment.envelope, "000000"))
    assert present(house, ada).factor_since is None
    codes = house.do(lambda actions: actions.factors.confirm(actor, enrolment.envelope, phone.code()))
    assert len(set(codes)) == 10
    assert present(house, ada).factor_since == clock.now()
    assert ("admin_factor_set_up", True) in house.audit()
    assert house.events[-1] == AdministratorProofChanged(ada.id, "s")


def test_neither_secret_nor_recovery_codes_can_be_read_in_the_database(house, ada, clock, database):
    actor = signed_in(ada, clock)
    enrolment = house.do(lambda actions: actions.factors.begin(actor))
    phone = Authenticator(enrolment.secret, clock)
    codes = house.do(lambda actions: actions.factors.confirm(actor, enrolment.envelope, phone.code()))
    with database.read() as unit:
        rows = [
            unit.connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            for table in ("administrator_factors", "recovery_codes")
        ]
    kept = str(rows)
    assert all(secret not in kept for secret in (enrolment.secret, *codes, codes[0].replace("-", "")))


def test_a_secret_shown_long_ago_or_to_somebody_else_is_not_taken(house, ada, clock):
    actor = signed_in(ada, clock)
    eve = signed_in(house.administrator("eve@example.com", ADMINISTRATOR), clock)
    enrolment = house.do(lambda actions: actions.factors.begin(actor))
    phone = Authenticator(enrolment.secret, clock)
    for other, envelope in ((eve, enrolment.envelope), (actor, "v1.one.AAAA"), (actor, ""), (actor, "x" * 5000)):
        with pytest.raises(Invalid, match="open for too long"):
            house.do(lambda actions, other=other, envelope=envelope: actions.factors.confirm(other, envelope, phone.code()))
    clock.forward(minutes=16)
    actor = signed_in(ada, clock)
    with pytest.raises(Invalid, match="open for too long"):
        house.do(lambda actions: actions.factors.confirm(actor, enrolment.envelope, phone.code()))


def test_setting_up_renewing_and_removing_need_recent_authentication(house, ada, clock):
    house.do(lambda actions: set_up(actions, ada, clock))
    stale = signed_in(ada, clock)
    clock.forward(minutes=6)
    for act in (
        lambda actions: actions.factors.begin(stale),
        lambda actions: actions.factors.confirm(stale, "", ""),
        lambda actions: actions.factors.renew_codes(stale),
        lambda actions: actions.factors.remove(stale),
        lambda actions: actions.administrators.set_password(stale, "hash"),
    ):
        with pytest.raises(StepUpRequired):
            house.do(act)


def test_new_recovery_codes_replace_the_old_ones(house, ada, clock):
    house.do(lambda actions: set_up(actions, ada, clock))
    actor = signed_in(ada, clock)
    old = house.do(lambda actions: actions.factors.renew_codes(actor))
    new = house.do(lambda actions: actions.factors.renew_codes(actor))
    assert not set(old) & set(new)
    assert house.do(lambda actions: actions.factors.prove(ada.id, old[0])) == ""
    assert house.do(lambda actions: actions.factors.prove(ada.id, new[0])) == "recovery code"
    assert house.do(lambda actions: actions.factors.count_codes(actor, ada.id)) == 9


def test_who_must_have_a_factor_cannot_remove_it_and_who_need_not_can(house, ada, clock):
    boss = house.administrator("boss@example.com")
    with pytest.raises(Conflict, match="demands a second factor"):
        house.do(lambda actions: actions.factors.remove(signed_in(boss, clock)))
    house.do(lambda actions: set_up(actions, ada, clock))
    house.do(lambda actions: actions.factors.remove(signed_in(ada, clock)))
    assert present(house, ada).factor_since is None


def test_reset_ends_the_factor_and_tells_those_who_keep_sessions(house, ada, clock):
    phone = house.do(lambda actions: set_up(actions, ada, clock))
    boss = house.administrator("boss@example.com")
    house.do(lambda actions: actions.factors.reset(signed_in(boss, clock), ada.id))
    assert present(house, ada).factor_since is None
    assert house.do(lambda actions: actions.factors.prove(ada.id, phone.code())) == ""
    assert AdministratorFactorReset(ada.id) in house.events
    assert ("admin_factor_reset", True) in house.audit()
    with pytest.raises(Conflict, match="no second factor"):
        house.do(lambda actions: actions.factors.reset(signed_in(boss, clock), ada.id))


@pytest.mark.parametrize(
    ("role", "theirs", "allowed"),
    [
        (BILLING, BILLING, True),
        (BILLING, ADMINISTRATOR, True),
        (ADMINISTRATOR, BILLING, False),
        (ADMINISTRATOR, HELP_DESK, True),
        (HELP_DESK, ADMINISTRATOR, False),
        (HELP_DESK, HELP_DESK, True),
        (HELP_DESK, READ_ONLY, True),
        (MANAGER, READ_ONLY, False),
        (READ_ONLY, READ_ONLY, False),
    ],
)
def test_nobody_resets_the_factor_of_somebody_who_may_do_more(house, clock, role, theirs, allowed):
    actor = signed_in(house.administrator("one@example.com", role), clock)
    target = house.administrator("two@example.com", theirs)
    house.do(lambda actions: set_up(actions, target, clock))
    if allowed:
        house.do(lambda actions: actions.factors.reset(actor, target.id))
    else:
        with pytest.raises(Denied):
            house.do(lambda actions: actions.factors.reset(actor, target.id))
    assert (present(house, target).factor_since is None) is allowed


def test_a_suspension_makes_nobody_less_mighty_whose_factor_a_lesser_role_could_then_reset(house, clock):
    helper = signed_in(house.administrator("helper@example.com", HELP_DESK), clock)
    house.administrator("other@example.com")
    boss = house.administrator("boss@example.com")
    house.do(lambda actions: set_up(actions, boss, clock))
    house.do(lambda actions: actions.administrators.suspend(ROOT, boss.id))
    with pytest.raises(Denied, match="may do more than you"):
        house.do(lambda actions: actions.factors.reset(helper, boss.id))
    assert present(house, boss).factor_since is not None


def test_nobody_resets_their_own(house, clock):
    boss = house.administrator("boss@example.com")
    with pytest.raises(Conflict, match="your account"):
        house.do(lambda actions: actions.factors.reset(signed_in(boss, clock), boss.id))


def test_key_of_one_who_lacks_the_factor_of_their_role_is_refused_until_it_is_set_up(house, clock):
    boss = house.administrator("boss@example.com", api_keys=True)
    _, text = house.do(lambda actions: actions.keys.create(ROOT, name="export", owner_id=boss.id))
    assert house.do(lambda actions: actions.keys.authenticate(text, Origin())) is not None
    house.do(lambda actions: actions.factors.reset(ROOT, boss.id))
    check = house.do(lambda actions: actions.keys.check(text, Origin()))
    assert check.refusal == "owner_without_second_factor"
    house.do(lambda actions: set_up(actions, boss, clock))
    assert house.do(lambda actions: actions.keys.authenticate(text, Origin())) is not None


def test_invitations_of_one_who_may_invite_no_longer_are_worthless(house, clock):
    house.administrator("other@example.com")
    boss = house.administrator("boss@example.com")
    token = house.do(lambda actions: actions.links.invite(signed_in(boss, clock), "friend@example.com", BILLING))
    house.do(lambda actions: actions.administrators.change(ROOT, boss.id, role=READ_ONLY, api_keys_allowed=False))
    with pytest.raises(NotFound):
        house.do(lambda actions: actions.links.look(token))
