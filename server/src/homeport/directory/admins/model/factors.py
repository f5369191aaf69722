"""The second factor: a time-based one-time password (RFC 6238) and recovery codes."""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyotp

from homeport.directory.admins.model.roles import BILLING
from homeport.foundation.kernel.entropy import hash_token
from homeport.foundation.kernel.events import Event

STEP = 30
"""Seconds of one time step (RFC 6238, section 4.1)."""
SKEW = 1
"""How many steps a clock may be off, in either direction (RFC 6238, section 5.2)."""
DIGITS = 6
RECOVERY_CODES = 10
SET_UP_WITHIN = timedelta(minutes=15)
LONGEST_CODE = 40
REQUIRED_FOR = frozenset({BILLING})
"""The roles that do nothing before a second factor is set up."""
_SECRET_BYTES, _RECOVERY_BYTES = 20, 10


@dataclass(frozen=True, slots=True)
class Factor:
    """An administrator's or a user's one-time password. `last_step` is the newest time step whose code was accepted; none before it counts."""

    owner_id: str
    secret_sealed: str = field(repr=False)
    last_step: int
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor about to be set up: the secret as typed and as scanned, and the envelope that the form sends back."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    envelope: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AdministratorFactorReset(Event):
    """The second factor was removed by somebody else or by a recovery link; sessions end."""

    administrator_id: str


@dataclass(frozen=True, slots=True)
class AdministratorProofChanged(Event):
    """The administrator changed how they prove who they are, password or second factor; their other sessions end, all but this one."""

    administrator_id: str
    session_id: str


def secret_of(token: str) -> str:
    """Return a secret of 160 bits (RFC 4226, section 4) as base32, made of a token of `Entropy`."""
    return base64.b32encode(_bytes(token, _SECRET_BYTES)).decode()


def recovery_code(token: str) -> str:
    """Return a recovery code such as `ABCD-EFGH-IJKL-MNOP`, of 80 bits, made of a token of `Entropy`."""
    text = base64.b32encode(_bytes(token, _RECOVERY_BYTES)).decode()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def normal_code(text: str) -> str:
    """Return a code as it was meant: without spaces and hyphens, in capitals."""
    return "".join(text[:LONGEST_CODE].split()).replace("-", "").upper()


def recovery_hash(code: str) -> str:
    """Return what the database keeps of a recovery code; 80 random bits need no slow hash."""
    return hash_token(f"recovery code {normal_code(code)}")


def step_of(now: datetime) -> int:
    """Return the time step of a moment."""
    return int(now.timestamp()) // STEP


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is, of the present one and its neighbours; takes as long whatever the code."""
    typed, present, found = normal_code(code).encode(), step_of(now), None
    for step in range(present - SKEW, present + SKEW + 1):
        if hmac.compare_digest(pyotp.TOTP(secret, digits=DIGITS, interval=STEP).generate_otp(step).encode(), typed):
            found = step
    return found


def uri_of(secret: str, *, name: str, issuer: str) -> str:
    """Return the address that an authenticator app reads from the QR code."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP).provisioning_uri(name=name, issuer_name=issuer)


def _bytes(token: str, size: int) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[:size]
