import base64
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeport.foundation.kernel.reasons import ReasonCode
from homeport.foundation.outbound.model import FailureKind, FetchFailed
from homeport.trust.federation.jwks import KeySetFetch
from homeport.trust.federation.model import Client, Refusal
from homeport.trust.federation.recorder import Outcome, Recorder
from homeport.trust.federation.relying_party import Code, Grant, exchange
from homeport.trust.federation.verifier import VerifiedIdentity

REDIRECT_URI = "https://homeport.example/oauth/callback/p1"
CLIENT = Client("0oa1client", ("the first secret", "the second secret"))
JSON = st.dictionaries(
    st.sampled_from(["error", "error_description", "id_token", "access_token", "token_type"]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.just([])
    | st.just({})
    | st.sampled_from(["invalid_client", "Bearer"]),
)
DOWN = FetchFailed(FailureKind.REFUSED, "https://example.okta.com", "It does not take connections.")


@pytest.fixture
def recorder(clock):
    return Recorder(clock)


@pytest.fixture
def grant(signer):
    return Grant(code=Code("the-code"), code_verifier="the-verifier", nonce=signer.nonce, redirect_uri=REDIRECT_URI)


@pytest.fixture
def tokens(signer, answer):
    def make(*without, **changed):
        body = {"token_type": "Bearer", "access_token": "the-access-token", "id_token": signer.token(), **changed}
        return answer({name: value for name, value in body.items() if name not in without})

    return make


@pytest.fixture
def keys(signer, answer):
    def make(*chosen):
        return answer({"keys": list(signer.keys(*chosen).keys)})

    return make


@pytest.fixture
def run(grant, metadata, clock, recorder):
    """Answer each fetch with the next of `answers`; return the outcome and the fetches."""

    def through(*answers, client=CLIENT, grant=grant, metadata=metadata):
        steps, fetches, waiting = exchange(grant, client, metadata, clock, recorder), [], list(answers)
        try:
            fetches.append(next(steps))
            while True:
                fetches.append(steps.send(waiting.pop(0)))
        except StopIteration as stop:
            assert not waiting, "not every answer was asked for"
            return stop.value, fetches

    return through


def reason(outcome):
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


# The exchange


def test_code_becomes_a_verified_identity(run, tokens, keys, recorder):
    identity, (token_request, key_request) = run(tokens(), keys())
    assert isinstance(identity, VerifiedIdentity)
    assert (token_request.method, token_request.url) == ("POST", "https://example.okta.com/oauth2/v1/token")
    assert dict(token_request.form) == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": REDIRECT_URI,
        "code_verifier": "the-verifier",
    }
    assert isinstance(key_request, KeySetFetch)
    assert not key_request.revalidate
    assert [step.outcome for step in recorder.steps] == [Outcome.OK] * 3


def test_basic_comes_before_post_and_never_both(run, tokens, keys, metadata):
    client = Client("client:ä", ("p+ss word/ü",))
    _, (basic, *_) = run(tokens(), keys(), client=client)
    assert basic.headers == (("authorization", "Basic " + base64.b64encode(b"client%3A%C3%A4:p%2Bss+word%2F%C3%BC").decode()),)
    assert not {"client_id", "client_secret"} & dict(basic.form).keys()
    only_post = replace(metadata, token_endpoint_auth_methods=("client_secret_post",))
    _, (post, *_) = run(tokens(), keys(), client=client, metadata=only_post)
    assert post.headers == ()
    assert (dict(post.form)["client_id"], dict(post.form)["client_secret"]) == ("client:ä", "p+ss word/ü")


def test_provider_that_takes_neither_is_refused(run, metadata, grant, clock, recorder):
    neither = replace(metadata, token_endpoint_auth_methods=("private_key_jwt",))
    with pytest.raises(StopIteration) as stop:
        next(exchange(grant, CLIENT, neither, clock, recorder))
    assert reason(stop.value.value) is ReasonCode.CLIENT_REFUSED


def test_no_redirect_is_followed_with_secrets(run, tokens, signer, keys, answer):
    thin = tokens(id_token=signer.token("email"))
    _, fetches = run(thin, keys(), answer({"sub": "00u1ada", "email": "ada@example.com"}))
    assert [one.follow_redirects for one in fetches] == [0, 0, 0]


