"""Which orders are believed (device.md section 3)."""

import string
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from standin import Signer, person, public_jwk

from homeport_agent.accounts.apply import Applier
from homeport_agent.accounts.journal import Journal
from homeport_agent.accounts.ledger import Ledger
from homeport_agent.accounts.memory import MemoryBackend
from homeport_agent.accounts.orders import SYSTEM_NAMES, Pin, read_order
from homeport_agent.refusals import Refusal

NOW = 1_800_000_000
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a flush costs nothing there
IN_1970, IN_2038 = 1_000, 2_150_000_000


class Device:
    """The privileged half over memory, with a clock to turn."""

    def __init__(self, folder, *, device_id="d-1", signer=None, allowed=("video",)):
        self.signer = signer or Signer(now=NOW)
        self.now = NOW
        self.folder = Path(folder)
        self.backend = MemoryBackend(groups={"users": 100, "video": 44})
        self.pin = Pin(device_id, public_jwk(self.signer.root))
        self.allowed = frozenset(allowed)
        self.start()

    def start(self):
        self.applier = Applier(
            pin=lambda: self.pin,
            ledger=Ledger.load(self.folder / "ledger.json"),
            journal=Journal(self.folder / "journal.jsonl", lambda: self.now),
            backend=self.backend,
            allowed_groups=lambda: self.allowed,
            clock=lambda: self.now,
        )

    def order(self, kind="bind", **changed):
        return self.signer.pair("d-1", kind, **changed)

    def apply(self, pair):
        return self.applier.apply(pair["order"], pair["order_key"])

    def do(self, kind="bind", **changed):
        receipt = self.apply(self.order(kind, **changed))
        return receipt["outcome"], receipt["reason"]


@pytest.fixture
def device(tmp_path):
    return Device(tmp_path)


def test_a_genuine_order_is_done_once_and_answered_with_the_same_receipt_again(device):
    pair = device.order()
    first = device.apply(pair)
    assert (first["outcome"], first["epoch"], first["counter"]) == ("done", 1, 1)
    device.start()
    assert device.apply(pair) == first
    assert list(device.backend.accounts) == ["ada"]


SIGNER = Signer(now=NOW)
PIN = Pin("d-1", public_jwk(SIGNER.root))
GENUINE = SIGNER.pair("d-1")


@settings(max_examples=150, deadline=None)
@given(part=st.sampled_from(["order", "order_key"]), place=st.integers(0, 4000), letter=st.characters(codec="ascii"))
def test_an_order_with_any_byte_altered_is_refused(part, place, letter):
    text = GENUINE[part]
    place %= len(text)
    if text[place] == letter:
        return
    altered = GENUINE | {part: text[:place] + letter + text[place + 1 :]}
    with pytest.raises(Refusal) as refused:
        read_order(altered["order"], altered["order_key"], PIN)
    assert refused.value.reason in {"order_malformed", "order_key_invalid", "order_signature_invalid"}


@settings(max_examples=200, deadline=None)
@given(
    order=st.one_of(st.text(), st.none(), st.integers(), st.binary(), st.just("a.b.c")),
    key=st.one_of(st.text(), st.none(), st.just("..")),
)
def test_whatever_is_no_order_is_malformed_and_never_an_error(order, key):
    with pytest.raises(Refusal):
        read_order(order, key, PIN)
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        assert Device(folder).applier.apply(order, key)["outcome"] == "refused"


