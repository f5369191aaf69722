"""RFC 8628, the device authorization grant, over HTTP; and the one thing we add to it, the number."""

import pytest

from homeport.trust.issuer.model import POLL_INTERVAL, SLOW_DOWN


def error(answer):
    """The error of a refused request, which must be one as RFC 6749 section 5.2 says."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()["error"]


def begun(device, client):
    answer = device.authorize(client)
    assert answer.status_code == 200, answer.text
    return answer.json()


def wait(house, seconds=POLL_INTERVAL):
    house.clock.forward(seconds=seconds)


def test_section_3_1_the_device_must_authenticate(device, client):
    answer = client.post("/oauth/device_authorization", data={"client_id": device.id, "scope": "device_login"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("scope", [None, "agent", "order", "device_login agent", "Device_login"])
def test_section_3_1_only_the_scope_device_login_can_be_asked_for(device, client, scope):
    assert error(device.authorize(client, scope=scope)) == "invalid_scope"


def test_section_3_2_the_response_has_all_required_members_and_is_not_cached(device, client):
    answer = device.authorize(client)
    body = answer.json()
    assert {"device_code", "user_code", "verification_uri", "expires_in"} < set(body)
    assert (body["expires_in"], body["interval"]) == (600, POLL_INTERVAL)
    assert body["verification_uri_complete"] == f"{body['verification_uri']}?user_code={body['user_code']}"
    assert answer.headers["cache-control"] == "no-store"


def test_section_3_2_the_codes_of_two_requests_differ(device, client):
    first, second = begun(device, client), begun(device, client)
    assert first["device_code"] != second["device_code"]
    assert first["user_code"] != second["user_code"]


def test_the_qr_code_is_a_square_of_zeros_and_ones(device, client):
    rows = begun(device, client)["verification_qr"]
    assert {len(row) for row in rows} == {len(rows)}
    assert set("".join(rows)) == {"0", "1"}


def test_the_device_code_is_kept_only_as_a_hash(ready, device, client):
    code = begun(device, client)["device_code"]
    assert all(code not in str(row) for row in ready.sql("SELECT * FROM device_authorizations"))


@pytest.mark.parametrize("typed", ["{}", "{lower}", "{bare}", " {spaced} ", "{lower_bare}"])
def test_section_6_1_a_user_code_is_found_however_it_is_typed(ready, device, client, typed):
    code = begun(device, client)["user_code"]
    bare = code.replace("-", "")
    text = typed.format(code, lower=code.lower(), bare=bare, spaced=" ".join(bare), lower_bare=bare.lower())
    assert ready.client.get("/device", params={"user_code": text}).status_code == 200


def test_section_3_3_opening_the_complete_address_approves_nothing(ready, device, client, kept):
    body = begun(device, client)
    page = client.get(f"/device?user_code={body['user_code']}")
    assert "Is this the machine in front of you?" in page.text
    assert kept("state") == ["pending"]


def test_section_3_4_the_device_must_authenticate_to_poll(device, client):
    code = begun(device, client)["device_code"]
    fields = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": code, "client_id": device.id}
    answer = client.post("/oauth/token", data=fields, headers={"DPoP": device.proof("/oauth/token")})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_section_3_4_a_device_code_belongs_to_the_device_that_asked(ready, device, client, kept):
    code = begun(device, client)["device_code"]
    assert error(ready.device().poll(client, code)) == "invalid_grant"
    assert kept("last_polled_at") == [None]


def test_section_3_4_a_device_code_is_required_and_an_unknown_one_is_an_invalid_grant(device, client):
    assert error(device.poll(client, "never-issued")) == "invalid_grant"
    assert error(device.poll(client, "é\u202e" * 90)) == "invalid_grant"
    assert error(device.poll(client, "")) == "invalid_request"


def test_section_3_5_a_code_that_nobody_approved_is_pending(device, client):
    answer = device.poll(client, begun(device, client)["device_code"])
    assert error(answer) == "authorization_pending"
    assert answer.json()["number_wanted"] is False


def test_section_3_5_polling_too_fast_adds_five_seconds_for_this_and_all_later_requests(ready, device, client):
    code = begun(device, client)["device_code"]
    device.poll(client, code)
    answer = device.poll(client, code)
    assert (error(answer), answer.json()["interval"]) == ("slow_down", POLL_INTERVAL + SLOW_DOWN)
    wait(ready, POLL_INTERVAL)
    answer = device.poll(client, code)
    assert (error(answer), answer.json()["interval"]) == ("slow_down", POLL_INTERVAL + 2 * SLOW_DOWN)
    wait(ready, POLL_INTERVAL + 2 * SLOW_DOWN)
    assert error(device.poll(client, code)) == "authorization_pending"


def test_section_3_5_after_ten_minutes_the_code_is_expired_whatever_the_number(ready, device, client):
    _, code, number = ready.sign_in(device)
    wait(ready, 600)
    for typed in (None, number):
        answer = device.poll(client, code, typed)
        assert error(answer) == "expired_token"
        assert answer.json()["reason"] == "signin_expired"
    assert ready.sql(f"SELECT count(*) FROM access_tokens WHERE device_id = '{device.id}'") == [(0,)]


def test_section_3_5_a_refused_sign_in_is_access_denied_with_its_reason_and_id(ready, device, client):
    done, code, _ = ready.sign_in(device, "nobody")
    answer = device.poll(client, code)
    assert error(answer) == "access_denied"
    assert (answer.json()["reason"], answer.json()["sign_in_id"]) == ("user_unknown", done.id)
    assert answer.json()["error_description"].endswith(".")


def test_an_approved_code_without_the_number_stays_pending_and_wants_it(ready, device, client):
    _, code, _ = ready.sign_in(device)
    answer = device.poll(client, code)
    assert (error(answer), answer.json()["number_wanted"]) == ("authorization_pending", True)


def test_an_empty_number_is_no_number(ready, device, client, kept):
    # RFC 6749, section 3.2: a parameter without a value counts as left out.
    _, code, _ = ready.sign_in(device)
    answer = device.ask_token(
        client, grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=code, verification_number=""
    )
    assert error(answer) == "authorization_pending"
    assert kept("wrong_numbers") == [0]


def test_a_number_before_the_approval_counts_for_nothing(ready, device, client, kept):
    _, code, _ = ready.begin(device)
    assert error(device.poll(client, code, "123456")) == "authorization_pending"
    assert kept("wrong_numbers") == [0]


def test_five_wrong_numbers_end_the_authorization_and_the_right_one_comes_too_late(ready, device, client):
    done, code, number = ready.sign_in(device)
    wrong = f"{(int(number) + 1) % 10**6:06d}"
    for left in (4, 3, 2, 1):
        answer = device.poll(client, code, wrong)
        assert (error(answer), answer.json()["attempts_left"]) == ("authorization_pending", left)
    for typed in (wrong, number):
        answer = device.poll(client, code, typed)
        assert (error(answer), answer.json()["reason"]) == ("access_denied", "number_wrong")
        assert answer.json()["sign_in_id"] == done.id


@pytest.mark.parametrize("typed", ["12345", "1234567", "١٢٣٤٥٦", "' OR 1=1", "0" * 4000, "\x00", "12 34 56"])
def test_a_number_that_is_none_is_wrong_and_nothing_else(ready, device, client, typed):
    _, code, _ = ready.sign_in(device)
    answer = device.poll(client, code, typed)
    assert (error(answer), answer.json()["reason"]) == ("authorization_pending", "number_wrong")


def test_the_right_number_earns_one_token_of_scope_order_for_a_minute(ready, device, client):
    _, code, number = ready.sign_in(device)
    answer = device.poll(client, code, number)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "DPoP",
        "expires_in": 60,
        "scope": "order",
    }
    again = device.poll(client, code, number)
    assert (error(again), again.json()["reason"]) == ("access_denied", "user_code_used")


def test_a_device_that_begins_too_often_is_told_when_to_come_back(device, client):
    for _ in range(10):
        begun(device, client)
    answer = device.authorize(client)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
