"""Feed the readers of Macs' messages random input, steered by what the code does with it: `make fuzz`, ten minutes unless SECONDS says else.

The corpus grows in .run/fuzz and begins with the messages that the tests hold. A finding ends the run and is kept there.
"""

import os
import sys
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["homeport.channels.apple", "asn1crypto"]):
    from homeport.channels.apple.authority import scep
    from homeport.channels.apple.authority.acme import jws
    from homeport.channels.apple.authority.acme.attestation import AttestationRoots
    from homeport.channels.apple.authority.acme.finalize import read_request
    from homeport.channels.apple.authority.acme.model import Problem
    from homeport.channels.apple.cms.ber import to_der
    from homeport.channels.apple.cms.model import ANY_DIGEST, CMSError
    from homeport.channels.apple.cms.signed import verify
    from homeport.channels.apple.machine_info.aspen_deviceinfo import DeviceAuthorities

HERE = Path(__file__).resolve().parents[1]
VECTORS = HERE / "server/tests/channels/apple/cms/vectors"
AUTHORITIES = DeviceAuthorities.read(audit_only=True)
NOW = datetime(2026, 11, 26, tzinfo=UTC)
READERS = (
    to_der,
    lambda raw: verify(raw, digests=ANY_DIGEST),
    AUTHORITIES.read_body,
    lambda raw: scep.read(raw, legacy=True),
    lambda raw: jws.read(raw).verified({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
    lambda raw: AttestationRoots().judge(raw, "token", NOW),
    read_request,
)
SEEDS = {
    "attestation": b"\xa2\x63fmt\x65apple\x67attStmt\xa1\x63x5c\x81\x44\x30\x02\x05\x00",
    "jws": b'{"protected": "eyJhbGciOiAiRVMyNTYiLCAibm9uY2UiOiAieCIsICJ1cmwiOiAieSIsICJraWQiOiAieiJ9", "payload": "e30", "signature": "AA"}',
}
"""What ACME reads, beside the messages that the tests hold."""


def read_all(raw: bytes) -> None:
    """Nothing but CMSError and ACME's Problem may come out of any reader."""
    for reader in READERS:
        with suppress(CMSError, Problem):
            reader(raw)


def main() -> None:
    warnings.simplefilter("ignore")  # cryptography warns of old certificates, which is what they are
    corpus = HERE / ".run/fuzz"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, seed in SEEDS.items():
        (corpus / f"seed-{name}").write_bytes(seed)
    seconds = os.environ.get("SECONDS_TO_FUZZ", "600")
    options = [f"-max_total_time={seconds}", "-max_len=8192", f"-artifact_prefix={corpus}/finding-", str(corpus), str(VECTORS)]
    atheris.Setup([sys.argv[0], *options], read_all)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
