"""kill -9 at every step of the journal, then start again: one account, one story."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import make_root
from standin import Signer, public_jwk

from homeport_agent.accounts.model import Step

CHILD = Path(__file__).with_name("kill_child.py")
ADMIN = {"permission": "admin", "groups": ["video"]}


def prepare(folder, signer):
    root = make_root(folder)
    state = root / "var/lib/homeport-accounts"
    state.mkdir(parents=True, mode=0o700)
    (state / "pin.json").write_text(json.dumps({"device_id": "d-1", "order_root": public_jwk(signer.root)}))
    (root / "etc/homeport").mkdir()
    (root / "etc/homeport/agent.json").write_text('{"allowed_groups": ["video"]}')
    return root


def start(root):
    return subprocess.Popen([sys.executable, str(CHILD), str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def told(process, word):
    for line in process.stdout:
        if line.startswith(f"{word} "):
            return json.loads(line.removeprefix(f"{word} "))
    raise AssertionError(f"no {word}")


def apply(root, pair):
    process = start(root)
    out, _ = process.communicate(json.dumps(pair) + "\n", timeout=30)
    return json.loads(out.splitlines()[-1].removeprefix("receipt "))


def kill_when(process, journal, lines):
    """SIGKILL as soon as the journal has that many lines; whether it still lived."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
            break
        if process.poll() is not None:
            return False
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return True


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


@pytest.fixture(scope="module")
def signer():
    return Signer()


@pytest.mark.parametrize("kind", ["bind", "suspend", "activate", "unbind"])
def test_killed_after_each_line_of_the_journal_the_order_is_finished_exactly_once(kind, tmp_path, signer):
    origin = prepare(tmp_path / "origin", signer)
    for before in {"bind": [], "suspend": ["bind"], "activate": ["bind", "suspend"], "unbind": ["bind"]}[kind]:
        assert apply(origin, signer.pair("d-1", before, account=ADMIN))["outcome"] == "done"
    pair = signer.pair("d-1", kind, account=ADMIN, after="remove")

    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(origin, undisturbed)
    begun = len(steps_of(undisturbed)) if journal_of(undisturbed).exists() else 0
    expected = apply(undisturbed, pair)
    lines = steps_of(undisturbed)[begun:]
    wanted = state_of(undisturbed)

    hit = set()
    for count in range(1, len(lines) + 1):
        root = tmp_path / f"killed-{count}"
        shutil.copytree(origin, root)
        process = start(root)
        told(process, "repaired")
        process.stdin.write(json.dumps(pair) + "\n")
        process.stdin.flush()
        if kill_when(process, journal_of(root), begun + count):
            hit.add(lines[count - 1][0])
        process.stdin.close()
        process.stdout.close()

        again = apply(root, pair)  # the server sends it again, because nobody answered
        assert (again["outcome"], again["reason"]) == ("done", None)
        assert [step["step"] for step in again["steps"]] == [step["step"] for step in expected["steps"]]
        assert state_of(root) == wanted
        assert apply(root, pair) == again
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
    process = start(root)
    for number in range(40):
        process.stdin.write(json.dumps(signer.pair("d-1", "suspend" if number % 2 else "activate")) + "\n")
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()
    assert journal_of(root).stat().st_size < 80_000
