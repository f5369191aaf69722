"""Taking over an account at a prompt, spoken to directly: who is asked, and what a captured network half can do about it."""

import json
import os

import pytest
from standin import Signer, person, public_jwk
from test_adoption import PASSCODE, add_ada, all_of
from test_pam_service import ADA, both, frame, frames, hello, network_half, tell

from homeport_agent.accounts.framing import receive, send
from homeport_agent.accounts.service import Service, try_lock
from homeport_agent.durable import make_private_folder
from homeport_agent.jose import sign_ed25519
from homeport_agent.root import Root

EMAIL = "ada@acme.example"
TAKE_OVER = {"existing": "take_over"}


class Machine:
    """A machine that had an account ``ada``, whose network half is in the hands of whoever runs the test."""

    def __init__(self, root):
        self.folder, self.root, self.signer = root, Root.at(str(root)), Signer()
        make_private_folder(self.root.accounts_state)
        pin = {"device_id": "d-1", "order_root": public_jwk(self.signer.root)}
        (self.root.accounts_state / "pin.json").write_text(json.dumps(pin))
        self.service = Service(self.root, try_lock(self.root), agent_uid=os.geteuid())
        tell(self.root, {"do": "roster", "people": [ADA], "first": True, "digest": "d"})

    def allow(self, **said):
        """Hand in a policy of the server."""
        now = self.signer.clock()
        claims = {"iss": "x", "aud": "d-1", "iat": now, "epoch": 1, "version": 2, "ssh": "key", "sudo": "passcode"} | said
        policy = sign_ed25519(self.signer.key, {"typ": "homeport-policy+jwt", "kid": "k1"}, claims)
        return tell(self.root, {"do": "policy", "policy": policy, "order_key": self.signer.certificate()})

    def prompt(self, typed, *passcodes, pair=None, user_id="u-ada"):
        """Type at the console while the network half answers with a genuine approval of Ada's and with ``pair``."""
        pair = pair or self.signer.pair("d-1", account=TAKE_OVER)

        def captured(connection):
            request = receive(connection)
            answer = {"verification_uri": "https://id.example/d", "user_code": "WDJB-MJHT", "expires_in": 600}
            if request["do"] == "redeem":
                now = self.signer.clock()
                claims = {"iss": "x", "aud": "d-1", "iat": now, "exp": now + 600, "purpose": "device_login"}
                claims |= {"user_id": user_id, "nonce": request["nonce"]}
                approval = sign_ed25519(self.signer.key, {"typ": "homeport-approval+jwt", "kid": "k1"}, claims)
                answer = pair | {"approval": approval, "sign_in_id": "s-1"}
            send(connection, answer)

        with network_half(self.root, captured):
            raw = hello(typed) + frame("A", "123456") + b"".join(frame("A", passcode) for passcode in passcodes)
            return frames(self.root, raw, stop="R")


@pytest.fixture
def machine(root):
    made = Machine(add_ada(root))
    yield made
    made.service.close()


def test_by_its_own_name_the_account_stays_the_machines_whatever_is_allowed(machine):
    assert machine.allow(**TAKE_OVER) == {"ok": True}
    assert both(machine.root, "ada") == [("R", "10"), ("R", "10")]
    for more in ({"service": "sshd", "rhost": "192.0.2.9"}, {"service": "homeport-sudo"}, {"service": "gdm-password"}):
        assert frames(machine.root, hello("ada", **more)) == [("R", "10")]
    assert frames(machine.root, hello(EMAIL, service="sshd", rhost="192.0.2.9")) == [("R", "10")]
    assert frames(machine.root, hello(EMAIL, service="login", rhost="192.0.2.9")) == [("R", "10")]
    assert frames(machine.root, hello(EMAIL, op="acct")) == [("R", "10")]


def test_without_the_signed_policy_nobody_is_asked(machine):
    assert both(machine.root, EMAIL) == [("R", "10"), ("R", "10")]
    machine.allow(existing="refuse")
    assert both(machine.root, EMAIL) == [("R", "10"), ("R", "10")]


def test_the_right_passcode_at_the_prompt_lets_in_under_the_accounts_name(machine):
    machine.allow(**TAKE_OVER)
    said = machine.prompt(EMAIL, "wrong", PASSCODE)
    secret = [text for kind, text in said if kind == "S"]
    assert secret == ["Present passcode of ada on this device: "] * 2
    assert [kind for kind, _ in said if kind not in "WI"] == ["V", "S", "E", "S", "U", "R"]
    assert said[-2:] == [("U", "ada"), ("R", "0")]
    assert both(machine.root, "ada") == [("R", "25"), ("R", "0")]  # now it is hers, and pam_unix asks for the same passcode
    assert not any(PASSCODE in text for _, text in said)
    kept = [path for path in (machine.folder / "var/lib").rglob("*") if path.is_file()]
    assert kept
    assert not any(PASSCODE in path.read_text() for path in kept)


def test_a_captured_network_half_takes_over_nothing_without_the_passcode(machine):
    machine.allow(**TAKE_OVER)
    before = all_of(machine.folder)
    pair = machine.signer.pair("d-1", account=TAKE_OVER)
    receipt = tell(machine.root, {"do": "apply", **pair, "username": "ada", "passcode": PASSCODE})["receipt"]
    assert (receipt["outcome"], receipt["reason"]) == ("refused", "account_passcode_wanted")
    said = machine.prompt(EMAIL, *["wrong"] * 5, pair=pair)
    assert "Reason: account_passcode_wrong   Sign-in: s-1" in said[-2][1]
    assert said[-1] == ("R", "7")
    assert all_of(machine.folder) == before


def test_a_passcode_typed_at_one_persons_prompt_takes_over_nobody_elses_account(machine):
    """The order is Ada's and genuine, the prompt and the approval are Bob's: the passcode that Bob types is for an account ``bob``."""
    machine.allow(**TAKE_OVER)
    bob = ADA | {"user_id": "u-bob", "username": "bob", "email": "bob@acme.example", "uid": 20_001}
    tell(machine.root, {"do": "roster", "people": [bob], "first": True, "digest": "d"})
    before = all_of(machine.folder)
    said = machine.prompt("bob@acme.example", PASSCODE, user_id="u-bob")
    assert "Reason: account_passcode_wanted" in said[-2][1]
    assert said[-1] == ("R", "7")
    assert all_of(machine.folder) == before


def test_an_old_order_opens_the_way_neither_to_the_account_nor_past_its_passcode(machine):
    machine.allow(**TAKE_OVER)
    old = machine.signer.pair("d-1", account=TAKE_OVER)
    assert (
        tell(machine.root, {"do": "apply", **machine.signer.pair("d-1", account=person("bob", 20_001))})["receipt"]["outcome"]
        == "done"
    )
    before = all_of(machine.folder)
    said = machine.prompt(EMAIL, PASSCODE, pair=old)
    assert "Reason: order_superseded" in said[-2][1]
    assert all_of(machine.folder) == before
