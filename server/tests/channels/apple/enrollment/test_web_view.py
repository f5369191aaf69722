"""The web view of Setup Assistant, from the Mac's first request to its profile; each test is named after what it prevents."""

import base64
import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs
from tests.support.house import ADMIN
from tests.support.web_view import TOPIC, begin, profile_of, sign_in, web_view
from tools.leaks import Secrets

from homeport.channels.apple.ade.model import AdeDevice
from homeport.channels.apple.authority.acme.attestation import AttestationRoots
from homeport.channels.apple.authority.model import Way
from homeport.channels.apple.enrollment.pages import COOKIE, HEADER
from homeport.channels.apple.mdm.actions import MacActions
from homeport.channels.apple.mdm.evidence import Strength
from homeport.channels.apple.mdm.model import MacState
from homeport.channels.apple.push.model import PushSetup
from homeport.directory.devices.model import Subject, SubjectKind, Target, TargetKind
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.errors import Invalid
from homeport.trust.signin.model import State
from homeport_simulators.apple.acme import AcmeRefused
from homeport_simulators.apple.attestation import AttestationAuthority
from homeport_simulators.apple.mac import Mac


def test_from_the_first_request_to_the_profile(house, macs):
    view = web_view(house)
    first = view.get("/apple/enroll", headers={HEADER: macs.header("C02AAAA1")})
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=900"):
        assert word in cookie
    assert "Domain" not in cookie
    welcome = view.get(first.headers["location"])
    assert "Have your phone at hand." in welcome.text
    assert "Continue with Okta" in welcome.text
    assert view.get("/apple/enroll").headers["location"] == "/apple/enroll/welcome", (
        "a reload without the header ended the session"
    )
    assert view.get("/apple/enroll/profile").status_code == 403, "a profile was handed out before the sign-in"
    done = sign_in(house, view)
    assert done.state is State.COMPLETED
    assert house.do(lambda act: act.sign_ins.location(done)) == "/apple/enroll/profile"
    document, parts = profile_of(view.get("/apple/enroll/profile"))
    mdm, scep = parts["com.apple.mdm"], parts["com.apple.security.scep"]
    assert mdm["ServerURL"] == f"{house.settings.public_url}/mdm/connect", "the address names somebody"
    assert mdm["IdentityCertificateUUID"] == scep["PayloadUUID"]
    assert (mdm["Topic"], mdm["SignMessage"], mdm["AccessRights"]) == (TOPIC, True, 8191)
    assert scep["PayloadContent"]["Keysize"] == 2048
    assert scep["PayloadContent"]["KeyIsExtractable"] is False
    found = house.do(lambda act: act.apple_enrollments.store.latest_of("C02AAAA1"))
    assert (found.username, found.full_name, found.issuer, found.admin) == ("ada", "Ada", done.issuer, False)
    again, others = profile_of(view.get("/apple/enroll/profile"))
    assert again["PayloadUUID"] == document["PayloadUUID"]
    assert others["com.apple.mdm"] == mdm
    challenge = scep["PayloadContent"]["Challenge"]
    stored = str(house.sql("SELECT * FROM audit_entries")) + str(house.sql("SELECT * FROM apple_challenges"))
    assert challenge not in stored


class InProcess:
    """Carries a Mac's requests to the server in this process."""

    def __init__(self, view):
        self.view = view

    def send(self, method, url, headers, body):
        answer = self.view.request(method, url, headers=headers, content=body)
        return answer.status_code, dict(answer.headers), answer.content


@pytest.fixture
def enclave(house, tmp_path):
    """What vouches for Macs' keys, pinned while the test runs."""
    made, before = AttestationAuthority.make(tmp_path / "enclave"), house.home.parts
    house.home.parts = replace(house.home.parts, attestation_roots=AttestationRoots.read(made.certificate))
    yield made
    house.home.parts = before
    change(house, certificate_way=Way.SCEP)


def change(house, **values):
    house.do(lambda act: act.apple_settings.save(ADMIN, replace(act.apple_settings.get(ADMIN), **values)))


