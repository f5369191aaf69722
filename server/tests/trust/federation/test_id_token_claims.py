import base64
import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.model import Refusal
from homeport.trust.federation.verifier import VerifiedIdentity, verify, with_userinfo


def reason(outcome):
    assert isinstance(outcome, Refusal), outcome
    assert outcome.detail
    return outcome.reason


# Claims


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat"])
def test_missing_claim_is_refused(signer, name):
    outcome = signer.identity(name)
    assert reason(outcome) is ReasonCode.CLAIM_MISSING
    assert name in outcome.detail


@pytest.mark.parametrize(
    "claim",
    [
        {"iss": 7},
        {"iss": ["https://example.okta.com"]},
        {"aud": []},
        {"aud": {}},
        {"aud": 7},
        {"aud": ["0oa1client", 7]},
        {"exp": True},
        {"exp": "4000000000"},
        {"exp": None},
        {"exp": -1},
        {"exp": 10**15},
        {"iat": False},
        {"nbf": "soon"},
        {"nbf": True},
        {"auth_time": "now"},
    ],
    ids=str,
)
def test_claim_of_another_type_is_refused(signer, claim):
    assert reason(signer.identity(**claim)) is ReasonCode.CLAIM_MISSING


@pytest.mark.parametrize(
    "issuer", ["https://example.okta.com/", "https://EXAMPLE.okta.com", "http://example.okta.com", "https://evil.okta.com", ""]
)
def test_other_issuer_is_refused_even_if_it_looks_alike(signer, issuer):
    assert reason(signer.identity(iss=issuer)) is ReasonCode.ISSUER_WRONG


@pytest.mark.parametrize("audience", ["other", ["other"], "0oa1client2", ["0oa1client"] * 21], ids=str)
def test_other_audience_is_refused(signer, audience):
    assert reason(signer.identity(aud=audience, azp=signer.client_id)) is ReasonCode.AUDIENCE_WRONG


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["0oa1client", "other"]},
        {"aud": ["0oa1client", "other"], "azp": "other"},
        {"azp": "other"},
        {"azp": None},
        {"azp": ["0oa1client"]},
    ],
    ids=str,
)
def test_token_issued_to_another_party_is_refused(signer, claims):
    assert reason(signer.identity(**claims)) is ReasonCode.AUTHORIZED_PARTY_WRONG


def test_several_audiences_are_accepted_when_we_are_the_authorized_party(signer):
    assert isinstance(signer.identity(aud=["0oa1client", "other"], azp="0oa1client"), VerifiedIdentity)
    assert isinstance(signer.identity(aud=["0oa1client"], azp="0oa1client"), VerifiedIdentity)
    assert isinstance(signer.identity(aud=["0oa1client"] * 20, azp="0oa1client"), VerifiedIdentity)


def test_expired_token_is_refused_after_the_leeway(signer):
    seconds = int(signer.now.timestamp())
    assert isinstance(signer.identity(exp=seconds - 119), VerifiedIdentity)
    assert reason(signer.identity(exp=seconds - 120)) is ReasonCode.TOKEN_EXPIRED
    assert reason(signer.identity(exp=0)) is ReasonCode.TOKEN_EXPIRED


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_token_from_the_future_is_refused_after_the_leeway(signer, name):
    seconds = int(signer.now.timestamp())
    assert isinstance(signer.identity(**{name: seconds + 120}), VerifiedIdentity)
    assert reason(signer.identity(**{name: seconds + 121})) is ReasonCode.TOKEN_NOT_YET_VALID


def test_fractions_of_seconds_are_moments_too(signer):
    assert isinstance(signer.identity(iat=signer.now.timestamp() + 0.5), VerifiedIdentity)


@pytest.mark.parametrize("nonce", ["another", "", 7, None, ["the-nonce-of-this-sign-in"]])
def test_other_nonce_is_refused(signer, nonce):
    assert reason(signer.identity(nonce=nonce)) is ReasonCode.NONCE_WRONG


def test_missing_nonce_is_refused_and_an_empty_one_never_matches(signer):
    assert reason(signer.identity("nonce")) is ReasonCode.NONCE_WRONG
    assert reason(signer.verify(signer.token(nonce=""), nonce="")) is ReasonCode.NONCE_WRONG


@pytest.mark.parametrize(
    "subject", ["", " ", "x" * 256, 7, None, True, ["00u1ada"], "a\nb", "00u1ad\u0430", " 00u1ada", "00u1ada "]
)
def test_unusable_subject_is_refused(signer, subject):
    assert reason(signer.identity(sub=subject)) is ReasonCode.SUBJECT_MISSING


def test_missing_subject_is_refused(signer):
    assert reason(signer.identity("sub")) is ReasonCode.SUBJECT_MISSING


def test_longest_subject_is_accepted(signer):
    assert signer.identity(sub="x" * 255).subject == "x" * 255


def test_access_token_hash_must_be_the_access_tokens(signer):
    good = base64.urlsafe_b64encode(hashlib.sha256(b"the access token").digest()[:16]).decode().rstrip("=")
    assert isinstance(signer.verify(signer.token(at_hash=good), access_token="the access token"), VerifiedIdentity)
    for at_hash, access_token in (
        (good, "another"),
        (good, None),
        ("", "the access token"),
        (7, "the access token"),
        (None, "x"),
    ):
        outcome = signer.verify(signer.token(at_hash=at_hash), access_token=access_token)
        assert reason(outcome) is ReasonCode.ACCESS_TOKEN_HASH_WRONG


