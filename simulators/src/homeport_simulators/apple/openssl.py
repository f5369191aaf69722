"""The `openssl` command line, as a Mac's cryptography; keys and certificates are files of one folder."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


class OpenSslError(Exception):
    """A command refused; the text is its own."""


@dataclass(frozen=True, slots=True)
class OpenSsl:
    """Commands that work in one folder."""

    folder: Path

    def run(self, *arguments: str, data: bytes = b"") -> bytes:
        """Run `openssl` with the folder as its working directory, and return what it printed; raise OpenSslError when it refused."""
        command = ("openssl", *arguments)
        done = subprocess.run(command, input=data, capture_output=True, cwd=self.folder, check=False)  # noqa: S603 - fixed words
        if done.returncode != 0:
            raise OpenSslError(f"{' '.join(command[:3])}: {done.stderr.decode(errors='replace').strip()[:500]}")
        return done.stdout

    def path(self, name: str) -> Path:
        """Return where a file of the folder is."""
        return self.folder / name

    def make_key(self, name: str, bits: int = 2048) -> None:
        """Make an RSA key, `NAME.key`."""
        self.run("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-out", f"{name}.key", "-quiet")

    def make_curve_key(self, name: str, curve: str = "P-384") -> None:
        """Make a key on an elliptic curve, `NAME.key`."""
        self.run("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", f"{name}.key", "-quiet")

    def self_sign(self, name: str, common_name: str, *, extensions: tuple[str, ...] = (), digest: str = "sha256") -> None:
        """Make `NAME.pem`, a certificate of `NAME.key` signed by itself."""
        added = [word for extension in extensions for word in ("-addext", extension)]
        subject = f"/CN={common_name}"
        self.run(
            "req",
            "-x509",
            "-new",
            "-key",
            f"{name}.key",
            "-subj",
            subject,
            "-days",
            "30",
            f"-{digest}",
            "-out",
            f"{name}.pem",
            *added,
        )

    def der(self, name: str) -> bytes:
        """Return `NAME.pem` as DER."""
        return self.run("x509", "-in", f"{name}.pem", "-outform", "DER")

    def sign_detached(self, name: str, content: bytes, digest: str = "sha256") -> bytes:
        """Return a detached CMS signature over the content, in DER."""
        return self.run("cms", "-sign", "-binary", "-md", digest, *_signer(name), "-outform", "DER", data=content)

    def sign_attached(
        self, name: str, content: bytes, *, digest: str = "sha1", attributes: bool = False, chain: str = ""
    ) -> bytes:
        """Return a CMS message that holds the content and its signature, in DER, without signed attributes unless asked."""
        bare = () if attributes else ("-noattr",)
        more = ("-certfile", chain) if chain else ()
        return self.run(
            "cms", "-sign", "-binary", "-nodetach", *bare, "-md", digest, *_signer(name), *more, "-outform", "DER", data=content
        )

    def opened(self, signed: bytes, certificates: str = "") -> bytes:
        """Return the content of a signed message whose signature holds; whether its signer is trusted is not looked at."""
        more = ("-certfile", certificates) if certificates else ()
        return self.run("cms", "-verify", "-binary", "-noverify", "-inform", "DER", *more, data=signed)


def _signer(name: str) -> tuple[str, ...]:
    return ("-signer", f"{name}.pem", "-inkey", f"{name}.key")
