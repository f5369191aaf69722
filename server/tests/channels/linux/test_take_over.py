"""Taking over a local account, as the server sees it: who is allowed to, which orders wait, and the numbers that a device reports."""

import base64
import json

import pytest

from homeport.directory.devices.model import ExistingAccount

TAKE_OVER = ExistingAccount.TAKE_OVER


@pytest.fixture(autouse=True)
def _as_at_first(ready):
    ready.provision()
    yield
    ready.provision()


def claims_of(jws):
    body = jws.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def policy_of(device, client):
    return claims_of(device.call(client, "GET", "/agent/v1/policy", device.agent_token(client)).json()["policy"])


def version_of(ready, device):
    return ready.sql(f"SELECT desired_state_version FROM devices WHERE id = '{device.id}'")[0][0]


def earned(device, client, order_token):
    """The order that a sign-in earns: its claims."""
    answer = device.call(client, "POST", "/agent/v1/order", order_token(device), json={})
    assert answer.status_code == 200, answer.text
    return claims_of(answer.json()["order"])


def reports(device, client, receipt=None, **account):
    body = {"receipts": [receipt] if receipt else [], "accounts": [account] if account else []}
    answer = device.call(client, "POST", "/agent/v1/reports", device.agent_token(client), json=body)
    assert answer.status_code == 204, answer.text


def outstanding(device, client):
    state = device.call(client, "GET", "/agent/v1/desired-state", device.agent_token(client), params={"version": -1}).json()
    return [claims_of(one["order"]) for one in state["orders"]]


def only(ready, device, *columns):
    [row] = ready.sql(f"SELECT {', '.join(columns)} FROM bindings WHERE device_id = '{device.id}'")
    return tuple(row)


def refused(order, reason="account_passcode_wanted"):
    return {"order_id": order["jti"], "outcome": "refused", "reason": reason, "steps": []}


def test_a_local_account_is_refused_unless_the_setting_says_otherwise(device, client, order_token):
    assert earned(device, client, order_token)["account"]["existing"] == "refuse"
    assert policy_of(device, client)["existing"] == "refuse"


def test_the_leave_is_what_the_setting_says_when_the_order_is_signed_and_the_devices_hear_of_it(
    ready, device, client, order_token
):
    before = version_of(ready, device)
    ready.provision(existing=TAKE_OVER)
    assert version_of(ready, device) > before
    assert policy_of(device, client)["existing"] == "take_over"
    order = earned(device, client, order_token)
    assert order["account"]["existing"] == "take_over"
    ready.provision()
    [again] = outstanding(device, client)
    assert (again["jti"], again["account"]["existing"]) == (order["jti"], "refuse")


def test_an_order_that_waits_for_a_passcode_stays_open_for_ten_minutes_and_is_told_once(ready, device, client, order_token):
    ready.provision(existing=TAKE_OVER)
    order = earned(device, client, order_token)
    for _ in range(3):
        reports(device, client, refused(order))
    assert [one["jti"] for one in outstanding(device, client)] == [order["jti"]]
    assert only(ready, device, "observed", "reason") == ("refused", "account_passcode_wanted")
    told = ready.sql(
        f"SELECT count(*) FROM audit_entries WHERE resource_id = '{device.id}' AND reason = 'account_passcode_wanted'"
    )
    assert told[0][0] == 1
    ready.clock.forward(minutes=11)
    reports(device, client, refused(order))
    assert outstanding(device, client) == []


def test_a_wrong_passcode_ends_the_order_at_once(ready, device, client, order_token):
    ready.provision(existing=TAKE_OVER)
    reports(device, client, refused(earned(device, client, order_token), "account_passcode_wrong"))
    assert outstanding(device, client) == []
    assert only(ready, device, "observed", "reason") == ("refused", "account_passcode_wrong")


def test_the_binding_has_the_devices_own_numbers_and_the_persons_number_stays_reserved(ready, device, client, order_token):
    ready.provision(existing=TAKE_OVER)
    order = earned(device, client, order_token)
    steps = [{"step": "adopt", "outcome": "done", "at": "2026-11-25T19:00:00Z", "detail": "1001"}]
    account = {"user_id": order["account"]["user_id"], "username": "ada", "state": "active", "passcode_set": True}
    receipt = {"order_id": order["jti"], "outcome": "done", "reason": None, "steps": steps}
    reports(device, client, receipt, **account, adopted=True, uid=1001, gid=100)
    number = order["account"]["uid"]
    assert only(ready, device, "observed", "uid", "adopted_uid", "adopted_gid") == ("present", number, 1001, 100)
    assert ready.sql(f"SELECT count(*) FROM unix_ids WHERE uid = {number}")[0][0] == 1
    done = f"SELECT details FROM audit_entries WHERE resource_id = '{device.id}' AND event_type = 'order_done'"
    assert json.loads(ready.sql(done)[0][0])["taken_over"] is True
    assert earned(device, client, order_token)["account"]["uid"] == number, (
        "the order names the person's own; the device knows better"
    )
    for odd in ({"adopted": True}, {"adopted": False, "uid": 5, "gid": 5}):
        reports(device, client, **account, **odd)
        assert only(ready, device, "adopted_uid", "adopted_gid") == (None, None)


@pytest.mark.parametrize("odd", [{"uid": -1, "gid": 1}, {"uid": 2**32, "gid": 1}, {"uid": "x", "gid": 1}])
def test_a_number_that_is_none_is_no_report(device, client, odd):
    body = {"accounts": [{"user_id": "u", "state": "active", "adopted": True, **odd}]}
    answer = device.call(client, "POST", "/agent/v1/reports", device.agent_token(client), json=body)
    assert answer.status_code in {400, 422}