def test_authentication_must_be_recent_when_that_was_asked(signer):
    seconds = int(signer.now.timestamp())
    assert isinstance(signer.verify(signer.token(auth_time=seconds - 420), max_age=300), VerifiedIdentity)
    assert reason(signer.verify(signer.token(auth_time=seconds - 421), max_age=300)) is ReasonCode.AUTHENTICATION_TOO_OLD
    assert reason(signer.verify(signer.token("auth_time"), max_age=300)) is ReasonCode.AUTHENTICATION_TOO_OLD
    assert reason(signer.verify(signer.token(auth_time=seconds + 121), max_age=300)) is ReasonCode.TOKEN_NOT_YET_VALID
    assert isinstance(signer.verify(signer.token(auth_time=seconds + 120), max_age=300), VerifiedIdentity)
    assert isinstance(signer.verify(signer.token(auth_time=seconds - 100_000)), VerifiedIdentity)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [({}, None), ({"email_verified": True}, True), ({"email_verified": False}, False)]
    + [({"email_verified": value}, False) for value in ("true", "false", 1, None, [True])],
    ids=str,
)
def test_only_true_itself_counts_as_a_verified_address(signer, claims, expected):
    identity = signer.verify(signer.sign({**signer.claims("email_verified"), **claims}))
    assert identity.email_verified is expected


@pytest.mark.parametrize("email", [None, "", 7, ["ada@example.com"], "x" * 256])
def test_unusable_address_counts_as_none(signer, email):
    assert signer.identity(email=email).email is None


def test_names_lose_control_characters_and_are_cut(signer):
    identity = signer.identity(name="Ada\x1b[31m\n", given_name="x" * 1000, family_name=7, preferred_username="  ")
    assert identity.name == "Ada[31m"
    assert len(identity.given_name) == 255
    assert (identity.family_name, identity.preferred_username) == (None, None)


# Userinfo


def test_userinfo_fills_what_the_token_lacks(signer):
    identity = signer.identity("email", "email_verified", "name")
    filled = with_userinfo(identity, {"sub": "00u1ada", "email": "ada@example.com", "email_verified": True, "name": "Ada"})
    assert (filled.email, filled.email_verified, filled.name, filled.issued_at) == ("ada@example.com", True, "Ada", signer.now)


def test_each_name_comes_from_the_token_first(signer):
    names = ("name", "given_name", "family_name", "preferred_username")
    told = {name: f"userinfo's {name}" for name in names}
    without = with_userinfo(signer.identity("email", "name"), {"sub": "00u1ada", **told})
    assert [getattr(without, name) for name in names] == list(told.values())
    token = {name: f"token's {name}" for name in names}
    beside = with_userinfo(signer.identity("email", **token), {"sub": "00u1ada", **told})
    assert [getattr(beside, name) for name in names] == list(token.values())


def test_userinfo_never_replaces_what_the_token_says(signer):
    filled = with_userinfo(
        signer.identity(), {"sub": "00u1ada", "email": "eve@example.com", "email_verified": False, "name": "Eve"}
    )
    assert (filled.email, filled.email_verified, filled.name) == ("ada@example.com", True, "Ada Lovelace")
    unverified = with_userinfo(signer.identity("email", email_verified=False), {"sub": "00u1ada", "email": "ada@example.com"})
    assert unverified.email_verified is False


@pytest.mark.parametrize("subject", [{}, {"sub": "00u2eve"}, {"sub": None}, {"sub": ["00u1ada"]}, {"sub": "00U1ADA"}], ids=str)
def test_userinfo_about_another_subject_is_refused(signer, subject):
    outcome = with_userinfo(signer.identity("email"), {"email": "ada@example.com", **subject})
    assert reason(outcome) is ReasonCode.USERINFO_SUBJECT_DIFFERS


# Properties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CHECKED = ("iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "sub", "at_hash", "auth_time")


@given(changes=st.dictionaries(st.sampled_from(CHECKED), JSON, min_size=1, max_size=3))
def test_no_verified_identity_without_every_check(signer, changes):
    """Invariant: whatever a provider signs, an identity comes out only if every claim is what this sign-in expects."""
    outcome = signer.verify(signer.sign(json.dumps(signer.claims(**changes), ensure_ascii=True).encode()), max_age=300)
    if isinstance(outcome, Refusal):
        return
    claims, seconds = signer.claims(**changes), signer.now.timestamp()
    assert claims["iss"] == signer.issuer
    assert claims["aud"] in (signer.client_id, [signer.client_id]) or claims.get("azp") == signer.client_id
    assert claims.get("azp", signer.client_id) == signer.client_id
    assert claims["nonce"] == signer.nonce
    assert "at_hash" not in claims
    assert 0 < len(claims["sub"]) <= 255
    assert all(type(claims[name]) in (int, float) and math.isfinite(claims[name]) for name in ("exp", "iat", "auth_time"))
    assert claims["exp"] > seconds - 120
    assert claims["iat"] <= seconds + 120
    assert seconds - 420 <= claims["auth_time"] <= seconds + 120


@given(position=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=63))
def test_no_altered_token_is_accepted(signer, position, flip):
    """Invariant: a token in which any one character is another never verifies."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = signer.token()
    places = [index for index, character in enumerate(token) if character != "."]
    place = places[position % len(places)]
    other = alphabet[(alphabet.index(token[place]) + flip) % 64]
    assert isinstance(signer.verify(token[:place] + other + token[place + 1 :]), Refusal)


@given(token=st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_rubbish_is_refused_and_never_raises(signer, token):
    assert isinstance(verify(token, signer.keys(), signer.expectation()), Refusal)
    assert isinstance(verify(f"{token}.{token}.{token}", signer.keys(), signer.expectation()), Refusal)
