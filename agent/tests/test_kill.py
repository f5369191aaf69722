"""kill -9 at every step of the journal, then start again: one account, one story."""

import contextlib
import ctypes
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import tempfile
import time
from multiprocessing.connection import wait
from pathlib import Path

import pytest
from conftest import make_root
from kill_child import HeldClock, apply
from standin import Signer, public_jwk
from test_adoption import ADA, add_ada

from homeport_agent.accounts.model import Step
from homeport_agent.accounts.service import make_applier
from homeport_agent.root import Root

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["homeport_agent.accounts.service"])  # it finds no modules beside this file
IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100  # sys/inotify.h
ADMIN = {"permission": "admin", "groups": ["video"]}


def prepare(folder, signer):
    root = make_root(folder)
    state = root / "var/lib/homeport-accounts"
    state.mkdir(parents=True, mode=0o700)
    (state / "pin.json").write_text(json.dumps({"device_id": "d-1", "order_root": public_jwk(signer.root)}))
    (root / "etc/homeport").mkdir()
    (root / "etc/homeport/agent.json").write_text('{"allowed_groups": ["video"]}')
    return root


def copy(origin, root):
    subprocess.run(["cp", "-a", str(origin), str(root)], check=True)


@contextlib.contextmanager
def written(folder):
    """A descriptor that can be read once anything in a folder was written (inotify); looking again and again costs a core."""
    libc = ctypes.CDLL(None, use_errno=True)
    queue = libc.inotify_init1(os.O_CLOEXEC)
    try:
        if libc.inotify_add_watch(queue, os.fsencode(folder), IN_MODIFY | IN_MOVED_TO | IN_CREATE) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch", str(folder))
        yield queue
    finally:
        os.close(queue)


def kill_when(process, journal, lines):
    """SIGKILL as soon as the journal has that many lines; whether it still lived."""
    with written(journal.parent) as queue:
        process.start()
        while not journal.exists() or journal.read_bytes().count(b"\n") < lines:
            ready = wait([queue, process.sentinel], 120)
            assert ready, f"the journal has no {lines} lines after two minutes"
            if queue not in ready:
                return False
            os.read(queue, 65_536)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def journal_of(root):
    return root / "var/lib/homeport-accounts/journal.jsonl"


def steps_of(root):
    return [(entry["step"], entry["phase"]) for entry in map(json.loads, journal_of(root).read_text().splitlines())]


def state_of(root):
    names = ("passwd", "shadow", "group", "gshadow")
    text = {name: sorted((root / "etc" / name).read_text().splitlines()) for name in names}
    homes = sorted((path.name, path.stat().st_uid, path.stat().st_mode) for path in (root / "home").iterdir())
    ledger = json.loads((root / "var/lib/homeport-accounts/ledger.json").read_text())
    return text, homes, ledger["accounts"], (ledger["epoch"], ledger["counter"])


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        yield Path(name)  # a flush costs nothing there, and a killed process loses no more than on a disk


@pytest.fixture(scope="module")
def signer():
    return Signer()


BEFORE = {
    "suspend": ["bind"],
    "activate": ["bind", "suspend"],
    "reset_passcode": ["bind"],
    "unbind": ["bind"],
    "unbind keep": ["bind"],
}


@pytest.mark.parametrize("kind", ["bind", "bind adopt", "suspend", "activate", "reset_passcode", "unbind", "unbind keep"])
def test_killed_after_each_line_of_the_journal_the_order_is_finished_exactly_once(kind, folder, signer):
    origin = prepare(folder / "origin", signer)
    account, given = ADMIN, None
    if kind == "bind adopt":  # a crash asks nobody for the passcode again: it was given
        add_ada(origin)
        account, given = ADMIN | {"existing": "take_over"}, ADA
    for before in BEFORE.get(kind, []):
        assert apply(origin, signer.pair("d-1", before, account=ADMIN))["outcome"] == "done"
    pair = signer.pair("d-1", kind.split()[0], account=account, after="keep" if kind.endswith("keep") else "remove")

    undisturbed = folder / "undisturbed"
    copy(origin, undisturbed)
    begun = len(steps_of(undisturbed)) if journal_of(undisturbed).exists() else 0
    expected = apply(undisturbed, pair, time.time, given)
    assert expected["outcome"] == "done"
    lines = steps_of(undisturbed)[begun:]
    wanted = state_of(undisturbed)

    hit = set()
    for count in range(1, len(lines) + 1):
        root = folder / f"killed-{count}"
        copy(origin, root)
        held = HeldClock(journal_of(root), begun + count)
        process = PROCESSES.Process(target=apply, args=(root, pair, held, given))
        if kill_when(process, journal_of(root), begun + count):
            hit.add(lines[count - 1][0])
        process.close()

        again = apply(root, pair, time.time)  # the server sends it again, because nobody answered
        assert (again["outcome"], again["reason"]) == ("done", None)
        assert [step["step"] for step in again["steps"]] == [step["step"] for step in expected["steps"]]
        assert state_of(root) == wanted
        assert apply(root, pair, time.time) == again
        shutil.rmtree(root)
    print(kind, "killed at", sorted(hit))
    assert {step for step, _ in lines} - hit <= {Step.FINISH}


def test_a_torn_last_line_is_dropped(tmp_path, signer):
    root = prepare(tmp_path / "root", signer)
    pair = signer.pair("d-1")
    apply(root, pair)
    journal = journal_of(root)
    journal.write_bytes(journal.read_bytes() + b'{"order_id": "x", "step": "use')
    assert apply(root, pair)["outcome"] == "done"
    assert journal.read_bytes().endswith(b"}\n")


def test_the_journal_stays_small(tmp_path, signer):
    root = prepare(tmp_path / "root", signer)
    applier = make_applier(Root.at(str(root)), time.time)
    for number in range(40):
        pair = signer.pair("d-1", "suspend" if number % 2 else "activate")
        applier.apply(pair["order"], pair["order_key"])
    assert journal_of(root).stat().st_size < 80_000
