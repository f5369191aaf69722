"""Orders on real programs: replayed, altered, misdirected, late, after a restore, under wrong clocks, with rotated keys, to a clone."""

import base64
import json
import shutil
import socket
import sys
from datetime import UTC, datetime, timedelta

import pytest
from tests.faults import truth
from tests.faults.administrator import appoint
from tests.faults.estate import ACTOR, Device, Estate, estate, until
from tests.faults.person import sign_in

from homeport.directory.devices.model import After
from homeport.directory.people.model import UserState
from homeport_agent.accounts.framing import receive, send
from homeport_agent.accounts.listener import short_name
from homeport_agent.accounts.service import SOCKET
from homeport_agent.root import Root

pytestmark = pytest.mark.xdist_group("faults-orders")


@pytest.fixture(scope="module")
def organization():
    with estate(people=4) as made:
        _, made.key = appoint(made.home, ACTOR)  # before any backup
        made.serve()
        yield made


@pytest.fixture
def place(organization):
    """The organization without a device that runs; what a test starts ends with it and is not restarted, nor waited for, by the next."""
    organization.serve()
    yield organization
    organization.dismiss()


def hand_over(device: Device, pair: dict[str, str]) -> tuple[str, str | None]:
    """Give an order to the privileged half by its socket, as anybody could who took over the network half."""
    device.keep()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        with short_name(Root.at(str(device.root.path)).run, SOCKET) as name:
            connection.connect(name)
        send(connection, {"do": "apply", **pair})
        receipt = receive(connection)["receipt"]
    return receipt["outcome"], receipt["reason"]


def signed(place: Estate, device: Device, kind: str) -> dict[str, str]:
    """An order that the server signed for this device, answered already or not, as a listener on the wire would have it."""
    query = "SELECT id FROM orders WHERE device_id = ? AND kind = ? ORDER BY epoch DESC, counter DESC LIMIT 1"
    order_id = place.rows(query, device.device_id, kind)[0][0]
    with place.home() as home, home.work.write() as actions:
        order = actions.orders.store.get(order_id)
        return actions.order_keys.sign(order).as_json()


def altered(pair: dict[str, str], part: int = 1) -> dict[str, str]:
    """The order with another account in it, and the old signature."""
    pieces = pair["order"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(pieces[part] + "=="))
    claims["counter"] = claims["counter"] + 100
    pieces[part] = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return {**pair, "order": ".".join(pieces)}


def bound(place: Estate, device: Device, person: str) -> None:
    attempt = sign_in(place, device, person)
    assert attempt.outcome == "bound", attempt


def test_replayed_altered_misdirected_and_late_orders_change_nothing(place):
    device, other = place.add_devices(2)
    device.keep()
    bound(place, device, "ada")
    bind = signed(place, device, "bind")
    place.set_state("ada", UserState.SUSPENDED)
    until(place.settled, "the suspension")
    before = device.root.shadow_line("ada")
    assert device.expired("ada")
    assert hand_over(device, bind) == ("done", None)  # the stored receipt, and nothing else
    assert device.root.shadow_line("ada") == before
    assert hand_over(device, altered(bind)) == ("refused", "order_signature_invalid")
    assert hand_over(other, bind) == ("refused", "order_wrong_device")
    assert hand_over(device, {**bind, "order_key": bind["order"]})[1] == "order_key_invalid"
    place.set_state("ada", UserState.ACTIVATED)
    until(place.settled, "the activation")
    suspend = signed(place, device, "suspend")
    assert hand_over(device, suspend) == ("done", None)
    assert not device.expired("ada"), "an old suspension was carried out a second time"
    ledger = device.state / "ledger.json"  # a device that has forgotten its receipts still knows how far it was
    device.kill()
    content = json.loads(ledger.read_text())
    ledger.write_text(json.dumps({**content, "settled": {}}))
    assert hand_over(device, suspend) == ("refused", "order_superseded")
    assert hand_over(device, bind) == ("refused", "order_superseded")
    assert not device.expired("ada")
    truth.converges(place, [device, other])


