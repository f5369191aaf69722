import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from homeport.directory.admins.model import (
    BILLING,
    READ_ONLY,
    ROLES,
    AdministratorChanged,
    AdministratorDeleted,
    AdministratorPasswordChanged,
    actor_of,
)
from homeport.foundation.kernel.actor import Origin, system
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed, StepUpRequired
from homeport.foundation.kernel.listing import Filter, Listing

ROOT = system("root")
PASSWORD = "correct horse battery"
HOME = Origin("192.0.2.7")


def signed_in(administrator, clock):
    return replace(actor_of(administrator, HOME), session_id="s", authenticated_at=clock.now())


def accept(house, token, **values):
    asked = {"email": "ada@example.com", "firstname": "Ada", "lastname": "Lovelace", "password": PASSWORD, **values}
    return house.do(lambda actions: actions.links.accept(token, **asked))


def issue(house):
    return house.do(lambda actions: actions.links.issue(ROOT))


def test_link_makes_the_first_administrator_with_billing_and_without_api_keys(house, hasher):
    made = accept(house, issue(house), email=" ADA@example.com ")
    assert (made.email, made.role, made.api_keys_allowed, made.version) == ("ada@example.com", BILLING, False, 1)
    assert hasher.verify(made.password_hash, PASSWORD)
    assert PASSWORD not in repr(made)
    assert made.password_hash not in repr(made)
    assert house.audit() == [("admin_link_create", True), ("admin_create", True)]


def test_link_works_once(house):
    token = issue(house)
    accept(house, token)
    with pytest.raises(NotFound, match="homeport admin link"):
        accept(house, token, email="mallory@example.com")
    with pytest.raises(NotFound):
        house.do(lambda actions: actions.links.look(token))


def test_two_who_use_one_link_at_the_same_moment_make_one_administrator(house):
    token, made, refused = issue(house), [], []

    def use(name):
        try:
            made.append(accept(house, token, email=f"{name}@example.com"))
        except NotFound as error:
            refused.append(error)

    threads = [threading.Thread(target=use, args=(name,)) for name in ("first", "second", "third")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 2)


def test_link_lives_for_an_hour(house, clock):
    token = issue(house)
    clock.forward(minutes=59, seconds=59)
    assert house.do(lambda actions: actions.links.look(token)).role == BILLING
    clock.forward(seconds=1)
    with pytest.raises(NotFound):
        accept(house, token)


def test_looking_at_a_link_and_bad_input_do_not_use_it_up(house):
    token = issue(house)
    house.do(lambda actions: actions.links.look(token))
    with pytest.raises(Invalid) as found:
        accept(house, token, email="x", password="short", firstname="\x00")
    assert set(found.value.fields) == {"email", "firstname", "password"}
    assert accept(house, token).email == "ada@example.com"


@pytest.mark.parametrize("token", ["", "x", "\x00", "a" * 10_000])
def test_unknown_link_is_refused(house, token):
    with pytest.raises(NotFound):
        accept(house, token)


def test_recovery_sets_a_new_password_and_leaves_the_role(house, hasher):
    house.administrator("boss@example.com")
    reader = house.administrator("ada@example.com", READ_ONLY)
    again = accept(house, issue(house), password="another long password")
    assert (again.id, again.role, again.version) == (reader.id, READ_ONLY, reader.version + 1)
    assert hasher.verify(again.password_hash, "another long password")
    assert not hasher.verify(again.password_hash, PASSWORD)
    assert house.events[-1] == AdministratorPasswordChanged(reader.id)
    assert house.audit()[-1] == ("admin_password_reset", True)


def test_only_a_local_operator_gets_a_recovery_link(house, clock):
    boss = signed_in(house.administrator(), clock)
    with pytest.raises(Denied, match="homeport admin link"):
        house.do(lambda actions: actions.links.issue(boss))


def test_invitation_makes_the_named_administrator_and_nobody_else(house, clock):
    boss = signed_in(house.administrator("boss@example.com"), clock)
    token = house.do(lambda actions: actions.links.invite(boss, " Ada@Example.com", READ_ONLY))
    with pytest.raises(Invalid) as found:
        accept(house, token, email="boss@example.com")
    assert found.value.fields == {"email": "This link is for ada@example.com."}
    clock.forward(hours=23)
    assert accept(house, token).role == READ_ONLY