def test_only_a_mac_whose_hardware_vouches_for_its_key_enrols_where_that_is_demanded(house, macs, enclave, tmp_path):
    change(house, certificate_way=Way.ATTESTED)
    house.do(lambda act: act.ade.store.put([AdeDevice("C02ATTEST")]))
    view = begin(house, macs, "C02ATTEST")
    sign_in(house, view)
    answer = view.get("/apple/enroll/profile")
    _, parts = profile_of(answer)
    acme = parts["com.apple.security.acme"]
    assert parts["com.apple.mdm"]["IdentityCertificateUUID"] == acme["PayloadUUID"]
    assert (acme["Attest"], acme["HardwareBound"], acme["KeySize"]) == (True, True, 384)
    assert "com.apple.security.scep" not in parts, "the weaker way is open"
    mac = Mac("C02ATTEST", "UDID-C02ATTEST", tmp_path / "mac", InProcess(view))
    with pytest.raises(AcmeRefused, match="vouches for its key"):
        mac.install_enrollment(answer.content)
    mac.enclave = enclave
    with capture_logs() as logs:
        mac.install_enrollment(answer.content)
        mac.poll()
    assert [one["path"] for one in logs if one["event"] == "request"], "the requests were not logged"
    secrets, text = Secrets(), json.dumps(logs, default=repr)
    for secret in (acme["ClientIdentifier"], mac.push_magic, view.cookies[COOKIE], mac.bootstrap_token.decode()):
        secrets.add("a secret of the enrolment", secret)
    assert list(secrets.found_in(text)) == [], "a secret of the enrolment was logged"
    found = house.do(lambda act: act.mac_management.macs.by_serial("C02ATTEST"))
    shown = house.do(lambda act: act.apple_mdms.device(ADMIN, "apple", found))
    assert (shown.attested, shown.registered, shown.mac.state) == (True, True, MacState.ENROLLED)
    chain = house.do(lambda act: MacActions(act.mac_management).chain(ADMIN, shown.mac))
    assert {link.name for link in chain if link.strength is Strength.ATTESTED} == {"Certificate", "UDID"}
    assert view.get("/apple/enroll/profile").status_code == 403, "the secret was used"


def test_an_attestation_is_not_demanded_while_no_root_is_pinned(house):
    with pytest.raises(Invalid) as refused:
        change(house, certificate_way=Way.ATTESTED)
    assert "HOMEPORT_APPLE_ATTESTATION_ROOTS" in refused.value.fields["certificate_way"]


def test_no_profile_any_more_once_the_secret_of_an_earlier_one_was_used(house, macs):
    view = begin(house, macs, "C02AAAA2")
    sign_in(house, view)
    profile_of(view.get("/apple/enroll/profile"))
    session = house.do(lambda act: act.apple_enrollments.store.latest_of("C02AAAA2")).id
    house.do(lambda act: act._connection.exec_driver_sql(
        "INSERT INTO apple_certificates (sha256, serial_number, subject, session_id, serial, certificate, issued_at, not_after, digest,"
        f" cipher, attested, revoked_because) VALUES ('a', 'b', '', '{session}', 'C02AAAA2', '', '', '', '', '', 0, '')"
    ))  # fmt: skip
    turned = view.get("/apple/enroll/profile")
    assert (turned.status_code, "This sign-in was used already" in turned.text) == (403, True)


def test_whoever_is_not_assigned_or_not_vouched_for_sees_one_page_and_learns_nothing(house, macs):
    headers = [
        macs.header("NOBODY01"),
        macs.header("GONE0001"),
        macs.header("IPAD0001"),
        macs.header("C02AAAA1", macs.stranger),
        macs.header("' OR 1=1"),
        macs.header("C02AAAA1", UDID=""),
        base64.b64encode(b"\x30\x80" * 30).decode(),
        "no base64",
        "A" * 70_000,
    ]
    pages = set()
    for header in headers:
        answer = web_view(house).get("/apple/enroll", headers={HEADER: header})
        assert answer.status_code == 403, header[:40]
        assert "set-cookie" not in answer.headers
        pages.add(answer.text.partition("<h1")[2].partition("Request")[0].replace(answer.headers["x-request-id"], ""))
    assert len(pages) == 1, "the page tells an unknown serial number from a bad signature"


def test_a_missing_header_is_a_page_that_says_how_to_begin_again(house):
    answer = web_view(house).get("/apple/enroll")
    assert answer.status_code == 400
    assert "holding its power button" in answer.text


def test_a_header_of_16_kib_is_taken(house, macs):
    header = macs.header("C02AAAA3", PADDING="x" * 14_000)
    assert len(header) > 16 * 1024
    assert web_view(house).get("/apple/enroll", headers={HEADER: header}).status_code == 303


def test_a_session_serves_only_the_web_view_that_began_it_and_only_for_15_minutes(house, macs):
    view, other = begin(house, macs, "C02AAAA3"), begin(house, macs, "C02AAAA4")
    assert sign_in(house, view).state is State.COMPLETED
    assert other.get("/apple/enroll/profile").status_code == 403, "somebody else's sign-in earned a profile"
    assert web_view(house).get("/apple/enroll/profile").status_code == 403
    assert view.get("/apple/enroll/profile").status_code == 200
    house.clock.forward(minutes=16)
    assert view.get("/apple/enroll/profile").status_code == 403
    assert view.get("/apple/enroll/welcome").status_code == 403
    assert other.post("/apple/enroll/sign-in", headers={"Origin": house.settings.public_url}).status_code == 403


