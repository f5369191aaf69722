"""SCEP with clients that others wrote, Debian's scepclient (Go) and strongSwan's pki (C), and what must be refused."""

import base64
import subprocess
import threading
import time
from datetime import UTC, datetime

import pytest
import uvicorn
from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AttributeOID, ExtensionOID, NameOID
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.support.processes import free_port

from homeport.channels.apple.authority import scep
from homeport.channels.apple.authority.api import AuthorityActions, ScepEndpoint
from homeport.channels.apple.authority.certificates import fingerprint
from homeport.channels.apple.authority.model import SCEP_PATH, UnknownDevice
from homeport.channels.apple.cms.enveloped import decrypt, encrypt
from homeport.channels.apple.cms.signed import verify
from homeport.channels.apple.cms.signing import sign

POSED = "the-name-that-a-client-wishes-for"


def app_of(house, *, legacy):
    app = FastAPI()
    work = house.home.work_of(lambda unit: AuthorityActions(unit.apple_authority, unit.limits))
    app.include_router(ScepEndpoint(work, legacy).router())
    return app


@pytest.fixture(scope="module")
def strict(shared_house):
    """The endpoint as it is by default."""
    return TestClient(app_of(shared_house, legacy=False))


@pytest.fixture(scope="module")
def lenient(shared_house):
    """A listening server that takes the old algorithms, which both foreign clients still use."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app_of(shared_house, legacy=True), port=port, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}{SCEP_PATH}"
    server.should_exit = True
    thread.join(60)


@pytest.fixture
def session(shared_house):
    return shared_house.entropy.new_id()


@pytest.fixture
def word(shared_house, session):
    return shared_house.do(lambda act: act.apple_authority.challenge(session, "C02SCEP"))


@pytest.fixture
def own(shared_house):
    return shared_house.do(lambda act: act.apple_authority.certificate())


@pytest.fixture(scope="module")
def signer(mac_key):
    """The self-signed certificate with which a Mac signs its first request."""
    return posed(mac_key)


def posed(key, subject=POSED):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    return builder.serial_number(7).not_valid_before(start).not_valid_after(end).sign(key, hashes.SHA256())


def request_of(key, word):
    """A request that asks for more than it may have: another name, another alternative name, an authority."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, POSED)]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("id.example.com")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if word:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, word.encode())
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def message_of(csr, own, key, certificate, kind="19", cipher="2.16.840.1.101.3.4.1.42", digest="sha256"):
    attributes = {
        scep.MESSAGE_TYPE: core.PrintableString(kind),
        scep.TRANSACTION_ID: core.PrintableString("transaction-1"),
        scep.SENDER_NONCE: core.OctetString(b"12345678"),
    }
    return sign(encrypt(csr, own, cipher), key, certificate, attributes=attributes, digest=digest)


def send(client, message):
    answer = client.post(f"{SCEP_PATH}?operation=PKIOperation", content=message)
    assert answer.status_code == 200, answer.text
    return answer.content


def status_of(answer):
    """The answer's status and reason for refusing, read without the server's verifier."""
    info = cms.ContentInfo.load(answer)["content"]["signer_infos"][0]
    found = {one["type"].dotted: one["values"][0].native for one in info["signed_attrs"]}
    assert found[scep.RECIPIENT_NONCE] == b"12345678"
    assert (found[scep.MESSAGE_TYPE], found[scep.TRANSACTION_ID]) == ("3", "transaction-1")
    return found[scep.PKI_STATUS], found.get(scep.FAIL_INFO)


def issued_in(answer, key, certificate):
    inner = decrypt(verify(answer).content, key, certificate)[0]
    (found,) = cms.ContentInfo.load(inner)["content"]["certificates"]
    return x509.load_der_x509_certificate(found.dump())


def pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def test_scepclient_of_debian_gets_a_certificate_once(shared_house, lenient, mac_key, session, word, tmp_path):
    (tmp_path / "key.pem").write_bytes(pem_of(mac_key))
    command = [
        "scepclient",
        "-server-url",
        lenient,
        "-private-key",
        "key.pem",
        "-certificate",
        "got.pem",
        "-cn",
        POSED,
        "-challenge",
    ]
    done = subprocess.run([*command, word], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    got = x509.load_pem_x509_certificate((tmp_path / "got.pem").read_bytes())
    assert got.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == session
    assert shared_house.do(lambda act: act.apple_authority.recognize(got)).session_id == session
    for kept in ("got.pem", "csr.pem"):  # it would send its earlier request again, and rightly get the same certificate
        (tmp_path / kept).unlink()
    again = subprocess.run([*command, "made-up"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert again.returncode != 0
    assert not (tmp_path / "got.pem").exists()


def test_pki_of_strongswan_gets_the_authority_and_a_certificate(shared_house, lenient, mac_key, session, word, own, tmp_path):
    (tmp_path / "key.pem").write_bytes(pem_of(mac_key))
    run = {"cwd": tmp_path, "capture_output": True, "timeout": 120}
    got = subprocess.run(["pki", "--scepca", "--url", lenient, "--caout", "ca.crt", "--outform", "der"], check=False, **run)
    assert got.returncode == 0, got.stderr
    (found,) = list(tmp_path.glob("ca*.crt"))
    assert x509.load_der_x509_certificate(found.read_bytes()) == own
    old = ["--cipher", "des3", "--digest", "sha1", "--cacert-enc", found.name, "--cacert-sig", found.name, "--in", "key.pem"]
    command = [
        "pki",
        "--scep",
        "--url",
        lenient,
        "--dn",
        f"CN={POSED}",
        "--password",
        word,
        *old,
        "--interval",
        "1",
        "--maxpolltime",
        "2",
    ]
    done = subprocess.run(command, check=False, **run)
    assert done.returncode == 0, done.stderr
    got = x509.load_der_x509_certificate(done.stdout)
    assert shared_house.do(lambda act: act.apple_authority.recognize(got)).session_id == session


def test_names_extensions_and_authority_come_from_the_session_and_never_from_the_request(
    strict, mac_key, signer, own, session, word
):
    got = issued_in(send(strict, message_of(request_of(mac_key, word), own, mac_key, signer)), mac_key, signer)
    assert POSED not in got.subject.rfc4514_string()
    of = got.extensions.get_extension_for_oid
    assert not of(ExtensionOID.BASIC_CONSTRAINTS).value.ca
    assert of(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value.get_values_for_type(x509.DNSName) == []
    assert got.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == session
    assert got.issuer == own.subject


def test_a_spent_or_missing_challenge_is_refused_with_a_reason_in_the_audit_log_and_the_same_key_gets_the_same_again(
    shared_house, strict, mac_key, signer, own, word
):
    first = issued_in(send(strict, message_of(request_of(mac_key, word), own, mac_key, signer)), mac_key, signer)
    again = issued_in(send(strict, message_of(request_of(mac_key, word), own, mac_key, signer)), mac_key, signer)
    assert fingerprint(first) == fingerprint(again)
    for wrong in ("", "made-up", word[:-1]):
        assert status_of(send(strict, message_of(request_of(mac_key, wrong), own, mac_key, signer))) == ("2", "2")
    rows = shared_house.sql("SELECT details FROM audit_entries WHERE event_type = 'apple_certificate_refused'")
    assert any("challenge" in str(row) for row in rows)
    everything = shared_house.sql("SELECT details, resource_id, resource_name FROM audit_entries")
    assert word not in str(everything)


def test_a_request_signed_by_another_key_than_it_asks_for_is_refused(strict, mac_key, signer, own, word):
    thief = rsa.generate_private_key(65537, 2048)
    assert status_of(send(strict, message_of(request_of(thief, word), own, mac_key, signer))) == ("2", "1")
    forged = bytearray(request_of(mac_key, word))
    forged[-1] ^= 1
    assert status_of(send(strict, message_of(bytes(forged), own, mac_key, signer))) == ("2", "1")
    assert status_of(send(strict, message_of(b"\x30\x00", own, mac_key, signer))) == ("2", "1")


def test_des_3des_and_sha1_are_refused_unless_legacy_crypto_is_on(strict, mac_key, signer, own, word):
    caps = strict.get(f"{SCEP_PATH}?operation=GetCACaps").text.split()
    assert {"AES", "SHA-256", "Renewal"} <= set(caps)
    assert not {"DES3", "SHA-1"} & set(caps)
    for cipher in ("1.2.840.113549.3.7", "1.3.14.3.2.7"):
        assert status_of(send(strict, message_of(request_of(mac_key, word), own, mac_key, signer, cipher=cipher))) == ("2", "1")
    old = message_of(request_of(mac_key, word), own, mac_key, signer, digest="sha1")
    refused = strict.post(f"{SCEP_PATH}?operation=PKIOperation", content=old)
    assert (refused.status_code, "sha1" in refused.text) == (400, True)


def test_a_renewal_signed_by_the_present_certificate_needs_no_challenge_and_a_revoked_one_gets_nothing(
    shared_house, strict, mac_key, signer, own, session, word
):
    first = issued_in(send(strict, message_of(request_of(mac_key, word), own, mac_key, signer)), mac_key, signer)
    shared_house.do(lambda act: act.apple_authority.recognize(first))
    shared_house.clock.forward(seconds=1)
    renewal = message_of(request_of(mac_key, ""), own, mac_key, first, kind="17")
    second = issued_in(send(strict, renewal), mac_key, first)
    assert fingerprint(second) != fingerprint(first)
    assert shared_house.do(lambda act: act.apple_authority.recognize(second)).session_id == session
    with pytest.raises(UnknownDevice, match="revoked"):
        shared_house.do(lambda act: act.apple_authority.recognize(first))
    assert status_of(send(strict, renewal)) == ("2", "2")
    stranger = message_of(request_of(mac_key, ""), own, mac_key, signer, kind="17")
    assert status_of(send(strict, stranger)) == ("2", "2")


def test_odd_requests_get_a_sentence_and_no_error_page(strict, mac_key, signer, own):
    for query in ("", "?operation=GetNextCACert", "?operation=PKIOperation", "?operation=PKIOperation&message=%23"):
        assert strict.get(f"{SCEP_PATH}{query}").status_code == 400
    assert strict.post(SCEP_PATH, content=b"").status_code == 400
    assert strict.post(f"{SCEP_PATH}?operation=PKIOperation", content=b"\0" * 70_000).status_code == 413
    for kind in ("20", "x" * 30):
        refused = strict.post(
            f"{SCEP_PATH}?operation=PKIOperation", content=message_of(b"\x30\x00", own, mac_key, signer, kind=kind)
        )
        assert refused.status_code == 400
    by_get = base64.b64encode(message_of(request_of(mac_key, ""), own, mac_key, signer)).decode().replace("=", "%3D")
    answer = strict.get(f"{SCEP_PATH}?operation=PKIOperation&message={by_get.replace('+', '%2B')}")
    assert status_of(answer.content) == ("2", "2")