def test_only_the_newest_invitation_of_an_address_counts(house, clock):
    boss = signed_in(house.administrator("boss@example.com"), clock)
    first = house.do(lambda actions: actions.links.invite(boss, "ada@example.com", BILLING))
    second = house.do(lambda actions: actions.links.invite(boss, "ada@example.com", READ_ONLY))
    with pytest.raises(NotFound):
        accept(house, first)
    assert accept(house, second).role == READ_ONLY


def test_invitation_never_resets_a_password(house, clock):
    boss = signed_in(house.administrator("boss@example.com"), clock)
    token = house.do(lambda actions: actions.links.invite(boss, "ada@example.com", READ_ONLY))
    with pytest.raises(Conflict):
        house.do(lambda actions: actions.links.invite(boss, "boss@example.com", READ_ONLY))
    accept(house, issue(house))
    with pytest.raises(Conflict):
        accept(house, token, password="another long password")


def test_role_and_api_access_change_with_a_recent_password_only(house, clock):
    boss = signed_in(house.administrator("boss@example.com"), clock)
    ada = house.administrator("ada@example.com", READ_ONLY)

    def change(actor, **values):
        asked = {"role": BILLING, "api_keys_allowed": True, **values}
        return house.do(lambda actions: actions.administrators.change(actor, ada.id, **asked))

    with pytest.raises(Denied, match="administrators:write"):
        change(signed_in(ada, clock))
    with pytest.raises(StepUpRequired):
        change(replace(boss, authenticated_at=clock.now() - timedelta(minutes=6)))
    with pytest.raises(PreconditionFailed):
        change(boss, version=ada.version + 1)
    with pytest.raises(Invalid):
        change(boss, role="Emperor")
    after = change(boss, version=ada.version)
    assert (after.role, after.api_keys_allowed, after.version) == (BILLING, True, ada.version + 1)
    assert house.events[-1] == AdministratorChanged(ada.id)
    assert change(boss) == after


def test_last_administrator_with_billing_is_neither_removed_nor_demoted(house, clock):
    boss = house.administrator("boss@example.com")
    actor = signed_in(boss, clock)
    reader = house.administrator("ada@example.com", READ_ONLY)
    for refused in (
        lambda actions: actions.administrators.delete(actor, boss.id),
        lambda actions: actions.administrators.change(actor, boss.id, role=READ_ONLY, api_keys_allowed=False),
    ):
        with pytest.raises(Conflict) as found:
            house.do(refused)
        assert found.value.reason == "last_administrator_with_billing"
    house.do(lambda actions: actions.administrators.delete(actor, reader.id))
    assert house.events[-1] == AdministratorDeleted(reader.id)


def test_two_who_demote_each_other_at_the_same_moment_leave_one(house, clock):
    pair = [house.administrator(f"{name}@example.com") for name in ("a", "b")]
    refused = []

    def demote(actor, victim):
        try:
            house.do(
                lambda actions: actions.administrators.change(
                    signed_in(actor, clock), victim.id, role=READ_ONLY, api_keys_allowed=False
                )
            )
        except Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=demote, args=(one, other)) for one, other in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = house.do(lambda actions: actions.administrators.list(ROOT, Listing(filters=(Filter("role", "eq", BILLING),))))
    assert (found.total, len(refused)) == (1, 1)


def make_key(house, actor, **values):
    return house.do(lambda actions: actions.keys.create(actor, **{"name": "export", **values}))


def authenticate(house, text, address="192.0.2.7"):
    return house.do(lambda actions: actions.keys.authenticate(text, Origin(address)))


def test_key_is_its_owner_with_the_present_role(house, clock):
    house.administrator("boss@example.com")
    ada = house.administrator(api_keys=True)
    key, text = make_key(house, signed_in(ada, clock))
    assert text.startswith("hpk_")
    actor = authenticate(house, text)
    assert (actor.id, actor.name, actor.permissions) == (ada.id, "ada@example.com (API key export)", ROLES[BILLING])
    house.do(lambda actions: actions.administrators.change(ROOT, ada.id, role=READ_ONLY, api_keys_allowed=True))
    assert authenticate(house, text).permissions == ROLES[READ_ONLY]
    assert text.rpartition("_")[2] not in repr(key)
    assert (key.expires_at - key.created_at).days == 90


