"""Decides whether an order is genuine: docs/protocols/device.md section 3, the checks in that order."""

import re
from dataclasses import dataclass
from typing import Any

from homeport_agent.accounts.model import Account, After, Kind, Order
from homeport_agent.jose import JoseError, SignatureError, ed25519_public_key, read_unverified, verify_ed25519
from homeport_agent.refusals import Reason, Refusal

MOST_ORDER_BYTES = 16_384
MOST_KEY_BYTES = 4_096
FIRST_UID, LAST_UID = 20_000, 59_999
_LEEWAY = 120
_LATEST = 253_402_300_799  # the end of the year 9999, the last second a date can name
_KEY_TYPE = "homeport-order-key+jwt"
_ORDER_TYPE = "homeport-order+jwt"
_ID = re.compile(r"[\x21-\x7e]{1,200}\Z")
_NAME = re.compile(r"[a-z][a-z0-9._-]{0,30}\Z")
_ANY_NAME = re.compile(r".{0,200}\Z", re.DOTALL)
_PATH = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9._@+-]*)+\Z")
_MOST_PATH = 200
_MOST_FULL_NAME = 400
_MOST_GROUPS = 64

# Names that systems give to their own accounts and groups; a person never gets one, present on this device or not.
SYSTEM_NAMES = frozenset(
    [
        "root",
        "daemon",
        "bin",
        "sys",
        "sync",
        "games",
        "man",
        "lp",
        "mail",
        "news",
        "uucp",
        "proxy",
        "www-data",
        "backup",
        "list",
        "irc",
        "gnats",
        "nobody",
        "nogroup",
        "adm",
        "tty",
        "disk",
        "kmem",
        "dialout",
        "fax",
        "voice",
        "cdrom",
        "floppy",
        "tape",
        "sudo",
        "audio",
        "dip",
        "operator",
        "src",
        "shadow",
        "utmp",
        "video",
        "sasl",
        "plugdev",
        "staff",
        "users",
        "wheel",
        "input",
        "kvm",
        "render",
        "sgx",
        "crontab",
        "messagebus",
        "sshd",
        "avahi",
        "polkitd",
        "uuidd",
        "tcpdump",
        "ntp",
        "chrony",
        "postfix",
        "mysql",
        "postgres",
        "redis",
        "nginx",
        "apache",
        "docker",
        "lxd",
        "libvirt",
        "syslog",
        "landscape",
        "pollinate",
        "halt",
        "shutdown",
        "ftp",
        "dbus",
        "rpc",
        "nfsnobody",
        "toor",
        "admin",
        "administrator",
        "homeport",
        "homeport-admins",
        "homeport-users",
        "homeport-agent",
        "homeport-accounts",
        "netdev",
        "lpadmin",
        "sambashare",
        "scanner",
        "saned",
        "colord",
        "geoclue",
        "pulse",
        "rtkit",
        "gdm",
        "lightdm",
        "sddm",
        "cups",
        "dnsmasq",
        "usbmux",
        "nm-openvpn",
        "tss",
        "tcsd",
        "bind",
        "named",
        "unbound",
        "ldap",
        "sssd",
    ]
)


@dataclass(frozen=True)
class Pin:
    """What enrolment fixed for good: who we are and whose signatures count."""

    device_id: str
    order_root: dict[str, Any]


def _refuse(reason: Reason, message: str) -> Refusal:
    return Refusal(reason, message)


def _malformed(what: str) -> Refusal:
    return _refuse(Reason.ORDER_MALFORMED, f"The order's {what} is not as it must be, so nothing was done.")


def _text(claims: dict[str, Any], name: str, pattern: re.Pattern[str] = _ID) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not pattern.match(value):
        raise _malformed(name)
    return value


def _number(claims: dict[str, Any], name: str, *, most: int = _LATEST) -> int:
    value = claims.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise _malformed(name)
    return value


def _path(claims: dict[str, Any], name: str) -> str:
    value = _text(claims, name, _PATH)
    if len(value) > _MOST_PATH:
        raise _malformed(name)
    return value


def _account(claims: dict[str, Any]) -> Account:
    uid, gid = (_number(claims, name, most=2**32 - 2) for name in ("uid", "gid"))
    full_name = claims.get("full_name")
    groups = claims.get("groups", [])
    permission = claims.get("permission")
    if not isinstance(full_name, str) or len(full_name) > _MOST_FULL_NAME:
        raise _malformed("full_name")
    if permission not in {"standard", "admin"}:
        raise _malformed("permission")
    if not isinstance(groups, list) or len(groups) > _MOST_GROUPS or not all(isinstance(group, str) for group in groups):
        raise _malformed("groups")
    return Account(
        user_id=_text(claims, "user_id"),
        username=_text(claims, "username", _ANY_NAME),
        uid=uid,
        gid=gid,
        full_name=full_name,
        home=_path(claims, "home"),
        shell=_path(claims, "shell"),
        admin=permission == "admin",
        groups=tuple(dict.fromkeys(groups)),
    )


