"""How a Mac gets its device certificate: SCEP (RFC 8894), with the signed attributes put together by hand."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeport_simulators.apple import der
from homeport_simulators.apple.openssl import OpenSsl, OpenSslError
from homeport_simulators.apple.wire import Wire

_DATA, _SIGNED, _DIGEST, _CONTENT_TYPE = (
    "1.2.840.113549.1.7.1",
    "1.2.840.113549.1.7.2",
    "1.2.840.113549.1.9.4",
    "1.2.840.113549.1.9.3",
)
_SHA256, _RSA = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.1"
_MESSAGE_TYPE, _NONCE, _TRANSACTION = (f"2.16.840.1.113733.1.9.{number}" for number in (2, 5, 7))
REQUEST, RENEWAL = "19", "17"


class ScepRefused(Exception):  # noqa: N818 - an answer, not an error of ours
    """The authority gave no certificate."""


@dataclass(frozen=True, slots=True)
class Scep:
    """SCEP over one folder: the key is made as `NAME.key`, the certificate arrives as `NAME.pem`."""

    tool: OpenSsl
    wire: Wire

    def enroll(self, payload: Mapping[str, Any], name: str = "device", signed_by: str = "") -> None:
        """Get a certificate for the payload of a profile; raise ScepRefused when there is none.

        `signed_by` names the present certificate that signs a renewal.
        """
        url = str(payload["URL"])
        self._authority(url)
        bits = int(payload.get("Keysize", 1024))
        self.tool.make_key(name, bits)
        self._request(name, payload)
        kind = RENEWAL if signed_by else REQUEST
        signer = signed_by or f"{name}-self"
        if not signed_by:
            self.tool.path(f"{signer}.key").write_bytes(self.tool.path(f"{name}.key").read_bytes())
            self.tool.self_sign(signer, "Mac")
        enveloped = self.tool.run(
            "cms",
            "-encrypt",
            "-binary",
            "-aes-128-cbc",
            "-outform",
            "DER",
            "ca.pem",
            data=self.tool.path(f"{name}.csr").read_bytes(),
        )
        message = self._signed(enveloped, signer, kind)
        headers = {"Content-Type": "application/x-pki-message"}
        status, _, answer = self.wire.send("POST", f"{url}?operation=PKIOperation", headers, message)
        if status != 200:  # noqa: PLR2004 - HTTP's OK
            raise ScepRefused(f"The authority answered {status}.")
        self._take(answer, name, signer)

    def _authority(self, url: str) -> None:
        _, _, caps = self.wire.send("GET", f"{url}?operation=GetCACaps", {}, b"")
        if b"POSTPKIOperation" not in caps:
            raise ScepRefused("The authority does not take POST.")
        _, _, certificate = self.wire.send("GET", f"{url}?operation=GetCACert", {}, b"")
        try:
            self.tool.path("ca.pem").write_bytes(self.tool.run("x509", "-inform", "DER", data=certificate))
        except OpenSslError:
            self.tool.path("ca.pem").write_bytes(self.tool.run("pkcs7", "-inform", "DER", "-print_certs", data=certificate))

    def _request(self, name: str, payload: Mapping[str, Any]) -> None:
        """Write `NAME.csr`; with `-subj` openssl would leave the attributes out, so the subject stands in the file too."""
        subject = [f"{kind}={value}" for part in payload.get("Subject", []) for kind, value in part] or ["CN=Mac"]
        challenge = str(payload.get("Challenge", ""))
        lines = ["[req]", "distinguished_name=dn", "attributes=attrs", "prompt=no", "[dn]", *subject, "[attrs]"]
        if challenge:
            lines.append(f"challengePassword={challenge}")
        self.tool.path("req.cnf").write_text("\n".join(lines) + "\n")
        words = ("-config", "req.cnf", "-key", f"{name}.key", "-sha256", "-outform", "DER", "-out", f"{name}.csr")
        self.tool.run("req", "-new", *words)

    def _signed(self, content: bytes, signer: str, kind: str) -> bytes:
        certificate = self.tool.der(signer)
        attributes = [
            _attribute(_CONTENT_TYPE, der.oid(_DATA)),
            _attribute(_DIGEST, der.tlv(der.OCTETS, hashlib.sha256(content).digest())),
            _attribute(_MESSAGE_TYPE, der.tlv(der.PRINTABLE, kind.encode())),
            _attribute(_NONCE, der.tlv(der.OCTETS, secrets.token_bytes(16))),
            _attribute(_TRANSACTION, der.tlv(der.PRINTABLE, secrets.token_hex(16).encode())),
        ]
        inside = b"".join(sorted(attributes))
        signature = self.tool.run("dgst", "-sha256", "-sign", f"{signer}.key", data=der.tlv(der.SET, inside))
        digest = der.tlv(der.SEQUENCE, der.oid(_SHA256), der.tlv(der.NULL))
        one = der.tlv(der.INTEGER, b"\x01")
        signer_info = der.tlv(
            der.SEQUENCE,
            one,
            der.issuer_and_serial(certificate),
            digest,
            der.tlv(0xA0, inside),
            der.tlv(der.SEQUENCE, der.oid(_RSA), der.tlv(der.NULL)),
            der.tlv(der.OCTETS, signature),
        )
        carried = der.tlv(der.SEQUENCE, der.oid(_DATA), der.tlv(0xA0, der.tlv(der.OCTETS, content)))
        data = der.tlv(
            der.SEQUENCE, one, der.tlv(der.SET, digest), carried, der.tlv(0xA0, certificate), der.tlv(der.SET, signer_info)
        )
        return der.tlv(der.SEQUENCE, der.oid(_SIGNED), der.tlv(0xA0, data))

    def _take(self, answer: bytes, name: str, signer: str) -> None:
        try:
            enveloped = self.tool.opened(answer, "ca.pem")
            inside = self.tool.run(
                "cms", "-decrypt", "-inform", "DER", "-recip", f"{signer}.pem", "-inkey", f"{signer}.key", data=enveloped
            )
            chain = self.tool.run("pkcs7", "-inform", "DER", "-print_certs", data=inside)
        except OpenSslError as error:
            raise ScepRefused("The authority's answer holds no certificate.") from error
        mine = self.tool.run("pkey", "-in", f"{name}.key", "-pubout")
        for block in chain.split(b"-----END CERTIFICATE-----"):
            pem = block + b"-----END CERTIFICATE-----\n"
            if b"BEGIN CERTIFICATE" in block and self.tool.run("x509", "-noout", "-pubkey", data=pem) == mine:
                self.tool.path(f"{name}.pem").write_bytes(pem)
                return
        raise ScepRefused("The certificate in the answer is not for this Mac's key.")


def _attribute(kind: str, value: bytes) -> bytes:
    return der.tlv(der.SEQUENCE, der.oid(kind), der.tlv(der.SET, value))
