"""Codes of the help desk, by which somebody gets in whose device is offline; and what a device did without the server.

Server and privileged half agree on a key (X25519, RFC 7748; HKDF, RFC 5869). The network half carries the two public keys and cannot make
a code of them; ours is signed, so it cannot put its own in the place of it either. `docs/protocols/device.md`, section 9.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from homeport.channels.linux.model import HelpDeskKey, Notice, NoticeKind, UnlockCode
from homeport.channels.linux.order_keys import OrderKeys
from homeport.channels.linux.ports import HelpDeskStore, OrderStore
from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Resource
from homeport.directory.devices.actions import Bindings, Devices
from homeport.directory.devices.model import After, Binding, Desired, Device
from homeport.foundation.kernel.actor import Actor, system
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Conflict, Invalid, NotFound
from homeport.foundation.kernel.permissions import Permission
from homeport.foundation.sealing.sealer import Sealer

CHANNEL = system("linux")
OPEN_FOR = timedelta(hours=24)
"""How long a code opens an account at least: the day on which it ends is the first that begins later than this."""
CHALLENGE_LIFETIME = timedelta(hours=1)
"""For how long the same digits are answered; the device lets them stand as long."""
NEW_PASSCODE = "2"
"""The first digit of a challenge of somebody who forgot their passcode; `1` only renews."""
BASE_DAY = 18_262
"""2020-01-01 in days since 1970, from which a code counts its days."""
MOST_NOTICES_A_DAY = 500
"""How many notices of one device are kept a day; more would only fill the audit log, and no honest device has them."""
MAC_DIGITS = 8
KEY_BYTES = 32
DAY = 86_400
CHALLENGE = re.compile(r"[12][0-9]{9}")
SPACING = re.compile(r"[\s.\-]+")


@dataclass(frozen=True, slots=True)
class HelpDesk:
    """The help desk of one unit of work."""

    store: HelpDeskStore
    orders: OrderStore
    keys: OrderKeys
    sealer: Sealer
    devices: Devices
    bindings: Bindings
    audit: Audit
    clock: Clock

    def introduce(self, device: Device, public: str, place: Sequence[int]) -> dict[str, str] | None:
        """Return our public key for a device, signed, made anew when the device shows another key; None when it knows that one.

        `place` is the epoch and the version of the key that the device has.
        """
        # public: the device has proved itself by its key
        epoch = self.orders.epoch()
        known = self.store.key(device.id)
        if known is None or known.device_public != public:
            self.devices.get_for_update(device.id)  # two introductions at once must not make two keys
            known = self.store.key(device.id)
        if known is None or known.device_public != public:
            known = self._agree(device, public, known.version + 1 if known else 1)
            self.store.save_key(known)
        if tuple(place) == (epoch, known.version):
            return None
        statement, order_key = self.keys.sign_help_desk_key(known, epoch)
        return {"statement": statement, "order_key": order_key}

    def issue(self, actor: Actor, device_id: str, binding_id: str, challenge: str) -> UnlockCode:
        """Return the code that answers a challenge for one account; the same digits give the same code for an hour.

        Raises Invalid for digits that no device shows, and Conflict where a code would open nothing.
        """
        actor.require(Permission.DEVICES_UNLOCK)
        digits = _challenge_of(challenge)
        device = self.devices.get_for_update(device_id)
        if device is None or device.deleted_at is not None:
            raise NotFound("There is no such device. It may have been deleted.")
        binding = self._usable(device, binding_id)
        key = self.store.key(device_id)
        if key is None:
            raise Conflict(
                f"{device.name} and this server have no key in common yet. Its agent must be of this version and have been in contact since.",
                reason="help_desk_unknown",
            )
        now = self.clock.now()
        issued = self.store.notice(device_id, _issued(digits))
        if issued is not None and now - issued.at >= CHALLENGE_LIFETIME:
            raise _invalid("These digits were answered more than an hour ago. Have the device show new ones.")
        day = -int(-(now + OPEN_FOR).timestamp() // DAY)
        code = UnlockCode(
            code=_code(self.sealer.unseal(key.key_sealed, sealed_as(device_id)), device_id, binding.user_id, digits, day),
            device_name=device.name,
            username=binding.username,
            new_passcode=digits.startswith(NEW_PASSCODE),
            until=datetime.fromtimestamp(day * DAY, UTC),
        )
        details: dict[str, Any] = {
            "until": code.until.isoformat().replace("+00:00", "Z"),
            "new_passcode": code.new_passcode,
            "by": actor.name,
        }
        if issued is None:
            self.store.add_notice(
                Notice(device_id, _issued(digits), NoticeKind.CODE_ISSUED, binding.user_id, binding.username, now, details)
            )
        self.audit.record(
            actor,
            "unlock_code_issued",
            resource=Resource("device", device.id, device.name),
            details={"user_id": binding.user_id, "username": binding.username, "challenge": digits, **details},
        )
        return code

    def recent(self, actor: Actor, device_id: str, limit: int) -> Sequence[Notice]:
        """Return the newest codes given for a device and what it told by itself, the newest first."""
        actor.require(Permission.DEVICES_READ)
        return self.store.notices(device_id, limit)

    def take_notices(self, device: Device, notices: Sequence[Notice]) -> None:
        """Note what a device did without us: an account opened by a code, a binding that root ended. Each counts once."""
        # public: the device has proved itself by its key
        if not notices:
            return
        self.devices.get_for_update(device.id)
        room = MOST_NOTICES_A_DAY - self.store.count_notices(device.id, self.clock.now() - timedelta(days=1))
        # The newest of a person's bindings is the live one, if there is one.
        known = {named.binding.user_id: named.binding for named in reversed(self.bindings.of_device(CHANNEL, device.id))}
        for notice in notices:
            binding = known.get(notice.user_id)
            if binding is None or room <= 0 or self.store.notice(device.id, notice.id) is not None:
                continue
            room -= 1
            self.store.add_notice(replace(notice, username=binding.username))
            self.audit.record(
                CHANNEL,
                "unlock_code_used" if notice.kind is NoticeKind.UNLOCKED else "binding_ended_on_device",
                resource=Resource("device", device.id, device.name),
                details={"user_id": notice.user_id, "username": binding.username, **notice.details},
            )
            live = notice.kind is NoticeKind.UNBOUND and binding.desired is not Desired.REMOVED
            if live and not notice.details.get("bound_again"):
                # Whatever the device says became of the account: one that stands there still is closed, and nobody's home is deleted.
                self.bindings.remove(CHANNEL, binding.id, After.LOCK)

    def _usable(self, device: Device, binding_id: str) -> Binding:
        binding = self.bindings.find(binding_id)
        if binding is None or binding.device_id != device.id or binding.desired is Desired.REMOVED:
            raise NotFound("There is no such binding on this device. It may have been removed already.")
        if binding.desired is Desired.SUSPENDED or not device.active:
            raise Conflict(
                f"{binding.username} is suspended on {device.name}, so no code opens that account. Activate the person first.",
                reason="suspended",
            )
        return binding

    def _agree(self, device: Device, public: str, version: int) -> HelpDeskKey:
        own = X25519PrivateKey.generate()
        ours = base64.urlsafe_b64encode(own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode().rstrip("=")
        try:
            theirs = X25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(public + "="))
            secret = own.exchange(theirs)
        except ValueError as error:
            raise Invalid("The public key is no X25519 key.", {"public": "32 bytes in base64url are expected."}) from error
        info = f"homeport-unlock-key\n{device.id}\n{public}\n{ours}".encode()
        key = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)
        sealed = self.sealer.seal(key, sealed_as(device.id))
        return HelpDeskKey(device.id, version, public, ours, sealed, self.clock.now())


def sealed_as(device_id: str) -> str:
    """Return the context under which the key shared with a device is sealed."""
    return f"help desk key {device_id}"


def _issued(challenge: str) -> str:
    return f"issued-{challenge}"


def _invalid(sentence: str) -> Invalid:
    return Invalid(sentence, {"challenge": sentence})


def _challenge_of(text: str) -> str:
    digits = SPACING.sub("", text)
    if not CHALLENGE.fullmatch(digits) or check_digit(digits[:-1]) != digits[-1]:
        raise _invalid(
            "These are not digits that a device shows: 10 digits, of which the first is 1 or 2. Have them read out again."
        )
    return digits


def check_digit(digits: str) -> str:
    """Return the last digit of a challenge (Luhn, ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number  # noqa: PLR2004 - the digits of a number below 19 add up to it less nine
    return str(-total % 10)


def _code(key: bytes, device_id: str, user_id: str, challenge: str, day: int) -> str:
    counted = f"{day - BASE_DAY:04d}"
    said = f"homeport-unlock-code\n{device_id}\n{user_id}\n{challenge}\n{counted}"
    mac = int.from_bytes(hmac.digest(key, said.encode(), hashlib.sha256)[:8], "big") % 10**MAC_DIGITS
    return f"{counted}{mac:0{MAC_DIGITS}d}"
