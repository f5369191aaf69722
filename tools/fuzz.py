"""Feed the readers of Macs' messages random input, steered by what the code does with it: `make fuzz`, ten minutes unless SECONDS says else.

The corpus grows in .run/fuzz and begins with the messages that the tests hold. A finding ends the run and is kept there.
"""

import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["homeport.channels.apple", "asn1crypto"]):
    from homeport.channels.apple.authority import scep
    from homeport.channels.apple.cms.ber import to_der
    from homeport.channels.apple.cms.model import ANY_DIGEST, CMSError
    from homeport.channels.apple.cms.signed import verify
    from homeport.channels.apple.machine_info.aspen_deviceinfo import DeviceAuthorities

HERE = Path(__file__).resolve().parents[1]
VECTORS = HERE / "server/tests/channels/apple/cms/vectors"
AUTHORITIES = DeviceAuthorities.read(audit_only=True)
READERS = (to_der, lambda raw: verify(raw, digests=ANY_DIGEST), AUTHORITIES.read_body, lambda raw: scep.read(raw, legacy=True))


def read_all(raw: bytes) -> None:
    """Nothing but CMSError may come out of any reader."""
    for reader in READERS:
        with suppress(CMSError):
            reader(raw)


def main() -> None:
    warnings.simplefilter("ignore")  # cryptography warns of old certificates, which is what they are
    corpus = HERE / ".run/fuzz"
    corpus.mkdir(parents=True, exist_ok=True)
    seconds = os.environ.get("SECONDS_TO_FUZZ", "600")
    options = [f"-max_total_time={seconds}", "-max_len=8192", f"-artifact_prefix={corpus}/finding-", str(corpus), str(VECTORS)]
    atheris.Setup([sys.argv[0], *options], read_all)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
