"""Codes of the help desk and notices of a device, over HTTP and on both databases; docs/protocols/device.md section 9."""

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support.house import ADMIN

from homeport.channels.linux.help_desk import MOST_NOTICES_A_DAY, check_digit
from homeport.directory.devices.model import Desired
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.actor import Actor, ActorKind
from homeport.foundation.kernel.errors import Conflict, Denied, Invalid, NotFound
from homeport.foundation.kernel.permissions import Permission

HELP_DESK = Actor(ActorKind.ADMINISTRATOR, "a", "hedy@acme.example", frozenset({Permission.DEVICES_UNLOCK}), "Help Desk")
DIGITS = "10000000" + "0"
CHALLENGE = DIGITS + check_digit(DIGITS)


def encoded(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(jws):
    return json.loads(decoded(jws.split(".")[1]))


class Half:
    """The privileged half of a device, written anew from the page of the protocol."""

    def __init__(self, ready, device, client):
        self.ready, self.device, self.client = ready, device, client
        self.private = X25519PrivateKey.generate()
        self.public = encoded(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        self.place = [0, 0]

    def ask(self, path, body):
        return self.device.call(self.client, "POST", path, self.device.agent_token(self.client), json=body)

    def introduce(self, **changed):
        return self.ask("/agent/v1/help-desk-key", {"public": self.public, "place": self.place} | changed)

    def agree(self):
        claims = claims_of(self.introduce().json()["statement"])
        assert (claims["aud"], claims["device_public"]) == (self.device.id, self.public)
        self.place = [claims["epoch"], claims["version"]]
        secret = self.private.exchange(X25519PublicKey.from_public_bytes(decoded(claims["server_public"])))
        info = "\n".join(["homeport-unlock-key", self.device.id, self.public, claims["server_public"]]).encode()
        self.key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)

    def right(self, user_id, challenge, code):
        said = "\n".join(["homeport-unlock-code", self.device.id, user_id, challenge, code[:4]]).encode()
        mac = hmac.new(self.key, said, hashlib.sha256).digest()
        return code[4:] == f"{int.from_bytes(mac[:8], 'big') % 10**8:08d}"

    def tells(self, *notices):
        assert self.ask("/agent/v1/reports", {"notices": list(notices)}).status_code == 204

    def issue(self, binding, challenge=CHALLENGE, actor=HELP_DESK):
        return self.ready.do(lambda act: act.help_desk.issue(actor, self.device.id, binding.id, challenge))

    def binding(self):
        found = self.ready.do(lambda act: act.bindings.of_device(ADMIN, self.device.id))
        return found[0].binding


@pytest.fixture
def half(ready, device, client):
    return Half(ready, device, client)


@pytest.fixture
def person(ready):
    return ready.user(f"p{ready.entropy.new_id()[-12:]}")


@pytest.fixture
def bound(ready, device, person):
    return ready.do(lambda act: act.bindings.admit(person, act.devices.find(device.id), "a sign-in"))


def events(ready, event):
    rows = ready.sql(f"SELECT details FROM audit_entries WHERE event_type = '{event}' ORDER BY at, id")
    return [json.loads(details) for (details,) in rows]


def test_a_code_is_what_the_device_makes_of_the_shared_key_and_names_a_day_at_least_24_hours_away(ready, half, bound):
    half.agree()
    code = half.issue(bound, " 10 0000 0008 ")
    assert re.fullmatch(r"[0-9]{12}", code.code)
    assert half.right(bound.user_id, CHALLENGE, code.code)
    assert not code.new_passcode
    now = ready.clock.now()
    assert now + timedelta(hours=24) <= code.until < now + timedelta(hours=48)
    days = (code.until - code.until.replace(year=2020, month=1, day=1)).days
    assert (code.code[:4], code.until.hour, code.until.minute) == (f"{days:04d}", 0, 0)
    told = events(ready, "unlock_code_issued")[-1]
    assert (told["challenge"], told["username"], told["by"]) == (CHALLENGE, bound.username, HELP_DESK.name)
    assert code.code not in json.dumps(told)


def test_the_same_digits_are_answered_for_an_hour_and_none_after_it(ready, half, bound):
    half.agree()
    first = half.issue(bound)
    assert half.issue(bound) == first
    ready.clock.forward(minutes=59)
    assert half.right(bound.user_id, CHALLENGE, half.issue(bound).code)
    ready.clock.forward(minutes=1)
    with pytest.raises(Invalid, match="more than an hour ago"):
        half.issue(bound)


@pytest.mark.parametrize(
    "typed", ["", "1", CHALLENGE[:-1], CHALLENGE + "0", "1000000009", "3000000006", "abc", "\u0661" * 10, "1" * 4000]
)
def test_what_no_device_shows_is_no_challenge(half, bound, typed):
    half.agree()
    with pytest.raises(Invalid) as refused:
        half.issue(bound, typed)
    assert set(refused.value.fields) == {"challenge"}


def test_nobody_gets_a_code_who_is_suspended_or_gone_or_elsewhere_or_before_a_key_is_agreed(ready, half, bound, person):
    with pytest.raises(Conflict, match="no key in common"):
        half.issue(bound)
    half.agree()
    ready.set_state(person, UserState.SUSPENDED)
    with pytest.raises(Conflict, match="suspended"):
        half.issue(bound)
    ready.set_state(person, UserState.ACTIVATED)
    half.issue(bound)
    with pytest.raises(Denied):
        half.issue(bound, actor=Actor(ActorKind.ADMINISTRATOR, "r", "r", frozenset({Permission.DEVICES_READ})))
    other = ready.device()
    with pytest.raises(NotFound):
        ready.do(lambda act: act.help_desk.issue(HELP_DESK, other.id, bound.id, CHALLENGE))
    ready.do(lambda act: act.bindings.remove(ADMIN, bound.id))
    with pytest.raises(NotFound):
        half.issue(bound)


def test_a_device_that_knows_the_key_hears_nothing_new_and_one_that_shows_another_gets_another(ready, half):
    half.agree()
    first = half.key
    assert half.introduce().status_code == 204
    assert claims_of(half.introduce(place=[0, 0]).json()["statement"])["version"] == half.place[1]
    half.private = X25519PrivateKey.generate()
    half.public = encoded(half.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    before = half.place
    half.agree()
    assert half.place > before
    assert half.key != first
    (sealed,) = ready.sql(f"SELECT key_sealed FROM help_desk_keys WHERE device_id = '{half.device.id}'")[0]
    assert sealed.startswith("v1.")
    assert encoded(half.key) not in sealed


def test_after_a_restore_a_device_hears_the_key_again_even_when_the_backup_did_not_know_it(ready, half):
    half.agree()
    ready.do(lambda act: act.help_desk.store.connection.exec_driver_sql("DELETE FROM help_desk_keys"))
    ready.do(lambda act: act.orders.start_epoch_after_restore())
    before = half.place
    half.agree()
    assert (half.place[0] > before[0], half.place[1]) == (True, 1)


@pytest.mark.parametrize("public", ["", "A" * 42, "A" * 43, "A" * 44, "!" * 43, None])
def test_a_public_key_that_is_none_is_refused(half, public):
    assert half.introduce(public=public).status_code in {400, 422}


def test_a_used_code_is_noted_once_and_only_for_somebody_with_an_account_there(ready, half, bound):
    notice = {"id": f"code-{half.device.id[-12:]}", "kind": "unlock", "user_id": bound.user_id, "challenge": CHALLENGE}
    before = len(events(ready, "unlock_code_used"))
    half.tells(notice, notice | {"until": "x"})
    half.tells(notice)
    half.tells(notice | {"id": "other", "user_id": "01a20a00"}, notice | {"id": "strange", "kind": "party"})
    half.tells(notice | {"id": f"issued-{CHALLENGE}"})
    assert len(events(ready, "unlock_code_used")) - before == 1
    assert half.binding().desired is Desired.PRESENT


def test_a_device_that_tells_without_end_does_not_fill_the_log(ready, half, bound):
    for part in range(3):
        half.tells(*({"id": f"c-{part}-{number}", "kind": "unlock", "user_id": bound.user_id} for number in range(200)))
    counted = f"SELECT count(*) FROM device_notices WHERE device_id = '{half.device.id}'"
    assert ready.sql(counted) == [(MOST_NOTICES_A_DAY,)]
    ready.clock.forward(days=1, seconds=1)
    half.tells({"id": "later", "kind": "unlock", "user_id": bound.user_id})
    assert ready.sql(counted) == [(MOST_NOTICES_A_DAY + 1,)]


def test_a_binding_that_root_ended_is_removed_and_ordered_locked_whatever_the_device_says_of_the_account(ready, half, bound):
    step = {"step": "end_sessions", "outcome": "done", "at": "2026-11-23T10:00:00Z", "detail": "2 ended"}
    notice = {"id": "hand-1", "kind": "unbind", "user_id": bound.user_id, "after": "remove", "steps": [step]}
    half.tells(notice)
    ended = half.binding()
    assert (ended.desired, ended.after) == (Desired.REMOVED, "lock")
    told = events(ready, "binding_ended_on_device")[-1]
    assert (told["after"], told["steps"], told["username"]) == ("remove", [step], bound.username)
    again = ready.do(
        lambda act: act.bindings.admit(act.people.get(ADMIN, bound.user_id), act.devices.find(half.device.id), "another sign-in")
    )
    half.tells(notice)
    half.tells(notice | {"id": "hand-2", "bound_again": True})
    assert half.binding().id == again.id
    assert half.binding().desired is Desired.PRESENT
