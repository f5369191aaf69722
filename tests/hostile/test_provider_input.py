"""What an administrator may type or a provider may answer at set-up: within ten seconds a sentence that says what and why.

What was typed is kept, and nothing is stored. The page is asked over HTTP at a real server; what needs a name service or a clock of
its own goes through the same checks in this process, at real sockets.
"""

import asyncio
import html
import json
import re
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.hostile.tables import Difference, read_tables
from tests.hostile.world import World
from tests.support.loopback import has_own_network
from tests.support.processes import Programs

from homeport.demo.browser import Browser
from homeport.foundation.kernel.clock import SystemClock
from homeport.foundation.kernel.entropy import SystemEntropy
from homeport.foundation.outbound.client import Outbound
from homeport.foundation.outbound.driver import drive
from homeport.foundation.outbound.urls import Origin
from homeport.trust.federation.connection_test import Candidate, examine
from homeport.trust.federation.model import Client, ProviderKind

pytestmark = pytest.mark.xdist_group("provider input")  # one server serves all
LIMIT = 25.0
"""Seconds: Homeport gives up after 8, which its sentence says; the rest is for cores that have other work too."""


@pytest.fixture(scope="module")
def setting_up(tmp_path_factory):
    """An administrator's browser at the page of a draft, and the world it is in."""
    with Programs() as programs:
        world = World.open(tmp_path_factory.mktemp("providers"), programs, connect=False)
        admin = world.administrator()
        page = admin.post("/admin/identity-providers/add", {"kind": "OKTA"}).headers["location"]
        redirect = f"{world.url}/oauth/callback/{page.rsplit('/', 1)[-1]}"
        world.control("PATCH", f"/apps/{world.okta['client_id']}", redirect_uris=[redirect])
        yield world, admin, page
        world.close()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One bad input: the address typed (the simulator's unless given), the faults, and what the page must say."""

    name: str
    says: str
    url: str = ""
    faults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secret: str = ""


def fault(name: str, says: str, fault_name: str, **arguments: Any) -> Row:
    return Row(name=name, says=says, faults={fault_name: arguments})


BLOCKED = r"is not a public address \(.*\), so Homeport does not connect to it"
ROWS = (
    Row(name="nothing", url=" ", says="Enter the address of your identity provider"),
    Row(name="words", url="our okta", says="holds a space"),
    Row(name="another scheme", url="ftp://acme.okta.example", says="must begin with https://"),
    Row(name="a script", url="javascript://alert(1)", says="must begin with https://"),
    Row(name="a password in it", url="https://me:secret@acme.okta.example", says="must not hold a user name or a password"),
    Row(name="another alphabet", url="https://ac\N{CYRILLIC SMALL LETTER EM}e.okta.example", says="xn--"),
    Row(name="plain http", url="http://acme.okta.example", says="is not https, so nothing sent to it would be protected"),
    Row(name="Okta's admin console", url="https://acme-admin.okta.com", says="address of Okta's admin console"),
    Row(name="the app's page", url="https://acme.okta.com/app/x/y/z", says="An Okta IdP URL has no path"),
    Row(name="5000 characters", url="https://" + "a" * 5000, says="longer than"),
    Row(name="the metadata service", url="https://169.254.169.254", says=BLOCKED),
    Row(name="this machine", url="https://127.0.0.1:8443", says=BLOCKED),
    Row(name="this machine by name", url="https://localhost:8443", says=BLOCKED),
    Row(name="this machine in IPv6", url="https://[::1]:8443", says=BLOCKED),
    Row(name="an inner network", url="https://10.0.0.1", says=BLOCKED),
    Row(name="an inner network behind NAT64", url="https://[64:ff9b::a00:1]", says=BLOCKED),
    Row(name="an inner network mapped to IPv6", url="https://[::ffff:10.0.0.1]", says=BLOCKED),
    Row(name="nothing at all", url="https://0.0.0.0", says=BLOCKED),
    Row(name="one decimal number", url="https://2130706433", says="host is a number"),
    Row(name="octal numbers", url="https://0177.0.0.1", says="host is a number"),
    Row(name="hexadecimal numbers", url="https://0x7f.0.0.1", says="host is a number"),
    Row(name="a short number", url="https://127.1", says="host is a number"),
    Row(name="a wrong secret", secret="not-the-secret", says="does not accept this client ID with this client secret"),
    fault("it answers 500", "answered with status 500 instead of 200", "discovery_500"),
    fault("it answers 404", "answered with status 404 instead of 200", "discovery_404"),
    fault("it answers HTML", r"answered with a web page \(HTML\)", "discovery_html"),
    fault("another issuer", "the issuer is 'https://another.okta.example', but you entered", "discovery_other_issuer"),
    fault("50 MB", r"answered with more than 256 kB, so Homeport stopped reading", "discovery_50mb"),
    fault("50 MB, announced", r"answered with more than 256 kB", "discovery_50mb", declared=True),
    fault("50 MB, packed", r"answered with more than 256 kB", "discovery_gzip_bomb"),
    fault("a redirect loop", "redirects in a circle", "discovery_redirect_loop"),
    fault("a redirect to the metadata service", BLOCKED, "discovery_redirect_elsewhere", url="https://169.254.169.254/latest"),
    fault("a redirect to plain http", "is not https", "discovery_redirect_elsewhere", url="http://acme.okta.example/"),
    fault("it never answers", "did not answer completely within 8 s", "discovery_hang"),
    fault("a byte a second", "did not answer completely within 8 s", "discovery_slow_body", seconds_per_byte=1),
    fault("only the implicit flow", "does not offer the authorization code flow", "discovery_no_code_flow"),
    fault("only plain PKCE", "Homeport needs S256", "discovery_no_s256"),
    fault("endpoints in plain http", "is not https", "discovery_http_endpoints"),
    fault("a token endpoint in plain http inside", "is not https", "discovery_private_endpoint"),
    fault("a token endpoint inside", BLOCKED, "discovery_private_endpoint", url="https://169.254.169.254/token"),
    fault("keys inside", BLOCKED, "discovery_private_endpoint", member="jwks_uri", url="https://10.0.0.1/keys"),
    fault("no token endpoint", "lacks token_endpoint", "discovery_missing"),
    fault("broken JSON", "no usable JSON object", "discovery_bad_json"),
    fault("a list", "JSON, but not an object", "discovery_not_object"),
    fault("keys that are no keys", "The key set cannot be used", "keys_html"),
    fault("no keys", "None of the 0 published keys suits", "keys_empty"),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_page_says_what_is_wrong_keeps_what_was_typed_and_stores_nothing(setting_up, row):
    world, admin, page = setting_up
    for name, arguments in row.faults.items():
        world.fault(name, **arguments)
    typed = {
        "name": "My Okta",
        "url": row.url or world.okta["issuer"],
        "client_id": world.okta["client_id"],
        "client_secret": row.secret or world.okta["client_secret"],
        "email_domains": "acme.example",
    }
    before, started = read_tables(world.folder / "data/homeport.sqlite"), time.monotonic()
    answer = admin.post(page, typed)
    elapsed = time.monotonic() - started
    world.control("DELETE", "/faults")
    text = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())
    assert answer.status_code == 400
    assert re.search(row.says, text), text
    assert elapsed < LIMIT
    _demand_what_was_typed(Browser(admin.client, page=answer.text), typed)
    changed = set(Difference(before, read_tables(world.folder / "data/homeport.sqlite")).kinds())
    assert not {kind for kind in changed if not kind.startswith(("admin_sessions.", "audit_"))}


def _demand_what_was_typed(browser: Browser, typed: Mapping[str, str]) -> None:
    kept = {name: value for form in browser._read().forms for name, value in form.values.items()}
    for name in ("name", "url", "client_id"):
        assert kept.get(name, "").strip() == typed[name].strip(), kept
    assert typed["client_secret"] not in browser.page


# In this process: name service, certificates, sockets that say nothing


def said(url: str, outbound: Outbound) -> tuple[str, float]:
    """Return what the failed checks say, and after how many seconds."""
    client = Client("client", ("planted-secret",))
    candidate = Candidate(url=url, kind=ProviderKind.OIDC, client=client, redirect_uri="https://id.example.com/oauth/callback/x")
    started = time.monotonic()
    judgement = asyncio.run(drive(examine(candidate, SystemClock(), SystemEntropy()), outbound))
    assert judgement.metadata is None
    return " ".join(check.sentence for check in judgement.failed), time.monotonic() - started


def resolving(*answers: Any):
    """A name service that gives these answers in turn; the last one stays."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> list[str]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, BaseException):
            raise answer
        return list(answer)

    return resolve


async def never(_host: str, _port: int) -> list[str]:
    """A name service that does not answer."""
    await asyncio.sleep(3600)
    return []


@contextmanager
def listening(answer, context: ssl.SSLContext | None = None):
    """A server on the loopback that does with each connection what it is told; gives its port and who connected."""
    met: list[Any] = []

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            met.append(self.client_address)
            connection = self.request
            try:
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                answer(connection)
            except OSError:
                return  # whoever connected went away
            finally:
                connection.close()

    class Server(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1], met
        finally:
            server.shutdown()


def certificate(folder, name: str, days: int = 1) -> ssl.SSLContext:
    """A certificate that nobody knows."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "chain.pem").write_bytes(private + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")
    return context


