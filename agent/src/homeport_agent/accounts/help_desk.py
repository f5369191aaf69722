"""Help-desk codes: this device shows a challenge, an administrator reads out the code that the server makes of it.

It works without a network: the key is shared by the server and this half alone (X25519, RFC 7748), so the network half that carried the
two public keys cannot make a code. Guesses are counted on the disk before a code is looked at. Waiting and the age of a challenge go by
the time since boot, which nobody can set.
"""

import contextlib
import hashlib
import hmac
import math
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from homeport_agent.accounts.apply import PASSING, Applier
from homeport_agent.accounts.orders import verified_claims
from homeport_agent.durable import read_json, write_json
from homeport_agent.jose import JoseError, decode_base64url, encode_base64url
from homeport_agent.refusals import Reason, Refusal

_TYPE = "homeport-unlock-key+jwt"
_KEY_BYTES = 32
_CHALLENGE_SECONDS = 3600.0
_TRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = 60.0, 3600.0
_RANDOM_DIGITS, _DAY_DIGITS, _MAC_DIGITS = 8, 4, 8
_MOST_USED = 2_000
_BASE_DAY = 18_262
"""2020-01-01, from which a code counts its days."""
_DAY = 86_400


class Wish(StrEnum):
    """What the person needs; the first digit of the challenge."""

    RENEW = "1"
    NEW_PASSCODE = "2"


@dataclass(frozen=True)
class Uptime:
    """The time since boot and which boot that is: what a wait goes by."""

    boot_id: Callable[[], str] = lambda: Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    seconds: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)


def check_digit(digits: str) -> str:
    """Give the last digit of a challenge, by which a slip of the tongue is noticed (Luhn, ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number  # noqa: PLR2004 - the digits of a number below 19 add up to it less nine
    return str(-total % 10)


def spoken(digits: str) -> str:
    """Digits in groups, as they are read out."""
    first = len(digits) % 4 or 4
    groups = [digits[:first], *(digits[at : at + 4] for at in range(first, len(digits), 4))]
    return " ".join(groups)


def code_for(key: bytes, device_id: str, user_id: str, challenge: str, day: int) -> str:
    """Make the code by which the account ``user_id`` opens until ``day``, counted since 1970."""
    counted = f"{day - _BASE_DAY:04d}"
    said = f"homeport-unlock-code\n{device_id}\n{user_id}\n{challenge}\n{counted}"
    mac = int.from_bytes(hmac.digest(key, said.encode(), hashlib.sha256)[:8], "big") % 10**_MAC_DIGITS
    return f"{counted}{mac:08d}"


def shared_key(own: X25519PrivateKey, other: bytes, device_id: str, device_public: str, server_public: str) -> bytes:
    """Derive the key of the codes (HKDF, RFC 5869) from both sides' keys."""
    secret = own.exchange(X25519PublicKey.from_public_bytes(other))
    info = f"homeport-unlock-key\n{device_id}\n{device_public}\n{server_public}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(secret)


