"""`homeport restore --replace` keeps out whoever and whatever was kept out just before it: every way in is taken away, then restored."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import insert, select
from tests.support.factor import Authenticator
from tests.support.installation import ACTOR, Place, settings_for

from homeport.channels.apple.authority.acme.tables import acme_nonces
from homeport.channels.apple.authority.tables import apple_certificates, apple_challenges
from homeport.directory.admins.model import ADMINISTRATOR, BILLING, HELP_DESK, MANAGER, READ_ONLY, Administrator, actor_of
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.clock import SystemClock
from homeport.trust.federation.model import FederatedIdentity, LinkState
from homeport.trust.issuer.tables import seen_jtis
from homeport.trust.signin.passkeys.model import Passkey
from homeport.trust.signin.passkeys.tables import passkey_ceremonies
from homeport.trust.signin.password.tables import signin_throttles, user_browsers
from homeport.trust.signin.person.tables import user_factors

HERE = Origin("192.0.2.1")
NOW = SystemClock().now()
ADMINS = {
    "boss": BILLING, "lowered": BILLING, "raised": READ_ONLY, "moved": MANAGER, "brought": ADMINISTRATOR, "narrowed": "Porters",
    "off": MANAGER, "suspended": MANAGER, "deleted": MANAGER, "changed": READ_ONLY, "robbed": MANAGER,
}  # fmt: skip
ACCOUNTS = ("untouched", "revoked", "deleted", "suspended", "lowered")
PEOPLE = ("untouched", "robbed", "changed", "expired", "reset", "used", "deleted", "renewed")


def do(place, deed):
    with place.home().work.write() as act:
        return deed(act)


def filled(place):
    """Return the ids and secrets of an installation that has every way in, some of which will be taken away."""
    seen = SimpleNamespace(admins={}, accounts={}, people={}, codes={}, apps={}, place=place)

    def fill(act):
        role = act.roles.create(ACTOR, name="Porters", permissions=["users:read", "devices:read", "groups:read"])
        seen.role = role.id
        for name, has in ADMINS.items():
            made = Administrator(name, f"{name}@example.com", "", "", has, f"old {name}", True, 1, NOW, NOW)
            act.administrators.administrators.add(made)
            seen.admins[name] = act.api_keys.create(ACTOR, name="key", owner_id=name)[1]
            act.admin_passkeys.passkeys.add(Passkey(f"of {name}", name, f"credential {name}", "key", 0, "laptop", NOW))
        for name in ACCOUNTS:
            account = act.service_accounts.create(ACTOR, name=name, role=MANAGER)
            seen.accounts[name] = (account.id, *act.service_accounts.create_key(ACTOR, account.id, name="key"))
        for name in PEOPLE:
            user = act.people.create(ACTOR, username=name, email=f"{name}@example.com", firstname="A", lastname="B")
            seen.people[name] = act.people.change_state(ACTOR, user.id, UserState.ACTIVATED)
            set_password(act, user.id, f"old {name}")
            act.user_passkeys.passkeys.add(Passkey(user.id, user.id, f"credential {name}", "key", 0, "laptop", NOW))
        for name in ("reset", "used", "renewed"):
            seen.apps[name], seen.codes[name] = with_factor(act, seen.people[name])
        values = {column.name: "" for column in apple_certificates.c if not column.nullable}
        values |= {"sha256": "c", "session_id": "s", "issued_at": NOW, "not_after": NOW + timedelta(days=9), "attested": False}
        connection = act.people.users.connection
        connection.execute(insert(apple_certificates), values)
        later = NOW + timedelta(days=1)
        for name in ("changed", "untouched"):
            row = {"browser_hash": "b", "owner_id": seen.people[name].id, "last_used_at": NOW}
            connection.execute(insert(user_browsers), row)
        connection.execute(insert(acme_nonces), {"nonce_hash": "n", "expires_at": later})
        ceremony = {"challenge_hash": "c", "whose": "admin", "act": "sign_in", "owner_id": "", "expires_at": later}
        connection.execute(insert(passkey_ceremonies), ceremony)
        word = {"word_hash": "w", "session_id": "s", "serial": "", "expires_at": later, "certificate_sha256": ""}
        connection.execute(insert(apple_challenges), word)

    do(place, fill)
    return seen


def set_password(act, user_id, hashed):
    token = act.passwords.issue_link(ACTOR, user_id)[2]
    act.passwords.accept_link(token, hashed, HERE)


def own(user):
    return Actor(ActorKind.USER, user.id, user.username, session_id="s", authenticated_at=SystemClock().now())


def with_factor(act, user):
    begun = act.user_factors.begin(own(user))
    app = Authenticator(begun.secret)
    return app, act.user_factors.confirm(own(user), begun.envelope, app.code())


def take_away(seen):
    """Take away what the names say, as administrators and people do."""

    def deeds(act):
        ids = {name: account for name, (account, *_) in seen.accounts.items()}
        act.service_accounts.revoke_key(ACTOR, ids["revoked"], seen.accounts["revoked"][1].id)
        act.service_accounts.delete(ACTOR, ids["deleted"])
        act.service_accounts.change(ACTOR, ids["suspended"], suspended=True)
        act.service_accounts.change(ACTOR, ids["lowered"], role=READ_ONLY)
        brought = act.roles.create(ACTOR, name="Guests", permissions=["users:read"])
        for name, role in {"lowered": READ_ONLY, "raised": ADMINISTRATOR, "moved": HELP_DESK, "brought": brought.name}.items():
            act.administrators.change(ACTOR, name, role=role)
        act.roles.change(ACTOR, seen.role, permissions=["users:read", "mail:read"])
        act.administrators.change(ACTOR, "off", api_keys_allowed=False)
        act.administrators.suspend(ACTOR, "suspended")
        act.administrators.delete(ACTOR, "deleted")
        changed = act.administrators.find_present("changed")
        act.administrators.set_password(
            replace(actor_of(changed, HERE), session_id="s", authenticated_at=SystemClock().now()), "new changed"
        )
        act.admin_passkeys.remove_of(ACTOR, "robbed", "of robbed")
        people = seen.people
        act.user_passkeys.remove_all_of(ACTOR, people["robbed"].id)
        set_password(act, people["changed"].id, "new changed")
        act.passwords.expire(ACTOR, people["expired"].id)
        act.user_factors.reset(ACTOR, people["reset"].id)
        assert act.user_factors.prove(people["used"].id, seen.codes["used"][0]) == "recovery code"
        seen.new_app, seen.new_codes = with_factor(act, people["renewed"])
        act.people.delete(ACTOR, people["deleted"].id)
        act.apple_authority.revoke_session(ACTOR, "s", "gone")
        blocked = {"key": "k", "failures": 9, "blocked_until": NOW + timedelta(days=1), "last_failure_at": NOW}
        act.people.users.connection.execute(insert(signin_throttles), blocked)
        act.people.users.connection.execute(insert(seen_jtis), {"jti_hash": "j", "expires_at": NOW + timedelta(days=1)})
        linked = FederatedIdentity(
            "l", people["robbed"].id, "p", "https://idp.example", "s", "", LinkState.ACTIVE, SystemClock().now()
        )
        assert act.links.store.add(linked)
        act.links.unlink(ACTOR, people["robbed"].id)

    do(seen.place, deeds)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def restored(request, tmp_path_factory):
    """Every way in, after some were taken away and a backup from before was put back; tests only look."""
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    database = server and server.create()
    place = Place(settings_for(tmp_path_factory.mktemp("place") / "data", database))
    seen = filled(place)
    file = place.settings.data.parent / "backup"
    assert place.run("backup", file).exit_code == 0
    take_away(seen)
    done = place.run("restore", file, "--replace")
    assert done.exit_code == 0, done.output
    seen.said = done.output
    with place.home().work.read() as seen.act:
        yield seen
    place.close()
    if server:
        server.drop(database)


def opens(seen, text):
    act = seen.act
    if text.startswith("hps"):
        return not act.service_accounts.check(text, HERE).refusal
    return not act.api_keys.check(text, HERE).refusal


def test_keys_of_service_accounts_that_were_revoked_deleted_or_suspended_open_nothing(restored):
    opening = {name for name, (*_, text) in restored.accounts.items() if opens(restored, text)}
    assert opening == {"untouched", "lowered"}
    assert "keys of service accounts revoked since: 2" in restored.said
    assert "service accounts deleted since: 1" in restored.said
    assert "service accounts suspended since: 1" in restored.said


def test_api_keys_open_nothing_whose_owner_lost_the_access(restored):
    opening = {name for name, text in restored.admins.items() if opens(restored, text)}
    assert set(ADMINS) - opening == {"off", "suspended", "deleted", "boss"}  # whose role demands a second factor
    assert "API keys deleted since: 1" in restored.said


def test_roles_that_allow_less_stay_and_roles_that_allow_more_do_not_come(restored):
    roles = {name: restored.act.administrators.find_present(name).role for name in ADMINS if name != "deleted"}
    lower = {"lowered": READ_ONLY, "moved": HELP_DESK, "brought": "Guests"}
    assert roles == {name: role for name, role in ADMINS.items() if name != "deleted"} | lower
    assert restored.act.service_accounts.get(ACTOR, restored.accounts["lowered"][0]).role == READ_ONLY
    assert restored.act.administrators.find_present("brought").permissions == {"users:read"}
    assert restored.act.administrators.find_present("narrowed").permissions == {"users:read"}
    assert "administrators that may do less since: 4" in restored.said  # three roles, one access to the API
    assert "service accounts that may do less since: 1" in restored.said
    assert "custom roles narrowed since: 1" in restored.said


def test_administrators_who_were_suspended_or_deleted_stay_so(restored):
    assert restored.act.administrators.find_present("suspended").suspended_at is not None
    assert restored.act.administrators.find_present("deleted") is None
    assert "administrators suspended since: 1" in restored.said
    assert "administrators deleted since: 1" in restored.said


def test_passkeys_that_were_removed_do_not_come_back_and_others_stay(restored):
    act = restored.act
    owners = {name for name in ADMINS if act.admin_passkeys.passkeys.of_owner(name)}
    assert owners == set(ADMINS) - {"robbed", "deleted"}
    owners = {name for name, user in restored.people.items() if act.user_passkeys.passkeys.of_owner(user.id)}
    assert owners == set(PEOPLE) - {"robbed", "deleted"}
    assert "passkeys of administrators removed since: 2" in restored.said
    assert "passkeys of people removed since: 2" in restored.said


def test_a_password_that_was_changed_since_does_not_open_again(restored):
    act = restored.act
    assert act.administrators.find_present("changed").password_hash == "new changed"
    assert act.administrators.find_present("boss").password_hash == "old boss"
    hashes = {name: act.passwords.present(user.id).password_hash for name, user in restored.people.items()}
    assert hashes == {name: f"old {name}" for name in PEOPLE} | {"changed": "new changed", "deleted": ""}
    assert act.passwords.present(restored.people["expired"].id).expired_at is not None
    assert "administrators whose password or second factor changed, or who used a code, since: 1" in restored.said


def test_a_second_factor_of_a_person_stands_as_it_was_last(restored):
    act, people = restored.act, restored.people
    owners = act.people.users.connection.execute(select(user_factors.c.user_id)).scalars()
    assert set(owners) == {people["used"].id, people["renewed"].id}
    assert act.passwords.present(people["reset"].id).factor_since is None
    assert act.user_factors.count_codes(people["reset"].id) == 0
    assert act.user_factors.count_codes(people["used"].id) == 9
    with restored.place.home().work.write() as writing:
        worthless = (restored.codes["renewed"][1], restored.apps["renewed"].code())
        assert [writing.user_factors.prove(people["renewed"].id, code) for code in worthless] == ["", ""]
        assert writing.user_factors.prove(people["renewed"].id, restored.new_codes[0]) == "recovery code"
        assert writing.user_factors.prove(people["used"].id, restored.codes["used"][0]) == ""


def test_whoever_was_deleted_comes_back_suspended_and_proves_nothing(restored):
    assert restored.act.people.get(ACTOR, restored.people["deleted"].id).state is UserState.SUSPENDED
    assert restored.act.passwords.present(restored.people["deleted"].id).password_hash == ""


def test_a_certificate_of_a_mac_that_was_revoked_and_guesses_that_were_counted_stay_so(restored):
    connection = restored.act.people.users.connection
    assert connection.execute(select(apple_certificates.c.revoked_because)).scalar_one() == "gone"
    assert connection.execute(select(signin_throttles.c.failures)).scalar_one() == 9


def test_a_link_to_the_provider_that_was_made_and_removed_since_stays_removed_so_that_nobody_makes_it_anew(restored):
    (link,) = restored.act.links.store.of_user(restored.people["robbed"].id)
    assert (link.state, link.relink_allowed_at) == (LinkState.REMOVED, None)
    assert "links to the provider removed since: 1" in restored.said


def test_browsers_are_known_and_proofs_are_used_up_as_they_were_last(restored):
    connection = restored.act.people.users.connection
    assert connection.execute(select(user_browsers.c.owner_id)).scalars().all() == [restored.people["untouched"].id]
    assert connection.execute(select(seen_jtis.c.jti_hash)).scalars().all() == ["j"]


def test_what_was_begun_before_the_backup_has_ended(restored):
    connection = restored.act.people.users.connection
    assert [connection.execute(select(table)).all() for table in (acme_nonces, passkey_ceremonies)] == [[], []]
    assert connection.execute(select(apple_challenges.c.expires_at)).scalar_one() <= SystemClock().now()