def test_suspension_that_waits_while_another_person_signs_in_is_not_lost(place):
    [device] = place.add_devices(1)
    device.keep()
    bound(place, device, "bea")
    device.kill()
    place.set_state("bea", UserState.SUSPENDED)
    bound(place, device, "cyd")  # this order is newer than the suspension and reaches the device first
    device.keep()
    until(lambda: device.expired("bea"), "the suspension")
    truth.converges(place, [device])
    place.set_state("bea", UserState.ACTIVATED)
    truth.converges(place, [device])


def test_after_a_restore_every_device_comes_to_be_as_the_directory_says(place):
    kept, suspended, late, gone = devices = place.add_devices(4)
    for device in devices:
        device.keep()
        bound(place, device, "dan")
    bound(place, kept, "cyd")
    place.unbind("cyd", kept, After.LOCK)
    truth.converges(place, devices)
    file = place.folder / "backup"
    assert place.command("backup", file).returncode == 0
    old = signed(place, kept, "bind")

    bound(place, late, "ada")
    place.unbind("dan", gone, After.REMOVE)
    for _ in range(3):
        place.set_state("dan", UserState.SUSPENDED)
        place.set_state("dan", UserState.ACTIVATED)
    place.set_state("dan", UserState.SUSPENDED)
    truth.converges(place, devices)
    assert place.command("restore", file, "--replace").returncode == 2
    place.stop()
    done = place.command("restore", file, "--replace")
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    truth.converges(place, devices)
    assert kept.expired("dan")
    assert suspended.expired("dan")
    assert "dan" not in gone.accounts()
    assert "ada" in late.accounts()
    assert not late.expired("ada")
    for device in (kept, suspended, late):  # the fourth had said already that its account is gone
        content = json.loads((device.state / "ledger.json").read_text())
        assert content["epoch"] > 1_700_000_000
    assert hand_over(kept, old)[1] in {"order_superseded", None}
    truth.audit_verifies(place)
    assert kept.expired("dan")
    place.set_state("dan", UserState.ACTIVATED)
    truth.converges(place, devices)
    assert not kept.expired("dan")
    bound(place, gone, "dan")


def test_a_restore_without_the_newer_database_still_reaches_devices_that_were_told_more(place):
    [device] = place.add_devices(1)
    device.keep()
    bound(place, device, "cyd")
    truth.converges(place, [device])
    file = place.folder / "earlier"
    assert place.command("backup", file).returncode == 0
    for _ in range(3):
        place.set_state("cyd", UserState.SUSPENDED)
        place.set_state("cyd", UserState.ACTIVATED)
    place.set_state("cyd", UserState.SUSPENDED)
    truth.converges(place, [device])
    place.stop()
    for path in place.data.glob("homeport.sqlite*"):
        path.unlink()
    done = place.command("restore", file)
    assert done.returncode == 0, done.stderr
    assert "suspend again" in done.stdout
    truth.converges(place, [device])
    assert not device.expired("cyd")  # the directory does not know better any more, and said so
    place.set_state("cyd", UserState.SUSPENDED)
    truth.converges(place, [device])
    assert device.expired("cyd")
    place.set_state("cyd", UserState.ACTIVATED)


def seconds_to(year: int) -> str:
    return str(int((datetime(year, 1, 19, 4, tzinfo=UTC) - datetime.now(UTC)).total_seconds()))


@pytest.mark.parametrize("year", [1970, 2038])
def test_device_whose_clock_is_in_another_time_suspends_and_is_not_deceived(place, year):
    [device] = place.add_devices(1)
    device.keep()
    bound(place, device, "ada")
    truth.converges(place, [device])
    device.kill()
    device.words = (sys.executable, "-m", "tests.faults.clock", seconds_to(year))
    device.keep()
    place.set_state("ada", UserState.SUSPENDED)
    until(lambda: device.expired("ada"), f"the suspension in {year}")
    until(place.settled, "the receipt")
    place.set_state("ada", UserState.ACTIVATED)
    if year == 1970:
        truth.converges(place, [device])  # the newest time that the server signed counts
        bound(place, device, "bea")
        return
    query = "SELECT reason FROM bindings WHERE device_id = ? AND username = 'ada'"
    until(lambda: place.rows(query, device.device_id) == [("order_expired",)], "the refusal")
    assert device.expired("ada")
    refused = sign_in(place, device, "bea")
    assert refused.outcome == "order_expired"
    assert "clock" in refused.said["message"]
    device.kill()
    device.words = Device.words
    truth.converges(place, [device])  # a mended clock is enough
    assert not device.expired("ada")


