"""A Mac that shares no code with the server, signing with the `openssl` command line, through every middleware of the server."""

import base64
import plistlib
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from tests.support.house import ADMIN
from tests.support.together import deadlock

from homeport.channels.apple.authority.model import Asked
from homeport.channels.apple.enrollment.model import Enrollment, EnrollmentState
from homeport.channels.apple.mdm.actions import MacActions
from homeport.channels.apple.mdm.api import BURST, PER_MINUTE
from homeport.channels.apple.mdm.binding import BindingState
from homeport.channels.apple.mdm.model import bootstrap_sealed_as, command_sealed_as
from homeport.channels.apple.mdm.release import DEADLINE, Phase
from homeport.channels.apple.mdm.store import CommandSql, MacSql, seal_anew
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.entropy import hash_token
from homeport_simulators.apple.mac import Mac, Refused
from homeport_simulators.apple.openssl import OpenSsl
from homeport_simulators.apple.scep import ScepRefused
from homeport_simulators.apple.wire import Lost, Wire

URL = "https://id.example.com"


class InHouse(Wire):
    """The network between a Mac and a server that runs in this process."""

    house = None

    def send(self, method, url, headers, body):
        fate = self.fault(method, url, body) if self.fault else ""
        if fate == "request":
            raise Lost(url)
        parts = urlsplit(url)
        answer = self.house.client.request(method, parts.path, params=parts.query, headers=dict(headers), content=body)
        if fate == "answer":
            raise Lost(url)
        return answer.status_code, dict(answer.headers), answer.content


class Enrolling(Mac):
    """A Mac of one house; its sign-in in the web view is written down as done."""

    house = None
    user = None
    keys = None

    def sign_in(self):
        now, number = self.house.clock.now(), next(self.house.numbers)
        self.session = f"session-{number}"
        done = Enrollment(
            id=self.session,
            cookie_hash=hash_token(self.session),
            serial=self.serial,
            state=EnrollmentState.ISSUED,
            created_at=now,
            expires_at=now,
            udid=self.udid,
            product=self.product,
            verified=True,
            user_id=self.user.id,
            issuer="https://acme.okta.example",
            subject=f"subject-of-{self.user.username}",
            username=self.user.username,
            full_name="Ada Lovelace",
            admin=True,
        )
        self.house.do(lambda act: act.apple_enrollments.store.add(done))

    def certify(self, name="device"):
        """Get a certificate; SCEP itself has tests of its own."""
        self.tool.path(f"{name}.key").write_bytes(self.keys[name])
        public = self.tool.run("pkey", "-in", f"{name}.key", "-pubout", "-outform", "DER")
        load_der_public_key(public)

        def issue(act):
            word = act.apple_authority.challenge(self.session, self.serial)
            return act.apple_authority.issue(word, Asked(public)).public_bytes(Encoding.PEM)

        self.tool.path(f"{name}.pem").write_bytes(self.house.do(issue))
        self.identity = name

    def begin(self):
        self.sign_in()
        self.certify()
        mdm = {"ServerURL": f"{URL}/mdm/connect", "CheckInURL": f"{URL}/mdm/checkin", "Topic": "com.apple.mgmt.External.1"}
        self.profiles = {"com.example.enrollment": mdm}
        self.awaiting, self.configured, self.prefill = True, False, {}
        self.authenticate()
        self.token_update()
        self.enrolled = True
        return self

    @property
    def stored(self):
        return self.house.do(lambda act: act.mac_management.macs.get(act.mac_management.macs.by_serial(self.serial)))


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two keys that all Macs of this file share, since making one takes a while."""
    tool = OpenSsl(tmp_path_factory.mktemp("keys"))
    for name in ("device", "renewed"):
        tool.make_key(name)
    return {name: tool.path(f"{name}.key").read_bytes() for name in ("device", "renewed")}


@pytest.fixture
def new_mac(shared_house, tmp_path, keys):
    """A Mac and a person of this test's own; how both databases bear the conversation, `test_conversation.py` shows."""

    def make(house=shared_house):
        number = next(house.numbers)
        wire = InHouse()
        wire.house = house
        mac = Enrolling(f"C02SIM{number:06d}", f"11111111-2222-4333-8444-{number:012d}", tmp_path / f"mac-{number}", wire)
        mac.house, mac.keys, mac.user = house, keys, house.user(f"ada{number}")
        return mac

    return make


