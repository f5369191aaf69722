"""The web view of Setup Assistant without a browser: Macs that say who they are, a person who signs in, the profile that comes of it."""

import base64
import plistlib
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from fastapi.testclient import TestClient
from tests.support.house import ORIGIN

from homeport.bootstrap.web import wrapped
from homeport.channels.apple.cms import signing
from homeport.channels.apple.cms.signed import verify
from homeport.channels.apple.enrollment.pages import HEADER
from homeport.trust.federation.recorder import Recorder
from homeport.trust.signin.callback import COOKIE as BROWSER

TOPIC = "com.apple.mgmt.External.11111111-2222"


def issued(name, key, issuer_name, issuer_key):
    """A certificate like Apple's own: over since 2014."""
    named = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer_name)]
    builder = x509.CertificateBuilder().subject_name(named[0]).issuer_name(named[1]).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(datetime(2007, 4, 16, tzinfo=UTC))
    return builder.not_valid_after(datetime(2014, 4, 16, tzinfo=UTC)).sign(issuer_key, hashes.SHA256())


class Macs:
    """A device authority, and Macs that say who they are."""

    def __init__(self):
        self.authority, self.key = (rsa.generate_private_key(65537, 1024) for _ in range(2))
        self.certificate = issued("a device", self.key, "Device CA", self.authority)
        self.stranger = issued("a developer", self.key, "Device CA", self.key)

    def header(self, serial, certificate=None, **more):
        plain = plistlib.dumps({"SERIAL": serial, "UDID": f"UDID-{serial}", "PRODUCT": "Mac14,2", "LANGUAGE": "en", **more})
        return base64.b64encode(signing.sign(plain, self.key, certificate or self.certificate)).decode()


def web_view(house):
    return TestClient(wrapped(house.home), base_url=house.settings.public_url, follow_redirects=False)


def begin(house, macs, serial):
    view = web_view(house)
    answer = view.get("/apple/enroll", headers={HEADER: macs.header(serial)})
    assert answer.status_code == 303, answer.text
    return view


def sign_in(house, view, name="ada", **claims):
    """Sign in with an honest provider, in this web view."""
    answer = view.post("/apple/enroll/sign-in", headers={"Origin": house.settings.public_url})
    assert answer.status_code == 303, answer.text
    query = dict(pair.split("=") for pair in urlsplit(answer.headers["location"]).query.split("&"))
    provider = house.sql("SELECT id FROM identity_providers")[0][0]
    parameters = [("code", "a-code"), ("state", query["state"])]
    returned = house.do(lambda act: act.sign_ins.receive(provider, parameters, view.cookies[BROWSER], ORIGIN))
    outcome = house.provider_says(returned, name, **claims)
    return house.do(lambda act: act.sign_ins.conclude(returned.sign_in.id, outcome, Recorder(house.clock)))


def profile_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-apple-aspen-config"
    document = plistlib.loads(verify(answer.content).content)
    return document, {one["PayloadType"]: one for one in document["PayloadContent"]}