def _key(order_key: str, pin: Pin) -> dict[str, Any]:
    try:
        _, claims = verify_ed25519(ed25519_public_key(pin.order_root), order_key, typ=_KEY_TYPE)
    except JoseError as error:
        raise _refuse(
            Reason.ORDER_KEY_INVALID, "The key of this order was not signed by the server this device trusts."
        ) from error
    return claims


def verified_claims(text: Any, order_key: Any, pin: Pin, typ: str) -> tuple[dict[str, Any], int, int]:
    """Check form, size, both signatures, the types and the device of what the server signed.

    The claims, and from when until when the key was good; a Refusal with the reason of the first check that fails.
    """
    for part, most in ((text, MOST_ORDER_BYTES), (order_key, MOST_KEY_BYTES)):
        if not isinstance(part, str) or not part.isascii() or not 0 < len(part) <= most:
            raise _malformed("form")
    try:
        read_unverified(text)
    except JoseError as error:
        raise _malformed("form") from error
    key_claims = _key(order_key, pin)
    try:
        jwk = (key_claims.get("cnf") or {}).get("jwk")
        public_key = ed25519_public_key(jwk)
        key_id = _text(key_claims, "sub")
        valid_from, valid_until = _number(key_claims, "nbf"), _number(key_claims, "exp")
    except (JoseError, AttributeError, Refusal) as error:
        raise _refuse(Reason.ORDER_KEY_INVALID, "The certificate of the order's key is not as it must be.") from error
    try:
        header, claims = verify_ed25519(public_key, text, typ=typ)
    except SignatureError as error:
        raise _refuse(Reason.ORDER_SIGNATURE_INVALID, "The order's signature is not valid, so nothing was done.") from error
    if header.get("kid") != key_id:
        raise _refuse(Reason.ORDER_SIGNATURE_INVALID, "The order names another key than the one that signed it.")
    if claims.get("aud") != pin.device_id:
        raise _refuse(Reason.ORDER_WRONG_DEVICE, "The order is for another device, so nothing was done.")
    return claims, valid_from, valid_until


def read_order(order: Any, order_key: Any, pin: Pin) -> Order:
    """Read a genuine order. Sequence and time are the ledger's to judge, because it knows what came before."""
    return _read_claims(*verified_claims(order, order_key, pin, _ORDER_TYPE))


def _read_claims(claims: dict[str, Any], key_valid_from: int, key_expires_at: int) -> Order:
    try:
        kind = Kind(_text(claims, "kind"))
        after = After(claims.get("after", After.LOCK))
    except ValueError as error:
        raise _malformed("kind") from error
    account_claims = claims.get("account")
    if not isinstance(account_claims, dict):
        raise _malformed("account")
    sign_in_id = claims.get("sign_in_id")
    return Order(
        order_id=_text(claims, "jti"),
        epoch=_number(claims, "epoch", most=2**53),
        counter=_number(claims, "counter", most=2**53),
        kind=kind,
        issued_at=_number(claims, "iat"),
        expires_at=_number(claims, "exp") if kind.grants else None,
        key_valid_from=key_valid_from,
        key_expires_at=key_expires_at,
        user_id=_text(account_claims, "user_id"),
        account=_account(account_claims) if kind.grants else None,
        take_over=kind is Kind.BIND and account_claims.get("existing") == "take_over",
        lease_not_after=_number(claims, "lease_not_after") if kind.grants else None,
        sign_in_id=sign_in_id if isinstance(sign_in_id, str) else None,
        after=after,
    )


def check_time(order: Order, now: float) -> None:
    """Refuse a grant whose own or whose key's time is over; a restriction never ages.

    ``now`` is the later of the device's clock and the highest ``iat`` of any genuine order, seconds since 1970.
    """
    if not order.kind.grants:
        return
    if order.key_valid_from > now + _LEEWAY:
        raise _refuse(Reason.ORDER_KEY_INVALID, "The key of this order is not valid yet.")
    if now > order.key_expires_at or order.expires_at is None or now > order.expires_at:
        raise _refuse(Reason.ORDER_EXPIRED, "The order's time is over by this device's clock. Check the clock and sign in again.")


def check_account(account: Account) -> None:
    """Refuse a name or a number that no person's account may have on any device."""
    name = account.username
    if not _NAME.match(name) or name in SYSTEM_NAMES or name.startswith("systemd-"):
        raise _refuse(
            Reason.ACCOUNT_NAME_NOT_ALLOWED, "The account's name is not one that a person's account can have on a device."
        )
    if not all(FIRST_UID <= number <= LAST_UID for number in (account.uid, account.gid)):
        raise _refuse(Reason.UID_OUT_OF_RANGE, f"The account's number is outside {FIRST_UID} to {LAST_UID}.")


def claimed_order_id(order: Any) -> str:
    """Read the id an order gives itself, for the receipt of one that is not genuine; empty when it gives none."""
    try:
        _, claims = read_unverified(order if isinstance(order, str) and len(order) <= MOST_ORDER_BYTES else "")
    except (JoseError, UnicodeError):
        return ""
    order_id = claims.get("jti")
    return order_id if isinstance(order_id, str) and _ID.match(order_id) else ""
