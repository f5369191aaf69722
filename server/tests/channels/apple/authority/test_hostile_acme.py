"""Damaged attestations, signed requests and certificate requests, the same in every run: nothing but a Problem comes out."""

import json
import random
import string
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport.channels.apple.authority.acme.attestation import AttestationRoots
from homeport.channels.apple.authority.acme.finalize import read_request
from homeport.channels.apple.authority.acme.jws import from_base64url, imported, read
from homeport.channels.apple.authority.acme.model import Problem
from homeport_simulators.apple.attestation import AttestationAuthority
from homeport_simulators.apple.openssl import OpenSsl

ROUNDS = 300


def damaged(raw, chance):
    found = bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(found))
        found[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        found = found or bytearray(b"\0")
    return bytes(found)


def outcome(reader, raw):
    """What a reader gives, or the sentence of its refusal; anything else that it raises is a finding."""
    try:
        return reader(raw), ""
    except Problem as problem:
        return None, problem.detail


def test_a_damaged_attestation_says_what_the_hardware_said_or_is_refused(tmp_path):
    enclave, mac, chance = AttestationAuthority.make(tmp_path / "enclave"), OpenSsl(tmp_path), random.Random("attestation")
    mac.make_curve_key("device")
    raw = enclave.attest(mac, "device", serial="C02FUZZ", udid="0000-FUZZ", token="token")
    roots, now = AttestationRoots.read(enclave.certificate), datetime.now(UTC) + timedelta(hours=1)
    right = roots.judge(raw, "token", now)
    assert (right.serial, right.udid) == ("C02FUZZ", "0000-FUZZ")
    for _ in range(ROUNDS):
        found, refusal = outcome(lambda one: roots.judge(one, "token", now), damaged(raw, chance))
        assert found == right or refusal.endswith(".")
    for moment in (now - timedelta(days=2), now + timedelta(days=60)):
        found, refusal = outcome(lambda one, at=moment: roots.judge(one, "token", at), raw)
        assert found is None, "its certificates are not good then"
        assert refusal.endswith(".")
    assert "pinned" in outcome(lambda one: AttestationRoots().judge(one, "token", now), raw)[1]
    assert roots.judge(b"", "token", now) is None
    assert roots.judge(b"\xa0", "token", now) is None


def test_a_damaged_certificate_request_gives_its_own_key_or_is_refused(other_key, spki):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mac")])
    raw = (
        x509.CertificateSigningRequestBuilder().subject_name(subject).sign(other_key, hashes.SHA256()).public_bytes(Encoding.DER)
    )
    chance = random.Random("request")
    assert read_request(raw) == (spki(other_key), "sha256")
    for _ in range(ROUNDS):
        found, refusal = outcome(read_request, damaged(raw, chance))
        assert found == (spki(other_key), "sha256") or refusal.endswith(".")


TEXT = (
    st.text(alphabet=string.printable, max_size=40)
    | st.none()
    | st.integers()
    | st.dictionaries(st.text(max_size=3), st.text(max_size=3))
)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300)
    | st.dictionaries(st.sampled_from(["protected", "payload", "signature"]), TEXT).map(lambda one: json.dumps(one).encode())
)
def test_any_body_is_a_signed_request_or_a_problem(raw):
    found, refusal = outcome(read, raw)
    assert found is not None or refusal.endswith(".")


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "d"]), st.sampled_from(["EC", "RSA", "P-256", "AA", "A" * 43]) | TEXT
    )
)
def test_any_key_is_a_public_key_that_fits_or_a_problem(jwk):
    for algorithm in ("ES256", "ES384", "RS256"):
        found, refusal = outcome(lambda one, algorithm=algorithm: imported(one, algorithm), jwk)
        assert found is not None or refusal.endswith(".")


def test_base64url_is_read_strictly():
    assert from_base64url("AQI") == b"\x01\x02"
    for text in ("A", "AQI=x", "A+/=", "ä"):
        with pytest.raises(Problem):
            from_base64url(text)
