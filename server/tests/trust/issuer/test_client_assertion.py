"""RFC 7523 section 3 and RFC 6749: how a device proves itself at the token endpoint, and everything that is no proof."""

import pytest
from joserfc.jwk import ECKey
from tests.support.house import ADMIN

from homeport.trust.issuer.oauth import TOKEN_REQUESTS

JWT = {"typ": "JWT"}


def refused(answer, reason):
    """The client was not authenticated (RFC 6749, section 5.2), for this reason and no other."""
    assert (answer.status_code, answer.json()["error"], answer.json()["reason"]) == (401, "invalid_client", reason)
    assert answer.headers["cache-control"] == "no-store"
    return True


def asks(device, client, assertion=None, header=None, claims=None, **fields):
    text = (
        device.signed(header or JWT, device.assertion_claims() if claims is None else claims) if assertion is None else assertion
    )
    return device.ask_token(client, grant_type="client_credentials", scope="agent", client_assertion=text, **fields)


def test_the_assertion_that_the_others_are_made_from_earns_a_token(device, client):
    assert asks(device, client).json()["scope"] == "agent"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("iss", None, "device_unknown"),
        ("iss", "01a20a00-0000-7000-8000-000000000000", "device_unknown"),
        ("iss", ["x"], "device_unknown"),
        ("iss", "\x00", "device_unknown"),
        ("sub", None, "client_assertion_subject"),
        ("sub", "somebody", "client_assertion_subject"),
        ("sub", {"a": 1}, "client_assertion_subject"),
        ("aud", None, "client_assertion_audience"),
        ("aud", "https://id.example.com/", "client_assertion_audience"),
        ("aud", "https://id.example.com/oauth/token", "client_assertion_audience"),
        ("aud", "https://other.example", "client_assertion_audience"),
        ("aud", [], "client_assertion_audience"),
        ("aud", ["https://id.example.com", "https://other.example"], "client_assertion_audience"),
        ("exp", None, "claim_missing"),
        ("exp", "tomorrow", "claim_missing"),
        ("exp", True, "claim_missing"),
        ("exp", -1, "claim_missing"),
        ("exp", 2**39, "claim_missing"),
        ("iat", None, "claim_missing"),
        ("iat", float("nan"), "claim_missing"),
        ("jti", None, "jti_missing"),
        ("jti", "short", "jti_missing"),
        ("jti", "x" * 201, "jti_missing"),
        ("jti", 12345678, "jti_missing"),
    ],
)
def test_section_3_a_claim_that_is_missing_or_wrong_is_no_proof(device, client, name, value, reason):
    claims = device.assertion_claims(name) if value is None else device.assertion_claims(**{name: value})
    fields = {"client_id": None} if name == "iss" else {}
    assert refused(asks(device, client, claims=claims, **fields), reason)


def test_section_3_a_sole_audience_may_be_written_as_a_list(device, client):
    assert asks(device, client, claims=device.assertion_claims(aud=[device.url])).status_code == 200


@pytest.mark.parametrize(
    ("issued", "expires"),
    [(-600, -121), (121, 240), (-60, 250), (0, 301)],
    ids=["over", "from the future", "too long", "much too long"],
)
def test_section_3_an_assertion_outside_its_time_is_refused_and_the_date_header_helps(device, client, issued, expires):
    answer = asks(device, client, claims=device.assertion_claims(iat=device.now + issued, exp=device.now + expires))
    assert refused(answer, "client_assertion_time")
    assert "clock" in answer.json()["error_description"]


@pytest.mark.parametrize(("issued", "expires"), [(-240, -119), (119, 230), (0, 300)])
def test_a_clock_that_is_off_by_less_than_two_minutes_does_no_harm(device, client, issued, expires):
    claims = device.assertion_claims(iat=device.now + issued, exp=device.now + expires)
    assert asks(device, client, claims=claims).status_code == 200


def test_section_3_an_assertion_works_once(ready, device, client):
    assertion = device.signed(JWT, device.assertion_claims())
    assert asks(device, client, assertion).status_code == 200
    assert refused(asks(device, client, assertion), "client_assertion_replayed")
    ready.clock.forward(seconds=200)
    assert refused(asks(device, client, assertion), "client_assertion_replayed")


@pytest.mark.parametrize("ahead", [0, 60, 120])
def test_rfc_7523_section_3_an_assertion_is_remembered_for_as_long_as_it_would_be_taken(ready, device, client, ahead):
    """Also the longest one, of a clock that is as far ahead as may be; upkeep's hour of grace is not counted on."""
    claims = device.assertion_claims(iat=device.now + ahead, exp=device.now + ahead + 300)
    assertion = device.signed(JWT, claims)
    assert asks(device, client, assertion).status_code == 200
    ready.clock.forward(seconds=ahead + 300 + 120)  # the last moment at which it is in time
    ready.do(lambda act: act.tokens.store.remove_before(ready.clock.now()))
    assert refused(asks(device, client, assertion), "client_assertion_replayed")
    ready.clock.forward(seconds=1)
    assert refused(asks(device, client, assertion), "client_assertion_time")


def test_an_assertion_that_was_used_to_begin_a_sign_in_cannot_be_used_for_a_token(device, client):
    assertion = device.signed(JWT, device.assertion_claims())
    assert device.authorize(client, client_assertion=assertion).status_code == 200
    assert refused(asks(device, client, assertion), "client_assertion_replayed")


