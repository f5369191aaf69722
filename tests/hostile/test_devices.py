"""A hostile device: replayed proofs, stolen codes and tokens, and other machines' business."""

import json
import time

import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from tests.hostile.machine import DEVICE_CODE_GRANT
from tests.hostile.scene import LONG_AGO, reason_of
from tests.hostile.tables import Difference, read_tables

AGENT = {"grant_type": "client_credentials", "scope": "agent"}
STATE = "/agent/v1/desired-state"


@pytest.fixture
def thief(scene):
    return scene.world.machine()


def tables(scene):
    return read_tables(scene.world.folder / "data/homeport.sqlite")


def test_client_assertion_works_once(scene):
    assertion = scene.machine.assertion()
    assert scene.machine.post("/oauth/token", assertion=assertion, **AGENT).status_code == 200
    again = scene.machine.post("/oauth/token", assertion=assertion, **AGENT)
    assert (again.status_code, reason_of(again)) == (401, "client_assertion_replayed")


def test_client_assertion_for_the_code_is_no_assertion_for_the_token(scene):
    assertion = scene.machine.assertion()
    assert scene.machine.post("/oauth/device_authorization", assertion=assertion, scope="device_login").status_code == 200
    again = scene.machine.post("/oauth/token", assertion=assertion, **AGENT)
    assert reason_of(again) == "client_assertion_replayed"


def test_dpop_proof_works_once_at_the_token_endpoint(scene):
    proof = scene.machine.proof("POST", "/oauth/token")
    assert scene.machine.post("/oauth/token", proof=proof, **AGENT).status_code == 200
    again = scene.machine.post("/oauth/token", proof=proof, **AGENT)
    assert (again.json()["error"], reason_of(again)) == ("invalid_dpop_proof", "dpop_replayed")


def test_dpop_proof_works_once_with_a_token(scene):
    token = scene.machine.agent_token()
    proof = scene.machine.proof("GET", STATE, token)
    assert scene.machine.ask("GET", STATE, token, proof=proof).status_code == 200
    again = scene.machine.ask("GET", STATE, token, proof=proof)
    assert (again.status_code, reason_of(again)) == (401, "dpop_replayed")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"htm": "GET"}, "dpop_target"),
        ({"htu": "https://evil.example/oauth/token"}, "dpop_target"),
        ({"iat": 0}, "dpop_time"),
        ({"iat": int(time.time()) + 3600}, "dpop_time"),
        ({"jti": ""}, "jti_missing"),
        ({"jti": "j" * 2000}, "jti_missing"),
    ],
)
def test_dpop_proof_for_something_else_is_no_proof(scene, claims, reason):
    proof = scene.machine.proof("POST", "/oauth/token", **claims)
    assert reason_of(scene.machine.post("/oauth/token", proof=proof, **AGENT)) == reason


def test_stolen_token_is_worthless_without_the_key(scene, thief):
    token = scene.machine.agent_token()
    stolen = thief.ask("GET", STATE, token)
    assert (stolen.status_code, reason_of(stolen)) == (401, "access_token_invalid")
    bearer = thief.client.get(f"{scene.world.url}{STATE}", headers={"Authorization": f"Bearer {token}"})
    assert (bearer.status_code, reason_of(bearer)) == (401, "access_token_missing")


def test_assertion_by_another_key_or_for_another_machine_is_refused(scene, thief):
    forged = scene.machine.assertion()
    scene.machine.key, kept = ECKey.generate_key("P-256"), scene.machine.key
    other_key = scene.machine.assertion()
    scene.machine.key = kept
    assert reason_of(scene.machine.post("/oauth/token", assertion=other_key, **AGENT)) == "client_assertion_signature"
    assert reason_of(thief.post("/oauth/token", assertion=forged, **AGENT)) == "client_id_differs"
    as_scene = thief.assertion(iss=scene.machine.id, sub=scene.machine.id)
    assert (
        reason_of(thief.post("/oauth/token", assertion=as_scene, client_id=scene.machine.id, **AGENT))
        == "client_assertion_signature"
    )


def test_another_machines_device_code_is_no_code(scene, thief):
    number = scene.approved()
    before = tables(scene)
    thief.code = scene.machine.code
    stolen = thief.poll(number)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    changed = set(Difference(before, tables(scene)).kinds())
    assert not {kind for kind in changed if not kind.startswith(("seen_jtis added", "rate_limits", "audit_"))}
    assert scene.machine.poll(number).status_code == 200


