"""A stand-in for Apple's attestation authority, and what a Secure Enclave says of a key; CBOR (RFC 8949) is written by hand."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from homeport_simulators.apple.openssl import OpenSsl

SERIAL, UDID, FRESHNESS = "1.2.840.113635.100.8.9.1", "1.2.840.113635.100.8.9.2", "1.2.840.113635.100.8.11.1"
_BYTES, _TEXT, _ARRAY, _MAP = 0x40, 0x60, 0x80, 0xA0
_SHORT, _ONE_BYTE, _TWO_BYTES = 24, 24, 25


def head(kind: int, size: int) -> bytes:
    """Return the head of an item, for sizes below 65,536."""
    if size < _SHORT:
        return bytes([kind | size])
    return bytes([kind | _ONE_BYTE, size]) if size < 1 << 8 else bytes([kind | _TWO_BYTES]) + size.to_bytes(2, "big")


def attestation_object(chain: list[bytes], form: str = "apple") -> bytes:
    """Return the attestation object of a chain of certificates in DER."""

    def text(value: str) -> bytes:
        return head(_TEXT, len(value)) + value.encode()

    certificates = b"".join(head(_BYTES, len(one)) + one for one in chain)
    statement = head(_MAP, 1) + text("x5c") + head(_ARRAY, len(chain)) + certificates
    return head(_MAP, 2) + text("fmt") + text(form) + text("attStmt") + statement


@dataclass(slots=True)
class AttestationAuthority:
    """Root and intermediate authority in one folder. The root's certificate is what the server has to pin."""

    tool: OpenSsl

    @classmethod
    def make(cls, folder: Path) -> "AttestationAuthority":
        """Make the authority in a folder, or open the one that is there."""
        folder.mkdir(parents=True, exist_ok=True)
        tool = OpenSsl(folder)
        if not tool.path("middle.pem").exists():
            tool.make_curve_key("root")
            tool.self_sign(
                "root", "Simulated Attestation Root", extensions=("basicConstraints=critical,CA:TRUE",), digest="sha384"
            )
            tool.make_curve_key("middle")
            request = tool.run("req", "-new", "-key", "middle.key", "-subj", "/CN=Simulated Attestation CA 1")
            tool.path("middle.ext").write_text("basicConstraints=critical,CA:TRUE,pathlen:0\n")
            words = (
                "-CA",
                "root.pem",
                "-CAkey",
                "root.key",
                "-CAcreateserial",
                "-days",
                "30",
                "-sha384",
                "-extfile",
                "middle.ext",
            )
            tool.path("middle.pem").write_bytes(tool.run("x509", "-req", *words, data=request))
        return cls(tool)

    @property
    def certificate(self) -> Path:
        """Return where the root's certificate is, in PEM."""
        return self.tool.path("root.pem")

    def attest(self, mac: OpenSsl, key: str, *, serial: str, udid: str, token: str) -> bytes:
        """Return the attestation object for a key of the Mac's folder and the token of a challenge."""
        fresh = hashlib.sha256(token.encode()).digest()
        facts = {SERIAL: serial.encode(), UDID: udid.encode(), FRESHNESS: fresh}
        lines = [f"{name}=DER:{value.hex(':')}" for name, value in facts.items()]
        self.tool.path("leaf.ext").write_text("basicConstraints=critical,CA:FALSE\n" + "\n".join(lines) + "\n")
        request = mac.run("req", "-new", "-key", f"{key}.key", "-subj", "/CN=attested")
        words = ("-CA", "middle.pem", "-CAkey", "middle.key", "-CAcreateserial", "-days", "30", "-sha384", "-extfile", "leaf.ext")
        leaf = self.tool.run("x509", "-req", *words, "-outform", "DER", data=request)
        return attestation_object([leaf, self.tool.der("middle")])
