"""Passwords with argon2id (RFC 9106)."""

import os
import threading
from base64 import b64encode
from dataclasses import dataclass, field

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from homeport.directory.admins.model import normal_password


@dataclass(frozen=True, slots=True)
class Argon2id:
    """Hashes with argon2-cffi's default parameters (64 MiB, three passes), at most one hash per core at a time."""

    argon2: Argon2 = field(default_factory=Argon2)
    turns: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(os.cpu_count() or 1))
    """Without it a burst of sign-ins would take 64 MiB each, all at once."""
    dummy: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        parameters = f"v={ARGON2_VERSION}$m={self.argon2.memory_cost},t={self.argon2.time_cost},p={self.argon2.parallelism}"
        salt, tag = _base64(self.argon2.salt_len), _base64(self.argon2.hash_len)
        object.__setattr__(
            self, "dummy", f"$argon2id${parameters}${salt}${tag}"
        )  # random, so no password has it; hashing takes 0.2 s

    def hash(self, password: str) -> str:
        """Return a salted hash in argon2's own text form, which holds the parameters."""
        with self.turns:
            return self.argon2.hash(_bytes(password))

    def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether the password is right. An empty hash is checked against a dummy, so that it takes as long."""
        with self.turns:
            try:
                return self.argon2.verify(password_hash or self.dummy, _bytes(password)) and bool(password_hash)
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self.argon2.check_needs_rehash(password_hash)


def _base64(size: int) -> str:
    return b64encode(os.urandom(size)).decode().rstrip("=")


def _bytes(password: str) -> bytes:
    return normal_password(password).encode("utf-8", "surrogatepass")