def _public(private: X25519PrivateKey) -> str:
    return encode_base64url(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


@dataclass
class HelpDesk:
    """Challenges and codes of one device. What it keeps lies in ``path``, mode 0600."""

    path: Path
    applier: Applier
    clock: Callable[[], float]
    uptime: Uptime = field(default_factory=Uptime)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._kept: dict[str, Any] = {}
        with contextlib.suppress(Refusal):  # what is damaged is made anew: without its key no code counts until the next contact
            self._kept = read_json(self.path) or {}

    # The key

    def public(self) -> dict[str, Any]:
        """Give this half's public key, made at the first call, and which key of the server's it knows."""
        with self._lock:
            if "private" not in self._kept:
                raw = X25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
                self._keep(private=encode_base64url(raw))
            return {"public": _public(self._private()), "place": self._kept.get("place", [0, 0])}

    def take_key(self, statement: Any, order_key: Any) -> None:
        """Take the server's public key, signed for this device and this half's own key; an older one than the last is refused."""
        pin = self.applier.required_pin()
        claims, _, _ = verified_claims(statement, order_key, pin, _TYPE)
        place = [claims.get("epoch"), claims.get("version")]
        server = claims.get("server_public")
        if not all(isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**53 for number in place):
            raise Refusal(Reason.ORDER_MALFORMED, "The place of the help desk's key is not as it must be.")
        with self._lock:
            if place < self._kept.get("place", [0, 0]):
                raise Refusal(Reason.ORDER_SUPERSEDED, "A newer key of the help desk stands already.")
            own = self._private()
            if claims.get("device_public") != _public(own):
                raise Refusal(Reason.ORDER_SUPERSEDED, "The help desk's key was made for another key of this device.")
            try:
                key = shared_key(own, decode_base64url(str(server)), pin.device_id, _public(own), str(server))
            except (JoseError, ValueError, UnsupportedAlgorithm) as error:
                raise Refusal(Reason.ORDER_MALFORMED, "The help desk's key is none.") from error
            if self._kept.get("key") != encode_base64url(key) or self._kept.get("place") != place:
                self._keep(key=encode_base64url(key), place=place)

    def _private(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(decode_base64url(self._kept["private"]))

    # The challenge and the code

    def helps(self, user_id: str) -> bool:
        """Whether a code could open this person's account here."""
        try:
            self.applier.require_active(user_id)
        except Refusal:
            return False
        return "key" in self._kept

    def challenge(self, user_id: str, wish: Wish) -> str:
        """Give the digits to read out; the same ones for an hour, until the next boot, or until too many codes were wrong."""
        self.applier.require_active(user_id)
        with self._lock:
            if "key" not in self._kept:
                raise Refusal(
                    Reason.HELP_DESK_UNKNOWN, "This device has not heard of a help desk yet. Connect it to the network once."
                )
            self._finish()
            caller = dict(self._caller(user_id))
            self._require_no_wait(user_id, caller)
            if not self._stands(caller, wish):
                caller |= {"challenge": self._fresh(wish), "boot": self.uptime.boot_id(), "at": self.uptime.seconds()}
                self._keep_caller(user_id, caller)
            return str(caller["challenge"])

    def open_with(self, user_id: str, wish: Wish, code: str) -> int:
        """Take a code: the account opens until the day that it names (since 1970), which is returned.

        A Refusal ``code_wrong`` means that another try may do; any other ends the matter.
        """
        typed = "".join(c for c in code if c not in " -.")
        if len(typed) != _DAY_DIGITS + _MAC_DIGITS or not (typed.isascii() and typed.isdecimal()):
            raise Refusal(Reason.CODE_WRONG, "A code of the help desk has 12 digits.")
        self.applier.require_active(user_id)
        with self._lock:
            caller = dict(self._caller(user_id))
            self._require_no_wait(user_id, caller)
            if not self._stands(caller, wish):
                raise Refusal(Reason.CODE_EXPIRED, "The challenge is over. Start again and read out the new one.")
            self.applier.backend.require_ready()  # a code should not be used up where nothing can be changed
            challenge = str(caller["challenge"])
            left = self._count(user_id, caller)
            device_id = self.applier.required_pin().device_id
            day = _BASE_DAY + int(typed[:_DAY_DIGITS])
            right = code_for(decode_base64url(self._kept["key"]), device_id, user_id, challenge, day)
            if not hmac.compare_digest(right.encode(), typed.encode()):
                if left == 0:
                    raise Refusal(
                        Reason.TOO_MANY_CODES, "That is not the code, and it was the last try. Wait a while, then start again."
                    )
                raise Refusal(Reason.CODE_WRONG, f"That is not the code. {left} {'try' if left == 1 else 'tries'} left.")
            if day * _DAY <= self.applier.ledger.now(self.clock()):
                raise Refusal(
                    Reason.ORDER_EXPIRED,
                    "The code is right, and its day is over by this device's clock. Have the clock set, then start again.",
                )
            return self._open(user_id, challenge, day)

    def _open(self, user_id: str, challenge: str, day: int) -> int:
        used = [*self._kept.get("used", []), challenge][-_MOST_USED:]
        callers = {name: one for name, one in self._kept.get("callers", {}).items() if name != user_id}
        grant = {"id": f"code-{secrets.token_hex(8)}", "user_id": user_id, "challenge": challenge, "day": day}
        # The code is used up before it opens anything; a crash between the two is finished by repair.
        self._keep(used=used, callers=callers, grant=grant)
        self._grant(grant)
        return day

    def _grant(self, grant: dict[str, Any]) -> None:
        self.applier.open_until(grant["user_id"], grant["day"], grant["id"], grant["challenge"])
        self._keep(grant=None)

    def repair(self) -> None:
        """Finish what a crash left between a used code and the account that it opens; at the start, and before each new challenge."""
        with self._lock, contextlib.suppress(Refusal):
            self._finish()

    def _finish(self) -> None:
        grant = self._kept.get("grant")
        if grant is None:
            return
        try:
            self._grant(grant)
        except Refusal as refusal:
            if refusal.reason in PASSING:
                raise  # the next start or challenge tries again
            self._keep(grant=None)

    def _caller(self, user_id: str) -> dict[str, Any]:
        found = self._kept.get("callers", {}).get(user_id, {})
        return found if isinstance(found, dict) else {}

    def _keep_caller(self, user_id: str, caller: dict[str, Any]) -> None:
        self._keep(callers={**self._kept.get("callers", {}), user_id: caller})

    def _stands(self, caller: dict[str, Any], wish: Wish) -> bool:
        return (
            str(caller.get("challenge", "")).startswith(wish)
            and caller.get("boot") == self.uptime.boot_id()
            and self.uptime.seconds() - caller["at"] < _CHALLENGE_SECONDS
        )

    def _fresh(self, wish: Wish) -> str:
        used = set(self._kept.get("used", []))
        while True:
            digits = wish + "".join(secrets.choice("0123456789") for _ in range(_RANDOM_DIGITS))
            challenge = digits + check_digit(digits)
            if challenge not in used:
                return challenge

    def _count(self, user_id: str, caller: dict[str, Any]) -> int:
        """Count a guess before it is looked at, and return how many are left; the last ends the challenge and begins a wait.

        A new challenge does not begin the count anew, so that nobody guesses on by asking for one challenge after the other.
        """
        caller["tries"] = int(caller.get("tries", 0)) + 1
        left: int = max(0, _TRIES - caller["tries"])
        if left == 0:
            rounds = int(caller.get("rounds", 0))
            wait = min(_FIRST_WAIT * 2 ** min(rounds, 10), _LONGEST_WAIT)
            caller |= {"challenge": "", "rounds": rounds + 1, "wait": wait}
            caller |= {"wait_boot": self.uptime.boot_id(), "wait_from": self.uptime.seconds()}
        self._keep_caller(user_id, caller)
        return left

    def _require_no_wait(self, user_id: str, caller: dict[str, Any]) -> None:
        if not caller.get("wait"):
            return
        if caller["wait_boot"] != self.uptime.boot_id():  # who switches the machine off and on waits from the beginning
            caller |= {"wait_boot": self.uptime.boot_id(), "wait_from": self.uptime.seconds()}
            self._keep_caller(user_id, caller)
        left = caller["wait"] - (self.uptime.seconds() - caller["wait_from"])
        if left > 0:
            minutes = math.ceil(left / 60)
            words = "a minute" if minutes == 1 else f"{minutes} minutes"
            raise Refusal(Reason.TOO_MANY_CODES, f"Too many codes were wrong. Wait {words}, then start again.")
        caller |= {"wait": 0, "tries": 0}

    def _keep(self, **changed: Any) -> None:
        kept = {**self._kept, **changed}
        write_json(self.path, kept)
        self._kept = kept