def silent(connection) -> None:
    """Read, and never answer."""
    while connection.recv(65536):
        pass


class Diverted(httpcore2.AnyIOBackend):
    """Notes which address would be connected to, and connects to this machine instead."""

    def __init__(self) -> None:
        self.met: list[str] = []

    async def connect_tcp(self, host: str, port: int, **options: Any) -> httpcore2.AsyncNetworkStream:
        self.met.append(host)
        return await super().connect_tcp("127.0.0.1", port, **options)


def test_name_that_turns_inward_the_second_time_is_not_followed(tmp_path):
    """The document comes from a public address; for the keys the same name leads to this machine, and nobody connects."""
    public = "93.184.216.34"

    def answer(connection) -> None:
        issuer = f"https://idp.example.com:{connection.getsockname()[1]}"
        connection.recv(65536)
        members = {name: f"{issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        body = json.dumps({"issuer": issuer, **members}).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with listening(answer, certificate(tmp_path, "idp.example.com")) as (port, _):
        sockets = Diverted()
        resolver = resolving([public], ["127.0.0.1"])
        outbound = Outbound(resolver=resolver, sockets=sockets, ca_file=tmp_path / "chain.pem")
        sentence, elapsed = said(f"https://idp.example.com:{port}", outbound)
    assert "idp.example.com leads to 127.0.0.1, which is not a public address (loopback)" in sentence
    assert sockets.met == [public]
    assert elapsed < LIMIT


def test_name_service_that_never_answers_is_left_in_time():
    sentence, elapsed = said("https://idp.example.com", Outbound(resolver=never))
    assert "did not answer completely within 8 s" in sentence
    assert elapsed < LIMIT


def test_name_that_does_not_exist_is_said_so():
    sentence, _ = said("https://idp.example.com", Outbound(resolver=resolving(OSError("no such name"))))
    assert "The name idp.example.com does not resolve" in sentence


@pytest.mark.parametrize("days", [1, -1], ids=["nobody's authority", "expired"])
def test_certificate_that_cannot_be_trusted_is_said_so(tmp_path, days):
    with listening(silent, certificate(tmp_path, "localhost", days)) as (port, _):
        outbound = Outbound(allow=frozenset({Origin.parse(f"https://localhost:{port}")}))
        sentence, elapsed = said(f"https://localhost:{port}", outbound)
    assert "The certificate of localhost is not accepted" in sentence
    assert elapsed < LIMIT


def test_server_that_speaks_no_tls_is_said_so():
    with listening(lambda connection: connection.sendall(b"220 smtp.example.com ESMTP\r\n")) as (port, _):
        outbound = Outbound(allow=frozenset({Origin.parse(f"https://localhost:{port}")}))
        sentence, elapsed = said(f"https://localhost:{port}", outbound)
    assert "does not speak TLS as expected" in sentence
    assert elapsed < LIMIT


def test_secret_is_never_sent_before_the_document_was_judged():
    received: list[bytes] = []

    def answer(connection) -> None:
        received.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with listening(answer) as (port, _):
        outbound = Outbound(allow=frozenset({Origin.parse(f"http://127.0.0.1:{port}")}))
        said(f"http://127.0.0.1:{port}", outbound)
    assert received
    assert b"planted-secret" not in b"".join(received)


def test_name_that_nobody_has_is_said_so_on_the_page(setting_up):
    assert has_own_network(), (
        "only a network of its own keeps a look-up on this machine: run the tests as root, as make test does"
    )
    _, admin, page = setting_up
    typed = {
        "name": "x",
        "url": "https://nowhere.invalid",
        "client_id": "c",
        "client_secret": "s",
        "email_domains": "acme.example",
    }
    started = time.monotonic()
    answer = admin.post(page, typed)
    assert "The name nowhere.invalid does not resolve" in html.unescape(answer.text)
    assert time.monotonic() - started < LIMIT
