import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeport.directory.devices.model import DeviceEnrolled, DeviceFacts, DeviceStatus, KeyState
from homeport.foundation.kernel.actor import Actor, ActorKind, Origin
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, StepUpRequired, Unauthenticated
from homeport.foundation.kernel.listing import Listing
from homeport.foundation.kernel.permissions import Permission

JWK = {"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "private"}
FACTS = DeviceFacts(hostname="lab-7", machine_id="m1", os="linux")


def enroll(directory, text, thumbprint="T" * 43, facts=FACTS):
    with directory.write() as actions:
        return actions.enrollment.enroll(text, JWK, thumbprint, facts, Origin("192.0.2.7"))


def refusal(directory, *arguments, **more):
    with pytest.raises((Unauthenticated, Conflict)) as raised:
        enroll(directory, *arguments, **more)
    return raised.value.reason


def uses(directory, admin):
    with directory.read() as actions:
        return [key.uses for key in actions.keys.list(admin, Listing()).items]


def test_key_text_carries_id_secret_and_fingerprint_and_only_a_hash_is_kept(directory, admin, clock):
    with directory.write() as actions:
        key, text = actions.keys.create(admin, " Room 5 ", 3)
    prefix, key_id, secret, fingerprint = text.split(".")
    assert (prefix, key_id, fingerprint) == ("hpe1", key.id, "order-root-fingerprint")
    assert key.name == "Room 5"
    assert key.expires_at == clock.now() + timedelta(days=7)
    assert secret not in repr(key)


def test_device_enrols_with_or_without_the_fingerprint_and_its_private_key_is_not_kept(directory, admin):
    text = directory.a_key(2)
    device, created = enroll(directory, text)
    assert created
    assert device.status is DeviceStatus.ACTIVE
    assert device.device_key == {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}
    assert directory.happened(DeviceEnrolled) == [DeviceEnrolled(device.id)]
    assert enroll(directory, text.rpartition(".")[0], "U" * 43)[1]


def test_lost_answer_is_harmless_even_on_the_last_use_and_after_expiry(directory, admin, clock):
    text = directory.a_key(1)
    first, _ = enroll(directory, text)
    clock.forward(days=8)
    assert enroll(directory, text) == (first, False)
    assert uses(directory, admin) == [1]


def test_unknown_keys_are_refused_alike(directory, admin):
    text = directory.a_key()
    prefix, key_id, secret, _ = text.split(".")
    wrong = ("", "hpe1", f"{prefix}.{key_id}.wrong", f"{prefix}.x.{secret}", f"hpe2.{key_id}.{secret}", "hpe1.\x00.\ud800")
    for attempt in wrong:
        assert refusal(directory, attempt) == "enrollment_key_unknown"
    with directory.write() as actions:
        actions.keys.revoke(admin, key_id)
    assert refusal(directory, text) == "enrollment_key_unknown"


def test_expired_and_used_up_keys_are_refused_with_their_reason(directory, clock):
    text = directory.a_key(1)
    enroll(directory, text)
    assert refusal(directory, text, "U" * 43) == "enrollment_key_used_up"
    clock.forward(days=7)
    assert refusal(directory, text, "U" * 43) == "enrollment_key_expired"


def test_one_key_pair_on_two_machines_is_refused_and_counts_no_use(directory, admin):
    text = directory.a_key(5)
    enroll(directory, text)
    assert refusal(directory, text, facts=DeviceFacts(machine_id="m2")) == "device_key_in_use"
    assert uses(directory, admin) == [1]


def test_deleted_device_enrols_anew_and_counts_a_use(directory, admin):
    text = directory.a_key(5)
    first, _ = enroll(directory, text)
    with directory.write() as actions:
        actions.devices.delete(admin, first.id)
    again, created = enroll(directory, text)
    assert created
    assert again.id != first.id
    assert uses(directory, admin) == [2]


def test_new_devices_wait_when_the_setting_says_so(directory, admin):
    with directory.write() as actions:
        actions.keys.set_approval_wanted(admin, wanted=True)
    assert directory.a_device().status is DeviceStatus.PENDING
    with directory.write() as actions:
        actions.keys.set_approval_wanted(admin, wanted=False)
    assert directory.a_device().status is DeviceStatus.ACTIVE


def test_what_a_device_says_is_cut_and_cleaned(directory):
    device, _ = enroll(
        directory, directory.a_key(), facts=DeviceFacts(hostname="a\x00b\n" + "c" * 400, machine_id="m", os="linux")
    )
    assert device.hostname == "ab" + "c" * 251


def test_key_needs_a_name_a_count_and_a_future_end(directory, admin, clock):
    with directory.write() as actions, pytest.raises(Invalid) as raised:
        actions.keys.create(admin, " ", 0, clock.now())
    assert set(raised.value.fields) == {"name", "maxUses", "expiresAt"}


def test_making_a_key_needs_the_permission_and_a_recent_authentication(directory, clock):
    reader = Actor(ActorKind.ADMINISTRATOR, "a", "reader", frozenset({Permission.DEVICES_READ}))
    with directory.write() as actions, pytest.raises(Denied):
        actions.keys.create(reader, "Lab")
    stale = Actor(
        ActorKind.ADMINISTRATOR,
        "a",
        "ada",
        frozenset(Permission),
        session_id="s",
        authenticated_at=clock.now() - timedelta(minutes=6),
    )
    with directory.write() as actions, pytest.raises(StepUpRequired):
        actions.keys.create(stale, "Lab")


def test_key_tells_its_state(directory, admin, clock):
    text = directory.a_key(1)
    with directory.read() as actions:
        key = actions.keys.get(admin, text.split(".")[1])
    assert key.state(clock.now()) is KeyState.USABLE
    assert key.state(key.expires_at) is KeyState.EXPIRED


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(max_uses=st.integers(1, 4), machines=st.integers(2, 6))
def test_uses_are_never_exceeded_under_threads(each_directory, admin, max_uses, machines):
    text = each_directory.a_key(max_uses)
    start = threading.Barrier(machines)
    outcomes = []

    def machine(number):
        start.wait()
        try:
            device = each_directory.a_device(text)
        except Unauthenticated as error:
            outcomes.append(error.reason)
        else:
            outcomes.append(device.id)

    threads = [threading.Thread(target=machine, args=(number,)) for number in range(machines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    enrolled = [outcome for outcome in outcomes if outcome != "enrollment_key_used_up"]
    assert len(outcomes) == machines
    assert len(set(enrolled)) == len(enrolled) == min(max_uses, machines)
    with each_directory.read() as actions:
        assert actions.keys.get(admin, text.split(".")[1]).uses == min(max_uses, machines)


def test_same_key_pair_racing_with_two_enrolment_keys_gives_one_device(each_directory, admin):
    for round_ in range(5):
        texts = [each_directory.a_key(), each_directory.a_key()]
        start = threading.Barrier(2)
        found = []

        def machine(text, print_=f"{round_:043d}r"[-43:], start=start, found=found):
            start.wait()
            found.append(enroll(each_directory, text, print_))

        threads = [threading.Thread(target=machine, args=(text,)) for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(created for _, created in found) == [False, True]
        assert len({device.id for device, _ in found}) == 1