@settings(max_examples=150, deadline=None)
@given(
    claim=st.sampled_from(["iat", "exp", "epoch", "counter", "kind", "account", "jti", "lease_not_after", "aud", "after"]),
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=8),
        st.lists(st.integers()),
        st.just({}),
    ),
)
def test_a_signed_order_with_a_strange_claim_never_ends_in_an_error(claim, value):
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        device = Device(folder)
        assert device.apply(device.order(claims={claim: value}))["outcome"] in {"done", "refused"}


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda s: {"order": s.order("d-2"), "order_key": s.certificate()}, "order_wrong_device"),
        (lambda s: {"order": s.order(["d-1"]), "order_key": s.certificate()}, "order_wrong_device"),
        (
            lambda s: {"order": s.order("d-1", key=Ed25519PrivateKey.generate()), "order_key": s.certificate()},
            "order_signature_invalid",
        ),
        (lambda s: {"order": s.order("d-1", typ="JWT"), "order_key": s.certificate()}, "order_signature_invalid"),
        (lambda s: {"order": s.order("d-1", kid="k2"), "order_key": s.certificate()}, "order_signature_invalid"),
        (lambda s: {"order": s.order("d-1"), "order_key": s.certificate(root=Ed25519PrivateKey.generate())}, "order_key_invalid"),
        (lambda s: {"order": s.order("d-1"), "order_key": s.certificate(typ="homeport-order+jwt")}, "order_key_invalid"),
        (lambda s: {"order": s.order("d-1"), "order_key": s.certificate(cnf={})}, "order_key_invalid"),
        (lambda s: {"order": s.order("d-1"), "order_key": s.certificate(nbf=NOW + 3600)}, "order_key_invalid"),
        (lambda s: {"order": s.order("d-1"), "order_key": s.certificate(exp=NOW - 1)}, "order_expired"),
        (lambda s: {"order": s.order("d-1", exp=NOW - 1), "order_key": s.certificate()}, "order_expired"),
        (lambda s: {"order": s.order("d-1", exp=None), "order_key": s.certificate()}, "order_malformed"),
        (lambda s: {"order": s.order("d-1", kind="grant-root"), "order_key": s.certificate()}, "order_malformed"),
        (lambda s: {"order": s.order("d-1", account={"uid": 0}), "order_key": s.certificate()}, "uid_out_of_range"),
        (lambda s: {"order": s.order("d-1", account={"gid": 27}), "order_key": s.certificate()}, "uid_out_of_range"),
        (lambda s: {"order": s.order("d-1", account={"uid": 60_000}), "order_key": s.certificate()}, "uid_out_of_range"),
        (lambda s: {"order": s.order("d-1", account={"home": "/home/../root"}), "order_key": s.certificate()}, "order_malformed"),
        (lambda s: {"order": s.order("d-1", account={"home": "/home/a:b"}), "order_key": s.certificate()}, "order_malformed"),
        (
            lambda s: {"order": s.order("d-1", account={"shell": "/bin/sh\nroot::0:0::/:/bin/sh"}), "order_key": s.certificate()},
            "order_malformed",
        ),
        (lambda s: {"order": s.order("d-1", account={"permission": "root"}), "order_key": s.certificate()}, "order_malformed"),
        (lambda s: {"order": "x" * 20_000, "order_key": s.certificate()}, "order_malformed"),
    ],
)
def test_each_check_refuses_with_its_own_reason_and_touches_nothing(device, make, reason):
    receipt = device.apply(make(device.signer))
    assert (receipt["outcome"], receipt["reason"]) == ("refused", reason)
    assert device.backend.accounts == {}
    assert device.backend.groups == {"users": 100, "video": 44}


@settings(max_examples=200, deadline=None)
@given(
    name=st.one_of(
        st.text(max_size=40),
        st.text(string.ascii_lowercase + string.digits + "._-", max_size=34),
        st.sampled_from(sorted(SYSTEM_NAMES)),
    )
)
def test_only_names_of_the_pattern_that_no_system_uses_become_accounts(name):
    allowed = (
        1 <= len(name) <= 31
        and name[0] in string.ascii_lowercase
        and set(name) <= set(string.ascii_lowercase + string.digits + "._-")
    )
    allowed = allowed and name not in SYSTEM_NAMES and not name.startswith("systemd-") and name not in {"users", "video"}
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        device = Device(folder)
        device.do(account={"username": name, "home": "/home/someone"})
        assert list(device.backend.accounts) == ([name] if allowed else [])


def test_an_older_order_is_superseded_and_a_restored_server_raises_the_epoch(device):
    first, second = device.order(), device.order("suspend")
    assert device.apply(second)["outcome"] == "done"
    assert device.apply(first)["reason"] == "order_superseded"
    assert device.do(epoch=1, counter=1)[1] == "order_superseded"
    assert device.do(epoch=2, counter=1) == ("done", None)
    assert device.do(epoch=1, counter=99)[1] == "order_superseded"


def test_a_suspended_account_is_not_opened_by_replaying_its_bind(device):
    bind = device.order()
    device.apply(bind)
    device.do("suspend")
    device.apply(bind)
    assert device.applier.accounts()[0]["state"] == "suspended"
    assert device.backend.find("ada").expires_on == 1


