"""A test cannot leave the machine, and hears why."""

import socket
import subprocess
import sys
import warnings

import pytest
from tests.support.loopback import OutsideError, has_own_network, is_local

OUTSIDE = "192.0.2.1"  # TEST-NET-1, RFC 5737: belongs to nobody


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "id.localhost", "::ffff:127.0.0.1", b"localhost"])
def test_loopback_is_local(host):
    assert is_local(host)


@pytest.mark.parametrize(
    "host", [OUTSIDE, "10.0.0.1", "169.254.169.254", "example.com", "::ffff:10.0.0.1", "localhost.example.com"]
)
def test_all_else_is_not(host):
    assert not is_local(host)


def test_connecting_outside_is_refused_with_a_sentence():
    with socket.socket() as sock, pytest.raises(OutsideError, match="tests reach only this machine's loopback"):
        sock.connect((OUTSIDE, 80))


def test_sending_a_datagram_outside_is_refused():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(OutsideError):
        sock.sendto(b"x", (OUTSIDE, 53))


def test_looking_up_a_name_is_refused():
    with pytest.raises(OutsideError, match=r"'example\.com'"):
        socket.getaddrinfo("example.com", 443)


def test_parsing_an_address_is_no_look_up():
    assert socket.getaddrinfo(OUTSIDE, 80, type=socket.SOCK_STREAM)[0][4] == (OUTSIDE, 80)


def test_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_the_programs_a_test_starts_see_only_loopback_where_the_run_may_have_its_own_network():
    code = f"import socket; socket.create_connection(('{OUTSIDE}', 80), timeout=5)"
    if has_own_network():
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "Network is unreachable" in done.stderr


def test_root_has_its_own_network_unless_the_machine_forbids_namespaces():
    may_unshare = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0
    assert has_own_network() or not may_unshare


def test_a_warning_is_an_error():
    with pytest.raises(UserWarning, match="careful"):
        warnings.warn("careful", stacklevel=1)
