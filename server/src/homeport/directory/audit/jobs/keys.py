"""The audit key and the newest batch's number: two small files beside each other, outside the database."""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from homeport.directory.audit.jobs.chain import Head

HEAD_SUFFIX = ".head"


class AuditKeyError(Exception):
    """The audit key is missing, damaged or readable by others; the sentence says how to mend it."""


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """Ed25519 keys by id, oldest first; the newest signs. `head_path` is the file that holds the newest batch's number."""

    keys: dict[str, Ed25519PrivateKey]
    head_path: Path

    @classmethod
    def open(cls, path: Path, *, may_create: bool) -> Self:
        """Read the key file, or make it (mode 0600) when `may_create`; raise AuditKeyError with a sentence otherwise."""
        if not path.exists():
            if not may_create:
                raise AuditKeyError(
                    f"The audit key {path} is missing, but the audit log is sealed with it. Put the file back from your backup."
                )
            _write(path, {"keys": {secrets.token_hex(4): base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}})
        if path.stat().st_mode & 0o077:
            raise AuditKeyError(f"The audit key {path} can be read by others. Run: chmod 600 {path}")
        try:
            document = json.loads(path.read_text())
            keys = {
                key_id: Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(value))
                for key_id, value in document["keys"].items()
            }
            list(keys)[-1]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise AuditKeyError(f"The audit key {path} is damaged. Put it back from your backup.") from error
        return cls(keys, path.with_name(path.name + HEAD_SUFFIX))

    @property
    def newest(self) -> str:
        """Return the id of the key that signs."""
        return list(self.keys)[-1]

    def sign(self, message: bytes) -> str:
        """Return the newest key's signature in base64."""
        return base64.b64encode(self.keys[self.newest].sign(message)).decode()

    def signed(self, key_id: str, message: bytes, signature: str) -> bool | None:
        """Tell whether the signature is genuine; None when the key is not ours."""
        key = self.keys.get(key_id)
        if key is None:
            return None
        try:
            key.public_key().verify(base64.b64decode(signature, validate=True), message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def head(self) -> Head | None:
        """Return the newest batch that was noted, or None before the first; raise AuditKeyError when the file is damaged."""
        try:
            document = json.loads(self.head_path.read_text())
            return Head(int(document["number"]), str(document["hash"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise AuditKeyError(
                f"{self.head_path}, which holds the number of the newest sealed batch, is damaged. Put it back from your backup."
            ) from error

    def note(self, head: Head) -> None:
        """Store the newest batch's number, at once or not at all."""
        _write(self.head_path, {"number": head.number, "hash": head.hash})


def _write(path: Path, document: object) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
