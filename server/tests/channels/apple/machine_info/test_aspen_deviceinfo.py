"""MachineInfo: taken from Apple's devices only, whichever way they sign, and from nobody whose certificate merely leads to the root."""

import base64
import plistlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from homeport.channels.apple.cms.model import CMSError
from homeport.channels.apple.cms.signing import sign
from homeport.channels.apple.machine_info import aspen_deviceinfo
from homeport.channels.apple.machine_info.aspen_deviceinfo import DeviceAuthorities

GENUINE = Path(__file__).parents[1] / "cms/vectors/ota-phase-2.der"
INFO = {
    "UDID": "UDID-1", "SERIAL": "C02TEST", "PRODUCT": "Mac14,2", "VERSION": "23F79", "OS_VERSION": "14.5", "LANGUAGE": "en",
    "MDM_CAN_REQUEST_SOFTWARE_UPDATE": True,
}  # fmt: skip
PLIST = plistlib.dumps(INFO)


def issued(name, key, issuer=None, issuer_key=None, *, ca=False):
    """A certificate that was over in 2014, with an extension that nobody knows and that is critical."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer.subject if issuer else name)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(datetime(2007, 4, 16, tzinfo=UTC)).not_valid_after(datetime(2014, 4, 16, tzinfo=UTC))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.840.113635.100.4.1")])
    return builder.add_extension(usage, critical=True).sign(issuer_key or key, hashes.SHA256())


class Apple:
    """A root, the device authority and the developers' authority under it, a device of each kind of key, a developer."""

    def __init__(self, folder):
        self.folder = folder
        root_key, self.device_ca_key, developer_ca_key = (rsa.generate_private_key(65537, 1024) for _ in range(3))
        self.root = issued("Root", root_key, ca=True)
        self.device_ca = issued("Device CA", self.device_ca_key, self.root, root_key, ca=True)
        developer_ca = issued("Developer CA", developer_ca_key, self.root, root_key, ca=True)
        self.key, self.ec_key = rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256R1())
        self.device = issued("device", self.key, self.device_ca, self.device_ca_key)
        self.ec_device = issued("device", self.ec_key, self.device_ca, self.device_ca_key)
        self.developer = issued("device", self.key, developer_ca, developer_ca_key)
        self.developer_chain = [developer_ca, self.root]
        (folder / "pins.pem").write_bytes(self.device_ca.public_bytes(Encoding.PEM))
        (folder / "plist").write_bytes(PLIST)
        for name, key, certificate in (("rsa", self.key, self.device), ("ec", self.ec_key, self.ec_device)):
            secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM) + secret)

    def says(self, name, *words):
        command = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-in", "plist", "-signer", f"{name}.pem", "-outform", "DER"]
        return subprocess.run([*command, *words], cwd=self.folder, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def apple(tmp_path_factory):
    return Apple(tmp_path_factory.mktemp("apple"))


@pytest.fixture(scope="module")
def authorities(apple):
    return DeviceAuthorities.read(apple.folder / "pins.pem")


def test_a_genuine_mac_is_recognized_by_the_key_of_apples_device_authority():
    info = DeviceAuthorities.read().read_body(GENUINE.read_bytes())
    assert (info.product, info.serial, info.trusted, info.digest) == ("VirtualMac2,1", "ZDL2M9PTJ3", True, "sha1")
    altered = GENUINE.read_bytes().replace(b"ZDL2M9PTJ3", b"ZDL2M9PTJ4")
    with pytest.raises(CMSError, match="signature is not right"):
        DeviceAuthorities.read().read_body(altered)


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_enrolment_does_not_end_with_a_digest_micromdm_854_and_989(apple, authorities, digest):
    for name, *words in (("rsa",), ("rsa", "-noattr"), ("rsa", "-stream", "-noattr"), ("ec",), ("ec", "-stream")):
        info = authorities.read_header(base64.b64encode(apple.says(name, "-md", digest, *words)).decode())
        assert (info.serial, info.udid, info.os_version, info.can_request_software_update) == ("C02TEST", "UDID-1", "14.5", True)


def test_a_developers_certificate_under_apples_root_is_rejected(apple, authorities):
    forged = sign(PLIST, apple.key, apple.developer, chain=apple.developer_chain)
    with pytest.raises(CMSError, match="pinned authority"):
        authorities.read_body(forged)
    with_device_ca = sign(PLIST, apple.key, apple.developer, chain=[*apple.developer_chain, apple.device_ca])
    with pytest.raises(CMSError, match="pinned authority"):
        authorities.read_body(with_device_ca)


def test_nobody_passes_by_names_alone_fleet_20879(apple, authorities):
    key = rsa.generate_private_key(65537, 1024)
    namesake = issued("Device CA", key, apple.root, key, ca=True)
    with pytest.raises(CMSError, match="pinned authority"):
        authorities.read_body(sign(PLIST, apple.key, issued("device", apple.key, namesake, key), chain=[namesake]))


def test_audit_only_lets_a_stranger_pass_and_says_so_but_never_a_wrong_signature(apple):
    lenient = DeviceAuthorities.read(apple.folder / "pins.pem", audit_only=True)
    info = lenient.read_body(sign(PLIST, apple.key, apple.developer))
    assert not info.trusted
    assert "pinned authority" in info.doubt
    assert lenient.read_body(apple.says("rsa")).trusted
    with pytest.raises(CMSError):
        lenient.read_body(apple.says("rsa").replace(b"C02TEST", b"C02TESU"))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no plist", b"bplist00", plistlib.dumps(INFO, fmt=plistlib.FMT_BINARY), plistlib.dumps(["a"]),
        plistlib.dumps({"UDID": "U"}), plistlib.dumps({**INFO, "SERIAL": 7}), plistlib.dumps({**INFO, "SERIAL": "x" * 256}),
        plistlib.dumps({**INFO, "PRODUCT": "a\nb"}), b"<plist><dict><key>UDID</key>" + b"<array>" * 5_000,
        b'<!DOCTYPE plist [<!ENTITY a "b">]><plist><dict><key>UDID</key><string>&a;</string></dict></plist>',
    ],
)  # fmt: skip
def test_what_a_signed_message_holds_is_judged_too(apple, authorities, content):
    with pytest.raises(CMSError):
        authorities.read_body(sign(content, apple.key, apple.device))


def test_the_header_is_limited_and_must_be_base64(authorities):
    for value in ("", "#", "A" * 70_000, "AAAA"):
        with pytest.raises(CMSError):
            authorities.read_header(value)


def test_the_stored_message_of_an_old_device_is_understood_by_these_libraries():
    assert base64.b64decode(aspen_deviceinfo.SELF_TEST)[:2] == b"\x30\x80"
    aspen_deviceinfo.self_test()


def test_a_file_of_pins_that_is_none_is_refused(tmp_path):
    (tmp_path / "pins.pem").write_text("no certificate")
    with pytest.raises(ValueError, match=r"MalformedFraming|PEM"):
        DeviceAuthorities.read(tmp_path / "pins.pem")
