import threading

import pytest

from homeport.directory.people.model import UserActivated, UserDeleted, UserEmailChanged, UserState, UserSuspended
from homeport.foundation.kernel.actor import Actor, ActorKind, system
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission

ROOT = system("root")
READER = Actor(ActorKind.ADMINISTRATOR, "r", "r", frozenset({Permission.USERS_READ}))
EVENTS = (UserActivated, UserDeleted, UserEmailChanged, UserSuspended)


class House:
    """People over one database, and the events they published."""

    def __init__(self, database, build):
        self.database, self.build, self.events = database, build, []
        for kind in EVENTS:
            database.subscriptions.subscribe(kind, lambda _unit, event: self.events.append(event))

    def do(self, action):
        with self.database.write() as unit:
            return action(self.build(unit))

    def create(self, username="ada", **values):
        values = {"email": f"{username}@example.com", **values}
        return self.do(lambda people: people.create(ROOT, username=username, **values))

    def audit(self):
        return [
            (entry.event_type, [(one.field, one.before, one.after) for one in entry.changed()])
            for entry in self.do(lambda people: people.audit.search(ROOT, Listing(sort=("id",)))).items
        ]


@pytest.fixture
def house(database, build):
    return House(database, build)


def test_created_user_is_stored_in_lower_case_and_recorded(house, clock):
    user = house.create(" Ada ", email=" ADA@Example.com ", firstname=" Ada ", lastname="Lovelace")
    assert (user.username, user.email, user.firstname, user.state, user.version) == (
        "ada",
        "ada@example.com",
        "Ada",
        UserState.ACTIVATED,
        1,
    )
    assert house.do(lambda people: people.get(ROOT, user.id)) == user
    assert house.do(lambda people: people.get_for_update(ROOT, user.id)) == user
    assert house.do(lambda people: people.find_by_email(ROOT, "Ada@EXAMPLE.com")) == user
    assert house.do(lambda people: people.find_by_email(ROOT, "ada@example.co")) is None
    assert house.do(lambda people: people.find_by_email(ROOT, "ada\x00@example.com")) is None
    ((event, changes),) = house.audit()
    assert event == "user_create"
    assert ("email", None, "ada@example.com") in changes


@pytest.mark.parametrize(
    ("taken", "reason"), [({"email": "ADA@example.com"}, "email_taken"), ({"username": "ADA"}, "username_taken")]
)
def test_taken_name_or_address_is_refused_on_create_and_update(house, taken, reason):
    house.create("ada")
    other = house.create("grace")
    with pytest.raises(Conflict) as found:
        house.create(**{"username": "other", "email": "other@example.com", **taken})
    assert found.value.reason == reason
    with pytest.raises(Conflict) as found:
        house.do(lambda people: people.update(ROOT, other.id, **taken))
    assert found.value.reason == reason
    assert len(house.audit()) == 2


def test_address_that_holds_the_other_fields_name_is_told_apart(house):
    house.create("ada", email="username@email.example")
    with pytest.raises(Conflict) as found:
        house.create("other", email="username@email.example")
    assert found.value.reason == "email_taken"


def test_bad_input_is_explained_field_by_field(house):
    with pytest.raises(Invalid) as found:
        house.create("-", email="x", firstname="\x00", lastname="a" * 256)
    assert set(found.value.fields) == {"username", "email", "firstname", "lastname"}
    assert house.audit() == []


def test_update_changes_what_is_given_and_counts_the_version(house, clock):
    user = house.create()
    clock.forward(minutes=1)
    after = house.do(lambda people: people.update(ROOT, user.id, version=1, lastname="Lovelace"))
    assert (after.version, after.lastname, after.email, after.updated_at) == (2, "Lovelace", user.email, clock.now())
    assert house.events == []
    assert house.audit()[-1] == ("user_update", [("lastname", "", "Lovelace")])
    house.do(lambda people: people.update(ROOT, user.id, email="countess@example.com"))
    assert house.events == [UserEmailChanged(user.id)]
    with pytest.raises(PreconditionFailed):
        house.do(lambda people: people.update(ROOT, user.id, version=1, lastname="Byron"))


def test_update_without_a_change_leaves_no_trace(house):
    user = house.create()
    assert house.do(lambda people: people.update(ROOT, user.id, username="ADA", email=user.email)) == user
    assert (len(house.audit()), house.events) == (1, [])


def test_user_name_stays_while_the_user_has_an_account_on_a_device(house, usage):
    user = house.create()
    usage.counts[user.id] = 2
    with pytest.raises(Conflict) as found:
        house.do(lambda people: people.update(ROOT, user.id, username="countess"))
    assert found.value.reason == "username_in_use"
    assert house.do(lambda people: people.update(ROOT, user.id, email="countess@example.com")).version == 2
    usage.counts.clear()
    assert house.do(lambda people: people.update(ROOT, user.id, username="countess")).username == "countess"


