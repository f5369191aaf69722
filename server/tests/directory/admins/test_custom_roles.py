"""Custom roles and service accounts, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from homeport.directory.admins.model import BILLING, MANAGER, MOST_ROLES, READ_ONLY, RESERVED, actor_of
from homeport.directory.audit.model import Resource
from homeport.foundation.kernel.actor import ActorKind, Origin, system
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission

ROOT = system("root")
HERE = Origin("192.0.2.7", "script")


def role(house, name="Curator", permissions=("users:read", "users:write")):
    return house.do(lambda act: act.roles.create(ROOT, name=name, permissions=permissions))


def account(house, name="backup", of=READ_ONLY):
    return house.do(lambda act: act.accounts.create(ROOT, name=name, role=of))


def key(house, made, **wishes):
    return house.do(lambda act: act.accounts.create_key(ROOT, made.id, name="nightly", **wishes))


def look(house, text, origin=HERE):
    return house.do(lambda act: act.accounts.check(text, origin))


def entitled(house, administrator):
    return house.do(lambda act: act.administrators.get(ROOT, administrator.id)).permissions


def test_an_administrator_with_a_custom_role_may_do_exactly_what_it_says_also_after_it_changed(house):
    curator = role(house)
    ada = house.administrator("ada@example.com", curator.name)
    assert entitled(house, ada) == {Permission.USERS_READ, Permission.USERS_WRITE}
    house.do(lambda act: act.roles.change(ROOT, curator.id, permissions=["devices:read"]))
    assert entitled(house, ada) == {Permission.DEVICES_READ}
    assert house.do(lambda act: act.administrators.list(ROOT, Listing())).items[0].permissions == {Permission.DEVICES_READ}
    assert ("role_update", True) in house.audit()


def test_whoever_has_a_role_keeps_it_under_its_new_name(house):
    curator = role(house)
    ada, nightly = house.administrator("ada@example.com", curator.name), account(house, of=curator.name)
    token = house.do(lambda act: act.links.invite(ROOT, "bob@example.com", curator.name))
    house.do(lambda act: act.roles.change(ROOT, curator.id, name="Librarian"))
    assert house.do(lambda act: act.administrators.get(ROOT, ada.id)).role == "Librarian"
    assert house.do(lambda act: act.accounts.get(ROOT, nightly.id)).permissions == curator.permissions
    bob = house.do(
        lambda act: act.links.accept(token, email="bob@example.com", firstname="", lastname="", password="correct horse battery")
    )
    assert (bob.role, bob.permissions) == ("Librarian", curator.permissions)


def test_a_role_in_use_stays_and_names_who_has_it(house):
    curator = role(house)
    house.administrator("ada@example.com", curator.name)
    account(house, of=curator.name)
    house.do(lambda act: act.links.invite(ROOT, "bob@example.com", curator.name))
    with pytest.raises(Conflict) as caught:
        house.do(lambda act: act.roles.delete(ROOT, curator.id))
    assert caught.value.reason == "role_in_use"
    for name in ("ada@example.com", "backup", "bob@example.com (invited)"):
        assert name in caught.value.detail


def test_a_role_that_nobody_has_is_deleted_and_cannot_be_given_any_more(house):
    curator = role(house)
    house.do(lambda act: act.roles.delete(ROOT, curator.id))
    with pytest.raises(NotFound):
        house.do(lambda act: act.roles.get(ROOT, curator.id))
    with pytest.raises(Invalid, match="Choose one of"):
        house.do(lambda act: act.links.invite(ROOT, "bob@example.com", curator.name))
    with pytest.raises(Invalid, match="There is no such role"):
        account(house, of=curator.name)


@pytest.mark.parametrize("permission", sorted(RESERVED))
def test_no_custom_role_has_what_only_billing_has(sqlite_house, permission):
    with pytest.raises(Invalid, match="Only an Administrator with Billing"):
        role(sqlite_house, permissions=["users:read", permission.value])


def test_a_role_never_grants_more_than_its_maker_has(sqlite_house):
    maker = replace(ROOT, permissions=frozenset({Permission.ADMINISTRATORS_WRITE, Permission.USERS_READ}))
    with pytest.raises(Denied, match="users:write"):
        sqlite_house.do(lambda act: act.roles.create(maker, name="More", permissions=["users:read", "users:write"]))


@pytest.mark.parametrize("name", ["", "manager", "  Read   Only ", "x" * 65, "a\x00b"])
def test_a_name_that_is_none_or_looks_like_a_built_in_role_is_refused(sqlite_house, name):
    with pytest.raises(Invalid) as caught:
        role(sqlite_house, name)
    assert "name" in caught.value.fields


def test_a_role_without_a_permission_or_with_one_that_does_not_exist_is_refused(sqlite_house):
    for permissions in ([], ["users:conquer"]):
        with pytest.raises(Invalid) as caught:
            role(sqlite_house, permissions=permissions)
        assert "permissions" in caught.value.fields


def test_two_roles_cannot_have_names_that_look_alike(house):
    role(house, "Curator")
    with pytest.raises(Conflict, match="already"):
        role(house, "CURATOR")


def test_there_are_at_most_twenty(house):
    for number in range(MOST_ROLES):
        role(house, f"Role {number}")
    with pytest.raises(Conflict, match="20 custom roles"):
        role(house, "One more")


def test_a_role_that_changed_meanwhile_is_not_overwritten(sqlite_house):
    curator = role(sqlite_house)
    sqlite_house.do(lambda act: act.roles.change(ROOT, curator.id, description="first"))
    with pytest.raises(PreconditionFailed):
        sqlite_house.do(lambda act: act.roles.change(ROOT, curator.id, description="second", version=curator.version))
    with pytest.raises(PreconditionFailed):
        sqlite_house.do(lambda act: act.roles.delete(ROOT, curator.id, version=curator.version))


def test_nobody_without_billing_makes_roles_accounts_or_keys(sqlite_house):
    manager = actor_of(sqlite_house.administrator("ada@example.com", MANAGER), HERE)
    made = account(sqlite_house)
    for deed in (
        lambda act: act.roles.create(manager, name="Mine", permissions=["users:read"]),
        lambda act: act.accounts.create(manager, name="mine", role=READ_ONLY),
        lambda act: act.accounts.create_key(manager, made.id, name="mine"),
    ):
        with pytest.raises(Denied, match="administrators:write"):
            sqlite_house.do(deed)


def test_the_last_administrator_with_billing_cannot_take_a_custom_role(house):
    boss, curator = house.administrator("boss@example.com"), role(house)
    with pytest.raises(Conflict, match="last Administrator with Billing"):
        house.do(lambda act: act.administrators.change(ROOT, boss.id, role=curator.name))


def test_a_service_account_acts_under_its_own_name_with_its_role(house):
    made = account(house, of=role(house).name)
    _, text = key(house, made)
    check = look(house, text)
    actor = house.do(lambda act: act.accounts.actor(check, HERE))
    assert (actor.kind, actor.id, actor.name) == (ActorKind.SERVICE_ACCOUNT, made.id, "backup (key nightly)")
    assert actor.permissions == {Permission.USERS_READ, Permission.USERS_WRITE}
    house.do(lambda act: act.accounts.audit.record(actor, "user_update", resource=Resource("user", "x", "ada")))
    entry = house.do(lambda act: act.accounts.audit.search(ROOT, Listing(sort=("-id",), limit=1))).items[0]
    assert (entry.actor_kind, entry.actor_id) == ("service_account", made.id)


def test_the_last_use_and_refusals_of_a_key_are_kept(house, clock):
    made = account(house)
    stored, text = key(house, made, days=1, networks=("192.0.2.0/24",))
    check = look(house, text)
    house.do(lambda act: act.accounts.note(check, HERE))
    kept = house.do(lambda act: act.accounts.keys_of(ROOT, made.id))[0]
    assert (kept.id, kept.last_used_at) == (stored.id, clock.now())
    elsewhere = Origin("198.51.100.1", "script")
    wrong = look(house, text, elsewhere)
    assert wrong.refusal == "address_not_allowed"
    house.do(lambda act: act.accounts.note(wrong, elsewhere))
    assert ("service_account_key_refused", False) in house.audit()
    clock.forward(seconds=timedelta(days=1).total_seconds())
    assert look(house, text).refusal == "expired"


def test_suspending_revoking_and_deleting_stop_a_key_at_once(house):
    made = account(house)
    stored, text = key(house, made)
    house.do(lambda act: act.accounts.change(ROOT, made.id, suspended=True))
    assert look(house, text).refusal == "account_suspended"
    house.do(lambda act: act.accounts.change(ROOT, made.id, suspended=False))
    assert look(house, text).refusal == ""
    other, kept = key(house, made)
    house.do(lambda act: act.accounts.revoke_key(ROOT, made.id, stored.id))
    assert look(house, text).refusal == "unknown"
    assert look(house, kept).key.id == other.id
    house.do(lambda act: act.accounts.delete(ROOT, made.id))
    assert look(house, kept).refusal == "unknown"


def test_a_key_of_another_kind_or_with_a_wrong_secret_opens_nothing(sqlite_house):
    made = account(sqlite_house)
    stored, text = key(sqlite_house, made)
    for wrong in (text[:-1] + ("A" if text[-1] != "A" else "B"), text.replace("hps_", "hpk_"), "hps_", ""):
        assert look(sqlite_house, wrong).key is None
        assert sqlite_house.do(lambda act, wrong=wrong: act.keys.check(wrong, HERE)).key is None
    other = account(sqlite_house, "other")
    with pytest.raises(NotFound):
        sqlite_house.do(lambda act: act.accounts.revoke_key(ROOT, other.id, stored.id))


def test_a_service_account_cannot_have_a_role_that_demands_a_second_factor(sqlite_house):
    with pytest.raises(Invalid) as caught:
        account(sqlite_house, of=BILLING)
    assert "demands a second factor" in caught.value.fields["role"]
    made = account(sqlite_house)
    with pytest.raises(Invalid, match="cannot have this role"):
        sqlite_house.do(lambda act: act.accounts.change(ROOT, made.id, role=BILLING))


def test_a_service_account_makes_no_key_that_outlives_its_own(sqlite_house):
    _, text = key(sqlite_house, account(sqlite_house, of=MANAGER))
    actor = sqlite_house.do(lambda act: act.accounts.actor(act.accounts.check(text, HERE), HERE))
    with pytest.raises(Denied):
        sqlite_house.do(lambda act: act.keys.create(actor, name="more"))


def test_two_accounts_cannot_have_one_name(house):
    account(house)
    with pytest.raises(Conflict, match="already"):
        account(house)
