"""RFC 9449: a proof binds each request and each token to the device's key, over HTTP."""

import pytest
from joserfc.jwk import ECKey

PATH = "/agent/v1/reports"
ADDRESS = "https://id.example.com/agent/v1/reports"
REPORT = {"receipts": [], "accounts": []}


@pytest.fixture
def token(device, client):
    return device.agent_token(client)


@pytest.fixture
def ask(device, client, token):
    """`ask(proof)` sends a report with the token and this proof; `headers` replace the honest ones."""

    def ask(proof, **headers):
        return client.post(PATH, json=REPORT, headers={"Authorization": f"DPoP {token}", "DPoP": proof, **headers})

    return ask


def refused(answer, reason):
    """A problem document with this reason, and the challenge that RFC 9449 section 7.1 wants."""
    assert (answer.status_code, answer.json()["reason"]) == (401, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("DPoP ")
    return True


def proof(device, token, *without, header=None, key=None, **changed):
    claims = device.proof_claims(ADDRESS, "POST", *without, token=token, **changed)
    return device.signed({"typ": "dpop+jwt", "jwk": device.jwk, **(header or {})}, claims, key)


def test_the_proof_that_the_others_are_made_from_is_taken(device, ask, token):
    assert ask(proof(device, token)).status_code == 204


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("htm", None, "dpop_target"),
        ("htm", "GET", "dpop_target"),
        ("htm", "post", "dpop_target"),
        ("htm", ["POST"], "dpop_target"),
        ("htu", None, "dpop_target"),
        ("htu", f"{ADDRESS}/", "dpop_target"),
        ("htu", f"{ADDRESS}?a=b", "dpop_target"),
        ("htu", "http://id.example.com/agent/v1/reports", "dpop_target"),
        ("htu", "https://other.example/agent/v1/reports", "dpop_target"),
        ("htu", "https://id.example.com/agent/v1/order", "dpop_target"),
        ("iat", None, "claim_missing"),
        ("iat", "now", "claim_missing"),
        ("iat", True, "claim_missing"),
        ("iat", 0, "dpop_time"),
        ("jti", None, "jti_missing"),
        ("jti", "", "jti_missing"),
        ("jti", {"a": 1}, "jti_missing"),
        ("jti", "é" * 201, "jti_missing"),
        ("ath", None, "dpop_ath"),
        ("ath", "", "dpop_ath"),
        ("ath", "AAAA", "dpop_ath"),
    ],
)
def test_section_4_3_a_claim_that_is_missing_or_wrong_is_no_proof(device, ask, token, name, value, reason):
    text = proof(device, token, name) if value is None else proof(device, token, **{name: value})
    assert refused(ask(text), reason)


def test_section_4_3_check_1_there_is_exactly_one_dpop_header(device, client, token):
    headers = [("Authorization", f"DPoP {token}"), ("DPoP", proof(device, token)), ("DPoP", proof(device, token))]
    assert refused(client.post(PATH, json=REPORT, headers=headers), "dpop_malformed")
    assert refused(client.post(PATH, json=REPORT, headers=headers[:1]), "dpop_malformed")
    fields = device.form(grant_type="client_credentials", scope="agent")
    twice = [("DPoP", device.proof("/oauth/token")), ("DPoP", device.proof("/oauth/token"))]
    answer = client.post("/oauth/token", data=fields, headers=twice)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("kind", [None, "JWT", "DPOP+JWT", "dpop", 7, ["dpop+jwt"]])
def test_section_4_3_check_4_the_type_is_dpop_jwt(device, ask, token, kind):
    assert ask(proof(device, token, header={"typ": kind})).status_code == 401


def test_section_4_3_check_5_the_algorithm_is_asymmetric_and_ours(device, ask, token):
    head, body, signature = proof(device, token).split(".")
    for header in ({"alg": "none"}, {"alg": "HS256"}, {"alg": "ES384"}, {"alg": None}, {"alg": ["ES256"]}):
        altered = device.signed({"typ": "dpop+jwt", "jwk": device.jwk, **header}, {}).split(".")[0]
        assert ask(f"{altered}.{body}.{signature}").status_code == 401
    assert refused(ask(f"{head}.{body}."), "dpop_signature")


def test_section_4_3_check_6_the_signature_verifies_with_the_key_in_the_header(device, ask, token):
    other = ECKey.generate_key("P-256")
    assert refused(ask(proof(device, token, key=other)), "dpop_signature")


def test_section_4_3_check_7_the_header_holds_no_private_key(device, ask, token):
    private = {**device.jwk, "d": device.key.as_dict(private=True)["d"]}
    assert refused(ask(proof(device, token, header={"jwk": private})), "dpop_malformed")


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "x",
        [],
        {},
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kty": "oct", "k": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": 7, "y": []},
        {"kty": "EC", "crv": "P-256", "x": "é", "y": "\x00"},
        {"kty": "RSA", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri", "e": "AQAB"},
    ],
    ids=str,
)
def test_section_4_2_a_header_without_a_usable_public_key_is_no_proof(device, ask, token, jwk):
    assert refused(ask(proof(device, token, header={"jwk": jwk})), "dpop_malformed")


def test_section_7_1_a_token_of_one_device_does_not_work_with_the_key_of_another(ready, device, ask, token):
    other = ready.device()
    assert refused(ask(proof(other, token)), "access_token_invalid")


def test_section_7_1_a_proof_for_another_token_does_not_carry_this_one(device, client, token):
    other = device.agent_token(client)
    answer = client.post(PATH, json=REPORT, headers={"Authorization": f"DPoP {token}", "DPoP": proof(device, other)})
    assert refused(answer, "dpop_ath")


