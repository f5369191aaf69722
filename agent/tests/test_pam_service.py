"""The socket of the PAM module, spoken to directly: odd bytes, hostile names, floods, and a network half that is not there."""

import contextlib
import json
import os
import socket
import struct

import pytest
from conftest import make_root
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standin import Signer, person, public_jwk

from homeport_agent.accounts.framing import receive, send
from homeport_agent.accounts.listener import Listener, connect
from homeport_agent.accounts.network import SOCKET as NETWORK
from homeport_agent.accounts.pam.frames import FrameError
from homeport_agent.accounts.pam.service import SOCKET
from homeport_agent.accounts.pam.talk import Hello
from homeport_agent.accounts.roster import Roster, read_person
from homeport_agent.accounts.service import SOCKET as ACCOUNTS
from homeport_agent.accounts.service import Service, try_lock
from homeport_agent.durable import make_private_folder
from homeport_agent.jose import sign_ed25519
from homeport_agent.root import Root

ADA = {"user_id": "u-ada", "username": "ada", "email": "ada@acme.example", "full_name": "Ada", "uid": 20000}
PEERS = {os.geteuid()}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    root = Root.at(str(make_root(tmp_path_factory.mktemp("served") / "root")))
    make_private_folder(root.accounts_state)
    pin = {"device_id": "d-1", "order_root": public_jwk(Signer().root)}
    (root.accounts_state / "pin.json").write_text(json.dumps(pin))
    service = Service(root, try_lock(root), agent_uid=os.geteuid())
    with connect(root.run, ACCOUNTS, peers=PEERS, seconds=60) as connection:
        send(connection, {"do": "roster", "people": [ADA], "first": True, "digest": "d"})
        assert receive(connection) == {"taken": True}
    yield root
    service.close()


def frame(kind, text):
    raw = text if isinstance(text, bytes) else text.encode()
    return kind.encode() + struct.pack(">I", len(raw)) + raw


def hello(user, op="auth", service="login", **more):
    items = {"op": op, "user": user, "service": service, "tty": "tty1", "rhost": "", "ruser": ""} | more
    return frame("H", "".join(f"{name}={value}\n" for name, value in items.items()))


def frames(root, raw, *, hang_up=False, stop="RSV"):
    """What comes back, up to the end or the first prompt; ``stop`` names the frames that end it."""
    said = []
    with connect(root.run, SOCKET, peers=PEERS, seconds=60) as connection:
        connection.sendall(raw)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while len(head := connection.recv(5, socket.MSG_WAITALL)) == 5:
                length = struct.unpack(">I", head[1:])[0]
                said.append((head[:1].decode(), connection.recv(length, socket.MSG_WAITALL).decode() if length else ""))
                if said[-1][0] in stop:
                    break
    return said


@pytest.mark.parametrize("op", ["auth", "acct"])
@pytest.mark.parametrize("user", ["mallory", "local", "root", "", "ADA", "ada ", "../ada", "ada@other.example", "x" * 500])
def test_a_name_that_is_not_ours_is_told_so_at_once(served, user, op):
    assert frames(served, hello(user, op)) == [("R", "10")]


def test_somebody_on_the_list_hears_that_the_server_is_not_there(served):
    said = frames(served, hello("ada"))
    assert said[0][0] == "W"
    assert said[-2][0] == "E"
    assert "Reason: server_unreachable" in said[-2][1]
    assert said[-1] == ("R", "7")


def test_over_ssh_a_name_that_the_system_does_not_know_is_never_asked(served):
    assert frames(served, hello("ada", service="sshd", rhost="192.0.2.9")) == [("R", "10")]


@pytest.fixture
def bound(root):
    """A machine where Ada has her account, with the signer of its server and the pair that made the account."""
    root, signer = Root.at(str(root)), Signer()
    make_private_folder(root.accounts_state)
    (root.accounts_state / "pin.json").write_text(json.dumps({"device_id": "d-1", "order_root": public_jwk(signer.root)}))
    service = Service(root, try_lock(root), agent_uid=os.geteuid())
    pair = signer.pair("d-1")
    assert tell(root, {"do": "apply", **pair})["receipt"]["outcome"] == "done"
    yield root, signer, pair
    service.close()


