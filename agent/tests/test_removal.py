"""The end of an account with its home: whatever lies in the home, nothing else is touched, and nobody else's orders wait."""

import os
import subprocess
import time

import pytest
from standin import Signer, public_jwk

from homeport_agent.accounts.apply import Applier
from homeport_agent.accounts.homes import mounted_within, remove_tree
from homeport_agent.accounts.journal import Journal
from homeport_agent.accounts.ledger import Ledger
from homeport_agent.accounts.linux import LinuxBackend
from homeport_agent.accounts.orders import Pin
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root

BOB = {"user_id": "u-bob", "username": "bob", "uid": 20001, "gid": 20001, "home": "/home/bob"}


class Device:
    """The privileged half over a root, by the system's own tools."""

    def __init__(self, root):
        self.root, self.signer = Root.at(str(root)), Signer()
        self.home = root / "home/ada"
        self.start()
        for account in ({}, BOB):
            assert self.do("bind", account=account)["outcome"] == "done"

    def start(self):
        state, pin = self.root.folder / "var/lib/homeport-accounts", Pin("d-1", public_jwk(self.signer.root))
        state.mkdir(parents=True, exist_ok=True)
        self.backend = LinuxBackend(self.root)
        self.applier = Applier(
            pin=lambda: pin,
            ledger=Ledger.load(state / "ledger.json"),
            journal=Journal(state / "journal.jsonl", time.time),
            backend=self.backend,
            allowed_groups=frozenset,
            clock=time.time,
        )

    def order(self, kind, **changed):
        return self.signer.pair("d-1", kind, **changed)

    def apply(self, pair):
        return self.applier.apply(pair["order"], pair["order_key"])

    def do(self, kind, **changed):
        return self.apply(self.order(kind, **changed))


@pytest.fixture
def device(root):
    return Device(root)


@pytest.fixture
def mounted(device, tmp_path):
    """A folder of others that is mounted deep in Ada's home."""
    share, place = tmp_path / "the share", device.home / "projects/the share"
    share.mkdir()
    (share / "years of work").write_text("of the team")
    place.mkdir(parents=True)
    os.chown(place.parent, 20000, 20000)
    subprocess.run(["mount", "--bind", share, place], check=True)
    yield share
    subprocess.run(["umount", mounted_within(device.home)], check=True)


def nest(folder, depth):
    """As a person does it: mkdir and cd, again and again."""
    place = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=place)
        inner = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(os.open("deepest", os.O_WRONLY | os.O_CREAT, dir_fd=place))
    os.close(place)


def test_a_home_of_many_folders_within_folders_is_removed_and_holds_up_nobody(device):
    nest(device.home, 1_500)  # more than Python goes by recursion
    (device.home / "link").symlink_to("/etc")
    (device.home / "empty").mkdir()
    assert device.do("unbind", after="remove")["outcome"] == "done"
    assert not device.home.exists()
    assert sorted(path.name for path in device.home.parent.iterdir()) == ["bob"]
    assert device.do("suspend", account=BOB)["outcome"] == "done"


def test_what_is_mounted_in_a_home_is_not_touched_and_named(device, mounted):
    (device.home / "letter").write_text("mine")
    pair = device.order("unbind", after="remove")
    for _ in range(2):
        receipt = device.apply(pair)
        assert (receipt["outcome"], receipt["reason"]) == ("failed", "tool_failed")
        assert f"{device.home}/projects/the share is mounted in the home folder" in receipt["steps"][-1]["detail"]
    assert (mounted / "years of work").read_text() == "of the team"
    assert (device.home / "letter").exists()
    assert device.do("suspend", account=BOB)["outcome"] == "done"


def test_what_was_mounted_a_moment_later_is_not_entered_either(device, mounted):
    with pytest.raises(OSError, match="busy"):
        remove_tree(device.home, lambda: True)
    assert (mounted / "years of work").read_text() == "of the team"


def test_a_home_that_takes_too_long_is_removed_in_several_tries(device):
    for number in range(10):
        (device.home / f"folder-{number}").mkdir()
        (device.home / f"folder-{number}/file").write_text("")
    tries = 0
    while not remove_tree(device.home, iter([*[True] * 7, *[False] * 99]).__next__):
        tries += 1
    assert tries > 1
    assert not device.home.exists()


class NoTools(LinuxBackend):
    """Nothing can be taken away: another program holds the lock."""

    def remove_account(self, username, gid):  # noqa: ARG002 - the backend's words
        raise Refusal(Reason.TOOL_FAILED, "userdel ended with 10: cannot lock /etc/group; try again later.")

    leave_group = remove_account


class Strange(LinuxBackend):
    """Something happens that nobody thought of."""

    def remove_home(self, home, uid):  # noqa: ARG002 - the backend's words
        raise RecursionError


@pytest.mark.parametrize("after", ["remove", "keep"])
def test_what_failed_is_done_at_the_next_try_and_only_then_answered_so(device, after):
    assert device.do("bind", account={"permission": "admin"})["outcome"] == "done"
    pair = device.order("unbind", after=after)
    device.applier.backend = NoTools(device.root)
    receipt = device.apply(pair)
    assert (receipt["outcome"], receipt["reason"]) == ("failed", "tool_failed")
    device.applier.backend = device.backend
    assert device.backend.find("ada") is not None
    assert device.apply(pair)["outcome"] == "done"
    found = device.backend.find("ada")
    assert found is None if after == "remove" else not found.groups
    if after == "remove":
        assert not device.home.exists()
        assert device.do("bind")["outcome"] == "done"


def test_an_error_that_nobody_thought_of_fails_the_order_and_no_other_and_no_start(device):
    device.applier.backend = Strange(device.root)
    receipt = device.do("unbind", after="remove")
    assert (receipt["outcome"], receipt["steps"][-1]["detail"]) == ("failed", "remove_home met an error: RecursionError.")
    assert device.do("suspend", account=BOB)["outcome"] == "done"
    device.start()
    assert device.applier.repair() is None