def test_second_secret_is_tried_once_when_the_first_is_refused(run, answer, tokens, keys):
    refused = answer({"error": "invalid_client"}, status=401)
    identity, (first, second, _) = run(refused, tokens(), keys())
    assert isinstance(identity, VerifiedIdentity)
    assert base64.b64decode(first.headers[0][1][6:]) == b"0oa1client:the+first+secret"
    assert base64.b64decode(second.headers[0][1][6:]) == b"0oa1client:the+second+secret"


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
def test_client_refused_with_every_secret_is_refused(run, answer, error):
    refused = answer({"error": error}, status=401)
    assert reason(run(refused, refused)[0]) is ReasonCode.CLIENT_REFUSED
    assert reason(run(refused, client=Client("0oa1client", ("one",)))[0]) is ReasonCode.CLIENT_REFUSED


def test_client_without_a_secret_asks_nobody(grant, metadata, clock, recorder):
    with pytest.raises(StopIteration) as stop:
        next(exchange(grant, Client("0oa1client", ()), metadata, clock, recorder))
    assert reason(stop.value.value) is ReasonCode.CLIENT_REFUSED


def test_refused_code_is_not_tried_again(run, answer):
    outcome, fetches = run(answer({"error": "invalid_grant", "error_description": "The code has expired."}, status=400))
    assert reason(outcome) is ReasonCode.CODE_REFUSED
    assert "has expired" in outcome.detail
    assert len(fetches) == 1


@pytest.mark.parametrize(
    "kind", [FailureKind.DNS, FailureKind.REFUSED, FailureKind.TIMEOUT, FailureKind.TLS, FailureKind.ADDRESS_BLOCKED]
)
def test_token_endpoint_that_cannot_be_reached_is_said_so(run, kind):
    assert reason(run(replace(DOWN, kind=kind))[0]) is ReasonCode.TOKEN_UNREACHABLE


@pytest.mark.parametrize("kind", [FailureKind.TOO_LARGE, FailureKind.ENCODING, FailureKind.PROTOCOL])
def test_token_endpoint_that_answers_rubbish_is_said_so(run, kind):
    assert reason(run(replace(DOWN, kind=kind))[0]) is ReasonCode.TOKEN_BROKEN


def test_rate_limit_is_said_with_its_headers(run, answer, recorder):
    limited = answer(b"", status=429, x_rate_limit_limit="600", x_rate_limit_remaining="0", x_rate_limit_reset="1763899260")
    outcome, _ = run(limited)
    assert reason(outcome) is ReasonCode.TOKEN_RATE_LIMITED
    assert "600" in outcome.detail
    assert recorder.steps[-1].details["x-rate-limit-reset"] == "1763899260"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 200),
        (b"[]", 200),
        (b"", 200),
        (b'{"id_token": "a", "id_token": "b"}', 200),
        (b'{"error": "server_error"}', 500),
        (b"{}", 302),
        (b'{"error": "invalid_grant"}', 500),
        (b'{"error": "invalid_client"}', 503),
        (b'{"error": "invalid_request"}', 400),
        (b'{"error": {}}', 400),
        (b'{"access_token": 7, "token_type": "Bearer", "id_token": "a.b.c"}', 200),
        (b'{"access_token": "a", "token_type": "DPoP", "id_token": "a.b.c"}', 200),
        (b'{"access_token": "a", "id_token": "a.b.c"}', 200),
        (b'{"access_token": "a\\r\\nx: y", "token_type": "Bearer", "id_token": "a.b.c"}', 200),
    ],
)
def test_token_response_that_is_none_is_broken(run, answer, body, status):
    assert reason(run(answer(body, status=status))[0]) is ReasonCode.TOKEN_BROKEN


@pytest.mark.parametrize("id_token", [None, "", 7, ["a.b.c"]])
def test_token_response_without_id_token_is_refused(run, tokens, id_token):
    assert reason(run(tokens(id_token=id_token))[0]) is ReasonCode.ID_TOKEN_MISSING
    assert reason(run(tokens("id_token"))[0]) is ReasonCode.ID_TOKEN_MISSING


def test_token_that_fails_a_check_is_refused_with_that_reason(run, tokens, signer, keys):
    assert reason(run(tokens(id_token=signer.token(nonce="another")), keys())[0]) is ReasonCode.NONCE_WRONG
    assert reason(run(tokens(id_token=signer.token(aud="another")), keys())[0]) is ReasonCode.AUDIENCE_WRONG
    assert reason(run(tokens(id_token=signer.token(iss="https://evil.example")), keys())[0]) is ReasonCode.ISSUER_WRONG
    assert reason(run(tokens(id_token=signer.token(at_hash="x")), keys())[0]) is ReasonCode.ACCESS_TOKEN_HASH_WRONG


