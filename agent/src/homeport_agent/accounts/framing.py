"""Messages between the two halves: 4 bytes of length, big-endian, then UTF-8 JSON (docs/protocols/device.md section 6)."""

import json
import socket
from typing import Any

from homeport_agent.jose import JoseError, parse_json_object

MOST_BYTES = 65_535
_LENGTH_BYTES = 4


class FramingError(ValueError):
    """What came is no message; the connection ends."""


def _receive_exactly(connection: socket.socket, count: int) -> bytes:
    read = bytearray()
    while len(read) < count:
        chunk = connection.recv(count - len(read))
        if not chunk:
            raise EOFError
        read += chunk
    return bytes(read)


def receive(connection: socket.socket) -> dict[str, Any]:
    """Read one message; EOFError when the other side is gone, FramingError when it is no message."""
    length = int.from_bytes(_receive_exactly(connection, _LENGTH_BYTES), "big")
    if not 0 < length <= MOST_BYTES:
        raise FramingError("the length is not between 1 and 65535")
    try:
        return parse_json_object(_receive_exactly(connection, length))
    except JoseError as error:
        raise FramingError("the message is no JSON object") from error


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Write one message."""
    raw = json.dumps(message).encode()
    if len(raw) > MOST_BYTES:
        raise FramingError("the message is too long")
    connection.sendall(len(raw).to_bytes(_LENGTH_BYTES, "big") + raw)