@pytest.mark.parametrize("scheme", ["", "Bearer {}", "Basic {}", "DPoP", "DPoP ", "{}", "dpop-{}"])
def test_section_7_2_a_bound_token_is_no_bearer_token(device, ask, token, scheme):
    assert refused(ask(proof(device, token), Authorization=scheme.format(token)), "access_token_missing")


def test_section_7_1_the_scheme_is_not_case_sensitive(device, ask, token):
    assert ask(proof(device, token), Authorization=f"dPoP {token}").status_code == 204


def test_section_11_1_a_proof_works_once(ready, device, ask, token):
    text = proof(device, token)
    assert ask(text).status_code == 204
    assert refused(ask(text), "dpop_replayed")
    ready.clock.forward(seconds=119)
    assert refused(ask(text), "dpop_replayed")
    ready.clock.forward(seconds=2)
    assert refused(ask(text), "dpop_time")


def test_section_11_1_a_replay_is_found_on_every_replica_and_after_upkeep(ready, device, ask, token):
    text = proof(device, token)
    assert ask(text).status_code == 204
    ready.home._forget()
    assert refused(ask(text), "dpop_replayed")


@pytest.mark.parametrize("ahead", [0, 120])
def test_section_11_1_a_proof_is_remembered_for_as_long_as_it_would_be_taken(ready, device, ask, token, ahead):
    text = proof(device, token, iat=device.now + ahead)
    assert ask(text).status_code == 204
    ready.clock.forward(seconds=ahead + 120)  # the last moment at which it is in time
    ready.do(lambda act: act.tokens.store.remove_before(ready.clock.now()))
    assert refused(ask(text), "dpop_replayed")


def test_two_devices_may_by_chance_use_the_same_jti(ready, device, client):
    other = ready.device()
    for one in (device, other):
        dpop = one.proof("/oauth/token", jti="the-same-jti")
        assert one.ask_token(client, dpop=dpop, grant_type="client_credentials", scope="agent").status_code == 200


@pytest.mark.parametrize("seconds", [-121, 121, -(10**6), 10**6])
def test_section_11_1_a_proof_outside_its_time_is_refused_and_the_date_header_helps(device, ask, token, seconds):
    answer = ask(proof(device, token, iat=device.now + seconds))
    assert refused(answer, "dpop_time")
    assert "clock" in answer.json()["detail"]


@pytest.mark.parametrize("seconds", [-119, 119])
def test_a_clock_that_is_off_by_less_than_two_minutes_does_no_harm(device, ask, token, seconds):
    assert ask(proof(device, token, iat=device.now + seconds)).status_code == 204


@pytest.mark.parametrize("text", ["x", "a.b.c", "." * 5000, "x" * 9000, "\xff\xfe", "null", "e30.e30.e30"])
def test_what_is_no_jwt_is_refused(ask, text):
    assert refused(ask(text.encode("latin-1")), "dpop_malformed")


def test_a_proof_of_more_than_four_kilobytes_is_refused_even_when_it_is_signed(device, ask, token):
    assert ask(proof(device, token, padding="x" * 4096)).status_code == 401


def test_an_unknown_token_is_refused_whatever_the_proof(device, client):
    for token in ("never-issued", "x" * 5000, "' OR 1=1 --"):
        header = f"DPoP {token}".encode("latin-1")
        answer = client.post(PATH, json=REPORT, headers={"Authorization": header, "DPoP": proof(device, token)})
        assert refused(answer, "access_token_invalid")


def test_a_token_is_over_after_its_time(ready, device, ask, token):
    ready.clock.forward(seconds=300)
    assert refused(ask(proof(device, token)), "access_token_invalid")


def test_a_token_of_scope_order_opens_nothing_but_the_order_and_one_of_scope_agent_not_the_order(ready, device, client, token):
    _, code, number = ready.sign_in(device)
    order = device.poll(client, code, number).json()["access_token"]
    assert refused(device.call(client, "POST", PATH, order, json=REPORT), "access_token_invalid")
    assert refused(device.call(client, "GET", "/agent/v1/desired-state", order), "access_token_invalid")
    assert refused(device.call(client, "POST", "/agent/v1/order", token), "access_token_invalid")
    assert device.call(client, "POST", "/agent/v1/order", order).status_code == 200


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"htm": "GET"}, "dpop_target"),
        ({"htu": "https://id.example.com/oauth/device_authorization"}, "dpop_target"),
        ({"iat": 0}, "dpop_time"),
        ({"jti": None}, "jti_missing"),
    ],
)
def test_section_5_the_token_request_needs_a_proof_of_its_own(device, client, changed, reason):
    dpop = device.proof("/oauth/token", **changed)
    answer = device.ask_token(client, dpop=dpop, grant_type="client_credentials", scope="agent")
    assert (answer.status_code, answer.json()["error"], answer.json()["reason"]) == (400, "invalid_dpop_proof", reason)


def test_section_5_the_proof_of_a_token_request_is_made_by_the_devices_own_key(ready, device, client):
    dpop = ready.device().proof("/oauth/token")
    answer = device.ask_token(client, dpop=dpop, grant_type="client_credentials", scope="agent")
    assert (answer.status_code, answer.json()["reason"]) == (400, "dpop_key")


def test_section_5_a_token_request_cannot_be_replayed_with_a_fresh_assertion(device, client):
    dpop = device.proof("/oauth/token")
    assert device.ask_token(client, dpop=dpop, grant_type="client_credentials", scope="agent").status_code == 200
    answer = device.ask_token(client, dpop=dpop, grant_type="client_credentials", scope="agent")
    assert (answer.status_code, answer.json()["reason"]) == (400, "dpop_replayed")


def test_tokens_are_kept_only_as_hashes(ready, token):
    assert all(token not in str(row) for row in ready.sql("SELECT * FROM access_tokens"))
