"""ACME with a Mac that was written without the server's codec: its signatures by `openssl`, its CBOR by hand."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fastapi import FastAPI
from fastapi.testclient import TestClient

from homeport.channels.apple.authority.acme.actions import Acme as Server
from homeport.channels.apple.authority.acme.api import AcmeActions, AcmeEndpoints
from homeport.channels.apple.authority.acme.attestation import AttestationRoots
from homeport.channels.apple.authority.model import Asked, UnknownDevice, Way
from homeport_simulators.apple.acme import Acme, AcmeRefused, base64url
from homeport_simulators.apple.attestation import AttestationAuthority, attestation_object
from homeport_simulators.apple.openssl import OpenSsl

SERIAL, UDID = "C02ACME", "0000-ACME"


class InProcess:
    """Carries requests to a server in this process."""

    def __init__(self, house, roots):
        def actions(unit):
            return AcmeActions(Server(replace(unit.acme.parts, roots=roots)), unit.limits)

        app = FastAPI()
        app.include_router(AcmeEndpoints(house.home.work_of(actions)).router())
        self.client = TestClient(app, base_url=house.settings.public_url)

    def send(self, method, url, headers, body):
        answer = self.client.request(method, url, headers=headers, content=body)
        return answer.status_code, dict(answer.headers), answer.content


@pytest.fixture(scope="module")
def enclave(tmp_path_factory):
    return AttestationAuthority.make(tmp_path_factory.mktemp("enclave"))


@pytest.fixture(scope="module")
def server(each_house, enclave):
    """The endpoints, with the authority that the simulated Secure Enclaves have as the pinned root."""
    each_house.clock.present = datetime.now(UTC) + timedelta(hours=1)  # later than whatever `openssl` dates its certificates
    return InProcess(each_house, AttestationRoots.read(enclave.certificate))


@pytest.fixture
def session(each_house):
    return each_house.entropy.new_id()


@pytest.fixture
def mac(tmp_path, server, enclave):
    return another(tmp_path, server, enclave)


def another(folder, server, enclave, serial=SERIAL, udid=UDID):
    folder.mkdir(exist_ok=True)
    return Acme(OpenSsl(folder), server, serial, udid, enclave)


@pytest.fixture
def payload(each_house, session):
    """What the profile says; `payload(way)` makes a fresh one-use secret."""

    def make(way=Way.ATTESTED, udid=UDID):
        word = each_house.do(lambda act: act.apple_authority.challenge(session, SERIAL, udid, way))
        url = f"{each_house.settings.public_url}/mdm/acme/directory"
        return {"DirectoryURL": url, "ClientIdentifier": word, "KeySize": 384, "Attest": True}

    return make


def certificate_of(mac, name="device"):
    return x509.load_pem_x509_certificate(mac.tool.path(f"{name}.pem").read_bytes())


def rows_of(house, session):
    return house.sql(f"SELECT serial, udid, attested FROM apple_certificates WHERE session_id = '{session}'")


def refused(mac, deed):
    with pytest.raises(AcmeRefused) as found:
        deed(mac)
    return found.value.kind


def test_a_mac_whose_hardware_vouches_for_its_key_gets_a_certificate_that_says_what_the_session_says(
    each_house, session, mac, payload, spki, other_key
):
    wanted = payload()
    mac.enroll(wanted)
    certificate = certificate_of(mac)
    names = {attribute.oid: attribute.value for attribute in certificate.subject}
    assert names == {NameOID.COMMON_NAME: session, NameOID.SERIAL_NUMBER: SERIAL}, "the names in the request are not taken"
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert rows_of(each_house, session) == [(SERIAL, UDID, True)]
    assert each_house.do(lambda act: act.mac_sessions.evidence(session, SERIAL)).attested, "the device's page says so"
    identity = each_house.do(lambda act: act.apple_authority.recognize(certificate))
    assert (identity.udid, identity.serial) == (UDID, SERIAL), "the hardware's UDID is bound from the beginning"
    assert refused(mac, lambda one: one.enroll(wanted)) == "rejectedIdentifier", "the secret is used up"
    assert wanted["ClientIdentifier"] not in str(each_house.sql("SELECT * FROM acme_orders"))
    with pytest.raises(UnknownDevice, match="by ACME"):
        each_house.do(lambda act: act.apple_authority.renew(identity, Asked(b"")))
    word = payload(Way.SCEP)["ClientIdentifier"]
    assert each_house.do(lambda act: act.apple_authority.issue(word, Asked(spki(other_key)))) is None, "no weaker one follows"


def test_a_secret_is_for_one_way_of_asking_only(each_house, session, mac, payload, mac_key, spki):
    for way in (Way.ACME, Way.ATTESTED):
        word = payload(way)["ClientIdentifier"]
        assert each_house.do(lambda act, word=word: act.apple_authority.issue(word, Asked(spki(mac_key)))) is None, "by SCEP"
    assert refused(mac, lambda one: one.enroll(payload(Way.SCEP))) == "rejectedIdentifier"
    assert refused(mac, lambda one: one.enroll({**payload(), "ClientIdentifier": "made-up"})) == "rejectedIdentifier"
    mac.enclave = None
    assert refused(mac, lambda one: one.enroll(payload())) == "badAttestationStatement", "attestation is demanded"
    mac.enroll(payload(Way.ACME))
    assert rows_of(each_house, session) == [(SERIAL, UDID, False)], "no attestation was demanded, none is claimed"
    assert not each_house.do(lambda act: act.mac_sessions.evidence(session, SERIAL)).attested


def test_two_orders_for_one_secret_earn_one_certificate(each_house, session, server, enclave, tmp_path, payload):
    wanted, macs = payload(), [another(tmp_path / name, server, enclave) for name in ("one", "two")]
    orders = []
    for one in macs:
        order, url = one.order(wanted)
        one.make_key("device")
        challenge = one.challenge(order)
        one.respond(challenge, one.statement("device", challenge["token"]))
        orders.append((one, order, url))

    def finish(of):
        one, order, url = of
        try:
            one.finalize(order, "device")
        except AcmeRefused as refusal:
            return refusal.kind
        one.collect(url, "device")
        one.finalize(order, "device")  # the answer was lost: the order is as it was
        return "issued"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(finish, orders)) == ["issued", "unauthorized"]
    assert len(rows_of(each_house, session)) == 1


def test_an_attestation_of_another_mac_another_challenge_or_another_root_makes_the_order_invalid(
    each_house, session, mac, payload, tmp_path
):
    stranger = AttestationAuthority.make(tmp_path / "stranger")
    mac.make_key("device")

    def with_(statement):
        order, _ = mac.order(payload())
        challenge = mac.challenge(order)
        kind = refused(mac, lambda one: one.respond(challenge, statement(challenge["token"])))
        right = mac.statement("device", challenge["token"])
        assert refused(mac, lambda one: one.respond(challenge, right)) == kind, "what was decided stays"
        assert refused(mac, lambda one: one.finalize(order, "device")) == "orderNotReady"
        return kind

    def of(enclave, **changed):
        return lambda token: enclave.attest(mac.tool, "device", **{"serial": SERIAL, "udid": UDID, "token": token, **changed})

    own = mac.enclave
    leaf = x509.load_pem_x509_certificate(own.certificate.read_bytes())
    wrong = {
        "serial": of(own, serial="C02OTHER"),
        "udid": of(own, udid="0000-OTHER"),
        "freshness": of(own, token="another"),
        "root": of(stranger),
        "nothing in it": lambda _: attestation_object([]),
        "the root alone": lambda _: attestation_object([own.tool.der("root")]),
        "no facts": lambda _: attestation_object([own.tool.der("middle")]),
        "no certificates": lambda _: attestation_object([b"junk"]),
        "the format of others": lambda _: attestation_object([own.tool.der("root")], "tpm"),
        "many": lambda _: attestation_object([own.tool.der("root")] * 6),
    }
    assert leaf.subject == leaf.issuer
    assert {name: with_(statement) for name, statement in wrong.items()} == dict.fromkeys(wrong, "badAttestationStatement")
    assert rows_of(each_house, session) == []
    because = each_house.sql("SELECT details FROM audit_entries WHERE event_type = 'apple_certificate_refused'")
    assert any("another Mac than" in str(row) for row in because)


def test_a_request_for_another_key_than_the_attested_one_gets_nothing_and_the_right_one_still_does(
    each_house, session, mac, payload
):
    order, url = mac.order(payload())
    mac.make_key("device")
    mac.make_key("software")
    challenge = mac.challenge(order)
    mac.respond(challenge, mac.statement("device", challenge["token"]))
    assert refused(mac, lambda one: one.finalize(order, "software")) == "badCSR"
    for junk in ("", "AAAA", "###", base64url(b"\x30\x80" * 2000)):
        assert refused(mac, lambda one, junk=junk: one.post(order["finalize"], {"csr": junk})) in {"badCSR", "malformed"}
    assert rows_of(each_house, session) == []
    mac.finalize(order, "device")
    mac.collect(url, "device")
    assert rows_of(each_house, session) == [(SERIAL, UDID, True)]


def test_each_nonce_is_good_once_and_each_order_belongs_to_its_account(each_house, server, enclave, mac, payload, tmp_path):
    order, url = mac.order(payload())
    used = mac.nonce
    mac.post(url, None)
    assert refused(mac, lambda one: one.post(url, None, nonce=used)) == "badNonce"
    assert refused(mac, lambda one: one.post(url, None, nonce="made-up")) == "badNonce"
    thief = another(tmp_path / "thief", server, enclave)
    thief.order(payload())
    for address in (url, order["authorizations"][0], order["finalize"]):
        assert refused(thief, lambda one, address=address: one.post(address, None)) == "malformed"
    assert refused(thief, lambda one: one.post(mac.kid, None)) == "unauthorized"
    thief.kid = mac.kid  # its own key, somebody else's account
    assert refused(thief, lambda one: one.post(url, None)) == "malformed"
    each_house.clock.forward(minutes=15)
    assert refused(mac, lambda one: one.post(order["finalize"], {"csr": "AA"})) == "malformed", "the order is over"
    each_house.clock.forward(hours=1)
    assert refused(mac, lambda one: one.post(url, None)) == "badNonce", "the nonce is over"
    each_house.clock.forward(days=2)
    each_house.do(lambda act: act.acme.forget())
    assert each_house.sql("SELECT count(*) FROM acme_orders") == [(0,)]
    assert each_house.sql("SELECT count(*) FROM acme_nonces") == [(0,)]
    each_house.clock.present -= timedelta(days=2, hours=1, minutes=15)


def test_hostile_requests_are_refused_with_a_problem_and_store_nothing(each_house, server, mac, payload):
    order, url = mac.order(payload())
    challenge = mac.challenge(order)
    accounts = each_house.sql("SELECT count(*) FROM acme_accounts")

    def send(body, media_type="application/jose+json"):
        status, headers, answer = server.send("POST", url, {"Content-Type": media_type}, body)
        assert status in {400, 403}, answer
        assert headers["content-type"] == "application/problem+json"
        return json.loads(answer)["type"].rpartition(":")[2]

    def signed(**header):
        base = {"alg": "ES256", "nonce": mac.nonce, "url": url, "kid": mac.kid}
        return mac.signed({name: value for name, value in {**base, **header}.items() if value is not None}, b"")

    assert send(signed(), "application/json") == "malformed"
    assert send(signed(alg="none")) == send(signed(alg="HS256")) == send(signed(alg=None)) == "badSignatureAlgorithm"
    assert send(signed(jwk={})) == send(signed(kid=None)) == send(signed(crit=["x"])) == "malformed"
    assert send(signed(nonce=7)) == send(signed(url="")) == "malformed"
    for body in (b"", b"[]", b"{}", b"\xff", b"[" * 50_000, b'{"protected": 1}', b"{" + b" " * 70_000 + b"}"):
        assert send(body) == "malformed"
    inside = json.loads(signed())
    inside["signature"] = base64.urlsafe_b64encode(b"\0" * 64).rstrip(b"=").decode()
    assert send(json.dumps(inside).encode()) == "malformed"
    mac.nonce = server.send("GET", mac.start["newNonce"], {}, b"")[1]["replay-nonce"]
    assert send(signed(url=f"{url}/finalize")) == "unauthorized"
    mac.nonce = server.send("GET", mac.start["newNonce"], {}, b"")[1]["replay-nonce"]
    for statement in (
        b"\x9b" + b"\xff" * 8,
        b"\xa1" * 5000,
        b"\xc5\x82\x1b" + b"\x7f" * 8 + b"\x01",
        b"\xbf",
        b"\xa1\x63fmt",
        b"\x01",
    ):
        order, _ = mac.order(payload())
        challenge = mac.challenge(order)
        assert refused(mac, lambda one, at=challenge, said=statement: one.respond(at, said)) == "badAttestationStatement"
    assert refused(mac, lambda one: one.post(challenge["url"], {"attObj": "A" * 70_000})) == "malformed", "too long"
    half = [{"type": "permanent-identifier", "value": "\ud800"}]
    assert refused(mac, lambda one: one.post(one.start["newOrder"], {"identifiers": half})) == "malformed"
    assert each_house.sql("SELECT count(*) FROM acme_accounts") == accounts
