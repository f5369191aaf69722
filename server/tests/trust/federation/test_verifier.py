import copy
import dataclasses
import hmac
import json
import pickle
from datetime import timedelta

import pytest

from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.federation.jwks import KeySet
from homeport.trust.federation.model import Refusal
from homeport.trust.federation.verifier import CHECKS, Examination, VerifiedIdentity, verify, with_userinfo


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


@pytest.mark.parametrize(
    ("claim", "methods"),
    [
        (["pwd", "otp", "mfa"], ("pwd", "otp", "mfa")),
        (["pwd", 7, None, ["mfa"], "pwd mfa", "", "x" * 25, "mfa\n"], ("pwd",)),
        ([f"m{number}" for number in range(12)], tuple(f"m{number}" for number in range(10))),
        ("mfa", ()),
        ({"mfa": True}, ()),
        (None, ()),
    ],
)
def test_how_the_person_signed_in_is_a_list_of_short_words_and_nothing_else_counts(signer, claim, methods):
    assert signer.verify(signer.sign({**signer.claims(), "amr": claim})).methods == methods
    assert signer.verify(signer.sign(signer.claims())).methods == ()


def test_userinfo_says_nothing_of_how_the_person_signed_in(signer):
    identity = signer.verify(signer.sign({**signer.claims(), "amr": ["pwd"]}))
    assert with_userinfo(identity, {"sub": identity.subject, "amr": ["mfa"]}).methods == ("pwd",)


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


def test_unsigned_token_is_refused_for_its_algorithm(signer):
    unsigned = f"{signer.encoded({'alg': 'none'})}.{signer.encoded(signer.claims())}."
    assert reason(signer.verify(unsigned)) is ReasonCode.ALGORITHM_NOT_ALLOWED


def test_stripped_signature_is_no_signature(signer):
    stripped = f"{signer.token().rpartition('.')[0]}."
    assert reason(signer.verify(stripped)) is ReasonCode.SIGNATURE_INVALID


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
    outcome = signer.verify(signer.sign(signer.claims(), kid="rotated"))
    assert reason(outcome) is ReasonCode.KEY_UNKNOWN
    assert "rotated" in outcome.detail
    assert signer.rsa().kid in outcome.detail
    assert reason(signer.verify(signer.token(), keys=KeySet(()))) is ReasonCode.KEY_UNKNOWN


@pytest.mark.parametrize(
    "change", [{"use": "enc"}, {"alg": "RS512"}, {"kty": "EC"}, {"kty": "oct", "k": "AAAA"}, {"key_ops": ["sign"]}]
)
def test_key_for_something_else_is_not_used(signer, change):
    keys = KeySet(({**signer.rsa().as_dict(private=False), **change},))
    assert reason(signer.verify(signer.token(), keys=keys)) is ReasonCode.KEY_UNKNOWN


@pytest.mark.parametrize(
    "change",
    [
        {"n": "AQ"},
        {"n": "!!"},
        {"n": 7},
        {"e": "AQ"},
        {"e": "AA"},
        {"e": "AQAC"},
        {"e": "AgAAAAE"},
        {"e": None},
        {"n": "A" * 4000},
        {"n": "_" * 2000},
    ],
)
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


# What a connection test is told


def test_an_examination_is_told_each_check_that_passed_and_the_claims(signer):
    seen = Examination()
    assert isinstance(verify(signer.token(), signer.keys(), signer.expectation(), seen), VerifiedIdentity)
    assert tuple(seen.passed) == CHECKS
    assert seen.claims["email"] == "ada@example.com"


def test_an_examination_ends_before_the_check_that_failed(signer):
    broken = {"iss": "https://evil.example", "aud": "other", "exp": 1, "nonce": "x", "sub": "", "at_hash": "x"}
    for number, (claim, value) in enumerate(broken.items(), start=1):
        seen = Examination()
        assert isinstance(verify(signer.token(**{claim: value}), signer.keys(), signer.expectation(), seen), Refusal)
        assert tuple(seen.passed) == CHECKS[:number], claim
    seen = Examination()
    assert isinstance(verify(f"{signer.token()}x", signer.keys(), signer.expectation(), seen), Refusal)
    assert (seen.passed, seen.claims) == ([], {}), "nothing that is not signed is told"