def test_an_assertion_by_another_key_is_refused(device, client):
    other = device.signed(JWT, device.assertion_claims(), ECKey.generate_key("P-256"))
    assert refused(asks(device, client, other), "client_assertion_signature")


def test_an_assertion_of_one_device_does_not_speak_for_another(ready, device, client):
    other = ready.device()
    text = device.signed(JWT, device.assertion_claims(iss=other.id, sub=other.id))
    assert refused(asks(device, client, text, client_id=other.id), "client_assertion_signature")
    assert refused(asks(device, client, client_id=other.id), "client_id_differs")


@pytest.mark.parametrize(
    "header", [{"typ": "dpop+jwt"}, {"typ": "homeport-enroll+jwt"}, {"typ": "at+jwt"}, {"typ": 7}, {"typ": ["JWT"]}]
)
def test_a_jwt_made_for_another_purpose_is_no_assertion(device, client, header):
    assert asks(device, client, header=header).status_code == 401


@pytest.mark.parametrize(
    "header", [{"crit": ["x"], "x": 1}, {"crit": "exp"}, {"jwk": {"kty": "EC"}}, {"b64": False, "crit": ["b64"]}]
)
def test_a_header_that_asks_for_more_than_we_understand_never_becomes_an_error_of_ours(device, client, header):
    assert asks(device, client, header={**JWT, **header}).status_code in {200, 401}


@pytest.mark.parametrize(
    "assertion",
    [
        "x",
        "..",
        "a.b.c",
        "é.é.é",
        "\ud7ff" * 40,
        "eyJhbGciOiJub25lIn0.e30.",
        "x" * 5000,
        "x." * 3000,
        "\x00",
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
    ],
)
def test_what_is_no_jwt_is_refused(device, client, assertion):
    assert asks(device, client, assertion, client_id=None).status_code == 401


def test_an_unsigned_copy_and_an_altered_payload_are_refused(device, client):
    head, body, signature = device.signed(JWT, device.assertion_claims()).split(".")
    other = device.signed(JWT, device.assertion_claims(exp=device.now + 60)).split(".")[1]
    none = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0"
    for text in (f"{head}.{body}.", f"{none}.{body}.", f"{head}.{other}.{signature}", f"{head}.{body}.{signature[:-4]}AAAA"):
        assert refused(asks(device, client, text), "client_assertion_signature")


def test_an_assertion_of_more_than_four_kilobytes_is_refused_even_when_it_is_signed(device, client):
    text = device.signed(JWT, device.assertion_claims(padding="x" * 4096))
    assert asks(device, client, text, client_id=None).status_code == 401


@pytest.mark.parametrize("kind", [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
def test_rfc_7521_section_4_2_the_assertion_type_is_required(device, client, kind):
    assert refused(asks(device, client, client_assertion_type=kind), "client_assertion_missing")


def test_a_client_secret_or_basic_authentication_proves_nothing(device, client):
    fields = {"grant_type": "client_credentials", "scope": "agent", "client_id": device.id, "client_secret": "x"}
    answer = client.post("/oauth/token", data=fields, headers={"DPoP": device.proof("/oauth/token")}, auth=(device.id, "x"))
    assert refused(answer, "client_assertion_missing")


def test_rfc_6749_section_3_2_a_parameter_must_not_be_sent_twice(device, client):
    body = "&".join(f"{name}={value}" for name, value in device.form(grant_type="client_credentials", scope="agent").items())
    headers = {"DPoP": device.proof("/oauth/token"), "Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("/oauth/token", content=f"{body}&scope=order", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_rfc_6749_section_3_2_an_unknown_parameter_is_ignored(device, client):
    assert asks(device, client, wishes="many").status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_rfc_6749_section_3_2_only_post_is_taken(client, method):
    assert client.request(method, "/oauth/token").status_code == 405


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "order"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": None}, "invalid_scope"),
    ],
)
def test_rfc_6749_section_5_2_the_error_says_what_is_wrong(device, client, fields, error):
    answer = device.ask_token(client, **fields)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["content-type"] == "application/json"


def test_rfc_6749_section_5_1_a_token_response_is_not_cached(device, client):
    answer = asks(device, client)
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"{}", b"a" * 70_000, b"%", b"&&&&", b"grant_type"])
def test_a_body_that_is_no_form_is_refused(client, body):
    for kind in (
        "application/x-www-form-urlencoded",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
    ):
        answer = client.post("/oauth/token", content=body, headers={"Content-Type": kind})
        assert answer.status_code in {400, 401}, answer.text
        assert answer.json()["error"] in {"invalid_request", "invalid_client"}


def test_a_device_that_asks_for_too_many_tokens_is_told_when_to_come_back(ready, device, client):
    def asked_often(act):
        for _ in range(TOKEN_REQUESTS - 2):
            assert act.limits.take(f"token {device.id}", burst=TOKEN_REQUESTS, per_minute=TOKEN_REQUESTS) == 0

    assert asks(device, client).status_code == 200
    ready.do(asked_often)  # in one transaction what so many answers would have counted, all but the first and the last
    assert asks(device, client).status_code == 200
    answer = asks(device, client)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_waiting_or_deleted_device_begins_no_sign_in_but_learns_its_state(ready, device, client):
    ready.do(lambda act: act.devices.delete(ADMIN, device.id))
    assert refused(device.authorize(client), "device_gone")
    assert asks(device, client).status_code == 200
