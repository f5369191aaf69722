"""The fence: a test reaches this machine's loopback and nothing else.

Two rails. In Python, an audit hook refuses a connection or a name look-up that leaves the machine, and says which. As root
the whole run, with every program it starts (Chromium, node, PostgreSQL), moves into a network namespace that has only `lo`,
so that what Python does not see cannot leave either; it also frees two runs on one machine from sharing ports.
"""

import ctypes
import fcntl
import ipaddress
import os
import socket
import struct
import sys

_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_LOCAL_NAMES = {None, "", "localhost", "ip6-localhost", "0.0.0.0", "::"}
_CONNECTING = {"socket.connect": 1, "socket.sendto": 1}
_LOOKING_UP = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0}


class OutsideError(RuntimeError):
    """A test tried to leave the machine."""


def is_local(host: object) -> bool:
    """Whether a host, as sockets take it, is this machine's loopback."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in _LOCAL_NAMES or (isinstance(name, str) and name.endswith(".localhost")):
        return True
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    if event in _CONNECTING:
        address = arguments[_CONNECTING[event]]
        host = address[0] if isinstance(address, tuple) else None  # a unix socket's address is no tuple
    elif event in _LOOKING_UP:
        host = arguments[_LOOKING_UP[event]]
        if isinstance(host, str) and _is_address(host):
            return  # parsing an address asks nobody
    else:
        return
    if not is_local(host):
        raise OutsideError(f"A test tried to reach {host!r} ({event}); tests reach only this machine's loopback.")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def has_own_network() -> bool:
    """Whether this process sees no network interface but `lo`."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


def enter_own_network() -> bool:
    """Move this process and its future children into a network namespace with only `lo`; False without the right to."""
    if has_own_network():
        return True
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", answer)[1] | _IFF_UP | _IFF_RUNNING
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags))
    return True


def pytest_configure(config) -> None:
    if not hasattr(config, "workerinput"):  # workers inherit the namespace of the run that starts them
        enter_own_network()
    sys.addaudithook(_refuse_outside)


def pytest_report_header() -> str:
    reach = (
        "programs and tests see only lo"
        if has_own_network()
        else "tests see only lo; programs they start are not held (that needs root)"
    )
    return f"network: {reach}"
