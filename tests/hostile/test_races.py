"""Two things at once: whatever comes first wins, the other is refused, and nothing happens twice."""

import threading
import time
from collections.abc import Callable, Sequence

from tests.hostile.scene import LONG_AGO, Scene, reason_of
from tests.hostile.table_identity import change_state
from tests.hostile.world import ADMIN

from homeport.directory.people.model import UserState


def at_once(*doings: Callable[[], object]) -> list[object]:
    """Let all begin at the same moment; return what each gave."""
    gate, results = threading.Barrier(len(doings)), [None] * len(doings)

    def one(number, doing):
        gate.wait()
        results[number] = doing()

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(doings)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def statuses(answers: Sequence) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def during_the_exchange(scene: Scene, happens: Callable[[], object]):
    """Come back, and let something happen while Okta is asked for the token."""
    back = scene.return_address()
    scene.world.fault("token_slow", seconds=3)
    scene.world.control("DELETE", "/requests")
    answers = []
    returning = threading.Thread(target=lambda: answers.append(scene.person.get(back)))
    returning.start()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not scene.world.sql("SELECT id FROM sign_ins WHERE state = 'code_received'"):
        time.sleep(0.02)
    happens()
    returning.join(120)
    return answers[0]


def test_same_redirect_opened_five_times_at_once_completes_once(scene):
    back = scene.return_address()
    answers = at_once(*[lambda: scene.person.client.get(back)] * 5)
    assert statuses(answers) == [303, 403, 403, 403, 403]
    assert {reason_of(answer) for answer in answers} == {"", "signin_already_used"}
    links = scene.world.sql("SELECT id FROM federated_identities WHERE user_id = ?", scene.person.user_id)
    assert len(links) == 1


def test_two_people_who_come_back_at_once_for_one_code_are_told_apart(scene):
    rival = scene.another_person()
    mine = scene.return_address()
    theirs = rival.sign_in(rival.approve(scene.machine.user_code).headers["location"])
    answers = at_once(lambda: scene.person.get(mine), lambda: rival.get(theirs))
    assert statuses(answers) == [303, 403]
    assert {reason_of(answer) for answer in answers} == {"", "user_code_used"}


def test_same_person_at_two_machines_at_once_gets_one_link(scene):
    other = scene.world.machine()
    here, there = scene.return_address(), scene.return_address(machine=other)
    answers = at_once(lambda: scene.person.client.get(here), lambda: scene.person.client.get(there))
    assert statuses(answers) == [303, 303]
    links = scene.world.sql("SELECT id FROM federated_identities WHERE user_id = ?", scene.person.user_id)
    assert len(links) == 1


def test_right_number_typed_five_times_at_once_gives_one_token(scene):
    number = scene.approved()
    answers = at_once(*[lambda: scene.machine.poll(number)] * 5)
    assert statuses(answers) == [200, 400, 400, 400, 400]
    assert {reason_of(answer) for answer in answers} == {"", "user_code_used"}


def test_wrong_numbers_at_once_are_all_counted(scene):
    number = scene.approved()
    answers = at_once(*[lambda: scene.machine.poll("x")] * 8)
    assert statuses(answers) == [400] * 8
    assert scene.machine.poll(number).json()["reason"] == "number_wrong"
    (row,) = scene.world.sql("SELECT wrong_numbers FROM device_authorizations WHERE device_id = ?", scene.machine.id)
    assert row["wrong_numbers"] == 5


def test_order_fetched_five_times_at_once_is_given_once(scene):
    token = scene.machine.poll(scene.approved()).json()["access_token"]
    answers = at_once(*[lambda: scene.machine.fetch_order(token)] * 5)
    assert statuses(answers) == [200, 403, 403, 403, 403]
    assert len(scene.world.sql("SELECT id FROM orders WHERE device_id = ?", scene.machine.id)) == 1
    assert len(scene.world.sql("SELECT id FROM bindings WHERE device_id = ?", scene.machine.id)) == 1


def test_two_machines_that_redeem_one_device_code_at_once_get_one_token(scene):
    number, thief = scene.approved(), scene.world.machine()
    thief.code = scene.machine.code
    answers = at_once(lambda: scene.machine.poll(number), lambda: thief.poll(number))
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"] == "invalid_grant"


def test_two_people_who_fetch_orders_for_the_only_account_at_once_make_one_account(scene):
    scene.undo.append(lambda: scene.world.provision(several_users=True))
    scene.world.provision(several_users=False)
    rival = scene.another_person()
    tokens = [scene.machine.poll(scene.approved(person)).json()["access_token"] for person in (scene.person, rival)]
    answers = at_once(*[lambda token=token: scene.machine.fetch_order(token) for token in tokens])
    assert statuses(answers) == [200, 403]
    assert {reason_of(answer) for answer in answers} == {"", "device_taken"}


def test_suspension_during_the_exchange_wins(scene):
    answer = during_the_exchange(scene, lambda: change_state(scene, UserState.SUSPENDED))
    assert reason_of(answer) == "user_suspended"
    assert not scene.world.sql("SELECT id FROM federated_identities WHERE user_id = ?", scene.person.user_id)


def test_suspension_and_order_at_once_never_leave_an_account_that_is_wanted(scene):
    for _ in range(3):
        token = scene.machine.poll(scene.approved()).json()["access_token"]
        answer, _ = at_once(
            lambda token=token: scene.machine.fetch_order(token), lambda: change_state(scene, UserState.SUSPENDED)
        )
        assert answer.status_code in {200, 403}
        rows = scene.world.sql("SELECT desired FROM bindings WHERE user_id = ?", scene.person.user_id)
        assert {row["desired"] for row in rows} <= {"suspended", "removed"}
        change_state(scene, UserState.ACTIVATED)


def test_provider_deleted_during_the_exchange_wins(scene):
    scene.undo.append(scene.world.connect)
    answer = during_the_exchange(scene, scene.world.disconnect)
    assert reason_of(answer) == "provider_gone"
    assert not scene.world.sql("SELECT id FROM federated_identities WHERE user_id = ?", scene.person.user_id)


def test_machine_deleted_during_the_exchange_gets_nobody(scene):
    answer = during_the_exchange(scene, lambda: scene.act(lambda actions: actions.devices.delete(ADMIN, scene.machine.id)))
    assert reason_of(answer) == "device_gone"


def test_sign_in_that_upkeep_ends_during_the_exchange_is_late(scene):
    def ended():
        statement = "UPDATE sign_ins SET state = 'expired', expires_at = ?, ended_at = ? WHERE state = 'code_received'"
        scene.world.sql(statement, LONG_AGO, LONG_AGO)

    answer = during_the_exchange(scene, ended)
    assert reason_of(answer) == "signin_expired"
    assert not scene.world.sql("SELECT id FROM federated_identities WHERE user_id = ?", scene.person.user_id)


def test_enrolment_key_for_one_machine_used_five_times_at_once_enrols_one(scene):
    key = scene.act(lambda actions: actions.enrollment_keys.create(ADMIN, "One")[1])
    machines = [scene.world.machine() for _ in range(5)]
    for machine in machines:
        machine.key, machine.id = type(machine.key).generate_key("P-256"), ""
    answers = at_once(*[lambda machine=machine: machine.enroll(key) for machine in machines])
    assert statuses(answers) == [201, 401, 401, 401, 401]
