"""The socket between the two halves (device.md section 6)."""

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import threading

import pytest
from conftest import make_root
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standin import Signer, public_jwk

from homeport_agent.accounts.framing import receive, send
from homeport_agent.accounts.listener import short_name
from homeport_agent.accounts.service import SOCKET, Service, try_lock
from homeport_agent.durable import make_private_folder
from homeport_agent.privileged import PrivilegedHalf
from homeport_agent.refusals import Refusal
from homeport_agent.root import Root


@pytest.fixture(scope="module")
def signer():
    return Signer()


@pytest.fixture(scope="module")
def served(tmp_path_factory, signer):
    root = Root.at(str(make_root(tmp_path_factory.mktemp("served") / "root")))
    make_private_folder(root.accounts_state)
    (root.accounts_state / "pin.json").write_text(json.dumps({"device_id": "d-1", "order_root": public_jwk(signer.root)}))
    service = Service(root, try_lock(root), agent_uid=os.geteuid())
    yield root
    service.close()


def connect(root):
    connection = socket.socket(socket.AF_UNIX)
    with short_name(root.run, SOCKET) as name:
        connection.connect(name)  # with a time limit it would not wait for room in a full queue
    connection.settimeout(60)
    return connection


def ask(root, request):
    with connect(root) as connection:
        send(connection, request)
        return receive(connection)


def test_status_accounts_apply_and_passcode_over_one_connection(served, signer):
    with connect(served) as connection:
        send(connection, {"do": "status"})
        status = receive(connection)
        assert status["device_id"] == "d-1"
        pair = signer.pair("d-1")
        send(connection, {"do": "apply", **pair})
        receipt = receive(connection)["receipt"]
        assert receipt["outcome"] == "done"
        send(connection, {"do": "set_passcode", "order_id": receipt["order_id"], "passcode": "no"})
        assert receive(connection)["reason"] == "passcode_refused"
        send(connection, {"do": "set_passcode", "order_id": receipt["order_id"], "passcode": "correct horse"})
        assert receive(connection) == {"ok": True}
        send(connection, {"do": "accounts"})
        assert receive(connection)["accounts"][0]["passcode_set"] is True


def test_the_network_half_may_set_nobodys_passcode_and_neither_unlock_nor_unbind_anybody(root, signer):
    root, agent_uid = Root.at(str(root)), 65534
    make_private_folder(root.accounts_state)
    (root.accounts_state / "pin.json").write_text(json.dumps({"device_id": "d-1", "order_root": public_jwk(signer.root)}))
    service = Service(root, try_lock(root), agent_uid=agent_uid)
    order_id = ask(root, {"do": "apply", **signer.pair("d-1")})["receipt"]["order_id"]
    code = (
        "import json, os, socket, sys; from homeport_agent.accounts.framing import receive, send;"
        f"fd = os.open(sys.argv[1], os.O_PATH); s = socket.socket(socket.AF_UNIX); os.setuid({agent_uid});"
        f"s.connect(f'/proc/self/fd/{{fd}}/{SOCKET}'); send(s, json.loads(sys.argv[2])); print(json.dumps(receive(s)))"
    )
    request = {"do": "set_passcode", "order_id": order_id, "passcode": "correct horse"}
    take_over = {"do": "take_over", "username": "local", "passcode": "correct horse", **signer.pair("d-1")}
    unbind = {"do": "unbind", "username": "ada", "after": "remove"}
    unlock = {"do": "unlock", "username": "ada", "code": "0" * 12}
    for_root = (request, take_over, {"do": "challenge", "username": "ada"}, unlock, unbind)
    try:
        said = [
            json.loads(subprocess.check_output([sys.executable, "-c", code, str(root.run), json.dumps(words)]))
            for words in ({"do": "status"}, *for_root)
        ]
        assert said[0]["device_id"] == "d-1"
        assert said[1:] == [{"error": "no such request"}] * len(for_root)
        assert ask(root, {"do": "accounts"})["accounts"][0]["passcode_set"] is False
        assert ask(root, request) == {"ok": True}
    finally:
        service.close()


def test_an_unknown_request_ends_the_connection(served):
    with connect(served) as connection:
        send(connection, {"do": "become_root"})
        assert "error" in receive(connection)
        assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "raw",
    [
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\0\1\0\0",
        b"\0\0\0\2[]",
        b"\0\0\0\1x",
        b'\0\0\0\4"\xff"x',
        b'\0\0\0\x0f{"do":1,"do":2}',
    ],
)
def test_what_is_no_message_is_answered_with_an_error(served, raw):
    with connect(served) as connection:
        connection.sendall(raw)
        assert "error" in receive(connection)
        assert connection.recv(1) == b""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200))
