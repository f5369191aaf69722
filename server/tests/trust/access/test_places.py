"""What tells a country and a device: the operator's file, and a certificate that a trusted proxy saw."""

import base64
import shutil
from urllib.parse import quote

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from tests.support.countries import write_countries
from tests.support.device import certificate_of
from tests.support.house import ADMIN

from homeport.foundation.http.actor import origin_of
from homeport.foundation.http.client_certificate import BehindProxy, key_of
from homeport.trust.access.model import InCountry, Managed, Not, Targets
from homeport.trust.access.store.places import Countries

PROXY, STRANGER = "192.0.2.200", "203.0.113.66"
FILE = {"198.51.100.0/24": "DE", "2001:db8::/32": "FR"}


def test_a_country_is_known_by_the_file(tmp_path):
    countries = Countries(write_countries(tmp_path / "c.mmdb", FILE))
    asked = ["198.51.100.7", "2001:db8::1", "192.0.2.1", "", "testclient", "198.51.100.7%eth0", "\x00"]
    assert [countries.of(one) for one in asked] == ["DE", "FR", None, None, None, "DE", None]


def test_without_a_file_or_with_a_broken_one_no_country_is_known(tmp_path):
    assert Countries().of("198.51.100.7") is None
    assert Countries().problem() == ""
    path = tmp_path / "c.mmdb"
    countries = Countries(path)
    assert countries.of("198.51.100.7") is None
    assert "missing" in countries.problem()
    path.write_bytes(b"\xab\xcd\xefMaxMind.com" * 3)
    assert countries.of("198.51.100.7") is None
    path.write_text("no database")
    assert countries.of("198.51.100.7") is None
    assert countries.problem()


def test_another_file_in_its_place_is_read_without_a_restart(tmp_path):
    path = write_countries(tmp_path / "c.mmdb", FILE)
    countries = Countries(path)
    assert countries.of("198.51.100.7") == "DE"
    shutil.move(write_countries(tmp_path / "new.mmdb", {"198.51.100.0/24": "AT", "192.0.2.0/24": "US"}), path)
    assert countries.of("198.51.100.7") == "AT"
    path.unlink()
    assert countries.of("198.51.100.7") is None


def seen_by(peer, *headers, believed="Client-Cert"):
    """The origin that the server makes of a request through, or beside, the proxy."""

    async def app(scope, receive, send):
        origin = origin_of(Request(scope))
        await PlainTextResponse(f"{origin.address} {origin.client_key}")(scope, receive, send)

    client = TestClient(BehindProxy(app, (PROXY,), believed), client=(peer, 1))
    return client.get("/", headers=[("X-Forwarded-For", "198.51.100.7"), *headers]).text.split(" ")


@pytest.fixture
def device(each_house):
    each_house.empty()
    return each_house.device()


def test_a_certificate_counts_from_the_trusted_proxy_alone(device):
    pem, der = certificate_of(device)
    rfc = ("Client-Cert", f":{base64.b64encode(der).decode()}:")
    nginx = ("Client-Cert", quote(pem.decode()))
    thumbprint = key_of(rfc[1])
    assert thumbprint
    assert seen_by(PROXY, rfc) == seen_by(PROXY, nginx) == ["198.51.100.7", thumbprint]
    assert seen_by(STRANGER, rfc) == [STRANGER, ""]
    assert seen_by(PROXY, rfc, nginx) == ["198.51.100.7", ""]
    assert seen_by(PROXY) == ["198.51.100.7", ""]
    assert seen_by(PROXY, rfc, believed="") == ["198.51.100.7", ""]
    assert seen_by(PROXY, rfc, believed="X-Other") == ["198.51.100.7", ""]


@pytest.mark.parametrize("header", ["", ":", "::", ":AAAA:", "x" * 20_000, "-----BEGIN CERTIFICATE-----", "%00", ":é:"])
def test_what_is_no_certificate_proves_nothing(header):
    assert key_of(header) == ""


def test_a_managed_device_is_one_that_is_enrolled_and_not_deleted(scene):
    device = scene.house.device()
    thumbprint = key_of(f":{base64.b64encode(certificate_of(device)[1]).decode()}:")
    somebody, ada = scene.administrator(), scene.administrator("ada", "Read Only")
    scene.policy("Managed only", targets=Targets(excluded_people=(somebody.id,)), conditions=Not(Managed()))
    assert not scene.gets_in(ada)
    assert not scene.gets_in(ada, device_key="another")
    assert scene.gets_in(ada, device_key=thumbprint)
    scene.do(lambda act: act.devices.delete(ADMIN, device.id))
    assert not scene.gets_in(ada, device_key=thumbprint)


def test_a_country_decides_at_the_sign_in(scene, tmp_path):
    somebody, ada = scene.administrator(), scene.administrator("ada", "Read Only")
    countries = scene.house.home.parts.countries
    countries.path = write_countries(tmp_path / "c.mmdb", FILE)
    try:
        scene.policy("Not there", targets=Targets(excluded_people=(somebody.id,)), conditions=InCountry(("DE",)))
        assert [scene.gets_in(ada, address) for address in ("198.51.100.7", "2001:db8::1", "192.0.2.1")] == [False, True, True]
    finally:
        countries.path = None
    assert scene.gets_in(ada, "198.51.100.7"), "without the file the country is not known, which counts as not met"
