"""Apple's push service, as far as MDM uses it: HTTP/2 with a client certificate, one answer a push, scriptable refusals."""

import asyncio
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from cryptography import x509
from cryptography.x509.oid import NameOID

from homeport_simulators.apple.push_authority import PushAuthority

PATH = "/3/device/"
_CHUNK = 65_536
_OK, _BAD_REQUEST, _NOT_FOUND = 200, 400, 404
_LONGEST_BODY = 4_096


@dataclass(frozen=True, slots=True)
class Push:
    """One push that was taken; `connection` numbers the connections from 1."""

    token: str
    topic: str
    magic: str
    expiration: int
    connection: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a push is answered instead; `retry_after` in seconds."""

    status: int
    reason: str
    retry_after: int | None = None


@dataclass(slots=True)
class Apns:
    """The service. `refusals` are by token in hex, or under "*" for everybody; `hear` is told of each push that was taken."""

    authority: PushAuthority
    refusals: dict[str, Refusal] = field(default_factory=dict)
    pushes: list[Push] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Tokens of all pushes, taken or not, in order."""
    connections: int = 0
    hear: Callable[[Push], None] | None = None

    @contextmanager
    def running(self) -> Iterator[str]:
        """Listen on a free loopback port in a thread of its own; gives the address."""
        ended, opened = asyncio.Event(), threading.Event()
        found: list[tuple[asyncio.AbstractEventLoop, int]] = []

        async def serve() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context())
            found.append((asyncio.get_running_loop(), server.sockets[0].getsockname()[1]))
            opened.set()
            await ended.wait()
            server.close()

        thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        opened.wait(60)
        try:
            yield f"https://localhost:{found[0][1]}"
        finally:
            found[0][0].call_soon_threadsafe(ended.set)
            thread.join(60)

    def _context(self) -> ssl.SSLContext:
        certificate, key = self.authority.serve(datetime.now(UTC))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=self.authority.pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED
        with tempfile.TemporaryDirectory() as folder:
            pem = Path(folder) / "server.pem"
            pem.write_bytes(certificate + key)
            context.load_cert_chain(pem)
        context.set_alpn_protocols(["h2"])
        return context

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        talk = _Talk(self, connection, self.connections, _topic_of(writer))
        with suppress(OSError, h2.exceptions.ProtocolError, asyncio.CancelledError):
            connection.initiate_connection()
            writer.write(connection.data_to_send())
            while data := await reader.read(_CHUNK):
                talk.receive(data)
                writer.write(connection.data_to_send())
                await writer.drain()
        writer.close()


@dataclass(slots=True)
class _Talk:
    """One connection's requests; each is answered when it is whole."""

    service: Apns
    connection: h2.connection.H2Connection
    number: int
    topic: str
    headers: dict[int, dict[str, str]] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)

    def receive(self, data: bytes) -> None:
        for event in self.connection.receive_data(data):
            match event:
                case h2.events.RequestReceived():
                    self.headers[event.stream_id] = {str(name): str(value) for name, value in event.headers or ()}
                case h2.events.DataReceived():
                    self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + (event.data or b"")
                    self.connection.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
                case h2.events.StreamEnded():
                    stream = event.stream_id
                    self._answer(stream, self.headers.pop(stream), self.bodies.pop(stream, b""))

    def _answer(self, stream: int, headers: dict[str, str], body: bytes) -> None:
        token = headers[":path"].removeprefix(PATH)
        self.service.asked.append(token)
        refusal = self._problem(headers, token, body)
        if refusal is None:
            push = Push(token, self.topic, json.loads(body)["mdm"], int(headers["apns-expiration"]), self.number)
            self.service.pushes.append(push)
            self.connection.send_headers(stream, [(":status", str(_OK))], end_stream=True)
            if self.service.hear is not None:
                self.service.hear(push)
            return
        said = [(":status", str(refusal.status)), ("content-type", "application/json")]
        if refusal.retry_after is not None:
            said.append(("retry-after", str(refusal.retry_after)))
        self.connection.send_headers(stream, said)
        self.connection.send_data(stream, json.dumps({"reason": refusal.reason}).encode(), end_stream=True)

    def _problem(self, headers: dict[str, str], token: str, body: bytes) -> Refusal | None:
        if headers[":method"] != "POST":
            return Refusal(405, "MethodNotAllowed")
        if not headers[":path"].startswith(PATH):
            return Refusal(_NOT_FOUND, "BadPath")
        if len(body) > _LONGEST_BODY:
            return Refusal(413, "PayloadTooLarge")
        if found := self.service.refusals.get(token) or self.service.refusals.get("*"):
            return found
        checks = {
            "BadDeviceToken": len(token) % 2 == 0 and bool(token) and set(token) <= set("0123456789abcdef"),
            "InvalidPushType": headers.get("apns-push-type") == "mdm",
            "BadPriority": headers.get("apns-priority") == "10",
            "BadExpirationDate": headers.get("apns-expiration", "").isdecimal(),
            "MissingTopic": bool(headers.get("apns-topic")),
            "TopicDisallowed": headers.get("apns-topic") == self.topic,
            "PayloadEmpty": _is_mdm(body),
        }
        return next((Refusal(_BAD_REQUEST, reason) for reason, holds in checks.items() if not holds), None)


def _is_mdm(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and list(said) == ["mdm"] and isinstance(said["mdm"], str) and bool(said["mdm"])


def _topic_of(writer: asyncio.StreamWriter) -> str:
    """Return the UID of the client's certificate, which is the topic it may push to."""
    certificate = x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    return str(certificate.subject.get_attributes_for_oid(NameOID.USER_ID)[0].value)