@pytest.mark.parametrize("running", [True, False])
def test_deleted_device_closes_its_accounts_before_its_agent_stops(place, running):
    [device] = place.add_devices(1)
    device.keep()
    bound(place, device, "bea")
    if not running:
        device.kill()
    place.asks("DELETE", f"/api/systems/{device.device_id}?after={After.LOCK.value}")
    if not running:
        device.keep(wait=False)
    assert device.daemon.wait() == 0
    assert device.expired("bea")
    assert place.settled()
    truth.whole(place)


def test_order_key_rotates_without_a_new_enrolment(place):
    [device] = place.add_devices(1)
    device.keep()
    bound(place, device, "bea")
    keys = "SELECT count(*) FROM order_keys WHERE NOT is_root"
    before = place.rows(keys)[0][0]
    old = (datetime.now(UTC) - timedelta(days=31)).isoformat(timespec="microseconds")
    place.execute("UPDATE order_keys SET created_at = ? WHERE NOT is_root", old)
    place.set_state("bea", UserState.SUSPENDED)
    truth.converges(place, [device])
    assert place.rows(keys)[0][0] == before + 1
    assert device.expired("bea")
    place.set_state("bea", UserState.ACTIVATED)
    truth.converges(place, [device])
    bound(place, device, "cyd")


def test_clock_that_is_an_hour_off_follows_the_servers_date(place):
    """To the device it is the same whether its own clock or the server's is the wrong one: the difference is what counts."""
    for offset in (-3600, 3600):
        [device] = place.add_devices(1)
        device.words = (sys.executable, "-m", "tests.faults.clock", str(offset))
        device.keep()
        attempt = sign_in(place, device, "ada")
        assert attempt.outcome == ("bound" if offset < 0 else "order_expired"), attempt
        place.set_state("ada", UserState.SUSPENDED)
        if offset < 0:
            until(lambda device=device: device.expired("ada"), "the suspension")
        device.kill()
        device.words = Device.words
        truth.converges(place, [device])
        place.set_state("ada", UserState.ACTIVATED)
        truth.converges(place, [device])


def test_a_cloned_device_is_detected(place):
    """The same key on two machines: the second is refused at enrolment, a copied disk is noticed; both are named in the audit log."""
    [device] = place.add_devices(1)
    device.keep()
    bound(place, device, "bea")
    device.kill()
    clone = place.folder / "clone"
    shutil.copytree(device.root.path, clone, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
    (clone / "etc/hostname").write_text("clone\n")
    (clone / "etc/machine-id").chmod(0o644)
    (clone / "etc/machine-id").write_text("f" * 32 + "\n")
    double = Device("clone", type(device.root)(clone), place.programs)
    told = lambda: place.rows(  # noqa: E731 - asked twice
        "SELECT details FROM audit_entries WHERE event_type = 'device_key_copied' AND resource_id = ?", device.device_id
    )
    double.keep()
    [[details]] = until(told, "the record of the copy")
    assert json.loads(details)["hostname"] == "clone"
    double.kill()
    state = Root.at(str(clone)).agent_state
    (state / "device.json").unlink()
    with place.home() as home, home.work.write() as actions:
        _, key = actions.enrollment_keys.create(ACTOR, "clone")
    with pytest.raises(AssertionError, match="Another machine is enrolled with this key pair"):
        double.enroll(place.url, key)
    assert not (state / "device.json").exists()
    assert len(told()) == 1  # the same machine is named once
    assert place.rows("SELECT hostname FROM devices WHERE id = ?", device.device_id) == [(device.name,)]
    truth.converges(place, [device])
