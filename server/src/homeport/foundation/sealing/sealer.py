"""Seals secrets with AES-256-GCM under a key that lives outside the database."""

import base64
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class SealingKeyError(Exception):
    """The sealing key is missing, damaged, or not the one that sealed the data; the server must not start."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals with the newest key; unseals with any key of the ring. `keys` maps a key id to 32 bytes, oldest first."""

    keys: dict[str, bytes]

    @classmethod
    def open(cls, path: Path, *, may_create: bool) -> Self:
        """Read the key file, or make it (mode 0600) when `may_create`; raise SealingKeyError with a sentence otherwise."""
        if not path.exists():
            if not may_create:
                raise SealingKeyError(
                    f"The sealing key {path} is missing, but the database holds sealed secrets. "
                    "Put the key file back from your backup, or copy it from another replica."
                )
            _create(path)
        if path.stat().st_mode & 0o077:
            raise SealingKeyError(f"The sealing key {path} can be read by others. Run: chmod 600 {path}")
        try:
            document = json.loads(path.read_text())
            ring = {key_id: base64.urlsafe_b64decode(value) for key_id, value in document["keys"].items()}
            for value in ring.values():
                AESGCM(value)  # refuses a key of the wrong length
            list(ring)[-1]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise SealingKeyError(f"The sealing key {path} is damaged. Put it back from your backup.") from error
        return cls(ring)

    def seal(self, plain: bytes, context: str) -> str:
        """Return an envelope `v1.<key id>.<nonce and ciphertext>`; `context` says what it is and must be given again."""
        key_id = self.newest
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self.keys[key_id]).encrypt(nonce, plain, context.encode())
        return f"v1.{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def unseal(self, envelope: str, context: str) -> bytes:
        """Return what was sealed; raise SealingKeyError when the key is not in the ring or the envelope was altered."""
        try:
            key_id, body = envelope.removeprefix("v1.").split(".", 1)
            raw = base64.urlsafe_b64decode(body)
            return AESGCM(self.keys[key_id]).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode())
        except (ValueError, KeyError, InvalidTag) as error:
            raise SealingKeyError(
                "A stored secret cannot be opened with this sealing key. Is it the key of this database?"
            ) from error

    @property
    def newest(self) -> str:
        """Return the id of the key that seals."""
        return list(self.keys)[-1]

    def sealed_anew(self, envelope: str, context: str) -> str:
        """Return the same secret sealed with the newest key; raise SealingKeyError when it cannot be opened."""
        return self.seal(self.unseal(envelope, context), context)

    def rotated(self) -> Self:
        """Return a ring with a fresh newest key; the old keys stay until everything is sealed anew."""
        return type(self)({**self.keys, _fresh_id(): secrets.token_bytes(32)})


def write_ring(path: Path, ring: dict[str, bytes]) -> None:
    """Store the ring at once or not at all, readable by the owner only, so that it survives a power cut once this returns."""
    temporary = _written(path, ring)
    temporary.replace(path)
    _keep_name(path)


def _create(path: Path) -> None:
    """Make a fresh ring; when another process made one at the same moment, that one stays."""
    temporary = _written(path, {_fresh_id(): secrets.token_bytes(32)})
    with suppress(FileExistsError):
        path.hardlink_to(temporary)
    temporary.unlink()
    _keep_name(path)


def _written(path: Path, ring: dict[str, bytes]) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"keys": {key_id: base64.urlsafe_b64encode(value).decode() for key_id, value in ring.items()}}, file)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _keep_name(path: Path) -> None:
    """Write the folder's entry to the disk: a file whose name is lost is lost."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _fresh_id() -> str:
    return secrets.token_hex(4)
