"""Receivers of events for tests: a webhook and a syslog collector on loopback, each in a thread of its own."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Webhook:
    """Takes CloudEvents. `answers` are the statuses of the next requests, 204 afterwards; `before` is called before each answer."""

    def __init__(self):
        self.requests, self.answers, self.before = [], [], lambda _number: None
        self.address = ""

    @property
    def ids(self):
        """The ids of the events that were taken, in the order in which they came."""
        return [one["id"] for request in self.requests if request["status"] < 300 for one in request["events"]]

    def take(self, headers, body):
        found = json.loads(body)
        status = self.answers.pop(0) if self.answers else 204
        events = found if isinstance(found, list) else [found]
        self.requests.append({"headers": dict(headers), "body": body, "events": events, "status": status})
        self.before(len(self.requests))
        return status


def genuine(request, secret):
    """Whether the request's signature is what Standard Webhooks says."""
    headers = {name.lower(): value for name, value in request["headers"].items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request["body"]
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    return headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


@contextmanager
def a_webhook():
    """A webhook that listens."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(hook.take(self.headers, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        hook.address = f"http://127.0.0.1:{port}/events"
        yield hook


class Collector:
    """Takes syslog messages, framed by octet counting."""

    def __init__(self):
        self.messages, self.address, self.closing = [], "", True
        self.let_go = threading.Event()

    def read(self, stream):
        content = stream.read()
        while content:
            length, _, rest = content.partition(b" ")
            self.messages.append(rest[: int(length)].decode())
            content = rest[int(length) :]


@contextmanager
def a_collector(wrap=None, scheme="tcp", host="127.0.0.1"):
    """A syslog collector that listens; `wrap` puts TLS around a connection. With `closing` false it reads nothing and hangs."""
    collector = Collector()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            if not collector.closing:
                collector.let_go.wait(60)
                return
            try:
                connection = wrap(self.request) if wrap else self.request
                with connection, connection.makefile("rb") as stream:
                    collector.read(stream)
                    if wrap:
                        connection.unwrap()
            except OSError:
                return  # the other side did not like the certificate

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with _serving(Server(("127.0.0.1", 0), Handler)) as port:
        collector.address = f"{scheme}://{host}:{port}"
        yield collector
        collector.let_go.set()


@contextmanager
def _serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def a_certificate(folder):
    """A certificate for localhost that signs itself, and its key, in files."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(*form))
    return paths
