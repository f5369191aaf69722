"""Opening and making encrypted messages."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import load_pem_x509_certificate

from homeport.channels.apple.cms.enveloped import CIPHERS, LEGACY, decrypt, encrypt
from homeport.channels.apple.cms.model import CMSError
from homeport.channels.apple.cms.signed import verify

VECTORS = Path(__file__).parent / "vectors"
CONTENT = b"a secret of the server token" * 30


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipient")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=us -out cert -keyout key"
    subprocess.run(command.split(), check=True, capture_output=True, cwd=folder)
    (folder / "content").write_bytes(CONTENT)
    key = serialization.load_pem_private_key((folder / "key").read_bytes(), None)
    return folder, key, load_pem_x509_certificate((folder / "cert").read_bytes())


def openssl(folder, *words):
    command = ["openssl", "cms", "-encrypt", "-binary", "-in", "content", "-outform", "DER", *words, "-recip", "cert"]
    return subprocess.run(command, check=True, capture_output=True, cwd=folder).stdout


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc"])
def test_what_openssl_encrypts_is_opened_in_one_piece_or_in_many(ours, cipher):
    folder, key, certificate = ours
    for words in ((), ("-stream",), ("-keyid",)):
        assert decrypt(openssl(folder, f"-{cipher}", *words), key, certificate)[0] == CONTENT
    oaep = ("-recip", "cert", "-keyopt", "rsa_padding_mode:oaep")
    for digest in ((), ("-keyopt", "rsa_oaep_md:sha256")):
        message = subprocess.run(
            ["openssl", "cms", "-encrypt", "-binary", "-in", "content", "-outform", "DER", f"-{cipher}", *oaep, *digest],
            check=True, capture_output=True, cwd=folder,
        ).stdout  # fmt: skip
        assert decrypt(message, key, certificate)[0] == CONTENT


def test_3des_is_opened_only_when_old_ciphers_are_allowed(ours):
    folder, key, certificate = ours
    message = openssl(folder, "-des3")
    with pytest.raises(CMSError, match="cipher"):
        decrypt(message, key, certificate)
    assert decrypt(message, key, certificate, legacy=True) == (CONTENT, "1.2.840.113549.3.7")


@pytest.mark.parametrize("cipher", sorted(CIPHERS | LEGACY))
def test_what_homeport_encrypts_is_opened_by_homeport_and_by_openssl(ours, cipher):
    folder, key, certificate = ours
    message = encrypt(CONTENT, certificate, cipher)
    assert decrypt(message, key, certificate, legacy=True) == (CONTENT, cipher)
    command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", "key", "-binary"]
    if cipher != "1.3.14.3.2.7":  # openssl has put DES away
        assert subprocess.run(command, input=message, check=True, capture_output=True, cwd=folder).stdout == CONTENT


def test_every_fault_inside_says_the_same(ours):
    folder, key, certificate = ours
    good = openssl(folder, "-aes-256-cbc")
    wrapped_at, said = good.index(b"\x04\x82\x01\x00") + 4, set()
    for at in (wrapped_at + 100, len(good) - 1, len(good) - 40):
        altered = bytearray(good)
        altered[at] ^= 1
        try:
            assert decrypt(bytes(altered), key, certificate)[0] != CONTENT
        except CMSError as error:
            said.add(error.detail)
    assert len(said) <= 1
    assert not said or "cannot be opened" in said.pop()


def test_a_message_to_somebody_else_is_told_from_a_damaged_one(ours):
    folder, key, certificate = ours
    envelope = verify((VECTORS / "scep-pkioperation-mdmclient-2017.der").read_bytes()).content
    with pytest.raises(CMSError, match="another certificate"):
        decrypt(envelope, key, certificate, legacy=True)
    with pytest.raises(CMSError, match="cannot be opened"):
        decrypt(openssl(folder, "-aes-256-cbc"), rsa.generate_private_key(65537, 2048), certificate)
    with pytest.raises(CMSError, match="not an encrypted one"):
        decrypt((VECTORS / "scep-pkioperation-mdmclient-2017.der").read_bytes(), key, certificate)