def test_noise_never_stops_the_service(served, raw):
    with connect(served) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(4096):
                pass
    assert ask(served, {"do": "status"})["version"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    verb=st.sampled_from(["apply", "take_over", "set_passcode", "accounts", "status"]),
    members=st.dictionaries(st.sampled_from(["order", "order_key", "order_id", "username", "passcode"]), json_values),
)
def test_strange_members_are_answered_and_change_nothing(served, verb, members):
    before = (served.etc / "passwd").read_text()
    assert isinstance(ask(served, {"do": verb, **members}), dict)
    assert (served.etc / "passwd").read_text() == before


def test_many_silent_connections_do_not_keep_others_out_for_ever(served):
    with contextlib.ExitStack() as silent:
        for _ in range(40):
            with contextlib.suppress(BlockingIOError), short_name(served.run, SOCKET) as name:
                silent.enter_context(connection := socket.socket(socket.AF_UNIX)).settimeout(1)
                connection.connect(name)
    assert PrivilegedHalf(served).call({"do": "status"})["version"]


def test_a_peer_that_is_neither_root_nor_the_agent_is_hung_up_on(served):
    (served.run / SOCKET).chmod(0o666)
    code = (
        "import os, socket, sys; fd = os.open(sys.argv[1], os.O_PATH); s = socket.socket(socket.AF_UNIX); os.setuid(65534);"
        f"s.connect(f'/proc/self/fd/{{fd}}/{SOCKET}'); s.sendall(b'\\0\\0\\0\\x0f' + b'{{\"do\":\"status\"}}'[:15]); print(s.recv(10))"
    )
    try:
        ended = subprocess.run([sys.executable, "-c", code, str(served.run)], capture_output=True, text=True, check=False)
    finally:
        (served.run / SOCKET).chmod(0o600)
    assert "version" not in ended.stdout


def test_the_socket_and_the_state_are_private(served, signer):
    ask(served, {"do": "apply", **signer.pair("d-1", "suspend")})
    assert stat.S_IMODE((served.run / SOCKET).stat().st_mode) == 0o600
    assert stat.S_IMODE(served.accounts_state.stat().st_mode) == 0o700
    assert stat.S_IMODE((served.accounts_state / "ledger.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((served.accounts_state / "journal.jsonl").stat().st_mode) == 0o600


def test_a_root_with_a_very_long_name_works(tmp_path):
    root = Root.at(str(make_root(tmp_path / ("x" * 120) / ("y" * 120))))
    with PrivilegedHalf(root) as accounts:
        assert accounts.call({"do": "status"})["device_id"] is None


def test_two_halves_share_one_privileged_half_and_the_second_takes_over(root):
    root = Root.at(str(root))
    with PrivilegedHalf(root) as first:
        first.call({"do": "status"})
        with PrivilegedHalf(root) as second:
            second.call({"do": "status"})
            assert second._service is None
            first.close()
            second.call({"do": "status"})
            assert second._service is not None


def test_a_stale_socket_of_a_killed_process_is_replaced(root):
    root = Root.at(str(root))
    root.run.mkdir(parents=True)
    stale = socket.socket(socket.AF_UNIX)
    with short_name(root.run, SOCKET) as name:
        stale.bind(name)
    stale.close()
    with PrivilegedHalf(root) as accounts:
        assert accounts.call({"do": "status"})["epoch"] == 0


def test_callers_at_once_get_one_service(root):
    root = Root.at(str(root))
    halves = [PrivilegedHalf(root) for _ in range(6)]
    answers = []
    threads = [threading.Thread(target=lambda half=half: answers.append(half.call({"do": "status"}))) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert sum(half._service is not None for half in halves) == 1
    for half in halves:
        half.close()


def test_an_answer_that_is_no_message_is_a_refusal(root):
    root = Root.at(str(root))
    root.run.mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX)
    with short_name(root.run, SOCKET) as name:
        listener.bind(name)
    listener.listen(1)

    def answer():
        connection, _ = listener.accept()
        connection.recv(100)
        connection.sendall(b"\0\0\0\0")
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(Refusal) as refused:
        PrivilegedHalf(root).call({"do": "status"})
    thread.join()
    listener.close()
    assert refused.value.reason == "accounts_unreachable"
