import base64
import copy
import dataclasses
import hashlib
import hmac
import json
import math
import pickle
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.jwks import KeySet
from homeport.trust.federation.model import Refusal
from homeport.trust.federation.verifier import VerifiedIdentity, verify, with_userinfo


def reason(outcome):
    assert isinstance(outcome, Refusal), outcome
    assert outcome.detail
    return outcome.reason


# What is accepted


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_honest_token_gives_the_identity(signer, algorithm):
    identity = signer.verify(signer.sign(signer.claims(), algorithm=algorithm))
    assert (identity.issuer, identity.subject, identity.email) == (signer.issuer, "00u1ada", "ada@example.com")
    assert identity.email_verified is True
    assert (identity.name, identity.issued_at, identity.authenticated_at) == (
        "Ada Lovelace",
        signer.now,
        signer.now - timedelta(seconds=10),
    )


def test_token_without_kid_is_verified_when_one_key_suits(signer):
    token = signer.sign(signer.claims(), kid=None)
    assert isinstance(signer.verify(token), VerifiedIdentity)
    two = signer.keys(signer.rsa(), signer.rsa(number=2))
    assert reason(signer.verify(token, keys=two)) is ReasonCode.KEY_UNKNOWN


def test_identity_cannot_be_built_copied_or_stored_elsewhere(signer):
    with pytest.raises(TypeError):
        VerifiedIdentity(issuer="i", subject="s", issued_at=signer.now)
    with pytest.raises(TypeError):
        VerifiedIdentity(issuer="i", subject="s", issued_at=signer.now, seal=object())
    identity = signer.identity()
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(identity, subject="another")
    with pytest.raises(TypeError):
        copy.copy(identity)
    with pytest.raises(TypeError):
        pickle.dumps(identity)
    with pytest.raises(dataclasses.FrozenInstanceError):
        identity.subject = "another"
    with pytest.raises(TypeError):
        type("Forged", (VerifiedIdentity,), {})


# Form


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c.d",
        "..",
        "a.b.",
        ".b.c",
        "a b.c.d",
        "é.b.c",
        "e30.e30.e30\n",
        "e.e30.e30",
        "W10.e30.e30",
        "IiI.e30.e30",
    ],
)
def test_token_that_is_no_compact_jws_is_malformed(signer, token):
    assert reason(signer.verify(token)) is ReasonCode.ID_TOKEN_MALFORMED


def test_token_that_is_too_long_is_malformed(signer):
    assert reason(signer.verify(signer.token(name="x" * 64_000))) is ReasonCode.ID_TOKEN_MALFORMED
    long_header = signer.sign(signer.claims(), header={"x": "y" * 4_096})
    assert reason(signer.verify(long_header)) is ReasonCode.ID_TOKEN_MALFORMED


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b"{}{}",
        b'{"sub": NaN}',
        b'{"exp": Infinity}',
        b'{"exp": 1e999}',
        b'{"exp": ' + b"9" * 5000 + b"}",
        b'{"a": ' * 50 + b"1" + b"}" * 50,
        b'{"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b"\xff\xfe",
        b'{"sub": "\\ud800"}',
        b'{"sub": "a\\u0000b"}',
    ],
    ids=lambda payload: payload[:24].decode("latin-1"),
)
def test_signed_payload_that_is_no_plain_json_object_is_malformed(signer, payload):
    assert reason(signer.verify(signer.sign(payload))) is ReasonCode.ID_TOKEN_MALFORMED


def test_member_that_appears_twice_is_malformed(signer):
    text = json.dumps(signer.claims())
    doubled = f'{text[:-1]}, "sub": "00u2eve"}}'.encode()
    assert reason(signer.verify(signer.sign(doubled))) is ReasonCode.ID_TOKEN_MALFORMED
    header = f'{{"alg": "RS256", "kid": "{signer.rsa().kid}", "alg": "RS256"}}'
    token = signer.raw(header, json.dumps(signer.claims()), signer.rsa(), "RS256")
    assert reason(signer.verify(token)) is ReasonCode.ID_TOKEN_MALFORMED


# Header and key


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS256", "RS384", "RS512", "ES384", "EdDSA", "RSA-OAEP", "", None, 7, ["RS256"]]
)
def test_algorithm_outside_our_list_is_refused(signer, algorithm):
    header = {"alg": algorithm, "kid": signer.rsa().kid}
    token = signer.raw(header, json.dumps(signer.claims()), signer.rsa(), "RS256")
    assert reason(signer.verify(token)) is ReasonCode.ALGORITHM_NOT_ALLOWED