def test_key_ends_with_its_time_its_owner_its_owners_access_and_its_revocation(house, clock):
    house.administrator("boss@example.com")
    ada = house.administrator(api_keys=True)
    actor = signed_in(ada, clock)
    key, text = make_key(house, actor, days=1)
    allow = lambda *, allowed: house.do(  # noqa: E731 - said twice below
        lambda actions: actions.administrators.change(ROOT, ada.id, role=BILLING, api_keys_allowed=allowed)
    )
    allow(allowed=False)
    assert authenticate(house, text) is None
    allow(allowed=True)
    assert authenticate(house, text) is not None
    clock.forward(hours=24)
    assert authenticate(house, text) is None
    _, text = make_key(house, signed_in(ada, clock))
    house.do(lambda actions: actions.keys.revoke(actor, key.id))
    assert [one.name for one in house.do(lambda actions: actions.keys.list_own(actor))] == ["export"]
    house.do(lambda actions: actions.administrators.delete(ROOT, ada.id))
    assert authenticate(house, text) is None


def test_changed_or_foreign_key_text_is_nobody(house, clock):
    ada = house.administrator(api_keys=True)
    _, text = make_key(house, signed_in(ada, clock))
    _, other = make_key(house, signed_in(ada, clock))
    mixed = text.rpartition("_")[0] + "_" + other.split("_", 2)[2]
    for wrong in ("", "hpk_", text[:-1], text + "x", text.upper(), mixed, text.replace("hpk", "abc")):
        assert authenticate(house, wrong) is None


def test_key_from_another_address_is_refused_and_recorded_once_in_a_while(house, clock):
    ada = house.administrator(api_keys=True)
    _, text = make_key(house, signed_in(ada, clock), networks=("192.0.2.0/24",))
    away = Origin("198.51.100.1")

    def use():
        def look(actions):
            check = actions.keys.check(text, away)
            if check.to_note(clock.now()):
                actions.keys.note(check, away)
            return actions.keys.actor(check, away)

        return house.do(look)

    assert authenticate(house, text) is not None
    assert use() is None
    assert use() is None
    assert house.audit().count(("api_key_refused", False)) == 1
    clock.forward(minutes=6)
    use()
    assert house.audit().count(("api_key_refused", False)) == 2


def test_last_use_is_noted(house, clock):
    ada = house.administrator(api_keys=True)
    _, text = make_key(house, signed_in(ada, clock))
    check = house.do(lambda actions: actions.keys.check(text, HOME))
    assert check.to_note(clock.now())
    house.do(lambda actions: actions.keys.note(check, HOME))
    (key,) = house.do(lambda actions: actions.keys.list_of(ROOT, ada.id))
    assert key.last_used_at == clock.now()
    assert not house.do(lambda actions: actions.keys.check(text, HOME)).to_note(clock.now())


def test_key_is_made_only_by_its_allowed_owner_in_a_fresh_session(house, clock):
    ada = house.administrator()
    actor = signed_in(ada, clock)
    with pytest.raises(Denied, match="switched off"):
        make_key(house, actor)
    house.do(lambda actions: actions.administrators.change(ROOT, ada.id, role=BILLING, api_keys_allowed=True))
    with pytest.raises(StepUpRequired):
        make_key(house, replace(actor, authenticated_at=clock.now() - timedelta(minutes=6)))
    with pytest.raises(Denied):
        make_key(house, replace(actor, session_id="", authenticated_at=None))
    other = house.administrator("other@example.com", api_keys=True)
    with pytest.raises(Denied):
        make_key(house, actor, owner_id=other.id)
    with pytest.raises(Invalid) as found:
        make_key(house, actor, name=" ", days=366)
    assert set(found.value.fields) == {"name", "days"}
    assert make_key(house, ROOT, owner_id=other.id)[0].administrator_id == other.id


def test_others_keys_are_revoked_with_billing_only(house, clock):
    ada = house.administrator(api_keys=True)
    reader = signed_in(house.administrator("reader@example.com", READ_ONLY), clock)
    key, text = make_key(house, signed_in(ada, clock))
    with pytest.raises(NotFound):
        house.do(lambda actions: actions.keys.revoke(reader, key.id))
    boss = signed_in(house.administrator("boss@example.com"), clock)
    house.do(lambda actions: actions.keys.revoke(boss, key.id))
    assert authenticate(house, text) is None
