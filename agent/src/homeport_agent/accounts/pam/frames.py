"""Frames between the PAM module and us: a type byte, 4 bytes of length (big-endian), UTF-8 (docs/protocols/device.md section 8)."""

import socket
import time
from collections.abc import Callable

MOST_BYTES = 65_535
_HEAD = 5
ANSWER, BROKEN_OFF, HELLO = "A", "X", "H"


class FrameError(ValueError):
    """What came is no frame, or not the one that was due; the conversation ends."""


def read_frame(connection: socket.socket, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> tuple[str, str]:
    """Read one frame, all of it within ``seconds``; TimeoutError, EOFError, FrameError."""
    deadline = monotonic() + seconds

    def exactly(count: int) -> bytes:
        read = bytearray()
        while len(read) < count:
            left = deadline - monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            chunk = connection.recv(count - len(read))
            if not chunk:
                raise EOFError
            read += chunk
        return bytes(read)

    head = exactly(_HEAD)
    length = int.from_bytes(head[1:], "big")
    if length > MOST_BYTES:
        raise FrameError("the length is more than 65535")
    try:
        text = exactly(length).decode()
        kind = head[:1].decode("ascii")
    except UnicodeDecodeError as error:
        raise FrameError("the text is not UTF-8") from error
    if "\0" in text:
        raise FrameError("the text holds a NUL")
    return kind, text


def write_frame(connection: socket.socket, kind: str, text: str = "") -> None:
    """Write one frame."""
    raw = text.replace("\0", "").encode("utf-8", "replace")
    if len(raw) > MOST_BYTES:
        raise FrameError("the text is too long")
    connection.sendall(kind.encode("ascii") + len(raw).to_bytes(4, "big") + raw)