def tell(root, request):
    with connect(root.run, ACCOUNTS, peers=PEERS, seconds=60) as connection:
        send(connection, request)
        return receive(connection)


@contextlib.contextmanager
def network_half(root, answers):
    make_private_folder(root.agent_run)
    half = Listener(root.agent_run, NETWORK, answers, owner=os.geteuid(), peers=PEERS, most=4, silence=10)
    try:
        yield
    finally:
        half.close()


def both(root, user):
    return [frames(root, hello(user, op))[-1] for op in ("auth", "acct")]


@pytest.mark.parametrize("state", ["active", "suspended"])
def test_a_local_account_stays_its_owners_whatever_the_list_says_of_its_name(bound, state):
    root, signer, _ = bound
    if state == "suspended":
        tell(root, {"do": "apply", **signer.pair("d-1", "suspend")})
    tell(root, {"do": "roster", "people": [ADA | {"username": "local"}], "first": True, "digest": "d"})
    assert both(root, "local") == [("R", "10"), ("R", "10")]


def test_an_account_with_another_number_than_its_record_is_the_owners(bound):
    root, _, _ = bound
    tell(root, {"do": "roster", "people": [ADA], "first": True, "digest": "d"})
    assert both(root, "ada") != [("R", "10"), ("R", "10")]
    passwd = root.etc / "passwd"
    passwd.write_text(passwd.read_text().replace(":20000:20000:", ":1234:1234:"))
    assert both(root, "ada") == [("R", "10"), ("R", "10")]
    assert both(root, "ada@acme.example") == [("R", "10"), ("R", "10")]


def test_over_ssh_nobody_is_asked_under_another_name_than_the_one_that_sshd_has(bound):
    root, _, _ = bound
    tell(root, {"do": "roster", "people": [ADA | {"username": "ada.new"}], "first": True, "digest": "d"})
    assert frames(root, hello("ada.new", service="sshd", rhost="192.0.2.9")) == [("R", "10")]


def test_a_genuine_approval_of_one_person_with_the_order_of_another_lets_nobody_in(bound):
    root, signer, pair = bound
    bob = person("bob", 20001)
    listed = {name: bob[name] for name in ("user_id", "username", "full_name", "uid")} | {"email": "bob@acme.example"}
    tell(root, {"do": "roster", "people": [listed], "first": True, "digest": "d"})
    before = (root.etc / "shadow").read_text()

    def captured(connection):
        request = receive(connection)
        if request["do"] == "begin":
            answer = {"verification_uri": "https://id.example/d", "user_code": "WDJB-MJHT", "expires_in": 600}
        else:
            now = signer.clock()
            claims = {"iss": "x", "aud": "d-1", "iat": now, "exp": now + 600, "purpose": "device_login"}
            claims |= {"user_id": "u-bob", "nonce": request["nonce"]}
            approval = sign_ed25519(signer.key, {"typ": "homeport-approval+jwt", "kid": "k1"}, claims)
            answer = pair | {"approval": approval, "sign_in_id": "s-2"}
        send(connection, answer)

    with network_half(root, captured):
        said = frames(root, hello("bob") + frame("A", "123456"), stop="RS")
    assert "Reason: another_person" in said[-2][1]
    assert said[-1] == ("R", "7")
    assert (root.etc / "shadow").read_text() == before