def test_fresh_authentication_is_demanded_when_it_was_asked_for(run, tokens, signer, keys, grant):
    old = tokens(id_token=signer.token(auth_time=int(signer.now.timestamp()) - 3600))
    assert isinstance(run(old, keys())[0], VerifiedIdentity)
    assert reason(run(old, keys(), grant=replace(grant, max_age=300))[0]) is ReasonCode.AUTHENTICATION_TOO_OLD


def test_unknown_key_is_fetched_once_more(run, tokens, signer, keys):
    old = keys(signer.rsa(number=2))
    identity, (_, first, second) = run(tokens(), old, keys())
    assert isinstance(identity, VerifiedIdentity)
    assert (first.revalidate, second.revalidate) == (False, True)
    assert reason(run(tokens(), old, old)[0]) is ReasonCode.KEY_UNKNOWN
    assert reason(run(tokens(), old, DOWN)[0]) is ReasonCode.KEY_UNKNOWN


def test_wrong_signature_is_not_a_reason_to_fetch_keys_again(run, tokens, signer, keys):
    forged = signer.sign(signer.claims(), key=signer.rsa(number=2), kid=signer.rsa().kid)
    assert reason(run(tokens(id_token=forged), keys())[0]) is ReasonCode.SIGNATURE_INVALID


def test_keys_that_cannot_be_had_are_said_so(run, tokens, answer):
    for broken in (DOWN, answer(b"", status=500), answer(b"<html>"), answer({"keys": 7}), answer({"keys": [7]}), answer({})):
        assert reason(run(tokens(), broken)[0]) is ReasonCode.KEYS_UNREACHABLE


def test_userinfo_is_asked_only_when_the_address_is_missing(run, tokens, signer, keys, answer):
    thin = tokens(id_token=signer.token("email", "email_verified"))
    identity, (*_, userinfo) = run(thin, keys(), answer({"sub": "00u1ada", "email": "ada@example.com", "email_verified": True}))
    assert (identity.email, identity.email_verified) == ("ada@example.com", True)
    assert userinfo.url == "https://example.okta.com/oauth2/v1/userinfo"
    assert userinfo.headers == (("authorization", "Bearer the-access-token"),)


def test_userinfo_of_another_subject_is_refused(run, tokens, signer, keys, answer):
    thin = tokens(id_token=signer.token("email"))
    for body in ({"sub": "00u2eve", "email": "ada@example.com"}, {"email": "ada@example.com"}):
        assert reason(run(thin, keys(), answer(body))[0]) is ReasonCode.USERINFO_SUBJECT_DIFFERS


def test_userinfo_that_does_not_answer_is_said_so(run, tokens, signer, keys, answer):
    thin = tokens(id_token=signer.token("email"))
    for broken in (DOWN, answer(b"", status=401), answer(b"<html>"), answer(b"a.b.c", content_type="application/jwt")):
        assert reason(run(thin, keys(), broken)[0]) is ReasonCode.USERINFO_UNAVAILABLE


def test_identity_without_address_goes_on_when_there_is_nobody_to_ask(run, tokens, signer, keys, metadata, answer):
    thin = signer.token("email")
    assert run(tokens("access_token", id_token=thin), keys())[0].email is None
    nowhere = replace(metadata, userinfo_endpoint=None)
    assert run(tokens(id_token=thin), keys(), metadata=nowhere)[0].email is None
    assert run(tokens(id_token=thin), keys(), answer({"sub": "00u1ada"}))[0].email is None


def test_no_secret_is_recorded(run, tokens, keys, answer, recorder, signer):
    run(answer({"error": "invalid_client"}, status=401), tokens(), keys())
    written = repr(recorder.steps)
    for secret in (
        "the-code",
        "the-verifier",
        "the first secret",
        "the second secret",
        "the-access-token",
        signer.nonce,
        signer.token(),
    ):
        assert secret not in written


@pytest.fixture
def start(grant, metadata, clock, answer):
    """Start an exchange and answer its token request."""

    def sent(body, status):
        steps = exchange(grant, CLIENT, metadata, clock, Recorder(clock))
        next(steps)
        try:
            return steps.send(answer(body, status=status)).url
        except StopIteration as stop:
            return stop.value

    return sent


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
    status=st.sampled_from([200, 302, 400, 401, 500]),
)
def test_whatever_the_token_endpoint_says_is_judged_and_never_raises(start, metadata, body, status):
    outcome = start(body, status)
    assert isinstance(outcome, Refusal) or outcome in {metadata.token_endpoint, metadata.jwks_uri}
