"""User groups over both databases: names, members, what is recorded, and who may."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.directory.people.model import UserGroupDeleted, UserGroupMembersChanged, group_key, group_name_problem
from homeport.foundation.kernel.actor import Actor, ActorKind, system
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed
from homeport.foundation.kernel.listing import Filter, Listing
from homeport.foundation.kernel.permissions import Permission

ROOT = system("root")
READER = Actor(ActorKind.ADMINISTRATOR, "r", "r", frozenset({Permission.GROUPS_READ}))


class House:
    """Users and groups over one database, and the events they published."""

    def __init__(self, database, build, build_groups):
        self.database, self.build, self.build_groups, self.events = database, build, build_groups, []
        for kind in (UserGroupDeleted, UserGroupMembersChanged):
            database.subscriptions.subscribe(kind, lambda _unit, event: self.events.append(event))

    def do(self, action):
        with self.database.write() as unit:
            return action(self.build_groups(unit))

    def user(self, name):
        with self.database.write() as unit:
            return self.build(unit).create(ROOT, username=name, email=f"{name}@example.com").id

    def delete_user(self, user_id):
        with self.database.write() as unit:
            self.build(unit).delete(ROOT, user_id)

    def group(self, name="Sales", members=(), **values):
        group = self.do(lambda groups: groups.create(ROOT, name=name, **values))
        if members:
            self.do(lambda groups: groups.add_members(ROOT, group.id, members))
        return group

    def members(self, group, **asked):
        page = self.do(lambda groups: groups.members(READER, group.id, Listing(**asked)))
        return [user.username for user in page.items], page.total

    def audit(self, kind):
        found = self.do(lambda groups: groups.audit.search(ROOT, Listing(filters=(Filter("event_type", "eq", kind),))))
        return [(entry.resource_name, entry.changed(), entry.detailed()) for entry in found.items]


@pytest.fixture
def house(database, build, build_groups):
    return House(database, build, build_groups)


def test_created_group_is_stored_trimmed_and_recorded(house):
    group = house.group("  Sales  ", description=" People who sell\r\nthings ")
    assert (group.name, group.description, group.version) == ("Sales", "People who sell\nthings", 1)
    assert house.do(lambda groups: groups.get(READER, group.id)) == group
    ((name, changes, _),) = house.audit("user_group_create")
    assert name == "Sales"
    assert {change.field: change.after for change in changes} == {"name": "Sales", "description": "People who sell\nthings"}


@pytest.mark.parametrize("name", ["sales", "SALES", " Sales", "\N{FULLWIDTH LATIN CAPITAL LETTER S}ales"])
def test_name_that_looks_like_another_groups_is_refused_on_create_and_update(house, name):
    house.group("Sales")
    other = house.group("Support")
    for change in (
        lambda groups: groups.create(ROOT, name=name),
        lambda groups: groups.update(ROOT, other.id, name=name),
    ):
        with pytest.raises(Conflict) as found:
            house.do(change)
        assert found.value.reason == "group_name_taken"


def test_group_may_change_the_case_of_its_own_name(house):
    group = house.group("sales")
    assert house.do(lambda groups: groups.update(ROOT, group.id, name="Sales")).name == "Sales"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 255}, "name"),
        ({"name": "Sales", "description": "x" * 1025}, "description"),
        ({"name": "Sales", "description": "\x00"}, "description"),
    ],
)
def test_bad_name_or_description_is_named_and_nothing_is_stored(house, values, field):
    with pytest.raises(Invalid) as found:
        house.do(lambda groups: groups.create(ROOT, **values))
    assert list(found.value.fields) == [field]
    assert house.do(lambda groups: groups.list(READER, Listing())).total == 0


@given(st.text(max_size=260))
def test_every_name_that_is_taken_has_a_key_that_the_database_can_hold_and_compare(name):
    if group_name_problem(name) == "":
        assert 0 < len(group_key(name)) <= 765
        assert group_key(group_key(name)) == group_key(name)


def test_update_counts_versions_and_tells_the_second_of_two(house):
    group = house.group()
    changed = house.do(lambda groups: groups.update(ROOT, group.id, version=1, description="Sells"))
    assert (changed.version, changed.name, changed.description) == (2, "Sales", "Sells")
    assert house.do(lambda groups: groups.update(ROOT, group.id, version=2, description="Sells")) == changed
    with pytest.raises(PreconditionFailed, match="changed by somebody else"):
        house.do(lambda groups: groups.update(ROOT, group.id, version=1, name="Selling"))
    with pytest.raises(PreconditionFailed):
        house.do(lambda groups: groups.delete(ROOT, group.id, version=1))
    assert len(house.audit("user_group_update")) == 1


def test_members_join_once_and_leave_once_and_each_is_recorded(house):
    ada, bob = house.user("ada"), house.user("bob")
    group = house.group()
    added = house.do(lambda groups: groups.add_members(ROOT, group.id, [ada, bob, ada, "nobody"]))
    assert sorted(user.username for user in added) == ["ada", "bob"]
    assert house.do(lambda groups: groups.add_members(ROOT, group.id, [ada])) == []
    assert house.members(group) == (["ada", "bob"], 2)
    assert house.members(group, text="bo") == (["bob"], 1)
    assert house.do(lambda groups: groups.count_members(READER, [group.id, "none"])) == {group.id: 2, "none": 0}
    removed = house.do(lambda groups: groups.remove_members(ROOT, group.id, [bob, "nobody"]))
    assert [user.username for user in removed] == ["bob"]
    assert house.do(lambda groups: groups.remove_members(ROOT, group.id, [bob])) == []
    assert house.members(group) == (["ada"], 1)
    assert [(type(event).__name__, set(event.added), event.removed) for event in house.events] == [
        ("UserGroupMembersChanged", {ada, bob}, ()),
        ("UserGroupMembersChanged", set(), (bob,)),
    ]
    assert sorted(name for name, _, _ in house.audit("user_group_member_add")) == ["ada", "bob"]
    assert house.audit("user_group_member_remove") == [("bob", (), {"group": "Sales", "group_id": group.id})]


def test_groups_of_a_user_are_told_by_name(house):
    ada = house.user("ada")
    support, sales = house.group("Support", [ada]), house.group("Sales", [ada])
    house.group("Empty")
    assert [group.name for group in house.do(lambda groups: groups.groups_of(READER, ada))] == ["Sales", "Support"]
    assert house.do(lambda groups: groups.group_ids_of(READER, ada)) == {support.id, sales.id}
    assert house.do(lambda groups: groups.groups_of(READER, "nobody")) == []


def test_deleted_group_still_stands_while_others_let_go_of_it_and_leaves_its_users(house):
    ada = house.user("ada")
    group = house.group(members=[ada])
    seen = []
    house.database.subscriptions.subscribe(
        UserGroupDeleted, lambda unit, _event: seen.append(house.build_groups(unit).group_ids_of(READER, ada))
    )
    house.do(lambda groups: groups.delete(ROOT, group.id, version=1))
    assert seen == [{group.id}]
    with pytest.raises(NotFound):
        house.do(lambda groups: groups.get(READER, group.id))
    assert house.do(lambda groups: groups.group_ids_of(READER, ada)) == frozenset()
    ((_, _, details),) = house.audit("user_group_delete")
    assert details == {"members": 1}
    house.group("Sales", [ada])


def test_deleted_user_leaves_all_groups_and_the_record_names_them(house):
    ada = house.user("ada")
    group = house.group(members=[ada])
    house.delete_user(ada)
    assert house.members(group) == ([], 0)
    ((_, _, details),) = house.audit("user_delete")
    assert details == {"groups": ["Sales"]}


def test_list_finds_sorts_and_counts(house):
    for name, description in (("Support", "helps"), ("Sales", "sells"), ("engineering", "builds")):
        house.group(name, description=description)

    def found(**asked):
        page = house.do(lambda groups: groups.list(READER, Listing(**asked)))
        return [group.name for group in page.items], page.total

    assert found() == (["engineering", "Sales", "Support"], 3)
    assert found(sort=("-name",), limit=1) == (["Support"], 3)
    assert found(text="BUILDS") == (["engineering"], 1)
    assert found(filters=(Filter("name", "startsWith", "s"),)) == (["Sales", "Support"], 2)
    with pytest.raises(Invalid):
        found(filters=(Filter("members", "eq", "1"),))


def test_every_change_needs_the_permission_to_write_and_every_look_the_one_to_read(house):
    group = house.group()
    for change in (
        lambda groups: groups.create(READER, name="x"),
        lambda groups: groups.update(READER, group.id, name="x"),
        lambda groups: groups.delete(READER, group.id),
        lambda groups: groups.add_members(READER, group.id, []),
        lambda groups: groups.remove_members(READER, group.id, []),
    ):
        with pytest.raises(Denied, match="groups:write"):
            house.do(change)
    nobody = Actor(ActorKind.USER, "u", "u")
    for read in (
        lambda groups: groups.list(nobody, Listing()),
        lambda groups: groups.get(nobody, group.id),
        lambda groups: groups.members(nobody, group.id, Listing()),
        lambda groups: groups.count_members(nobody, [group.id]),
        lambda groups: groups.groups_of(nobody, "x"),
        lambda groups: groups.group_ids_of(nobody, "x"),
    ):
        with pytest.raises(Denied, match="groups:read"):
            house.do(read)


def test_user_who_is_deleted_while_being_added_is_in_no_group(house):
    """The deletion waits for whoever adds the user, and takes the new membership along."""
    ada = house.user("ada")
    group = house.group()
    begun = threading.Event()

    def delete():
        begun.wait(60)
        house.delete_user(ada)

    thread = threading.Thread(target=delete)
    thread.start()
    with house.database.write() as unit:
        house.build_groups(unit).add_members(ROOT, group.id, [ada])
        begun.set()
        thread.join(0.2)
    thread.join(60)
    assert house.members(group) == ([], 0)
