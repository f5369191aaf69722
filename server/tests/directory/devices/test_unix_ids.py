import threading

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from homeport.directory.devices.store.provisioning import UnixIdSql
from homeport.directory.devices.tables import unix_ids

FIRST, LAST = 20_000, 20_006


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    imported=st.sets(st.integers(FIRST, LAST), max_size=4),
    asked=st.lists(st.integers(0, 9), max_size=25),
)
def test_uid_is_nobody_elses_ever_and_the_same_again_for_its_user(sqlite_database, clock, imported, asked):
    with sqlite_database.read() as unit:  # what a reader writes is undone, so every example begins empty
        for uid in imported:
            unit.connection.execute(insert(unix_ids).values(user_id=f"gone{uid}", uid=uid, allocated_at=clock.now()))
        uids = UnixIdSql(unit.connection, FIRST, LAST)
        given_out = {}
        for number in asked:
            left = uids.left()
            uid = uids.allocate(f"user{number}", clock.now())
            assert (uid is not None) == (left or number in given_out)
            if uid is None:
                assert len(imported) + len(given_out) == LAST - FIRST + 1
                continue
            assert FIRST <= uid <= LAST
            assert given_out.setdefault(number, uid) == uid
        assert len(set(given_out.values())) == len(given_out)
        assert not set(given_out.values()) & imported
        assert uids.count() == len(imported) + len(given_out)
        if not imported:
            assert sorted(given_out.values()) == list(range(FIRST, FIRST + len(given_out)))


def test_uid_of_a_deleted_user_is_not_given_again(directory, admin):
    directory.provision()
    ada = directory.a_user("ada")
    assert directory.admit(ada, directory.a_device()).uid == 20_000
    with directory.changing_people() as people:
        people.delete(admin, ada.id)
    assert directory.admit(directory.a_user("ada"), directory.a_device()).uid == 20_001


def test_users_who_come_at_once_get_different_uids(each_directory):
    each_directory.provision()
    pairs = [(each_directory.a_user(), each_directory.a_device()) for _ in range(8)]
    start = threading.Barrier(len(pairs))
    found = []

    def sign_in(user, device):
        start.wait()
        found.append(each_directory.admit(user, device).uid)

    threads = [threading.Thread(target=sign_in, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(20_000, 20_008))


def test_one_user_on_many_devices_at_once_gets_one_uid(each_directory):
    each_directory.provision()
    user = each_directory.a_user()
    machines = [each_directory.a_device() for _ in range(6)]
    start = threading.Barrier(len(machines))
    found = []

    def sign_in(device):
        start.wait()
        found.append(each_directory.admit(user, device).uid)

    threads = [threading.Thread(target=sign_in, args=(device,)) for device in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [20_000] * 6
