"""`homeport backup` and `homeport restore`: one file, whole or not at all, on both databases."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace as changed
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from tests.support.factor import Authenticator, set_up
from tests.support.installation import ACTOR, Place, fill, settings_for, settle

from homeport.bootstrap.home import Home
from homeport.channels.linux.tables import order_epoch
from homeport.directory.admins.model import actor_of
from homeport.directory.devices.model import After
from homeport.directory.devices.tables import bindings
from homeport.directory.people.model import UserState
from homeport.directory.people.tables import users
from homeport.foundation.kernel.actor import Origin
from homeport.foundation.kernel.clock import SystemClock
from homeport.settings import Settings
from homeport.trust.signin.model import Purpose, SignIn, State
from homeport.trust.signin.tables import sign_ins

on_both = pytest.mark.parametrize("filled", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="module")
def originals():
    """By the kind of database; what a test needs is made when it asks."""
    return {}


@pytest.fixture
def filled(request, tmp_path, tmp_path_factory, originals):
    """An installation of the test's own, as `fill` leaves it: on SQLite, or on what the test's `on_both` says."""
    kind = getattr(request, "param", "sqlite")
    server = request.getfixturevalue("postgresql") if kind == "postgresql" else None
    if kind not in originals:
        originals[kind] = fill(tmp_path_factory.mktemp(kind) / "data", server and server.create())
    original = originals[kind]
    shutil.copytree(original.data, tmp_path / "data")
    database = server and server.create(template=original.database)
    place = Place(settings_for(tmp_path / "data", database))
    place.device, place.bound = original.device, dict(original.bound)
    yield place
    place.close()
    if server:
        server.drop(database)


def backed_up(place, *words):
    file = place.settings.data.parent / "backup"
    done = place.run("backup", file, *words)
    assert done.exit_code == 0, done.output
    return file


def test_a_backup_is_one_private_file_that_says_what_it_leaves_out(filled):
    file = backed_up(filled)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir() if "backup" in path.name] == ["backup"]
    key = json.loads(filled.settings.sealing_key.read_text())["keys"]
    text = gzip.decompress(file.read_bytes()).decode()
    assert not any(value in text for value in key.values())
    assert "The keys are not in it" in filled.run("backup", file).output
    said = filled.run("backup", file, "--with-keys").output
    assert "whoever can read the file can read every secret" in said
    assert all(value in gzip.decompress(file.read_bytes()).decode() for value in key.values())


@on_both
def test_a_restored_database_holds_what_was_backed_up(filled):
    before = filled.rows()
    file = backed_up(filled)
    with filled.home().work.write() as actions:
        actions.people.create(ACTOR, username="eve", email="eve@acme.example", firstname="Eve", lastname="X")
    done = filled.run("restore", file, "--replace")
    assert done.exit_code == 0, done.output
    after = filled.rows()
    for table in ("users", "unix_ids", "order_keys", "administrators", "enrollment_keys", "provisioning_settings"):
        assert after[table] == before[table]
    assert before["audit_batches"] < after["audit_batches"]


@on_both
def test_every_account_is_ordered_anew_under_a_higher_epoch_and_restrictions_come_first(filled):
    old = filled.scalar(select(order_epoch.c.epoch))
    file = backed_up(filled)
    assert filled.run("restore", file, "--replace").exit_code == 0
    assert filled.orders() == [("suspend", "bob"), ("activate", "ada")]
    first = filled.scalar(select(order_epoch.c.epoch))
    assert first > old
    assert filled.run("restore", file, "--replace").exit_code == 0
    assert filled.scalar(select(order_epoch.c.epoch)) > first


def test_an_order_that_no_device_answered_before_the_backup_is_not_lost(filled):
    home = filled.home()
    with home.work.write() as actions:
        actions.bindings.remove(ACTOR, filled.bound["ada"].id, After.REMOVE)
    file = backed_up(filled)
    settle(filled.home())
    assert filled.run("restore", file, "--replace").exit_code == 0
    assert filled.orders() == [("unbind", "ada"), ("suspend", "bob")]


def test_a_reset_that_no_device_heard_of_before_the_backup_is_not_lost(filled):
    with filled.home().work.write() as actions:
        actions.passcodes.reset(ACTOR, filled.bound["ada"].id)
    file = backed_up(filled)
    assert filled.run("restore", file, "--replace").exit_code == 0
    assert sorted(filled.orders()) == [("activate", "ada"), ("reset_passcode", "ada"), ("suspend", "bob")]


def test_a_suspension_after_the_backup_survives_the_restore(filled):
    file = backed_up(filled)
    home = filled.home()
    with home.work.write() as actions:
        actions.people.change_state(ACTOR, filled.bound["ada"].user_id, UserState.SUSPENDED)
    settle(home)
    done = filled.run("restore", file, "--replace")
    assert "accounts made on devices since: 1" in done.output or "people suspended" in done.output
    assert filled.scalar(select(users.c.state).where(users.c.username == "ada")) == "SUSPENDED"
    assert filled.orders() == [("suspend", "bob"), ("suspend", "ada")] or filled.orders() == [
        ("suspend", "ada"),
        ("suspend", "bob"),
    ]


def test_an_account_and_its_uid_that_came_after_the_backup_are_kept(filled):
    file = backed_up(filled)
    with filled.home().work.write() as actions:
        user = actions.people.create(ACTOR, username="eve", email="eve@acme.example", firstname="Eve", lastname="X")
        binding = actions.bindings.admit(user, filled.device, "s-eve")
    assert filled.run("restore", file, "--replace").exit_code == 0
    assert ("unbind", "eve") in filled.orders()  # nobody knows this person any more, so the account is closed
    with filled.home().work.write() as actions:
        user = actions.people.create(ACTOR, username="fay", email="fay@acme.example", firstname="Fay", lastname="X")
        assert actions.bindings.admit(user, filled.device, "s-fay").uid > binding.uid


@on_both
def test_a_second_factor_that_was_replaced_and_a_used_recovery_code_stay_worthless_after_a_restore(filled):
    def administrator(actions):
        token = actions.administrator_links.issue(ACTOR)
        return actions.administrator_links.accept(
            token, email="root@acme.example", firstname="", lastname="", password="five unrelated words today"
        )

    def signed_in(made):
        return changed(actor_of(made, Origin()), session_id="s", authenticated_at=SystemClock().now())

    with filled.home().work.write() as actions:
        made = administrator(actions)
        lost = set_up(actions, made, SystemClock())
        used, unused, *_ = actions.factors.renew_codes(signed_in(made))
    file = backed_up(filled)
    with filled.home().work.write() as actions:
        assert actions.factors.prove(made.id, used) == "recovery code"
        enrolment = actions.factors.begin(signed_in(made))
        phone = Authenticator(enrolment.secret)
        fresh, *_ = actions.factors.confirm(signed_in(made), enrolment.envelope, phone.code())
    done = filled.run("restore", file, "--replace")
    assert "administrators whose password or second factor changed, or who used a code, since: 1" in done.output
    with filled.home().work.write() as actions:
        for worthless in (lost.code(), used, unused):
            assert actions.factors.prove(made.id, worthless) == ""
        assert actions.factors.prove(made.id, phone.code()) == "one-time password"
        assert actions.factors.prove(made.id, fresh) == "recovery code"
        assert actions.administrators.find_present(made.id).factor_since is not None


@on_both
def test_people_and_devices_deleted_after_the_backup_do_not_come_back_with_access(filled):
    file = backed_up(filled)
    home = filled.home()
    with home.work.write() as actions:
        actions.people.delete(ACTOR, filled.bound["ada"].user_id)
        actions.devices.delete(ACTOR, filled.device.id)
    settle(home)
    done = filled.run("restore", file, "--replace")
    assert done.exit_code == 0, done.output
    assert filled.scalar(select(users.c.state).where(users.c.username == "ada")) == "SUSPENDED"
    assert filled.scalar(select(func.count()).select_from(bindings).where(bindings.c.desired == "present")) == 0
    with filled.home().work.read() as actions:
        assert actions.devices.find(filled.device.id).deleted_at is not None


def test_open_sign_ins_end_and_the_audit_log_names_the_gap(filled):
    now = datetime.now(UTC)
    home = filled.home()
    with home.work.write() as actions:
        open_one = SignIn("s-1", Purpose.DEVICE_LOGIN, State.AT_PROVIDER, now, now.replace(year=now.year + 1), nonce="n")
        actions.sign_ins.store.add(open_one)
    file = backed_up(filled)
    home = filled.home()
    home.audit_sealer.seal()
    with home.work.write() as actions:
        actions.people.create(ACTOR, username="eve", email="eve@acme.example", firstname="Eve", lastname="X")
    home.audit_sealer.seal()
    assert filled.run("restore", file, "--replace").exit_code == 0
    assert filled.scalar(select(sign_ins.c.state).where(sign_ins.c.id == "s-1")) == "expired"
    verified = filled.run("audit", "verify")
    assert verified.exit_code == 0, verified.output
    assert "put back from a backup" in verified.output
    home = filled.home()
    with home.work.write() as actions:
        actions.people.create(ACTOR, username="fay", email="fay@acme.example", firstname="Fay", lastname="X")
    home.audit_sealer.seal()
    assert filled.run("audit", "verify").exit_code == 0


@on_both
def test_a_new_machine_needs_the_keys_and_takes_them_from_the_file(filled, tmp_path, request):
    file = backed_up(filled, "--with-keys")
    bare = backed_up(filled).rename(tmp_path / "bare")
    file = backed_up(filled, "--with-keys")
    url = "" if not filled.settings.database_url else request.getfixturevalue("postgresql").create().sqlalchemy_url
    new = Place(changed(filled.settings, data=tmp_path / "new", database_url=url))
    done = new.run("restore", bare)
    assert done.exit_code == 2
    assert "was made without keys" in done.output
    done = new.run("restore", file)
    assert done.exit_code == 0, done.output
    assert "suspend again" in done.output
    assert new.orders() == [("suspend", "bob"), ("activate", "ada")]
    assert new.run("audit", "verify").exit_code == 0
    new.close()


def test_wrong_keys_change_nothing(filled, tmp_path):
    file = backed_up(filled)
    before = filled.rows()
    good = filled.settings.sealing_key.read_bytes()
    other = Home(Settings(data=tmp_path / "other", public_url="http://localhost:8080"))
    other.parts.database.dispose()
    shutil.copy(tmp_path / "other" / "sealing.key", filled.settings.sealing_key)
    done = filled.run("restore", file, "--replace")
    assert done.exit_code == 2
    assert "homeport:" in done.output
    filled.settings.sealing_key.write_bytes(good)
    assert filled.rows() == before


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "foreign", "absent"])
def test_a_damaged_file_is_refused_in_a_sentence_and_nothing_changes(filled, damage, tmp_path):
    file = backed_up(filled)
    before = filled.rows()
    content = file.read_bytes()
    match damage:
        case "cut":
            lines = gzip.decompress(content).splitlines(keepends=True)
            file.write_bytes(gzip.compress(b"".join(lines[:-3])))
        case "changed":
            file.write_bytes(content[: len(content) // 2] + b"x" + content[len(content) // 2 + 1 :])
        case "empty":
            file.write_bytes(b"")
        case "foreign":
            file.write_bytes(gzip.compress(b'{"format": "something"}\n'))
        case "absent":
            file.unlink()
    done = filled.run("restore", file, "--replace")
    assert done.exit_code == 2
    assert done.output.startswith("homeport: ")
    assert filled.rows() == before


def test_a_used_database_is_replaced_only_when_told(filled):
    file = backed_up(filled)
    before = filled.rows()
    done = filled.run("restore", file)
    assert done.exit_code == 2
    assert "give --replace" in done.output
    assert filled.rows() == before


def test_a_backup_that_cannot_be_written_leaves_nothing(filled, tmp_path):
    done = filled.run("backup", tmp_path / "nowhere" / "backup")
    assert done.exit_code == 2
    assert "could not be written" in done.output


@on_both
def test_a_restore_killed_anywhere_leaves_the_old_database_or_the_new_one(filled):
    file = backed_up(filled)
    with filled.home().work.write() as actions:
        actions.people.create(ACTOR, username="eve", email="eve@acme.example", firstname="Eve", lastname="X")
    before = filled.rows()
    filled.close()
    outcomes = []
    begun = time.monotonic()
    words = [sys.executable, "-m", "homeport", "restore", str(file), "--replace"]
    subprocess.run(words, env={**os.environ, **filled.environment}, capture_output=True, check=True, timeout=300)
    whole = time.monotonic() - begun
    copy = {name: len(rows) for name, rows in filled.rows().items()}
    for part in (0.6, 0.8, 0.95):
        filled.close()
        process = subprocess.Popen(
            words, env={**os.environ, **filled.environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        time.sleep(whole * part)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        outcomes.append(process.returncode)
        rows = {name: len(found) for name, found in filled.rows().items()}
        assert rows["users"] == copy["users"] == len(before["users"]) - 1
        assert rows["bindings"] == copy["bindings"]
        verified = filled.run("audit", "verify")
        assert verified.exit_code == 0, verified.output
    print("ended with", outcomes)
