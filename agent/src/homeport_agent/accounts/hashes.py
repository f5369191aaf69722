"""Compares a passcode with the hash that shadow holds, by the system's own crypt(3), which knows every method that login knows."""

import ctypes
import functools
import hmac
import threading

from homeport_agent.refusals import Reason, Refusal

_NAMES = ("libcrypt.so.1", "libcrypt.so.2")
_LONGEST = 512  # CRYPT_MAX_PASSPHRASE_SIZE, crypt(3)
_one_at_a_time = threading.Lock()  # crypt(3) answers in a buffer of its own


@functools.cache
def _library() -> ctypes.CDLL:
    for name in _NAMES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.crypt.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
        library.crypt.restype = ctypes.c_char_p
        return library
    raise Refusal(Reason.TOOL_FAILED, "The library libcrypt is not installed, so no passcode can be checked. Install libcrypt1.")


def matches(passcode: str, stored: str) -> bool:
    """Whether ``passcode`` is the one behind ``stored``, a hash as shadow has it; False for what is no hash, or is locked."""
    raw = passcode.encode("utf-8", "surrogatepass")
    if not stored.startswith("$") or not stored.isascii() or b"\0" in raw or len(raw) > _LONGEST:
        return False
    with _one_at_a_time:
        made = _library().crypt(raw, stored.encode("ascii"))
    return made is not None and hmac.compare_digest(made, stored.encode("ascii"))