def test_suspending_and_activating_tell_everybody_once(house):
    user = house.create(state=UserState.STAGED)
    assert house.do(lambda people: people.change_state(ROOT, user.id, UserState.ACTIVATED)).state is UserState.ACTIVATED
    house.do(lambda people: people.change_state(ROOT, user.id, UserState.SUSPENDED))
    house.do(lambda people: people.change_state(ROOT, user.id, UserState.SUSPENDED))
    assert house.events == [UserActivated(user.id), UserSuspended(user.id)]
    assert house.audit()[1:] == [
        ("user_activated", [("state", "STAGED", "ACTIVATED")]),
        ("user_suspended", [("state", "ACTIVATED", "SUSPENDED")]),
    ]
    with pytest.raises(Conflict, match="STAGED"):
        house.do(lambda people: people.change_state(ROOT, user.id, UserState.STAGED))


def test_deleting_tells_everybody_while_the_user_still_stands(house, database, build):
    user = house.create()
    seen = []
    database.subscriptions.subscribe(UserDeleted, lambda unit, event: seen.append(build(unit).get(ROOT, event.user_id)))
    assert house.do(lambda people: people.delete(ROOT, user.id)) == user
    assert seen == [user]
    assert house.audit()[-1][0] == "user_delete"
    with pytest.raises(NotFound):
        house.do(lambda people: people.get(ROOT, user.id))
    assert house.create().username == "ada"


def test_failing_handler_takes_the_change_and_its_record_back(house, database):
    user = house.create()

    def fail(_unit, _event):
        raise RuntimeError

    database.subscriptions.subscribe(UserSuspended, fail)
    with pytest.raises(RuntimeError):
        house.do(lambda people: people.change_state(ROOT, user.id, UserState.SUSPENDED))
    assert house.do(lambda people: people.get(ROOT, user.id)) == user
    assert len(house.audit()) == 1


def test_list_filters_sorts_and_counts(house):
    for name in ("charlie", "ada", "bob"):
        house.create(name, firstname=name.title(), state=UserState.STAGED if name == "bob" else UserState.ACTIVATED)

    def found(**asked):
        page = house.do(lambda people: people.list(READER, Listing(**asked)))
        return [user.username for user in page.items], page.total

    assert found() == (["ada", "bob", "charlie"], 3)
    assert found(sort=("-username",), limit=1, skip=1) == (["bob"], 3)
    assert found(filters=(Filter("state", "eq", "STAGED"),)) == (["bob"], 1)
    assert found(filters=(Filter("username", "startsWith", "CH"),)) == (["charlie"], 1)
    assert found(filters=(Filter("username", "in", "ada,bob"), Filter("state", "ne", "STAGED"))) == (["ada"], 1)
    assert found(text="EXAMPLE ada") == (["ada"], 1)
    assert found(skip=10**30) == ([], 3)


def test_every_change_needs_the_permission_to_write(house):
    user = house.create()
    for change in (
        lambda people: people.create(READER, username="x", email="x@example.com"),
        lambda people: people.update(READER, user.id, lastname="x"),
        lambda people: people.change_state(READER, user.id, UserState.SUSPENDED),
        lambda people: people.delete(READER, user.id),
    ):
        with pytest.raises(Denied, match=r"users:(write|state)"):
            house.do(change)
    nobody = Actor(ActorKind.USER, "u", "u")
    for read in (
        lambda people: people.list(nobody, Listing()),
        lambda people: people.get(nobody, user.id),
        lambda people: people.get_for_update(nobody, user.id),
        lambda people: people.find_by_email(nobody, user.email),
        lambda people: people.count_bindings(nobody, user.id),
    ):
        with pytest.raises(Denied, match="users:read"):
            house.do(read)


def test_suspension_waits_for_whoever_holds_the_user_and_then_wins(house, database, build):
    """A sign-in that holds the user finishes first; the suspension comes after it and sees what it made."""
    user = house.create()
    order, held = [], threading.Event()

    def suspend():
        held.wait(60)
        house.do(lambda people: people.change_state(ROOT, user.id, UserState.SUSPENDED))
        order.append("suspended")

    thread = threading.Thread(target=suspend)
    thread.start()
    with database.write() as unit:
        assert build(unit).get_for_update(ROOT, user.id).state is UserState.ACTIVATED
        held.set()
        thread.join(0.2)
        order.append("signed in")
    thread.join(60)
    assert order == ["signed in", "suspended"]
