"""What a prompt that waits for one person hears: the approval, signed, under the prompt's own nonce; on both databases."""

import base64
import json

import pytest
from tests.support.house import ORIGIN

from homeport.directory.people.model import UserState
from homeport.trust.issuer.model import Scope, Wanted
from homeport.trust.signin.model import Purpose


def claims_of(jws):
    body = jws.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


@pytest.fixture
def approve(ready, device, client):
    """`approve(scope, wanted, name)`: somebody approves in the browser, the number is typed; what the device gets then."""

    def act(scope, wanted, name="ada"):
        def begin(unit):
            authorization, code = unit.authorizations.authorize(unit.devices.find(device.id), "192.0.2.9", scope, wanted)
            return authorization, code, unit.sign_ins.start(Purpose(scope), authorization.id, "browser", ORIGIN)

        authorization, code, started = ready.do(begin)
        returned = ready.come_back(started)
        ready.conclude(returned, ready.provider_says(returned, name))
        number = ready.do(lambda unit: unit.authorizations.get(authorization.id)).number
        token = device.poll(client, code, number or "000000")
        if token.status_code != 200:
            return token
        return device.call(client, "POST", "/agent/v1/order", token.json()["access_token"])

    return act


def test_a_login_earns_an_order_and_an_approval_under_the_nonce_of_the_prompt(ready, device, approve):
    user = ready.user(f"login-{device.name}")
    answer = approve(Scope.DEVICE_LOGIN, Wanted(user.id, "n-1", "login on tty1"), user.username).json()
    assert claims_of(answer["order"])["kind"] == "bind"
    said = claims_of(answer["approval"])
    assert (said["aud"], said["purpose"], said["user_id"], said["nonce"]) == (device.id, "device_login", user.id, "n-1")
    assert said["sign_in_id"] == answer["sign_in_id"]
    assert said["exp"] - said["iat"] == 600


def test_another_person_is_refused_with_a_reason_and_an_id_that_both_sides_see(ready, device, approve):
    wanted = ready.user(f"wanted-{device.name}")
    other = ready.user(f"other-{device.name}")
    answer = approve(Scope.DEVICE_LOGIN, Wanted(wanted.id, "n"), other.username)
    assert (answer.status_code, answer.json()["error"], answer.json()["reason"]) == (400, "access_denied", "another_person")
    assert answer.json()["sign_in_id"]


@pytest.mark.parametrize("scope", [Scope.SUDO, Scope.PASSCODE_RESET])
def test_without_an_account_there_is_nothing_to_approve(ready, device, approve, scope):
    user = ready.user(f"none-{scope.value.replace('_', '-')}-{device.name}")
    assert approve(scope, Wanted(user.id, "n"), user.username).json()["reason"] == "no_account_here"


def test_sudo_earns_an_approval_and_no_order(ready, device, approve):
    user = ready.user(f"sudo-{device.name}")
    approve(Scope.DEVICE_LOGIN, Wanted(user.id, "n-1"), user.username)
    answer = approve(Scope.SUDO, Wanted(user.id, "n-2", "sudo on pts/0", "the disk is full"), user.username).json()
    assert "order" not in answer
    assert (claims_of(answer["approval"])["purpose"], claims_of(answer["approval"])["nonce"]) == ("sudo", "n-2")
    steps = ready.do(lambda unit: unit.sign_ins.store.steps(answer["sign_in_id"]))
    assert any("the disk is full" in str(step.details) for step in steps)


def test_who_is_suspended_after_the_approval_gets_no_sudo(ready, device, client, approve):
    user = ready.user(f"late-{device.name}")
    approve(Scope.DEVICE_LOGIN, Wanted(user.id, "n-1"), user.username)
    ready.set_state(user, UserState.SUSPENDED)
    assert approve(Scope.SUDO, Wanted(user.id, "n-2"), user.username).json()["reason"] in {"user_suspended", "no_account_here"}


def test_what_cannot_be_shown_or_kept_is_refused(device, client):
    for field, value in {"place": "a\x1b[31mb", "message": "x" * 201, "nonce": "n" * 101, "user_id": "u" * 37}.items():
        answer = device.authorize(client, **{field: value})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_the_page_shows_purpose_place_and_reason(ready, device, client):
    begun = device.authorize(client, scope="sudo", place="sudo on pts/0", message="the disk <is> full").json()
    page = client.get("/device", params={"user_code": begun["user_code"]}).text
    assert "Act as administrator (sudo)" in page
    assert "sudo on pts/0" in page
    assert "the disk &lt;is&gt; full" in page