def test_a_second_sign_in_does_not_change_whose_mac_a_session_is(house, macs):
    view = begin(house, macs, "C02AAAA4")
    assert sign_in(house, view, "ada").state is State.COMPLETED
    second = sign_in(house, view, "bob")
    assert (second.state, second.reason) == (State.REFUSED, "signin_already_used")
    found = house.do(lambda act: act.apple_enrollments.store.latest_of("C02AAAA4"))
    assert (found.username, found.subject) == ("ada", "subject-of-ada")


def test_a_suspended_user_gets_no_profile_although_the_provider_says_yes(house, macs):
    carol = house.user("carol")
    house.set_state(carol, UserState.SUSPENDED)
    view = begin(house, macs, "C02AAAA5")
    assert sign_in(house, view, "carol").reason == "user_suspended"
    assert view.get("/apple/enroll/profile").status_code == 403
    assert sign_in(house, view, "bob").state is State.COMPLETED, "a refused person ended the session of the next one"


def test_a_device_that_was_taken_away_in_the_middle_gets_no_profile(house, macs):
    house.do(lambda act: act.ade.store.put([AdeDevice("TAKEN001")]))
    view = begin(house, macs, "TAKEN001")
    unsigned = view.get("/apple/enroll/profile")
    assert 'href="/apple/enroll/welcome"' in unsigned.text, "a person who has not signed in is led nowhere"
    assert sign_in(house, view).state is State.COMPLETED
    house.do(lambda act: act.ade.store.put([AdeDevice("TAKEN001", removed_at=house.clock.now())]))
    turned = view.get("/apple/enroll/profile")
    assert (turned.status_code, "cannot be set up here any more" in turned.text) == (403, True)
    assert ("mac_enrollment_refuse", "not_assigned") in house.sql("SELECT event_type, reason FROM audit_entries")


def test_a_person_who_is_suspended_after_the_sign_in_gets_no_profile(house, macs):
    house.do(lambda act: act.ade.store.put([AdeDevice("LATE0001")]))
    dora = house.user("dora")
    view = begin(house, macs, "LATE0001")
    assert sign_in(house, view, "dora").state is State.COMPLETED
    house.set_state(dora, UserState.SUSPENDED)
    turned = view.get("/apple/enroll/profile")
    assert (turned.status_code, "Your account is not active" in turned.text) == (403, True)


def test_only_people_who_are_assigned_to_a_limited_device_group_may_have_its_macs(house, macs):
    house.do(lambda act: act.ade.store.put([AdeDevice("LAB00001")]))
    group = house.do(lambda act: act.device_groups.create(ADMIN, "Laboratory"))
    house.do(lambda act: act.access.limit_group(ADMIN, group.id, limited=True))
    settings = house.do(lambda act: act.apple_settings.get(ADMIN))
    house.do(lambda act: act.apple_settings.save(ADMIN, replace(settings, device_group_id=group.id)))
    emmy = house.user("emmy")
    try:
        view = begin(house, macs, "LAB00001")
        assert sign_in(house, view, "emmy").reason == "device_not_assigned"
        assert view.get("/apple/enroll/profile").status_code == 403
        subject, target = Subject(SubjectKind.USER, emmy.id), Target(TargetKind.DEVICE_GROUP, group.id)
        house.do(lambda act: act.access.assign(ADMIN, subject, target))
        assert sign_in(house, view, "emmy").state is State.COMPLETED
        assert view.get("/apple/enroll/profile").status_code == 200
        house.do(lambda act: act.access.unassign(ADMIN, subject, target))
        assert "This Mac is not for you" in view.get("/apple/enroll/profile").text
    finally:
        settings = house.do(lambda act: act.apple_settings.get(ADMIN))
        house.do(lambda act: act.apple_settings.save(ADMIN, replace(settings, device_group_id=None)))


def test_without_a_push_certificate_the_person_reads_what_is_missing(house, macs):
    house.do(lambda act: act.ade.store.put([AdeDevice("PUSH0001")]))
    view = begin(house, macs, "PUSH0001")
    assert sign_in(house, view).state is State.COMPLETED
    house.do(lambda act: act.apple_push.store.save(PushSetup()))
    try:
        assert "Homeport has no push certificate." in view.get("/apple/enroll/profile").text
    finally:
        house.do(lambda act: act.apple_push.store.save(PushSetup(topic=TOPIC)))


def test_a_refusal_of_the_provider_leads_back_to_the_button(house, macs):
    house.do(lambda act: act.ade.store.put([AdeDevice("DENY0001")]))
    view = begin(house, macs, "DENY0001")
    answer = view.post("/apple/enroll/sign-in", headers={"Origin": house.settings.public_url})
    state = dict(pair.split("=") for pair in urlsplit(answer.headers["location"]).query.split("&"))["state"]
    provider = house.sql("SELECT id FROM identity_providers")[0][0]
    refused = view.get(f"/oauth/callback/{provider}", params={"error": "access_denied", "state": state})
    assert refused.status_code == 403
    assert 'href="/apple/enroll/welcome"' in refused.text
    assert "Continue with Okta" in view.get("/apple/enroll/welcome").text