def test_absent_algorithm_is_refused(signer):
    token = signer.raw({"kid": "x"}, json.dumps(signer.claims()), signer.rsa(), "RS256")
    assert reason(signer.verify(token)) is ReasonCode.ALGORITHM_NOT_ALLOWED


def test_hmac_over_the_public_key_is_refused(signer):
    header = {"alg": "HS256", "kid": signer.rsa().kid}
    signing_input = f"{signer.encoded(header)}.{signer.encoded(signer.claims())}"
    signature = hmac.digest(signer.rsa().as_pem(private=False), signing_input.encode(), "sha256")
    assert reason(signer.verify(f"{signing_input}.{signer.encoded(signature)}")) is ReasonCode.ALGORITHM_NOT_ALLOWED


@pytest.mark.parametrize("name", ["crit", "jwk", "jku", "x5u", "x5c", "b64", "zip"])
def test_header_that_brings_its_own_key_or_rules_is_refused(signer, name):
    values = {"crit": ["exp"], "jwk": signer.rsa(number=2).as_dict(private=False), "b64": False}
    token = signer.sign(signer.claims(), header={name: values.get(name, "https://evil.example/keys")})
    assert reason(signer.verify(token)) is ReasonCode.HEADER_NOT_ALLOWED


def test_kid_of_another_type_is_malformed(signer):
    assert reason(signer.verify(signer.sign(signer.claims(), kid=7))) is ReasonCode.ID_TOKEN_MALFORMED


def test_unknown_kid_is_refused(signer):
    assert reason(signer.verify(signer.sign(signer.claims(), kid="rotated"))) is ReasonCode.KEY_UNKNOWN
    assert reason(signer.verify(signer.token(), keys=KeySet(()))) is ReasonCode.KEY_UNKNOWN


@pytest.mark.parametrize(
    "change", [{"use": "enc"}, {"alg": "RS512"}, {"kty": "EC"}, {"kty": "oct", "k": "AAAA"}, {"key_ops": ["sign"]}]
)
def test_key_for_something_else_is_not_used(signer, change):
    keys = KeySet(({**signer.rsa().as_dict(private=False), **change},))
    assert reason(signer.verify(signer.token(), keys=keys)) is ReasonCode.KEY_UNKNOWN


@pytest.mark.parametrize("change", [{"n": "AQ"}, {"n": "!!"}, {"n": 7}, {"e": "AQ"}, {"e": "AA"}, {"e": None}, {"n": "A" * 4000}])
def test_damaged_key_is_not_used(signer, change):
    keys = KeySet(({**signer.rsa().as_dict(private=False), **change},))
    assert reason(signer.verify(signer.token(), keys=keys)) is ReasonCode.KEY_UNKNOWN


def test_weak_key_and_other_curve_are_not_used(signer):
    weak = signer.rsa(1024)
    token = signer.sign(signer.claims(), key=weak)
    assert reason(signer.verify(token, keys=signer.keys(weak))) is ReasonCode.KEY_UNKNOWN
    other = signer.ec("P-384")
    token = signer.sign(signer.claims(), algorithm="ES256", key=signer.ec(), kid=other.kid)
    assert reason(signer.verify(token, keys=signer.keys(other))) is ReasonCode.KEY_UNKNOWN


def test_signature_of_another_key_is_refused(signer):
    token = signer.sign(signer.claims(), key=signer.rsa(number=2), kid=signer.rsa().kid)
    assert reason(signer.verify(token)) is ReasonCode.SIGNATURE_INVALID


def test_altered_payload_is_refused(signer):
    header, _, signature = signer.token().split(".")
    altered = signer.encoded(signer.claims(sub="00u2eve"))
    assert reason(signer.verify(f"{header}.{altered}.{signature}")) is ReasonCode.SIGNATURE_INVALID


def test_signature_made_with_another_algorithm_is_refused(signer):
    header = {"alg": "PS256", "kid": signer.rsa().kid}
    token = signer.raw(header, json.dumps(signer.claims()), signer.rsa(), "RS256")
    assert reason(signer.verify(token)) is ReasonCode.SIGNATURE_INVALID


def test_each_of_two_keys_with_one_kid_is_tried(signer):
    first, second = (key.as_dict(private=False) | {"kid": "same"} for key in (signer.rsa(number=2), signer.rsa()))
    token = signer.sign(signer.claims(), kid="same")
    assert isinstance(signer.verify(token, keys=KeySet((first, second))), VerifiedIdentity)


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
