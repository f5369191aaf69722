"""The endpoints under /agent/v1, over HTTP and on both databases; docs/protocols/device.md says what they promise."""

import base64
import json

import pytest
from tests.support.house import ADMIN

from homeport.directory.people.model import UserState


def claims_of(jws):
    body = jws.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


@pytest.fixture
def state(device, client):
    """`state()` is what the device hears when it asks for its desired state."""

    def ask(version=0):
        token = device.agent_token(client)
        answer = device.call(client, "GET", "/agent/v1/desired-state", token, params={"version": version})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def report(device, client):
    """`report(body)` sends a report of the device."""

    def send(body):
        token = device.agent_token(client)
        return device.call(client, "POST", "/agent/v1/reports", token, json=body)

    return send


@pytest.fixture
def bound(ready, device, client, order_token):
    """The claims of the order that bound a person of this test's own to the device."""
    user = ready.user(f"person-{device.name}")
    answer = device.call(client, "POST", "/agent/v1/order", order_token(device, user.username))
    return user, claims_of(answer.json()["order"])


def test_an_order_is_for_this_device_this_person_and_ten_minutes(device, bound):
    user, claims = bound
    assert (claims["aud"], claims["kind"], claims["account"]["user_id"]) == (device.id, "bind", user.id)
    assert claims["exp"] - claims["iat"] == 600
    assert 20000 <= claims["account"]["uid"] == claims["account"]["gid"] <= 59999


def test_an_order_without_a_receipt_comes_again_and_with_one_no_more(bound, state, report):
    _, claims = bound
    assert [claims_of(one["order"])["jti"] for one in state()["orders"]] == [claims["jti"]]
    receipt = {"order_id": claims["jti"], "epoch": claims["epoch"], "counter": claims["counter"], "outcome": "done", "steps": []}
    assert report({"receipts": [receipt], "accounts": []}).status_code == 204
    assert state()["orders"] == []


def test_a_failed_order_stays_open_and_is_asked_for_again(bound, state, report):
    _, claims = bound
    receipt = {"order_id": claims["jti"], "outcome": "failed", "reason": "disk_full"}
    assert report({"receipts": [receipt]}).status_code == 204
    assert [claims_of(one["order"])["jti"] for one in state()["orders"]] == [claims["jti"]]


def test_a_receipt_for_another_devices_order_is_ignored(ready, bound, client, state):
    _, claims = bound
    other = ready.device()
    body = {"receipts": [{"order_id": claims["jti"], "outcome": "done"}]}
    assert other.call(client, "POST", "/agent/v1/reports", other.agent_token(client), json=body).status_code == 204
    assert len(state()["orders"]) == 1


def test_a_suspension_follows_with_a_higher_counter_and_without_an_end(ready, bound, state):
    user, claims = bound
    ready.set_state(user, UserState.SUSPENDED)
    suspend = claims_of(state()["orders"][-1]["order"])
    assert suspend["kind"] == "suspend"
    assert (suspend["epoch"], suspend["counter"]) > (claims["epoch"], claims["counter"])
    assert "exp" not in suspend


def test_a_device_that_knows_the_version_waits_and_any_change_raises_it(ready, bound, state):
    user, _ = bound
    version = state()["version"]
    assert state(version)["version"] == version
    ready.set_state(user, UserState.SUSPENDED)
    assert state(version)["version"] > version


def test_a_deleted_device_hears_that_it_is_deleted_with_the_orders_that_end_its_accounts(ready, device, bound, state):
    ready.do(lambda act: act.devices.delete(ADMIN, device.id))
    heard = state()
    assert heard["status"] == "deleted"
    assert claims_of(heard["orders"][-1]["order"])["kind"] == "unbind"


def test_whoever_was_suspended_after_the_approval_gets_no_order_but_a_reason_and_the_sign_in(ready, device, client, order_token):
    user = ready.user(f"late-{device.name}")
    token = order_token(device, user.username)
    ready.set_state(user, UserState.SUSPENDED)
    answer = device.call(client, "POST", "/agent/v1/order", token)
    assert (answer.status_code, answer.json()["reason"]) == (403, "user_suspended")
    assert ready.sql(f"SELECT count(*) FROM sign_ins WHERE id = '{answer.json()['sign_in_id']}'") == [(1,)]
    assert not [row for row in ready.orders() if row[4] == user.id]


def test_an_order_token_works_once_and_a_minute(ready, device, client, order_token):
    user = ready.user(f"slow-{device.name}")
    token = order_token(device, user.username)
    ready.clock.forward(seconds=60)
    answer = device.call(client, "POST", "/agent/v1/order", token)
    assert (answer.status_code, answer.json()["reason"]) == (401, "access_token_invalid")


@pytest.mark.parametrize(
    "body",
    [
        {"receipts": [{"order_id": "\x00", "outcome": "done"}]},
        {"receipts": [{"order_id": "x", "outcome": "done", "steps": [{"detail": "\x00"}]}]},
        {"receipts": [{"order_id": "x", "outcome": "exploded"}]},
        {"receipts": [{"order_id": "x" * 100, "outcome": "done"}]},
        {"receipts": [{"order_id": "x", "outcome": "done", "reason": "Oh no"}]},
        {"accounts": [{"user_id": "\x00", "state": "active"}]},
        {"accounts": [{"user_id": "nobody", "state": "active"}] * 501},
        {"device": {"hostname": "a\x00b", "os_version": "\x00"}},
        {"device": {"os": "windows"}},
        {"receipts": "none"},
        [],
        "x",
        None,
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_report_with_odd_contents_never_becomes_an_error_of_ours(report, body):
    assert report(body).status_code in {204, 400}


def test_steps_with_odd_contents_of_a_real_order_never_become_an_error_of_ours(bound, report):
    _, claims = bound
    receipt = {
        "order_id": claims["jti"],
        "outcome": "failed",
        "reason": "tool_failed",
        "steps": [{"step": "a\x00", "detail": "\x00"}],
    }
    assert report({"receipts": [receipt]}).status_code in {204, 400}
    assert report({"receipts": [{**receipt, "outcome": "done", "reason": None}]}).status_code in {204, 400}


def test_a_device_hears_who_may_sign_in_on_it_and_nobody_else_does(ready, device, client):
    ready.user(f"zoe-{device.name}")
    ready.user(f"staged-{device.name}", UserState.STAGED)
    answer = device.call(client, "GET", "/agent/v1/people", device.agent_token(client))
    assert answer.status_code == 200, answer.text
    names = [person["username"] for person in answer.json()["people"]]
    assert f"zoe-{device.name}" in names
    assert f"staged-{device.name}" not in names
    uids = [person["uid"] for person in answer.json()["people"]]
    assert all(20_000 <= uid < 60_000 for uid in uids), "sshd must know a name and its number before anybody signs in"
    assert len(set(uids)) == len(uids)
    again = device.call(client, "GET", "/agent/v1/people", device.agent_token(client)).json()["people"]
    assert [person["uid"] for person in again] == uids
    assert client.get("/agent/v1/people").status_code == 401
