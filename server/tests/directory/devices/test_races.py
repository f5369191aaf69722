import threading
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeport.directory.devices.model import AccountReport, AccountState, Desired
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.errors import NotFound
from homeport.foundation.kernel.reasons import ReasonCode


def together(*deeds):
    """Do all at once, each after its own delay in milliseconds, and give back what went wrong."""
    start = threading.Barrier(len(deeds))
    wrong = []

    def doing(delay, deed):
        start.wait()
        time.sleep(delay / 1000)
        try:
            deed()
        except NotFound:
            pass  # another one was first to remove it
        except Exception as error:  # noqa: BLE001 - a thread's error is told to the test
            wrong.append(error)

    threads = [threading.Thread(target=doing, args=deed) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return wrong + [thread for thread in threads if thread.is_alive()]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delays=st.lists(st.integers(0, 12), min_size=4, max_size=4), known=st.booleans())
def test_suspended_wins_every_race(each_directory, delays, known):
    each_directory.provision(several_users=True)
    user = each_directory.a_user()
    machines = [each_directory.a_device() for _ in range(3)]
    if known:
        each_directory.admit(user, machines[0], "earlier")

    def sign_in(device):
        return lambda: each_directory.admit(user, device, "race")

    deeds = [sign_in(device) for device in machines]
    deeds.append(lambda: each_directory.set_state(user, UserState.SUSPENDED))
    assert together(*zip(delays, deeds, strict=True)) == []
    for device in machines:
        with each_directory.read() as actions:
            assert all(binding.desired is Desired.SUSPENDED for binding in actions.bindings.live_on(device.id))
        assert each_directory.admit(user, device, "after") is ReasonCode.USER_SUSPENDED


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delays=st.lists(st.integers(0, 8), min_size=6, max_size=6))
def test_everything_at_once_neither_deadlocks_nor_fails(each_directory, admin, delays):
    each_directory.provision(several_users=True)
    user, other = each_directory.a_user(), each_directory.a_user()
    first, second = each_directory.a_device(), each_directory.a_device()
    binding = each_directory.admit(user, first)
    each_directory.admit(user, second)
    each_directory.admit(other, first)

    def act(deed):
        def run():
            with each_directory.write() as actions:
                deed(actions)

        return run

    deeds = [
        lambda: each_directory.set_state(user, UserState.SUSPENDED),
        lambda: each_directory.admit(user, first, "again"),
        act(lambda actions: actions.bindings.remove(admin, binding.id)),
        act(lambda actions: actions.bindings.report(first.id, accounts=[AccountReport(user.id, AccountState.ACTIVE)])),
        act(lambda actions: actions.devices.delete(admin, second.id)),
        act(lambda actions: actions.devices.touch(first.id, "192.0.2.9")),
    ]
    assert together(*zip(delays, deeds, strict=True)) == []
    with each_directory.read() as actions:
        live = [*actions.bindings.live_on(first.id), *actions.bindings.live_on(second.id)]
    assert {one.desired for one in live if one.user_id == user.id} <= {Desired.SUSPENDED}


def test_first_person_only_holds_when_two_come_at_once(each_directory):
    each_directory.provision()
    for _ in range(5):
        device, people = each_directory.a_device(), [each_directory.a_user(), each_directory.a_user()]
        found = []
        deeds = [
            (0, lambda user=user, device=device, found=found: found.append(each_directory.admit(user, device))) for user in people
        ]
        assert together(*deeds) == []
        assert sum(one is ReasonCode.DEVICE_TAKEN for one in found) == 1
