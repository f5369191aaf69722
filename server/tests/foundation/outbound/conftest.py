"""A real HTTP server on the loopback whose answers a test scripts, with and without TLS."""

import asyncio
import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from homeport.foundation.outbound.client import Outbound
from homeport.foundation.outbound.urls import Origin

NAME = "idp.example.com"


class Server:
    """Answers each connection with the next script: bytes to send, or a coroutine function of reader and writer."""

    def __init__(self):
        self.scripts, self.requests, self.names = [], [], []
        self.port = 0

    def answer(self, body=b"{}", status="200 OK", **headers):
        lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        if "transfer_encoding" not in headers and "content_length" not in headers:
            lines.append(f"Content-Length: {len(body)}")
        self.scripts.append("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def script(self, function):
        self.scripts.append(function)

    async def serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            self.requests.append(head.decode() + (await reader.readexactly(length)).decode())
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            if isinstance(script, bytes):
                writer.write(script)
                await writer.drain()
            else:
                await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@pytest.fixture
def server():
    return Server()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate for NAME that signs itself, and its key, in files."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


@pytest.fixture
def run(server, authority):
    """Run an async function beside the server; it gets the server's port. `tls` serves NAME's certificate."""

    def go(action, *, tls=False):
        async def main():
            context = None
            if tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(authority / "certificate.pem", authority / "key.pem")
                context.sni_callback = lambda _socket, name, _context: server.names.append(name)
            listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
            server.port = listening.sockets[0].getsockname()[1]
            try:
                return await asyncio.wait_for(action(server.port), 20)
            finally:
                listening.close()

        return asyncio.run(main())

    return go


@pytest.fixture
def client():
    """Make a client that may reach the loopback server over plain http, unless told otherwise."""

    def make(port=None, **changed):
        allow = frozenset({Origin("http", "127.0.0.1", port)}) if port else frozenset()
        return Outbound(**{"allow": allow, "connect_timeout": 1.0, **changed})

    return make


@pytest.fixture
def resolving():
    """Make a resolver that gives its answers one after the other and then the last for ever."""

    def make(*answers):
        waiting = list(answers)
        asked = []

        async def resolve(host, port):
            asked.append((host, port))
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        resolve.asked = asked
        return resolve

    return make