def test_a_clock_in_1970_does_no_harm(device):
    device.now = IN_1970
    assert device.do() == ("done", None)
    assert device.do("suspend") == ("done", None)
    stale = device.order("activate", iat=NOW - 7200, exp=NOW - 3600)
    assert device.apply(stale)["reason"] == "order_expired"


def test_a_clock_in_2038_refuses_grants_and_never_a_restriction(device):
    assert device.do() == ("done", None)
    device.now = IN_2038
    grant = device.order("activate")
    assert device.apply(grant)["reason"] == "order_expired"
    assert device.do("suspend", counter=10) == ("done", None)
    assert device.do("unbind", counter=11, after="lock") == ("done", None)
    device.now = NOW
    assert device.do("bind", counter=12) == ("done", None)


def test_an_expired_grant_is_taken_once_the_clock_is_right(device):
    grant = device.order()
    device.now = IN_2038
    assert device.apply(grant)["reason"] == "order_expired"
    device.now = NOW
    assert device.apply(grant)["outcome"] == "done"


def test_the_time_of_a_genuine_order_is_remembered_over_a_restart(device):
    device.do("suspend", iat=NOW + 900)
    device.now = IN_1970
    device.start()
    assert device.do(exp=NOW + 600)[1] == "order_expired"


def test_an_order_of_another_device_moves_neither_time_nor_sequence(device):
    device.apply({"order": device.signer.order("d-2", iat=NOW * 2, counter=99), "order_key": device.signer.certificate()})
    assert (device.applier.ledger.highest_time, device.applier.ledger.sequence) == (0, (0, 0))


# What is not ours is not touched


def test_a_local_account_of_that_name_is_refused_and_untouched(device):
    device.backend.add_account(read_account(name="ada", number=1001))
    before = dict(device.backend.accounts)
    assert device.do()[1] == "account_name_taken"
    assert device.do("suspend") == ("done", None)
    assert device.do("activate")[1] == "account_missing"
    assert device.backend.accounts == before


def read_account(**changed):
    signer = Signer(now=NOW)
    pair = signer.pair("d-1", account=person(**changed))
    return read_order(pair["order"], pair["order_key"], Pin("d-1", public_jwk(signer.root))).account


def test_a_taken_uid_or_gid_is_refused(device):
    device.backend.add_account(read_account(name="bob", number=20000))
    assert device.do()[1] == "uid_taken"
    device.backend.accounts.clear()
    device.backend.groups["project"] = 20000
    assert device.do()[1] == "gid_taken"
    device.backend.groups = {"ada": 1234}
    assert device.do()[1] == "gid_taken"


def test_another_persons_account_of_the_same_name_is_refused(device):
    device.do()
    assert device.do(account={"user_id": "u-2"})[1] == "account_name_taken"
    assert device.do(account={"user_id": "u-2", "username": "eve"})[1] == "uid_taken"
    assert device.do(account={"uid": 20001, "gid": 20001})[1] == "account_name_taken"


def test_an_account_that_was_replaced_by_hand_is_left_alone(device):
    device.do()
    device.backend.accounts.clear()
    device.backend.add_account(read_account(name="ada", number=1001))
    before = dict(device.backend.accounts)
    device.do("suspend")
    device.do("unbind", after="remove")
    assert device.backend.accounts == before


# What the kinds do


def test_suspend_closes_everything_and_activate_gives_it_back(device):
    device.do(account={"permission": "admin", "groups": ["video", "docker"]})
    order_id = next(iter(device.applier.ledger.settled))
    device.applier.set_passcode(order_id, "correct horse")
    assert device.backend.find("ada").groups == {"video", "homeport-admins", "homeport-users"}
    device.backend.processes = {1: 20000, 2: 1000}
    receipt = device.apply(device.order("suspend"))
    assert [step["step"] for step in receipt["steps"]] == ["deny", "lock", "leave_groups", "end_sessions", "disable_jobs"]
    found = device.backend.find("ada")
    assert (found.locked, found.passcode_set, found.expires_on, found.groups) == (True, True, 1, frozenset())
    assert (device.backend.processes, device.backend.held_jobs) == ({2: 1000}, {"ada"})
    device.do("activate", account={"permission": "admin", "groups": ["video"]})
    found = device.backend.find("ada")
    assert (found.locked, found.expires_on, found.groups) == (
        False,
        (NOW + 86_400 * 14) // 86_400,
        {"video", "homeport-admins", "homeport-users"},
    )
    assert device.backend.held_jobs == set()
    assert device.applier.accounts() == [
        {"user_id": "u-ada", "username": "ada", "uid": 20000, "state": "active", "passcode_set": True}
    ]


