"""A JWT from a stranger is refused, whatever is in it; it never becomes an error of ours."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from homeport.foundation.kernel.errors import Unauthenticated
from homeport.trust.issuer import proofs

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
URL = "https://id.example.com/agent/v1/reports"


def b64(data):
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value):
    return b64(value.to_bytes(32, "big"))


PUBLIC = KEY.public_key().public_numbers()
JWK = {"kty": "EC", "crv": "P-256", "x": number(PUBLIC.x), "y": number(PUBLIC.y)}


def signed(header, claims):
    """A JWT signed as a hostile client would, without a library that would refuse to."""
    text = f"{b64(json.dumps(header))}.{b64(json.dumps(claims))}"
    r, s = utils.decode_dss_signature(KEY.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def proof(**changes):
    claims = {"htm": "POST", "htu": URL, "iat": NOW.timestamp(), "jti": "a-proof-of-mine", **changes}
    return signed({"alg": "ES256", "typ": "dpop+jwt", "jwk": JWK}, claims)


def test_the_proof_that_the_others_are_made_from_holds():
    assert proofs.verify_dpop(proof(), method="POST", url=URL, now=NOW).jti == "a-proof-of-mine"


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": "\ud800-half-a-character"},
        {"jti": "nothing\x00in-it"},
        {"iat": 2**39},
        {"iat": 253_402_300_800},
        {"iat": 1e30},
        {"iat": float("nan")},
        {"ath": "\ud800"},
        {"ath": ["a"]},
    ],
    ids=str,
)
def test_a_dpop_proof_with_odd_claims_is_refused(changes):
    with pytest.raises(Unauthenticated):
        proofs.verify_dpop(proof(**changes), method="POST", url=URL, now=NOW, access_token="some-token")


def test_a_dpop_proof_nested_beyond_reason_is_refused():
    deep = b64("[" * 2900)
    for text in (f"{deep}.e30.AA", f"{b64(json.dumps({'alg': 'ES256', 'jwk': JWK}))}.{deep}.AA"):
        with pytest.raises(Unauthenticated):
            proofs.verify_dpop(text, method="POST", url=URL, now=NOW)


@pytest.mark.parametrize(
    "payload", ["[" * 2900, '{"iss": "\\u0000"}', '{"iss": "\\ud800"}', '{"iss": ["a"]}', '{"iss": 7}', "{", ""]
)
def test_an_issuer_that_is_no_id_finds_no_device(payload):
    header = b64(json.dumps({"alg": "ES256"}))
    assert not proofs.unverified_issuer(f"{header}.{b64(payload)}.AA")
