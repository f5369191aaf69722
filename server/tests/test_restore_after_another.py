"""`homeport restore --replace` believes the replaced database as far as it knows: after a wrong backup was put back, or over an older copy."""

import shutil

import pytest
from sqlalchemy import select
from tests.support.installation import ACTOR, Place, settings_for

from homeport.directory.admins.model import BILLING, MANAGER, READ_ONLY, Administrator
from homeport.directory.devices.model import Subject, SubjectKind, Target, TargetKind
from homeport.directory.devices.tables import assignments
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.clock import SystemClock

HERE = Origin("192.0.2.1")


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request, tmp_path):
    """A server, and the new machine after it was lost."""
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    databases = [server and server.create() for _ in range(2)]
    opened = [Place(settings_for(tmp_path / str(number) / "data", database)) for number, database in enumerate(databases)]
    for one in opened:
        one.settings.data.parent.mkdir()
    yield opened
    for one, database in zip(opened, databases, strict=True):
        one.close()
        if server:
            server.drop(database)


def do(place, deed):
    with place.home().work.write() as act:
        return deed(act)


def backed_up(place, name):
    file = place.settings.data.parent / name
    assert place.run("backup", file, "--with-keys").exit_code == 0
    return file


def restored(place, file):
    done = place.run("restore", file, "--replace")
    assert done.exit_code == 0, done.output


def person(act, name):
    user = act.people.create(ACTOR, username=name, email=f"{name}@example.com", firstname="A", lastname="B")
    act.people.change_state(ACTOR, user.id, UserState.ACTIVATED)
    set_password(act, user.id, "first")
    return user.id


def set_password(act, user_id, hashed):
    act.passwords.accept_link(act.passwords.issue_link(ACTOR, user_id)[2], hashed, HERE)


def account(act, name):
    made = act.service_accounts.create(ACTOR, name=name, role=MANAGER)
    return made.id, *act.service_accounts.create_key(ACTOR, made.id, name="key")


def administrator(act, name):
    now = SystemClock().now()
    act.administrators.administrators.add(
        Administrator(
            name, f"{name}@example.com", "", "", BILLING, "x", api_keys_allowed=True, version=1, created_at=now, updated_at=now
        )
    )
    return name


def begin(act):
    return (
        [person(act, name) for name in ("ada", "bob")],
        [account(act, name) for name in ("ci", "cd")],
        administrator(act, "eve"),
    )


def go_on(act, people, accounts, admin):
    """What happened between the first and the second backup."""
    set_password(act, people[0], "second")
    group = act.device_groups.create(ACTOR, "Lab").id
    act.access.assign(ACTOR, Subject(SubjectKind.USER, people[0]), Target(TargetKind.DEVICE_GROUP, group))
    act.administrators.change(ACTOR, admin, role=READ_ONLY)
    act.service_accounts.revoke_key(ACTOR, accounts[0][0], accounts[0][1].id)
    return person(act, "new"), account(act, "new")


def found(place, people, accounts, admin):
    with place.home().work.read() as act:
        return (
            [act.passwords.present(one).password_hash for one in people],
            [act.service_accounts.check(text, HERE).refusal for *_, text in accounts],
            act.administrators.find_present(admin).role,
            [one.subject_id for one in act.people.users.connection.execute(select(assignments))],
        )


def test_a_wrong_backup_that_was_put_back_first_takes_nothing_away_but_what_was_taken_away_since(places):
    lost, place = places
    do(lost, lambda act: administrator(act, "boss"))
    people, accounts, admin = do(lost, begin)
    wrong = backed_up(lost, "wrong")
    later, key = do(lost, lambda act: go_on(act, people, accounts, admin))
    right = backed_up(lost, "right")
    restored(place, wrong)

    def meanwhile(act):
        set_password(act, people[1], "third")
        act.service_accounts.revoke_key(ACTOR, accounts[1][0], accounts[1][1].id)

    do(place, meanwhile)
    restored(place, right)
    hashes, refusals, role, assigned = found(place, [*people, later], [*accounts, key], admin)
    assert hashes == ["second", "third", "first"]
    assert refusals == ["unknown", "unknown", ""]
    assert (role, assigned) == (READ_ONLY, people[:1])


def test_a_newer_backup_comes_back_whole_over_an_older_copy_of_the_database(tmp_path):
    place = Place(settings_for(tmp_path / "data", None))
    do(place, lambda act: administrator(act, "boss"))
    people, accounts, admin = do(place, begin)
    place.close()
    shutil.copytree(place.settings.data, tmp_path / "copy")
    later, key = do(place, lambda act: go_on(act, people, accounts, admin))
    right = backed_up(place, "right")
    place.close()
    shutil.rmtree(place.settings.data)
    shutil.copytree(tmp_path / "copy", place.settings.data)
    restored(place, right)
    hashes, refusals, role, assigned = found(place, [*people, later], [*accounts, key], admin)
    assert hashes == ["second", "first", "first"]
    assert refusals == ["unknown", "", ""]
    assert (role, assigned) == (READ_ONLY, people[:1])
    place.close()