def test_the_whole_conversation_ends_in_a_confirmed_binding_and_an_escrowed_token(new_mac):
    mac = new_mac().begin()
    with pytest.raises(Refused, match="waits"):
        mac.create_account()
    assert mac.poll()[:2] == ["AccountConfiguration", "DeviceConfigured"]
    account = mac.create_account("somebody-else")
    assert (account.name, account.admin) == (mac.user.username, True)  # the locked pane took no other name
    mac.log_in(account)
    assert mac.poll() == ["UserList"]
    stored = mac.stored
    assert (stored.binding, stored.account.guid) == (BindingState.CONFIRMED, account.guid)
    assert stored.bootstrap_sealed.startswith("v1.")
    assert mac.poll(user=account) == []
    page = mac.house.do(lambda act: [link.name for link in MacActions(act.mac_management).chain(ADMIN, stored)])
    assert page[-1] == "Local account"


def test_a_mac_that_puts_commands_off_gets_them_in_its_next_conversation(new_mac):
    mac = new_mac().begin()
    mac.busy = {"AccountConfiguration", "DeviceInformation"}
    assert mac.poll() == ["AccountConfiguration", "DeviceInformation", "SecurityInfo"]
    assert mac.poll() == ["AccountConfiguration", "DeviceConfigured", "DeviceInformation"]
    assert not mac.awaiting


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_network_that_loses_one_message_after_another_loses_no_account(new_mac, lost):
    mac = new_mac().begin()
    for number in range(6):
        mac.wire.fault = _nth(number, lost)
        with suppress(Lost):  # a conversation may be shorter than that
            mac.poll()
    mac.wire.fault = None
    mac.poll()
    if mac.awaiting:  # its answer was lost, so that the server had to ask again, which macOS refuses
        mac.house.clock.forward(seconds=61)
        mac.poll()
    assert (mac.awaiting, mac.prefill["name"], mac.stored.release.phase) == (False, mac.user.username, Phase.RELEASED)


def _nth(number, fate):
    seen = []

    def fault(_method, url, _body):
        seen.append(url)
        return fate if len(seen) == number + 1 else ""

    return fault


def test_a_restart_in_the_middle_ends_late_and_is_bound_by_what_is_seen(new_mac):
    mac = new_mac().begin()
    mac.configured = True  # it had taken the command, and its answer never left
    mac.restart()
    mac.poll()
    assert mac.awaiting
    mac.house.clock.forward(seconds=61)
    assert "DeviceConfigured" in mac.poll()
    account = mac.create_account(mac.user.username, "Ada Lovelace")
    mac.log_in(account)
    mac.poll()
    assert mac.stored.binding is BindingState.CONFIRMED


def test_an_erased_mac_enrols_again_as_the_same_device_with_nothing_of_before(new_mac):
    mac = new_mac().begin()
    mac.poll()
    device = mac.stored.device_id
    mac.erase()
    mac.house.clock.forward(minutes=10)
    mac.begin()
    assert (mac.stored.device_id, mac.stored.bootstrap_sealed, mac.stored.release.phase) == (device, "", Phase.CONFIGURING)
    assert mac.poll()[:2] == ["AccountConfiguration", "DeviceConfigured"]


def test_a_renewed_certificate_speaks_and_the_earlier_one_never_again(new_mac):
    mac = new_mac().begin()
    mac.poll()
    mac.house.clock.forward(seconds=1)
    mac.certify("renewed")
    assert mac.poll() == []
    mac.identity = "device"
    with pytest.raises(Refused, match="400"):
        mac.poll()


