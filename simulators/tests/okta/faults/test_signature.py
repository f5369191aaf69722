"""A forgery must succeed against the careless client it stands for, else refusing it proves nothing."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import RSAKey


def decoded(part):
    return urlsafe_b64decode(part + "==")


def signed_by(key, token):
    message, _, signature = token.rpartition(".")
    try:
        key.get_op_key("verify").verify(decoded(signature), message.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def forged(okta, name):
    okta.fault(name)
    token = okta.redeem(okta.code()).json()["id_token"]
    header, _, signature = token.split(".")
    return token, json.loads(decoded(header)), decoded(signature)


@pytest.fixture
def published(okta):
    okta.control("POST", "/keys/rotate", {"withdraw_old": True})
    return RSAKey.import_key(okta.http.get(f"{okta.issuer}/oauth2/v1/keys").json()["keys"][0])


def test_hmac_forgeries_verify_with_the_secret_and_with_the_public_key(okta, published):
    for name, key in (
        ("alg_hs256_with_client_secret", okta.ready["client_secret"].encode()),
        ("alg_hs256_with_public_key", published.as_pem(private=False)),
    ):
        token, header, signature = forged(okta, name)
        assert header["alg"] == "HS256"
        assert hmac.digest(key, token.rpartition(".")[0].encode(), hashlib.sha256) == signature


def test_key_in_the_header_verifies_its_own_token(okta, published):
    token, header, _ = forged(okta, "key_in_jwk_header")
    assert signed_by(RSAKey.import_key(header["jwk"]), token)
    assert header["jwk"]["n"] != published.as_dict(private=False)["n"]


def test_key_at_the_headers_address_verifies_the_token(okta):
    token, header, _ = forged(okta, "key_at_jku_header")
    foreign = okta.http.get(header["jku"]).json()["keys"][0]
    assert foreign["kid"] == header["kid"]
    assert signed_by(RSAKey.import_key(foreign), token)


def test_tokens_without_kid_and_with_crit_have_good_signatures(okta, published):
    token, header, _ = forged(okta, "no_kid")
    assert "kid" not in header
    assert signed_by(published, token)
    token, header, _ = forged(okta, "crit_header")
    assert header["crit"] == ["urn:example:unheard-of"]
    assert signed_by(published, token)


def test_unsigned_tokens_have_no_signature(okta):
    _, header, signature = forged(okta, "alg_none")
    assert (header["alg"], signature) == ("none", b"")
    _, header, signature = forged(okta, "signature_stripped")
    assert (header["alg"], signature) == ("RS256", b"")


def test_foreign_key_signs_under_the_published_kid_and_stands_first_in_a_doubled_key_set(okta, published):
    token, header, _ = forged(okta, "other_key_same_kid")
    okta.fault("keys_duplicate_kid")
    foreign, real = okta.http.get(f"{okta.issuer}/oauth2/v1/keys").json()["keys"]
    assert header["kid"] == foreign["kid"] == real["kid"]
    assert signed_by(RSAKey.import_key(foreign), token)
    assert not signed_by(RSAKey.import_key(real), token)


def test_unknown_kid_is_signed_by_a_key_that_is_not_published(okta, published):
    _, header, _ = forged(okta, "unknown_kid")
    assert header["kid"] != published.kid
