"""``run``: desired state, carried out and reported."""

import json
import signal
import time

import pytest
from conftest import PASSCODE
from standin import person


def until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about in time")


@pytest.fixture
def running(agent, server):
    agent.is_enrolled()
    process = agent.start("run")
    until((agent.root / "run/homeport/accounts.sock").exists)
    yield agent, server, process
    process.kill()


def receipt_of(server, order_id):
    return next((receipt for receipt in server.receipts if receipt["order_id"] == order_id), None)


def test_orders_are_carried_out_as_they_come_and_reported(running):
    agent, server, _ = running
    bind = server.push(agent.device_id, "bind")
    until(lambda: receipt_of(server, bind))
    assert receipt_of(server, bind)["outcome"] == "done"
    suspend = server.push(agent.device_id, "suspend")
    until(lambda: receipt_of(server, suspend))
    until(lambda: server.accounts and server.accounts[0]["state"] == "suspended")
    assert agent.line("shadow", "ada")[7] == "1"
    assert server.device_report["agent_version"] == "0.1.0"
    assert server.queue[agent.device_id] == []


def test_sigterm_ends_a_waiting_agent_at_once_and_cleanly(running):
    agent, server, process = running
    bind = server.push(agent.device_id, "bind")
    until(lambda: receipt_of(server, bind))
    time.sleep(0.3)
    started = time.monotonic()
    process.process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    assert time.monotonic() - started < 20, "it does not wait until the server answers, which takes it up to 45 seconds"
    assert not (agent.root / "run/homeport/accounts.sock").exists()


def test_the_agent_stops_when_the_device_is_deleted(running):
    agent, server, process = running
    bind = server.push(agent.device_id, "bind")
    until(lambda: receipt_of(server, bind))
    roster = agent.root / "var/lib/homeport-accounts/roster.json"
    until(lambda: roster.exists() and json.loads(roster.read_text())["people"])
    server.set_status(agent.device_id, "deleted")
    assert process.wait() == 0
    assert "deleted" in process.stderr
    assert json.loads(roster.read_text())["people"] == []  # so nobody is asked at the prompt to sign in anew


def delete(server, device_id, **unbind):
    """What the server does: the device is gone, and its last orders come with that answer."""
    pair = server.signer.pair(device_id, "unbind", **unbind)
    with server.changed:
        server.queue[device_id].append(pair)
        server.devices[device_id]["status"] = "deleted"
        server.version += 1
        server.changed.notify_all()


def test_a_deleted_device_carries_out_its_last_orders_before_the_agent_stops(running):
    agent, server, process = running
    bind = server.push(agent.device_id, "bind")
    until(lambda: receipt_of(server, bind))
    delete(server, agent.device_id, after="remove")
    assert process.wait() == 0
    assert [receipt["outcome"] for receipt in server.receipts] == ["done", "done"]
    assert not agent.line("passwd", "ada")


def test_a_deleted_device_whose_last_order_failed_goes_on_trying(running):
    agent, server, process = running
    bind = server.push(agent.device_id, "bind")
    until(lambda: receipt_of(server, bind))
    shadow = agent.root / "etc/shadow"
    shadow.rename(agent.root / "etc/away")
    delete(server, agent.device_id)
    until(lambda: any(receipt["outcome"] == "failed" for receipt in server.receipts))
    assert process.running
    (agent.root / "etc/away").rename(shadow)
    assert process.wait() == 0
    assert server.receipts[-1]["outcome"] == "done"
    assert agent.line("shadow", "ada")[7] == "1"


def test_a_device_deleted_while_its_agent_was_off_still_ends_its_accounts(running):
    agent, server, process = running
    bind = server.push(agent.device_id, "bind")
    until(lambda: receipt_of(server, bind))
    process.process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    delete(server, agent.device_id)
    with agent.start("run") as again:
        assert again.wait() == 0
    assert agent.line("shadow", "ada")[7] == "1"


def test_a_sign_in_uses_the_privileged_half_of_the_running_agent(running):
    agent, server, process = running
    status, events, _ = agent.sign_in(server.number, PASSCODE, PASSCODE)
    assert (status, events[-1]["event"]) == (0, "bound")
    assert process.running
    until(lambda: server.accounts and server.accounts[0]["passcode_set"])


def test_a_failed_order_is_tried_again_until_it_works(running):
    agent, server, _ = running
    shadow = agent.root / "etc/shadow"
    shadow.rename(agent.root / "etc/away")
    bind = server.push(agent.device_id, "bind")
    until(lambda: receipt_of(server, bind))
    assert (receipt_of(server, bind)["outcome"], receipt_of(server, bind)["reason"]) == ("failed", "root_incomplete")
    server.receipts.clear()
    (agent.root / "etc/away").rename(shadow)
    until(lambda: any(receipt["outcome"] == "done" for receipt in server.receipts))


def test_a_receipt_that_the_server_did_not_take_is_sent_again(running):
    agent, server, _ = running
    server.ignore_reports = True
    bind = server.push(agent.device_id, "bind")
    until(lambda: agent.line("passwd", "ada"))
    time.sleep(0.5)
    server.ignore_reports = False
    until(lambda: receipt_of(server, bind))
    assert receipt_of(server, bind)["outcome"] == "done"


def test_a_killed_agent_goes_on_where_it_was(running):
    agent, server, process = running
    server.ignore_reports = True
    server.push(agent.device_id, "bind")
    until(lambda: agent.line("passwd", "ada"))
    process.kill()
    server.ignore_reports = False
    with agent.start("run") as again:
        until(lambda: any(receipt["outcome"] == "done" for receipt in server.receipts))
        again.process.send_signal(signal.SIGTERM)
        assert again.wait() == 0
    assert (agent.root / "etc/passwd").read_text().count("\nada:") == 1


def test_refused_and_broken_orders_do_not_stop_the_agent(running):
    agent, server, _ = running
    with server.changed:
        server.queue[agent.device_id] = [{"order": "x", "order_key": "y"}, {"order": "", "order_key": None}]
        server.version += 1
    taken = server.push(agent.device_id, "bind", account=person("local", 20001))
    good = server.push(agent.device_id, "bind", account=person("bob", 20002))
    until(lambda: receipt_of(server, good))
    assert receipt_of(server, taken)["reason"] == "account_name_taken"
    assert receipt_of(server, good)["outcome"] == "done"
    assert json.dumps(server.receipts)
    assert agent.line("passwd", "local")[2] == "1000"


def test_run_and_sign_in_say_that_the_device_is_not_enrolled(agent):
    assert "not_enrolled" in agent.run("run", "--root", str(agent.root)).stderr
    status, events, _ = agent.sign_in()
    assert (status, events[0]["reason"], events[0]["sign_in_id"]) == (1, "not_enrolled", None)
