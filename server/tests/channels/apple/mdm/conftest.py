"""A Mac's conversation with the real stores; what a certificate and a sign-in would say is said by the test."""

import plistlib
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.support.house import ORIGIN

from homeport.channels.apple.authority.model import DeviceIdentity
from homeport.channels.apple.mdm.checkin import CheckIn
from homeport.channels.apple.mdm.connect import Connect
from homeport.channels.apple.mdm.management import Refused
from homeport.channels.apple.mdm.messages import read
from homeport.channels.apple.mdm.ports import Evidence, Wanted


@dataclass
class Known:
    """The sign-ins that a test says were completed."""

    found: dict[str, Wanted] = field(default_factory=dict)
    udids: dict[str, str] = field(default_factory=dict)
    retired: list[str] = field(default_factory=list)

    def bind(self, identity, udid):
        if self.udids.setdefault(identity.certificate_sha256, udid) != udid:
            raise Refused("certificate_of_another_mac", "The certificate belongs to another Mac.")

    def renewal(self, mac):
        return f"profile of {mac.serial}".encode()

    def retire(self, session_id, because):
        self.retired.append((session_id, because))

    def wanted(self, session_id):
        return self.found.get(session_id)

    def evidence(self, session_id, serial):
        assert session_id in self.found, serial
        return Evidence(True, True, "Mac14,2", "https://acme.okta.example", "subject-of-ada")


@dataclass
class Mac:
    """A Mac that sends what it is told to, signed by whoever `identity` is."""

    house: Any
    sessions: Known
    user: Any
    number: int
    identity: DeviceIdentity = None
    token: bytes = b""
    magic: str = ""

    @property
    def serial(self):
        return f"C02TEST{self.number:05d}"

    @property
    def udid(self):
        return f"00000000-0000-4000-8000-{self.number:012d}"

    def sign_in(self, **changed):
        """Sign in in the web view and get a certificate for it."""
        number = next(self.house.numbers)
        session = Wanted(
            f"session-{number}",
            self.user.id,
            self.user.username,
            "Ada Lovelace",
            self.house.clock.now(),
            **{"admin": True, **changed},
        )
        self.sessions.found[session.session_id] = session
        self.identity = DeviceIdentity(f"{number:064x}", session.session_id, None, self.serial)
        return session

    def renew(self):
        self.identity = replace(self.identity, certificate_sha256=f"{next(self.house.numbers):064x}")

    def do(self, deed):
        return self.house.do(lambda act: deed(act.macs(self.sessions, self.sessions)))

    def check_in(self, kind, *, identity=None, **keys):
        body = plistlib.dumps({"MessageType": kind, "UDID": self.udid, "Topic": "com.apple.mgmt.External.1", **keys})
        return self.do(lambda act: CheckIn(act).take(identity or self.identity, read(body), ORIGIN))

    def authenticate(self, **keys):
        return self.check_in(
            "Authenticate", **{"SerialNumber": self.serial, "OSVersion": "15.1", "ModelName": "MacBook Air", **keys}
        )

    def token_update(self, **keys):
        return self.check_in("TokenUpdate", **{"Token": b"\x01" * 32, "PushMagic": f"magic-{self.number}", **keys})

    def enroll(self, *, awaiting=True, **changed):
        self.sign_in(**changed)
        self.authenticate()
        self.token_update(AwaitingConfiguration=awaiting)
        return self

    def connect(self, status="Idle", command=None, *, identity=None, **keys):
        """Send an answer, get the next command: its RequestType and its id."""
        if command is not None:
            keys["CommandUUID"] = command
        body = plistlib.dumps({"Status": status, "UDID": self.udid, **keys})
        found = self.do(lambda act: Connect(act).take(identity or self.identity, read(body), ORIGIN))
        if found is None:
            return None, None
        said = plistlib.loads(found[1])
        self.last = said["Command"]
        return said["Command"]["RequestType"], said["CommandUUID"]

    def work_off(self, answers=None):
        """Answer everything with Acknowledged, or as told; return what was asked, in order."""
        asked = []
        kind, command = self.connect()
        while kind is not None:
            asked.append(kind)
            kind, command = self.connect("Acknowledged", command, **(answers or {}).get(kind, {}))
        return asked

    @property
    def stored(self):
        return self.do(lambda act: act.macs.get(act.macs.by_serial(self.serial)))

    @property
    def bindings(self):
        device_id = self.stored.device_id
        return self.house.do(lambda act: act.bindings.live_on(device_id))


@pytest.fixture
def sessions():
    """Each test's own: the houses of two databases count from one each, so their Macs would take each other's certificates."""
    return Known()


@pytest.fixture
def mac(each_house, sessions):
    """A Mac and a person of this test's own, on both databases."""
    number = next(each_house.numbers)
    return Mac(each_house, sessions, each_house.user(f"ada{number}"), number)


@pytest.fixture
def other(each_house, sessions):
    number = next(each_house.numbers)
    return Mac(each_house, sessions, each_house.user(f"bob{number}"), number)
