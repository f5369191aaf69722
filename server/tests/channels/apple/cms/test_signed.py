"""The verifier of SignedData: every odd property a device's message may have, and what it must not be talked into."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from homeport.channels.apple.cms.ber import encode, to_der
from homeport.channels.apple.cms.model import ANY_DIGEST, CMSError
from homeport.channels.apple.cms.signed import verify
from homeport.channels.apple.cms.signing import certificates_only, sign

VECTORS = Path(__file__).parent / "vectors"
CONTENT = b"<plist/>" * 40


def certificate_of(key, name="A device", issuer=None, issuer_key=None, algorithm=None):
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=900)).not_valid_after(now - timedelta(days=500))
    usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.840.113635.100.4.1")])
    return builder.add_extension(usage, critical=True).sign(issuer_key or key, algorithm or hashes.SHA256())


@pytest.fixture(scope="module")
def signers(tmp_path_factory):
    """Two self-made devices, as objects and as files for the `openssl` command."""
    folder, found = tmp_path_factory.mktemp("signers"), {}
    for name, key in (("rsa", rsa.generate_private_key(65537, 1024)), ("ec", ec.generate_private_key(ec.SECP384R1()))):
        certificate = certificate_of(key)
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem) + secret)
        found[name] = key, certificate
    (folder / "content").write_bytes(CONTENT)
    found["folder"] = folder
    return found


def openssl(folder, name, *words):
    command = ["openssl", "cms", "-sign", "-binary", "-in", folder / "content", "-signer", folder / f"{name}.pem"]
    return subprocess.run([*command, "-outform", "DER", *words], check=True, capture_output=True).stdout


@pytest.mark.parametrize("digest", sorted(ANY_DIGEST))
@pytest.mark.parametrize("key", ["rsa", "ec"])
def test_each_digest_is_understood_with_rsa_and_ecdsa_with_and_without_attributes_in_one_piece_or_in_many(signers, key, digest):
    for words in ((), ("-noattr",), ("-stream", "-noattr"), ("-stream",)):
        message = openssl(signers["folder"], key, "-nodetach", "-md", digest, *words)
        assert ("-stream" in words) == (message[:2] == b"\x30\x80"), "a streamed message has indefinite lengths"
        signed = verify(message, digests=ANY_DIGEST)
        assert (signed.content, signed.digest, signed.signer) == (CONTENT, digest, signers[key][1])
        assert bool(signed.attributes) == ("-noattr" not in words)
    detached = openssl(signers["folder"], key, "-md", digest)
    assert verify(detached, content=CONTENT, digests=ANY_DIGEST).content == CONTENT
    with pytest.raises(CMSError, match="digest"):
        verify(detached, content=CONTENT + b" ", digests=ANY_DIGEST)


def test_a_genuine_message_of_a_device_is_verified_and_a_changed_one_is_not():
    """Zentral's tests hold it (Apache-2.0): OTA phase 2 of a virtual Mac of 2022, SHA-1 without attributes."""
    raw = (VECTORS / "ota-phase-2.der").read_bytes()
    signed = verify(raw, digests=ANY_DIGEST)
    assert b"<plist" in signed.content
    at = raw.index(b"<key>UDID")
    with pytest.raises(CMSError):
        verify(raw[:at] + b"<key>udid" + raw[at + 9 :], digests=ANY_DIGEST)


def test_a_genuine_scep_message_of_mdmclient_is_verified_with_its_attributes():
    """commandment's tests hold it (MIT): a PKIOperation of a Mac of 2017, with SHA-512."""
    signed = verify((VECTORS / "scep-pkioperation-mdmclient-2017.der").read_bytes())
    assert signed.digest == "sha512"
    assert signed.attributes["2.16.840.1.113733.1.9.2"] == (b"\x13\x0219",)


def test_sha1_is_not_taken_unless_the_caller_allows_it(signers):
    with pytest.raises(CMSError, match="sha1"):
        verify(openssl(signers["folder"], "rsa", "-md", "sha1"), content=CONTENT)
    with pytest.raises(CMSError, match="md5"):
        verify(openssl(signers["folder"], "rsa", "-md", "md5", "-noattr"), content=CONTENT, digests=ANY_DIGEST)


def test_content_swapped_under_signed_attributes_is_refused_because_the_digest_is_compared(signers):
    message = openssl(signers["folder"], "rsa", "-nodetach")
    with pytest.raises(CMSError, match="message digest differs"):
        verify(message.replace(CONTENT, b"<other/>"[: len(CONTENT)].ljust(len(CONTENT))))


def test_two_signatures_are_refused_and_none_is_refused(signers):
    folder = signers["folder"]
    with pytest.raises(CMSError, match="2 signatures"):
        verify(openssl(folder, "rsa", "-nodetach", "-signer", folder / "ec.pem"))
    with pytest.raises(CMSError, match="0 signatures"):
        verify(certificates_only([signers["rsa"][1]]))