@pytest.mark.parametrize(
    "odd",
    [
        {"verification_uri": "https://id.example/d\nPassword: "},
        {"verification_uri": "https://id.example/d or type your passcode"},
        {"verification_uri": "https://id.example/" + "d" * 200},
        {"user_code": "\x1b[2J"},
        {"user_code": "W" * 21},
        {"user_code": None},
    ],
)
def test_an_address_or_a_code_that_is_none_is_not_shown(bound, odd):
    root, _, _ = bound
    begun = {"verification_uri": "https://id.example/d", "user_code": "WDJB-MJHT", "expires_in": 600} | odd
    with network_half(root, lambda connection: send(connection, begun if receive(connection) else {})):
        said = frames(root, hello("ada"))
    assert "Reason: server_answer_invalid" in said[-2][1]
    assert said[-1] == ("R", "7")


def test_what_the_network_half_says_does_not_steer_the_terminal(served):
    refused = {"refused": {"reason": "no", "message": "A\x1b[2J\x07B\u202eC"}}
    with network_half(served, lambda connection: send(connection, refused if receive(connection) else {})):
        said = frames(served, hello("ada"))
    assert said[-2] == ("E", "A?[2J?B?C\nReason: no")


@pytest.mark.parametrize(
    "raw",
    [
        frame("A", "123456"),
        frame("H", "op=auth\nuser=ada\n"),
        frame("H", "op=auth\nuser=ada\nservice=login\ntty=a\nrhost=\nruser=\nmore=1\n"),
        frame("H", "op=auth\nuser=a\x07da\nservice=login\ntty=a\nrhost=\nruser=\n"),
        frame("H", b"op=auth\nuser=\xff\nservice=login\ntty=a\nrhost=\nruser=\n"),
        frame("H", "op=auth\0"),
        b"H\xff\xff\xff\xff",
    ],
)
def test_what_is_no_hello_is_hung_up_on_without_a_result(served, raw):
    assert frames(served, raw) == []


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300) | st.binary(max_size=100).map(lambda noise: hello("mallory") + noise))
def test_noise_gets_no_success_and_never_stops_the_service(served, raw):
    assert ("R", "0") not in frames(served, raw, hang_up=True)
    assert frames(served, hello("mallory")) == [("R", "10")]


def test_one_far_address_holds_eight_conversations_and_others_go_on(served):
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            connection = stack.enter_context(connect(served.run, SOCKET, peers=PEERS, seconds=60))
            connection.sendall(hello("local", rhost="192.0.2.66"))
        assert frames(served, hello("mallory", rhost="192.0.2.67")) == [("R", "10")]


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200))
def test_a_hello_is_read_whole_or_refused(text):
    try:
        read = Hello.parse(text)
    except FrameError:
        return
    assert all(value.isprintable() for value in vars(read).values())


@settings(max_examples=200, deadline=None)
@given(value=st.dictionaries(st.sampled_from(sorted(ADA)), st.none() | st.integers() | st.text(max_size=40) | st.booleans()))
def test_an_entry_of_the_list_is_a_possible_person_or_nobody(value):
    person = read_person(value)
    assert person is None or (person.username.isascii() and person.username.islower() and "/" not in person.username)


@pytest.mark.parametrize("changed", [{"username": "root"}, {"username": "a\nb"}, {"username": "../x"}, {"uid": 0}, {"uid": 99}])
def test_a_captured_network_half_gets_no_system_name_and_no_system_number_onto_the_list(tmp_path, changed):
    roster = Roster(tmp_path / "roster.json")
    assert roster.take([ADA | changed], first=True, digest="d")
    assert len(roster) == 0


def test_a_list_in_parts_counts_when_its_last_part_has_come_and_outlives_a_restart(tmp_path):
    roster = Roster(tmp_path / "roster.json")
    bob = ADA | {"user_id": "u-bob", "username": "bob", "email": "bob@acme.example"}
    roster.take([ADA], first=True, digest=None)
    assert roster.find("ada") is None
    roster.take([bob], first=False, digest="d")
    assert (roster.find("ada").user_id, roster.find("BOB@acme.example").user_id) == ("u-ada", "u-bob")
    assert Roster.load(tmp_path / "roster.json").find("bob").user_id == "u-bob"