def test_guessing_the_number_with_a_stolen_device_code_uses_up_no_attempts(scene, thief):
    number = scene.approved()
    thief.code = scene.machine.code
    for _ in range(6):
        assert thief.poll("000000").json()["error"] == "invalid_grant"
    assert scene.machine.poll(number).status_code == 200


def test_poll_without_the_number_gives_no_token_however_often(scene):
    scene.approved()
    answers = [scene.machine.poll() for _ in range(4)]
    assert {answer.json()["error"] for answer in answers} <= {"authorization_pending", "slow_down"}


def test_number_sent_before_anybody_approved_gives_no_token(scene):
    scene.machine.begin()
    for number in ("", "000000"):
        answer = scene.machine.poll(number)
        assert answer.json()["error"] in {"authorization_pending", "slow_down"}


def test_tokens_open_only_what_they_are_for(scene):
    order = scene.machine.poll(scene.approved()).json()["access_token"]
    agent = scene.machine.agent_token()
    assert reason_of(scene.machine.fetch_order(agent)) == "access_token_invalid"
    assert reason_of(scene.machine.ask("GET", STATE, order)) == "access_token_invalid"
    assert reason_of(scene.machine.ask("POST", "/agent/v1/reports", order, json={})) == "access_token_invalid"
    assert scene.machine.fetch_order(order).status_code == 200


def test_late_order_token_is_no_token(scene):
    order = scene.machine.poll(scene.approved()).json()["access_token"]
    scene.world.sql("UPDATE access_tokens SET expires_at = ? WHERE device_id = ?", LONG_AGO, scene.machine.id)
    assert reason_of(scene.machine.fetch_order(order)) == "access_token_invalid"


def test_receipt_for_another_machines_order_changes_nothing(scene, thief):
    scene.bound()
    (order,) = scene.world.sql("SELECT id, binding_id FROM orders WHERE device_id = ?", scene.machine.id)
    token = thief.agent_token()
    before = tables(scene)
    receipts = [{"order_id": order["id"], "outcome": "refused", "reason": "disk_full", "steps": []}]
    accounts = [{"user_id": scene.person.user_id, "username": "x", "uid": 0, "state": "suspended", "passcode_set": False}]
    answer = thief.ask("POST", "/agent/v1/reports", token, json={"receipts": receipts, "accounts": accounts})
    assert answer.status_code == 204
    changed = set(Difference(before, tables(scene)).kinds())
    assert not {kind for kind in changed if kind.startswith(("orders", "bindings", "users"))}


def test_machine_sees_its_own_orders_only(scene, thief):
    scene.bound()
    state = thief.ask("GET", STATE, thief.agent_token()).json()
    assert state["orders"] == []


def test_order_names_the_one_machine_it_is_for(scene):
    answer = scene.bound()
    order = json.loads(jws.extract_compact(answer.json()["order"].encode()).payload)
    assert order["aud"] == scene.machine.id
    assert order["account"]["username"] == scene.person.name


def test_key_pair_of_another_machine_enrols_nothing(scene, thief):
    thief.key = scene.machine.key
    answer = thief.enroll(scene.world.enrollment_key)
    assert (answer.status_code, reason_of(answer)) == (409, "device_key_in_use")


def test_enrolment_without_the_private_key_is_refused(scene, thief):
    thief.key = ECKey.generate_key("P-256")
    answer = thief.enroll(scene.world.enrollment_key, device_key=scene.machine.jwk)
    assert answer.status_code == 401


@pytest.mark.parametrize("key", ["", "hpe1", "hpe1..", "hpe1.a.b", "hpe1.\0.\0", "x" * 200, "hpe1.' OR 1=1 --.x"])
def test_made_up_enrolment_key_enrols_nothing(scene, thief, key):
    thief.key = ECKey.generate_key("P-256")
    answer = thief.enroll(key)
    assert (answer.status_code, reason_of(answer)) == (401, "enrollment_key_unknown")


def test_parameter_given_twice_is_refused(scene):
    form = f"grant_type=client_credentials&grant_type={DEVICE_CODE_GRANT}&scope=agent"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = scene.machine.client.post(f"{scene.world.url}/oauth/token", content=form, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
