"""The push certificate: requested or brought, uploaded, renewed with the same topic only, sealed, and watched until its end."""

import html
import re
from collections import Counter
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs12
from fastapi.testclient import TestClient
from tests.support.house import ADMIN

from homeport.bootstrap.web import application
from homeport.channels.apple.push.actions import KEY_CONTEXT
from homeport.channels.apple.push.certificate import read_certificate
from homeport.channels.apple.push.store import PushSql, seal_anew
from homeport.directory.admins.model import READ_ONLY, ROLES
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Conflict, Invalid, StepUpRequired
from homeport_simulators.apple.push_authority import PushAuthority, pem_of

READER = Actor(ActorKind.ADMINISTRATOR, "r", "r", ROLES[READ_ONLY], role=READ_ONLY)
TOPIC = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555"
PAGE = "/admin/apple/push"


@pytest.fixture(scope="module")
def key():
    """A key that was not made here."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def authority(each_house):
    return PushAuthority.make(each_house.clock.now())


@pytest.fixture
def apple(each_house, authority):
    """identity.apple.com, and an installation without a push certificate."""
    setup = each_house.do(lambda act: act.apple_push.get(ADMIN))
    if setup.certificate or setup.request:
        each_house.do(lambda act: act.apple_push.remove(ADMIN))
    return authority


@pytest.fixture(scope="module")
def application_of(each_house):
    app = application(each_house.home)
    app.state.authenticate_session = lambda _request: app.state.actor
    return app


@pytest.fixture
def browser(each_house, application_of):
    application_of.state.actor = ADMIN
    return TestClient(application_of, base_url=each_house.settings.public_url, follow_redirects=False)


def words(answer, status=200):
    assert answer.status_code == status, answer.text
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def upload(browser, certificate, **more):
    key = {"key": ("push.key", more.pop("key"))} if "key" in more else {}
    return browser.post(f"{PAGE}/certificate", files={"certificate": ("push.pem", certificate), **key}, data=more)


def recorded(house):
    query = "SELECT event_type FROM audit_entries WHERE resource_type = 'apple_push_certificate'"
    return Counter(row[0] for row in house.sql(query))


def request_for(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "elsewhere")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_from_the_request_to_the_renewal_and_the_end(each_house, apple, browser):
    before = recorded(each_house)
    assert "Missing" in words(browser.get(PAGE))
    assert "Push Certificate" in words(browser.get("/admin/apple"))
    asked = browser.post(f"{PAGE}/request")
    assert "homeport-push.csr" in asked.headers["content-disposition"]
    assert browser.post(f"{PAGE}/request").content == asked.content, "a second download made another key"
    now = each_house.clock.now()
    assert upload(browser, apple.sign(asked.content, TOPIC, now)).headers["location"] == f"{PAGE}?saved=1"
    shown = words(browser.get(f"{PAGE}?saved=1"))
    assert TOPIC in shown
    assert "Valid" in shown
    credentials = each_house.do(lambda act: act.apple_push.credentials())
    assert (credentials.topic, b"PRIVATE KEY" in credentials.key) == (TOPIC, True)
    assert each_house.do(lambda act: act.apple_push.topic()) == TOPIC
    other = words(upload(browser, apple.sign(asked.content, f"{TOPIC[:-1]}6", now)), 400)
    assert "every enrolled Mac would have to enrol again" in other
    assert "the same Apple Account" in other
    each_house.clock.forward(days=336)
    assert "ends in 29 days" in words(browser.get(PAGE))
    renewed = browser.post(f"{PAGE}/request")
    assert renewed.content != asked.content
    assert upload(browser, apple.sign(renewed.content, TOPIC, each_house.clock.now())).status_code == 303
    assert "before the present one" in words(upload(browser, apple.sign(asked.content, TOPIC, now)), 400)
    each_house.clock.forward(days=366)
    assert "is over" in words(browser.get(PAGE))
    assert each_house.do(lambda act: act.apple_push.credentials()) is None
    again = apple.sign(renewed.content, TOPIC, each_house.clock.now())  # Apple renews with the same request, too
    assert upload(browser, again).status_code == 303
    assert recorded(each_house) - before == {"apple_push_request": 2, "apple_push_certificate_upload": 3}


def test_a_certificate_from_elsewhere_comes_with_its_key_and_neither_is_taken_without_the_other(each_house, apple, browser, key):
    now = each_house.clock.now()
    certificate = apple.sign(request_for(key), TOPIC, now)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
    assert "was not made from the request of this page" in words(upload(browser, certificate), 400)
    assert "Type its passphrase" in words(upload(browser, certificate, key=sealed), 400)
    assert "does not open with this passphrase" in words(upload(browser, certificate, key=sealed, passphrase="wrong"), 400)
    stranger = pem_of(rsa.generate_private_key(65537, 2048))
    assert "does not belong to the certificate" in words(upload(browser, certificate, key=stranger), 400)
    curve = pem_of(ec.generate_private_key(ec.SECP256R1()))
    assert "RSA" in words(upload(browser, certificate, key=curve), 400)
    assert each_house.do(lambda act: act.apple_push.topic()) == "", "a refused upload stored something"
    assert upload(browser, certificate, key=sealed, passphrase="open sesame").status_code == 303
    assert upload(browser, certificate, key=pem_of(key), passphrase="needless").status_code == 303
    bundle = pkcs12.serialize_key_and_certificates(
        b"push", key, x509.load_pem_x509_certificate(certificate), None, BestAvailableEncryption(b"open sesame")
    )
    assert "does not open with this passphrase" in words(upload(browser, bundle, passphrase="wrong"), 400)
    assert upload(browser, bundle, passphrase="open sesame").status_code == 303
    stored = each_house.do(lambda act: act.apple_push.get(ADMIN))
    assert "PRIVATE" not in stored.key_sealed
    assert stored.key_sealed.startswith("v1.")


@pytest.mark.parametrize(
    "file", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"0" * 70_000]
)
def test_what_is_no_certificate_is_answered_with_a_sentence(apple, browser, file):
    assert "There is a problem" in words(upload(browser, file), 400)


def test_a_certificate_of_another_kind_or_time_is_refused(each_house, apple, key):
    now = each_house.clock.now()
    with pytest.raises(Invalid, match="not for MDM push"):
        read_certificate(apple.pem)
    issued = read_certificate(apple.sign(request_for(key), TOPIC, now))
    for changed, said in (
        (replace(issued, expires_at=now), "ended on"),
        (replace(issued, starts_at=issued.expires_at), "valid from"),
    ):
        with pytest.raises(Invalid, match=said):
            each_house.do(lambda act, changed=changed: act.apple_push.upload(ADMIN, changed, pem_of(key)))


def test_a_reader_sees_no_form_and_an_old_sign_in_changes_nothing(each_house, apple, browser, key):
    certificate = apple.sign(request_for(key), TOPIC, each_house.clock.now())
    issued = read_certificate(certificate)
    tired = replace(ADMIN, kind=ActorKind.ADMINISTRATOR, session_id="s", authenticated_at=None)
    with pytest.raises(StepUpRequired):
        each_house.do(lambda act: act.apple_push.upload(tired, issued, pem_of(key)))
    with pytest.raises(StepUpRequired):
        each_house.do(lambda act: act.apple_push.remove(tired))
    browser.app.state.actor = READER
    assert "<form method" not in browser.get(PAGE).text.partition("<main")[2]
    assert upload(browser, certificate).status_code == 403


def test_a_removed_certificate_makes_room_for_another_topic_after_a_warning(each_house, apple, browser, key):
    for topic in (TOPIC, f"{TOPIC[:-1]}6"):
        certificate = apple.sign(request_for(key), topic, each_house.clock.now())
        assert upload(browser, certificate, key=pem_of(key)).status_code == 303
        assert "0 enrolled Macs can no longer be woken" in words(browser.get(f"{PAGE}/remove"))
        assert browser.post(f"{PAGE}/remove").status_code == 303
    assert browser.get(f"{PAGE}/remove").status_code == 409
    with pytest.raises(Conflict):
        each_house.do(lambda act: act.apple_push.remove(ADMIN))


def test_a_rotated_sealing_key_opens_both_keys(each_house, apple, browser, key):
    assert upload(browser, apple.sign(request_for(key), TOPIC, each_house.clock.now()), key=pem_of(key)).status_code == 303
    browser.post(f"{PAGE}/request")
    rotated = each_house.home.parts.sealer.rotated()
    only_the_new = type(rotated)({rotated.newest: rotated.keys[rotated.newest]})
    with each_house.home.parts.database.read() as work:  # which stores nothing of it
        assert seal_anew(work.connection, rotated) == 2
        assert only_the_new.unseal(PushSql(work.connection).get().key_sealed, KEY_CONTEXT) == pem_of(key)