def test_activating_an_account_without_a_passcode_leaves_it_locked(device):
    device.do()
    device.do("suspend")
    device.do("activate")
    assert device.backend.find("ada").locked


def test_groups_follow_the_order_and_the_allow_list(device):
    device.do(account={"groups": ["video", "users"], "permission": "admin"})
    assert device.backend.find("ada").groups == {"video", "homeport-admins", "homeport-users"}
    device.do("activate", account={"groups": [], "permission": "standard"})
    assert device.backend.find("ada").groups == {"homeport-users"}


@pytest.mark.parametrize(("after", "left"), [("keep", 0), ("lock", 1), ("remove", 0)])
def test_unbind_leaves_what_the_order_says(device, after, left):
    device.do(account={"permission": "admin"})
    device.applier.set_passcode(next(iter(device.applier.ledger.settled)), "correct horse")
    assert device.do("unbind", after=after) == ("done", None)
    found = device.backend.find("ada")
    assert len(device.applier.accounts()) == left
    assert (found is None) == (after == "remove")
    if found:
        assert found.groups == frozenset()
        assert (found.locked, found.expires_on) == ((False, None) if after == "keep" else (True, 1))


def test_a_person_whose_account_was_locked_can_be_bound_again(device):
    device.do()
    device.do("unbind", after="lock")
    assert device.do() == ("done", None)
    assert (list(device.backend.accounts), device.applier.accounts()[0]["state"]) == (["ada"], "active")


# The passcode


def test_a_passcode_that_was_reset_is_void_and_nothing_else_changes(device):
    bound = device.apply(device.order())["order_id"]
    device.applier.set_passcode(bound, "correct horse")
    before = device.backend.find("ada")
    device.backend.processes = {1: 20000}
    receipt = device.apply(device.order("reset_passcode"))
    assert [step["step"] for step in receipt["steps"]] == ["void_passcode"]
    assert device.backend.find("ada") == replace(before, locked=True, passcode_set=False)
    assert device.backend.processes == {1: 20000}
    with pytest.raises(Refusal, match="changed since the sign-in"):
        device.applier.set_passcode(bound, "correct horse")
    device.applier.set_passcode(device.apply(device.order())["order_id"], "another horse")
    assert device.backend.find("ada").passcode_set


def test_a_reset_touches_no_account_that_is_not_ours(device):
    device.do()
    device.backend.accounts.clear()
    device.backend.add_account(read_account(name="ada", number=1001))
    device.backend.set_passcode("ada", "of somebody else")
    assert device.do("reset_passcode") == ("done", None)
    assert device.backend.find("ada").passcode_set


def test_a_passcode_is_taken_only_for_the_last_bind_within_15_minutes(device):
    def refused(order_id, passcode="correct horse"):
        with pytest.raises(Refusal) as refusal:
            device.applier.set_passcode(order_id, passcode)
        return refusal.value.reason

    first = device.apply(device.order())["order_id"]
    second = device.apply(device.order())["order_id"]
    assert refused("nobody's") == refused(None) == refused(first) == "order_superseded"
    assert (
        refused(second, "short")
        == refused(second, "ada12345"[:7])
        == refused(second, "x\ny:zzzzz")
        == refused(second, None)
        == "passcode_refused"
    )
    device.now += 901
    assert refused(second) == "order_expired"
    device.now -= 901
    device.applier.set_passcode(second, "correct horse")
    suspended = device.apply(device.order("suspend"))["order_id"]
    assert refused(second) == refused(suspended) == "order_superseded"


def test_the_passcode_is_in_no_file_of_ours(device):
    order_id = device.apply(device.order())["order_id"]
    device.applier.set_passcode(order_id, "correct horse")
    assert all("correct horse" not in path.read_text() for path in device.folder.iterdir())
