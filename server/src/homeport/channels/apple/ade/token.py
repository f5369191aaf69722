"""Reads the server token that an administrator downloads from Apple Business Manager (a `.p7m` file)."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from homeport.channels.apple.ade.model import Token
from homeport.foundation.kernel.errors import Invalid

LARGEST = 64_000
"""Bytes of the file; Apple's are about 3 kB."""
_LONGEST = 255
_KEYS = ("consumer_key", "consumer_secret", "access_token", "access_secret", "access_token_expiry")
_BEGIN, _END = "-----BEGIN MESSAGE-----", "-----END MESSAGE-----"
NOT_A_TOKEN = (
    "This is not a server token. Choose Download Token at the server in Apple Business Manager; its name ends with .p7m."  # noqa: S105 - a sentence
)
FOR_ANOTHER_KEY = (
    "This token was encrypted for another public key. Download the public key from this page, upload it to the server in Apple "
    "Business Manager, download the token there again, and upload that one."
)


def read(file: bytes, decrypt: Callable[[bytes], bytes]) -> Token:
    """Return the token in a file; raise Invalid with a sentence. `decrypt` opens the CMS message and raises Invalid if it cannot."""
    if not file or len(file) > LARGEST:
        raise Invalid(NOT_A_TOKEN, {"token": NOT_A_TOKEN})
    message = _message(file)
    try:
        plain = decrypt(message)
    except Invalid as error:
        raise Invalid(FOR_ANOTHER_KEY, {"token": FOR_ANOTHER_KEY}) from error
    return parse(plain)


def parse(plain: bytes) -> Token:
    """Return the token in the decrypted message: MIME lines, a blank one, and JSON, with or without message lines around it."""
    text = plain.decode("utf-8", "replace").replace("\r\n", "\n")
    if _BEGIN in text:
        text = text.partition(_BEGIN)[2].partition(_END)[0]
    start, end = text.find("{"), text.rfind("}")
    try:
        # Long lines may have been folded inside a value, and none of the values has a line's end in it.
        document = json.loads(text[start : end + 1].replace("\n", ""))
    except (ValueError, RecursionError) as error:
        raise Invalid(NOT_A_TOKEN, {"token": NOT_A_TOKEN}) from error
    if not isinstance(document, dict):
        raise Invalid(NOT_A_TOKEN, {"token": NOT_A_TOKEN})
    values = {key: _text(document, key) for key in _KEYS}
    return Token(
        values["consumer_key"], values["consumer_secret"], values["access_token"], values["access_secret"], _moment(values)
    )


def _message(file: bytes) -> bytes:
    """Return the CMS message in the file: S/MIME headers and base64, or the bare bytes."""
    if file[:1] == b"\x30":
        return file
    head, blank, body = file.replace(b"\r\n", b"\n").partition(b"\n\n")
    encoded = body if blank and b":" in head else file
    try:
        return base64.b64decode(b"".join(encoded.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Invalid(NOT_A_TOKEN, {"token": NOT_A_TOKEN}) from error


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isascii() or not value.isprintable():
        problem = f"The token has no usable {key}. Download it again from Apple Business Manager."
        raise Invalid(problem, {"token": problem})
    return value


def _moment(values: dict[str, str]) -> datetime:
    try:
        found = datetime.fromisoformat(values["access_token_expiry"])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        problem = "The token does not say until when it is valid. Download it again from Apple Business Manager."
        raise Invalid(problem, {"token": problem}) from error
