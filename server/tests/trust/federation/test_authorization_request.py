import base64
import hashlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from homeport.foundation.kernel.reasons import ReasonCode
from homeport.foundation.outbound.model import Fetch
from homeport.trust.federation.model import Client, Refusal
from homeport.trust.federation.recorder import Outcome, Recorder
from homeport.trust.federation.relying_party import Code, Grant, begin, callback_state, judge_callback

REDIRECT_URI = "https://homeport.example/oauth/callback/p1"
CLIENT = Client("0oa1client", ("the first secret", "the second secret"))


@pytest.fixture
def recorder(clock):
    return Recorder(clock)


@pytest.fixture
def grant(signer):
    return Grant(code=Code("the-code"), code_verifier="the-verifier", nonce=signer.nonce, redirect_uri=REDIRECT_URI)


def reason(outcome):
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


# The authorization request


def test_authorization_request_always_has_state_nonce_and_pkce(metadata, entropy):
    request = begin(metadata, "0oa1client", REDIRECT_URI, entropy)
    sent = {name: value for name, (value,) in parse_qs(urlsplit(request.url).query, strict_parsing=True).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(request.code_verifier.encode()).digest()).decode().rstrip("=")
    assert request.url.startswith("https://example.okta.com/oauth2/v1/authorize?")
    assert sent == {
        "response_type": "code",
        "client_id": "0oa1client",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid email profile",
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert 43 <= len(request.code_verifier) <= 128
    assert len({request.state, request.nonce, request.code_verifier}) == 3


def test_fresh_sign_in_and_hint_are_asked_for(metadata, entropy):
    metadata = replace(metadata, authorization_endpoint="https://example.okta.com/authorize?tenant=1")
    request = begin(metadata, "0oa1client", REDIRECT_URI, entropy, max_age=300, login_hint="ada@example.com")
    sent = parse_qs(urlsplit(request.url).query)
    assert (sent["tenant"], sent["max_age"], sent["login_hint"], request.max_age) == (["1"], ["300"], ["ada@example.com"], 300)


def test_nothing_secret_is_in_the_text_forms(metadata, entropy, grant):
    request = begin(metadata, "0oa1client", REDIRECT_URI, entropy)
    assert not {request.state, request.nonce, request.code_verifier, "the-code", "the-verifier", "the first secret"} & set(
        f"{request!r} {grant!r} {CLIENT!r}".replace("'", " ").split()
    )
    assert "secret" not in repr(Fetch("https://x.example", headers=(("a", "secret"),), form=(("b", "secret"),)))


# The redirect


def test_code_is_taken_from_an_honest_redirect(metadata, recorder):
    assert judge_callback([("state", "s"), ("code", "c")], metadata, recorder) == Code("c")
    assert callback_state([("state", "s"), ("code", "c")]) == "s"
    assert recorder.steps[0].outcome is Outcome.OK
    judge_callback([("state", "the-state"), ("code", "the-code")], metadata, recorder)
    assert "the-" not in repr(recorder.steps)


def test_parameter_that_appears_twice_is_refused(metadata, recorder):
    for name in ("state", "code", "iss", "whatever"):
        parameters = [("state", "s"), ("code", "c"), (name, "1"), (name, "2")]
        assert reason(callback_state(parameters)) is ReasonCode.DUPLICATE_PARAMETER
        assert reason(judge_callback(parameters, metadata, recorder)) is ReasonCode.DUPLICATE_PARAMETER


def test_too_many_parameters_are_refused():
    assert reason(callback_state([(f"p{number}", "1") for number in range(21)])) is ReasonCode.DUPLICATE_PARAMETER


def test_missing_state_is_refused():
    assert reason(callback_state([("code", "c")])) is ReasonCode.STATE_MISSING
    assert reason(callback_state([("state", ""), ("code", "c")])) is ReasonCode.STATE_MISSING


def test_missing_issuer_is_refused_only_when_it_was_promised(metadata, recorder):
    parameters = [("state", "s"), ("code", "c")]
    promised = replace(metadata, iss_parameter_supported=True)
    assert reason(judge_callback(parameters, promised, recorder)) is ReasonCode.ISS_MISSING
    assert judge_callback([*parameters, ("iss", metadata.issuer)], promised, recorder) == Code("c")


def test_other_issuer_is_refused_promised_or_not(metadata, recorder):
    for supported in (True, False):
        known = replace(metadata, iss_parameter_supported=supported)
        for issuer in ("https://evil.example", f"{metadata.issuer}/", ""):
            outcome = judge_callback([("state", "s"), ("code", "c"), ("iss", issuer)], known, recorder)
            assert reason(outcome) is ReasonCode.ISS_MISMATCH


def test_issuer_is_judged_before_the_error_it_came_with(metadata, recorder):
    outcome = judge_callback([("state", "s"), ("error", "access_denied"), ("iss", "https://evil.example")], metadata, recorder)
    assert reason(outcome) is ReasonCode.ISS_MISMATCH


@pytest.mark.parametrize("code", [[], [("code", "")], [("code", "x" * 4097)], [("code", "a b")], [("code", "\u0430")]])
def test_missing_or_unusable_code_is_refused(metadata, recorder, code):
    assert reason(judge_callback([("state", "s"), *code], metadata, recorder)) is ReasonCode.CODE_MISSING


@pytest.mark.parametrize(
    ("error", "description", "expected"),
    [
        ("access_denied", "User is not assigned to the client application.", ReasonCode.USER_NOT_ASSIGNED),
        ("access_denied", "user_not_assigned", ReasonCode.USER_NOT_ASSIGNED),
        (
            "access_denied",
            "Policy evaluation failed for this request, please check the policy configurations.",
            ReasonCode.PROVIDER_POLICY_DENIED,
        ),
        ("server_error", "The 'groups' claim could not be evaluated.", ReasonCode.GROUPS_CLAIM_FAILED),
        ("access_denied", "The resource owner denied the request.", ReasonCode.PROVIDER_ACCESS_DENIED),
        ("access_denied", "", ReasonCode.PROVIDER_ACCESS_DENIED),
        ("login_required", "The client specified not to prompt.", ReasonCode.PROVIDER_LOGIN_REQUIRED),
        ("interaction_required", "", ReasonCode.PROVIDER_LOGIN_REQUIRED),
        ("consent_required", "", ReasonCode.PROVIDER_LOGIN_REQUIRED),
        ("invalid_scope", "One or more scopes are not configured.", ReasonCode.PROVIDER_INVALID_SCOPE),
        ("server_error", "", ReasonCode.PROVIDER_ERROR),
        ("temporarily_unavailable", "", ReasonCode.PROVIDER_ERROR),
        ("", "", ReasonCode.PROVIDER_ERROR),
    ],
)
def test_error_on_the_redirect_gets_its_own_reason(metadata, recorder, error, description, expected):
    parameters = [("state", "s"), ("error", error), ("error_description", description), ("code", "c")]
    outcome = judge_callback(parameters, metadata, recorder)
    assert reason(outcome) is expected
    assert ascii(error) in outcome.detail
