"""Answers that no Homeport gives, and servers that do not answer: a sentence, status 3, and the key goes nowhere else."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .conftest import listening


class Stranger:
    """Listens, hears one request on each connection, and does `answer(connection)`."""

    def __init__(self, answer, context=None):
        self.listener = listening()
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.answer, self.context, self.heard = answer, context, []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with (
            contextlib.suppress(OSError),
            connection,
            self.context.wrap_socket(connection, server_side=True) if self.context else connection as spoken,
        ):
            request = b""
            while b"\r\n\r\n" not in request:
                piece = spoken.recv(65536)
                if not piece:
                    return
                request += piece
            self.heard.append(request)
            self.answer(spoken)

    def close(self):
        # A thread that waits in accept() is woken by a shutdown, not by a close.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def stranger():
    made = []

    def make(answer, context=None):
        one = Stranger(answer if callable(answer) else lambda connection: connection.sendall(answer), context)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


def http(body, kind="application/json", status="200 OK", more=""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body.encode()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (http("<html>Sign in</html>", "text/html"), "it sends text/html instead of JSON"),
        (http("<html>no</html>", "text/html", "404 Not Found"), "it sends text/html instead of JSON"),
        (http("{}", "application/json", "302 Found", "Location: https://elsewhere.example/\r\n"), "the key was not sent there"),
        (http("{", "application/json"), "its JSON cannot be read"),
        (http("[" * 200_000, "application/json"), "its JSON cannot be read"),
        (http('{"results": {}}'), "/api/systemusers is no list"),
        (http('{"results": [1, 2]}'), "/api/systemusers is no list"),
        (http("3"), "/api/systemusers is no list"),
        (http("{}", more="Content-Encoding: gzip\r\n"), "packed although that was not asked for"),
        (http("{}", "application/json", "404 Not Found"), "no sentence"),
        (http('{"message": 3}', "application/json", "400 Bad Request"), "no sentence"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", "does not speak HTTP"),
        (b"", "ended the connection without an answer"),
    ],
)
def test_what_is_no_homeport_is_called_so(homeport, stranger, answer, sentence):
    homeport("user", "list", HOMEPORT_URL=stranger(answer).url, status=3)
    assert sentence in homeport.said


def test_a_proxy_whose_server_is_away_is_told_from_a_stranger(homeport, stranger):
    homeport("user", "list", HOMEPORT_URL=stranger(http("<h1>Bad Gateway</h1>", "text/html", "502 Bad Gateway")).url, status=3)
    assert "status 502: the server, or a proxy before it, has a fault" in homeport.said


def test_a_redirect_is_not_followed_with_the_key(homeport, stranger):
    other = stranger(http('{"results": []}'))
    first = stranger(http("", "text/html", "307 Temporary Redirect", f"Location: {other.url}/api/systemusers\r\n"))
    homeport("user", "list", HOMEPORT_URL=first.url, status=3)
    assert other.heard == []


def test_an_endless_answer_is_not_read_to_its_end(homeport, stranger):
    def pour(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    homeport("user", "list", HOMEPORT_URL=stranger(pour).url, status=3)
    assert "larger than 16 MiB" in homeport.said


def test_a_server_that_says_nothing_is_left_in_time(homeport, stranger):
    silence = threading.Event()
    silent = stranger(lambda _: silence.wait(60))
    homeport("user", "list", "--timeout", "0.5", HOMEPORT_URL=silent.url, status=3)
    silence.set()
    assert "did not answer within 0.5 seconds. --timeout allows more." in homeport.said


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"])
def test_a_server_that_drips_is_left_in_time(homeport, stranger, begin):
    over = threading.Event()

    def drip(connection):
        connection.sendall(begin)
        while not over.wait(0.05):
            connection.sendall(b"x")

    dripping = stranger(drip)
    homeport("user", "list", "--timeout", "0.5", HOMEPORT_URL=dripping.url, status=3)
    over.set()
    assert "did not answer within 0.5 seconds" in homeport.said


def test_a_change_that_was_not_answered_may_have_been_made(homeport, stranger):
    homeport("user", "add", "ada", "ada@acme.example", HOMEPORT_URL=stranger(b"").url, status=3)
    assert "Whether the change was made is not known" in homeport.said


def test_what_a_stranger_says_cannot_steer_the_terminal(homeport, stranger):
    said = http('{"message": "no\\u001b[2J\\u001b]0;owned\\u0007\\u202e"}', "application/json", "400 Bad Request")
    homeport("user", "list", HOMEPORT_URL=stranger(said).url, status=1)
    assert "\x1b" not in homeport.said
    assert "\\x1b[2J" in homeport.said
    row = '{"results": [{"username": "a\\u001b[31m\\tb\\nc", "_id": "1"}]}'
    shown = homeport("user", "list", HOMEPORT_URL=stranger(http(row)).url)
    assert shown == "a\\x1b[31m\\tb\\nc\t\t\t\t\t1\n"


def test_a_port_where_nobody_listens_is_unreachable(homeport):
    with listening() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    homeport("user", "list", HOMEPORT_URL=url, status=3)
    assert "cannot be reached: Connection refused. Check that Homeport runs there." in homeport.said


def test_another_name_than_the_servers_own_is_told_the_right_one(homeport, served):
    homeport("user", "list", HOMEPORT_URL=served.url.replace("localhost", "127.0.0.1"), status=3)
    assert f"This server answers only as {served.url}." in homeport.said


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost that only itself vouches for, and a context that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "localhost.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = tmp_path / "localhost.key"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return file, context


def test_a_certificate_is_believed_only_if_somebody_vouches_for_it(homeport, stranger, certificate, tmp_path):
    file, context = certificate
    there = stranger(http('{"results": []}'), context)
    port = there.url.rpartition(":")[2]
    url = f"https://localhost:{port}"
    homeport("user", "list", "--url", url, status=3)
    assert "is not believed" in homeport.said
    assert "--ca-file" in homeport.said
    assert there.heard == []
    assert homeport.json("user", "list", "--url", url, "--ca-file", file) == []
    homeport("user", "list", "--url", f"https://127.0.0.1:{port}", "--ca-file", file, status=3)
    assert "is not believed" in homeport.said
    (tmp_path / "empty.pem").write_text("")
    homeport("user", "list", "--url", url, "--ca-file", tmp_path / "empty.pem", status=2)
    assert "--ca-file" in homeport.said


def test_tls_with_a_server_that_speaks_none_is_a_sentence(homeport, stranger):
    there = stranger(http("{}"))
    homeport("user", "list", "--url", there.url.replace("http:", "https:"), "--timeout", "2", status=3)
    assert "No secure connection" in homeport.said or "did not answer" in homeport.said
