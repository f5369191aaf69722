"""Thousands of damaged messages, the same in every run: nothing but CMSError comes out, and nothing else than what was signed."""

import random
import subprocess
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from homeport.channels.apple.authority import scep
from homeport.channels.apple.cms.ber import to_der
from homeport.channels.apple.cms.enveloped import decrypt, encrypt
from homeport.channels.apple.cms.model import ANY_DIGEST, CMSError
from homeport.channels.apple.cms.signed import verify
from homeport.channels.apple.machine_info.aspen_deviceinfo import DeviceAuthorities

VECTORS = Path(__file__).parent / "vectors"
ROUNDS = 250
ODD = (0x00, 0x01, 0x04, 0x24, 0x30, 0x31, 0x7F, 0x80, 0x84, 0xA0, 0xFF)
"""Bytes that are tags and lengths."""


def damaged(raw, chance):
    """One to three small harms: a byte changed, taken out, put in, a piece repeated, the end cut off."""
    found = bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(found))
        match chance.randrange(5):
            case 0:
                found[at] = chance.choice(ODD)
            case 1:
                del found[at : at + chance.randint(1, 4)]
            case 2:
                found[at:at] = bytes(chance.choice(ODD) for _ in range(chance.randint(1, 4)))
            case 3:
                found[at:at] = found[at : at + chance.randint(1, 300)]
            case _:
                found[at] ^= 1 << chance.randrange(8)
        found = found or bytearray(b"\0")
    return bytes(found)


def outcome(reader, raw):
    """What a reader gives, or the sentence of its refusal; anything else that it raises is a finding."""
    try:
        return reader(raw), ""
    except CMSError as error:
        return None, error.detail


@pytest.mark.parametrize("name", ["ota-phase-2.der", "scep-pkioperation-mdmclient-2017.der"])
def test_a_damaged_message_of_a_genuine_device_is_refused_with_a_sentence_or_says_what_was_signed(name):
    raw, chance = (VECTORS / name).read_bytes(), random.Random(name)
    signed = verify(raw, digests=ANY_DIGEST).content
    authorities = DeviceAuthorities.read(audit_only=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cryptography warns of odd certificates, which these are
        for _ in range(ROUNDS):
            broken = damaged(raw, chance)
            found, refusal = outcome(lambda one: verify(one, digests=ANY_DIGEST), broken)
            assert refusal.endswith(".") if found is None else found.content == signed
            for reader in (to_der, authorities.read_body, lambda one: scep.read(one, legacy=True)):
                found, refusal = outcome(reader, broken)
                assert found is not None or refusal


def test_a_damaged_encrypted_message_is_refused_with_a_sentence(tmp_path):
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=us -out cert -keyout key"
    subprocess.run(command.split(), check=True, capture_output=True, cwd=tmp_path)
    key = load_pem_private_key((tmp_path / "key").read_bytes(), None)
    certificate = load_pem_x509_certificate((tmp_path / "cert").read_bytes())
    raw, chance = encrypt(b"secret" * 40, certificate), random.Random("encrypted")
    for _ in range(ROUNDS):
        found, refusal = outcome(lambda one: decrypt(one, key, certificate, legacy=True), damaged(raw, chance))
        assert found is not None or refusal.endswith((".", "?"))


def test_random_bytes_and_deep_nesting_end_quickly_in_a_refusal():
    chance = random.Random("noise")
    for size in (0, 1, 2, 16, 500):
        for _ in range(60):
            with pytest.raises(CMSError):
                to_der(b"\x1f" + chance.randbytes(size))
    for opening in (b"\x30\x80", b"\x24\x80", b"\xa0\x80", b"\x31\x80"):
        with pytest.raises(CMSError):
            to_der(opening * 30_000)
