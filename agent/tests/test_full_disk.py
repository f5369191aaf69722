"""A disk without room: a reason, and nothing half done."""

import json
import shutil
import subprocess
import time

import pytest
from conftest import make_root
from standin import Signer, public_jwk

from homeport_agent.accounts.service import make_applier
from homeport_agent.durable import make_private_folder
from homeport_agent.root import Root

SIZE = 2_000_000


@pytest.fixture
def small(tmp_path):
    """A root on a file system of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(disk)], check=False, capture_output=True
    ).returncode:
        pytest.fail("nothing can be mounted here. Run the tests as root, as make test does.")
    yield Root.at(str(make_root(disk / "root")))
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def signer():
    return Signer()


def start(root, signer):
    make_private_folder(root.accounts_state)
    if not (root.accounts_state / "pin.json").exists():
        (root.accounts_state / "pin.json").write_text(json.dumps({"device_id": "d-1", "order_root": public_jwk(signer.root)}))
    return make_applier(root, time.time)


def fill(root, *, leave):
    free = shutil.disk_usage(root.folder).free - leave
    with (root.folder / "filler").open("wb") as stream:
        stream.write(b"x" * max(free, 0))


def run(applier, pair):
    receipt = applier.apply(pair["order"], pair["order_key"])
    return receipt["outcome"], receipt["reason"]


def accounts_of(root):
    return {name: (root.etc / name).read_text() for name in ("passwd", "shadow", "group", "gshadow")}


@pytest.mark.parametrize("leave", [0, 4096, 100_000])
def test_a_bind_on_a_full_disk_fails_and_touches_nothing_and_works_when_there_is_room(small, signer, leave):
    applier = start(small, signer)
    before = accounts_of(small)
    fill(small, leave=leave)
    bind = signer.pair("d-1")
    assert run(applier, bind) == ("failed", "disk_full")
    assert accounts_of(small) == before
    assert list((small.folder / "home").iterdir()) == []
    (small.folder / "filler").unlink()
    assert run(applier, bind) == ("done", None)
    assert run(start(small, signer), bind) == ("done", None)


def test_a_suspension_on_a_full_disk_denies_at_once_and_is_completed_later(small, signer):
    applier = start(small, signer)
    assert run(applier, signer.pair("d-1")) == ("done", None)
    fill(small, leave=0)
    signer.now = time.time() + 5  # a later second than the last order's, which the ledger wants to remember and cannot
    suspend = signer.pair("d-1", "suspend")
    outcome, reason = run(applier, suspend)
    assert (outcome, reason) in {("failed", "disk_full"), ("done", None)}
    assert applier.accounts()[0]["state"] == "suspended"
    (small.folder / "filler").unlink()
    again = start(small, signer)
    again.repair()
    assert run(again, suspend) == ("done", None)
    assert again.backend.find("ada").expires_on == 1


def test_every_single_write_may_be_the_one_that_finds_no_room(small, signer):
    """The room shrinks step by step; whatever happens, the account files stay whole and the order succeeds later."""
    applier = start(small, signer)
    for room in range(0, 40_000, 4096):
        fill(small, leave=room)
        outcome, reason = run(applier, signer.pair("d-1", "activate" if room % 8192 else "bind"))
        assert (outcome, reason) in {("failed", "disk_full"), ("refused", "account_missing")}
        (small.folder / "filler").unlink()
        for name in ("passwd", "shadow", "group", "gshadow"):
            assert (small.etc / name).read_text().startswith(("root:x:0", "root:*"))
        applier = start(small, signer)
    assert run(applier, signer.pair("d-1")) == ("done", None)


def test_an_order_whose_end_could_not_be_written_is_not_taken_for_settled(small, signer):
    applier = start(small, signer)
    assert run(applier, signer.pair("d-1")) == ("done", None)
    reached = applier.ledger.sequence
    fill(small, leave=0)
    suspend = signer.pair("d-1", "suspend")
    outcome, _ = run(applier, suspend)
    assert (applier.ledger.sequence == reached) == (outcome == "failed")
    assert run(applier, suspend)[0] == outcome  # asked again, it does not answer better than what is on the disk
    (small.folder / "filler").unlink()
    assert run(start(small, signer), suspend) == ("done", None)