def test_a_signer_without_its_certificate_is_refused(signers):
    with pytest.raises(CMSError, match="the one certificate of its signer"):
        verify(openssl(signers["folder"], "rsa", "-nocerts"), content=CONTENT)


def test_a_signer_named_by_key_identifier_is_found(tmp_path):
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -addext subjectKeyIdentifier=hash"
    pair = subprocess.run([*command.split(), "-keyout", tmp_path / "key"], check=True, capture_output=True).stdout
    (tmp_path / "rsa.pem").write_bytes(pair + (tmp_path / "key").read_bytes())
    (tmp_path / "content").write_bytes(CONTENT)
    assert verify(openssl(tmp_path, "rsa", "-keyid"), content=CONTENT).content == CONTENT


def test_a_message_with_its_own_content_is_no_detached_signature(signers):
    with pytest.raises(CMSError, match="content of its own"):
        verify(openssl(signers["folder"], "rsa", "-nodetach"), content=CONTENT)
    with pytest.raises(CMSError, match="nothing that was signed"):
        verify(openssl(signers["folder"], "rsa"))


@pytest.mark.parametrize("name", ["rsa", "ec"])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_what_homeport_signs_is_verified_by_openssl_and_by_homeport(signers, name, digest, tmp_path):
    key, certificate = signers[name]
    message = sign(CONTENT, key, certificate, digest=digest, attributes={"2.16.840.1.113733.1.9.2": core.PrintableString("3")})
    assert verify(message).attributes["2.16.840.1.113733.1.9.2"] == (b"\x13\x013",)
    command = ["openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-binary"]
    assert subprocess.run(command, input=message, check=True, capture_output=True).stdout == CONTENT
    (tmp_path / "content").write_bytes(CONTENT)
    detached = sign(CONTENT, key, certificate, digest=digest, detached=True)
    subprocess.run([*command, "-content", tmp_path / "content"], input=detached, check=True, capture_output=True)


def test_attributes_are_held_to_exactly_one_content_type_and_one_digest_of_one_value(signers):
    key, certificate = signers["ec"]

    def altered(change):
        message = cms.ContentInfo.load(sign(CONTENT, key, certificate))
        info = message["content"]["signer_infos"][0]
        attributes = cms.CMSAttributes(change(list(info["signed_attrs"])))
        info["signed_attrs"] = attributes
        info["signature"] = key.sign(attributes.dump(force=True), ec.ECDSA(hashes.SHA256()))
        return message.dump(force=True)

    assert verify(altered(lambda both: both)).content == CONTENT
    for change, word in (
        (lambda both: both[:1], "exactly one message digest"),
        (lambda both: both[1:], "content type"),
        (lambda both: [*both, both[1]], "twice"),
        (
            lambda both: [both[0], cms.CMSAttribute({"type": "message_digest", "values": [both[1]["values"][0]] * 2})],
            "exactly one",
        ),
        (lambda both: [cms.CMSAttribute({"type": "content_type", "values": ["signed_data"]}), both[1]], "content type"),
    ):
        with pytest.raises(CMSError, match=word):
            verify(altered(change))


def test_length_depth_and_company_are_limited(signers):
    good = openssl(signers["folder"], "rsa", "-nodetach")
    with pytest.raises(CMSError, match="too long"):
        verify(good, limit=len(good) - 1)
    with pytest.raises(CMSError, match="follows"):
        verify(good + b"\0")
    nested = b""
    for _ in range(25):
        nested = encode(0x30, nested)
    with pytest.raises(CMSError, match="24 deep"):
        verify(nested)
    with pytest.raises(CMSError, match="ends too early"):
        verify(b"\x30\x80" * 20)
    with pytest.raises(CMSError, match="more than 10"):
        verify(sign(CONTENT, *signers["rsa"], chain=[certificate_of(signers["ec"][0], str(number)) for number in range(10)]))


def test_ber_becomes_der():
    assert to_der(bytes.fromhex("2480 0402 6162 2403 0401 63 0000")) == bytes.fromhex("0403616263")
    assert to_der(bytes.fromhex("30 8200 03 0201 05")) == bytes.fromhex("3003020105")
    in_pieces = bytes.fromhex("30 80 0601 2a 3000 a080 0401 61 0401 62 0000 0000")
    assert to_der(in_pieces) == bytes.fromhex("3009 0601 2a 3000 8002 6162")
    for damaged in ("", "30", "3081", "3001", "0480 0000", "2403 0201 05", "3002 0000", "1f8101 00", "30ff", "2c03 0c0161"):
        with pytest.raises(CMSError):
            to_der(bytes.fromhex(damaged))