def test_the_server_renews_a_certificate_over_scep_and_the_earlier_one_is_good_until_the_new_one_speaks(new_mac):
    mac = new_mac().begin()
    mac.poll()
    mac.house.clock.forward(days=250)
    mac.house.home._renew_macs()
    assert mac.stored.push_due_at == mac.house.clock.now()
    first = mac.stored.certificate_sha256
    assert mac.poll() == ["InstallProfile"]
    assert mac.identity == "renewed"
    assert mac.stored.certificate_sha256 != first  # its answer was signed with the new one already
    assert mac.poll() == []
    mac.identity = "device"
    with pytest.raises(Refused, match="400"):
        mac.poll()


@pytest.mark.parametrize("spoilt", ["", "AAAA", "!"])
def test_micromdm_460_nanomdm_a_wrong_signature_is_400_and_never_401_and_says_nothing(new_mac, spoilt):
    mac = new_mac().begin()
    body = plistlib.dumps({"UDID": mac.udid, "Status": "Idle"})
    answer = mac.house.client.put("/mdm/connect", content=body, headers={"Mdm-Signature": spoilt})
    assert (answer.status_code, answer.content) == (400, b"")


def test_micromdm_460_a_body_changed_on_the_way_is_refused(new_mac):
    mac = new_mac().begin()
    body = plistlib.dumps({"UDID": mac.udid, "Status": "Idle"})
    signature = base64.b64encode(mac.tool.sign_detached("device", body)).decode()
    for sent, status in ((body, 200), (body + b"\n", 400)):
        assert mac.house.client.put("/mdm/connect", content=sent, headers={"Mdm-Signature": signature}).status_code == status


def test_a_mac_that_talks_too_much_and_a_network_that_guesses_are_told_when_to_come_again(new_mac):
    mac = new_mac().begin()
    house, stored = mac.house, mac.stored
    network = Origin(house.do(lambda act: act.devices.get(ADMIN, stored.device_id)).address).network
    body = plistlib.dumps({"UDID": mac.udid, "Status": "Idle"})
    right = base64.b64encode(mac.tool.sign_detached("device", body)).decode()
    try:
        for key, signature in ((f"mdm {stored.certificate_sha256}", right), (f"mdm refused {network}", "AAAA")):
            before = house.client.put("/mdm/connect", content=body, headers={"Mdm-Signature": signature})
            assert before.status_code in {200, 400}
            house.do(lambda act, key=key: [act.limits.take(key, burst=BURST, per_minute=PER_MINUTE) for _ in range(BURST)])
            answer = house.client.put("/mdm/connect", content=body, headers={"Mdm-Signature": signature})
            assert (answer.status_code, answer.content) == (503, b"")
            assert int(answer.headers["retry-after"]) > 0
    finally:
        house.do(lambda act: act.limits.remove_before(house.clock.now() + timedelta(days=1)))


def test_a_mac_whose_message_meets_another_change_is_told_to_come_again_and_not_refused(postgresql_house, new_mac):
    mac = new_mac(postgresql_house).begin()
    body = plistlib.dumps({"UDID": mac.udid, "Status": "Idle"})
    headers = {"Mdm-Signature": base64.b64encode(mac.tool.sign_detached("device", body)).decode()}
    its, theirs = f"SELECT * FROM apple_macs WHERE device_id = '{mac.stored.device_id}'", "SELECT * FROM rate_limits"
    with deadlock(mac.house, holds=its, wants=theirs, at="FROM apple_macs"):
        answer = mac.house.client.put("/mdm/connect", content=body, headers=headers)
    assert (answer.status_code, answer.headers["retry-after"], answer.content) == (503, "60", b"")
    assert mac.house.client.put("/mdm/connect", content=body, headers=headers).status_code == 200


def test_one_mac_cannot_speak_for_another_over_http(new_mac):
    first, second = new_mac().begin(), new_mac().begin()
    second.udid = first.udid
    with pytest.raises(Refused, match="400"):
        second.poll()


def test_a_suspended_person_gets_no_account_and_their_mac_is_let_go_at_the_deadline(new_mac):
    mac = new_mac()
    mac.sign_in()
    mac.certify()
    mac.house.set_state(mac.user, UserState.SUSPENDED)
    mdm = {"ServerURL": f"{URL}/mdm/connect", "CheckInURL": f"{URL}/mdm/checkin", "Topic": "com.apple.mgmt.External.1"}
    mac.profiles = {"com.example.enrollment": mdm}
    with pytest.raises(Refused, match="400"):
        mac.authenticate()
    mac.house.set_state(mac.user, UserState.ACTIVATED)
    mac.awaiting = True
    mac.authenticate()
    mac.house.set_state(mac.user, UserState.SUSPENDED)
    mac.token_update()
    assert "AccountConfiguration" not in mac.poll()
    mac.house.clock.forward(seconds=DEADLINE.total_seconds())
    assert mac.poll() == ["DeviceConfigured"]
    assert mac.prefill == {}


def test_the_server_lets_a_silent_mac_go_by_itself_and_the_command_waits_for_it(new_mac):
    mac = new_mac().begin()
    mac.house.clock.forward(seconds=DEADLINE.total_seconds())
    mac.house.home._release_macs()
    mac.house.home._release_macs()
    assert mac.stored.release.released_late
    assert [kind for kind in mac.poll() if kind == "DeviceConfigured"] == ["DeviceConfigured"]


def test_a_deleted_mac_is_not_believed_any_more(new_mac):
    mac = new_mac().begin()
    device_id = mac.stored.device_id
    mac.house.do(lambda act: act.devices.delete(ADMIN, device_id))
    with pytest.raises(Refused, match="400"):
        mac.poll()
    assert mac.house.do(lambda act: act.mac_management.macs.get(device_id)) is None


def test_a_rotated_sealing_key_opens_what_macs_escrowed_and_what_they_wait_for(new_mac):
    mac = new_mac().begin()
    mac._check_in("SetBootstrapToken", BootstrapToken=b"bootstrap")
    device_id, rotated = mac.stored.device_id, mac.house.home.parts.sealer.rotated()
    only_the_new = type(rotated)({rotated.newest: rotated.keys[rotated.newest]})
    with mac.house.home.parts.database.read() as work:  # which stores nothing of it
        assert seal_anew(work.connection, rotated) >= 2
        sealed = MacSql(work.connection).get(device_id).bootstrap_sealed
        assert only_the_new.unseal(sealed, bootstrap_sealed_as(device_id)) == b"bootstrap"
        (first, *_) = CommandSql(work.connection).open(device_id, "")
        assert only_the_new.unseal(first.body_sealed, command_sealed_as(first.id)).startswith(b"<?xml")


def test_a_profile_leads_by_scep_to_a_certificate_and_on_to_management(new_mac):
    mac = new_mac()
    mac.sign_in()
    word = mac.house.do(lambda act: act.apple_authority.challenge(mac.session, mac.serial))
    scep = {"URL": f"{URL}/mdm/scep", "Challenge": word, "Keysize": 2048, "Subject": [[["CN", "whatever it wishes"]]]}
    mdm = {"ServerURL": f"{URL}/mdm/connect", "CheckInURL": f"{URL}/mdm/checkin", "Topic": "com.apple.mgmt.External.1"}
    payloads = [
        {"PayloadType": "com.apple.security.scep", "PayloadContent": scep},
        {"PayloadType": "com.apple.mdm", **mdm},
    ]
    profile = {"PayloadType": "Configuration", "PayloadIdentifier": "com.example.enrollment", "PayloadContent": payloads}
    mac.install_enrollment(plistlib.dumps(profile))
    assert mac.poll()[:2] == ["AccountConfiguration", "DeviceConfigured"]
    stranger = new_mac()
    with pytest.raises(ScepRefused):
        stranger.install_enrollment(plistlib.dumps(profile))  # the challenge was used
