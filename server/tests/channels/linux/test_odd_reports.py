"""A report with characters that no database takes is taken all the same: refusing it would make the agent repeat it for ever."""

import json

import pytest

from homeport.foundation.kernel.actor import system


@pytest.mark.parametrize("odd", ["useradd: \x00", "a" * 5000, "line\nline\x1b[2J", "\N{SNOWMAN}"])
def test_a_receipt_is_taken_whatever_its_tools_said(any_house, odd):
    any_house.provision()
    user = any_house.user()
    device = any_house.device()
    any_house.do(lambda act: act.bindings.admit(act.people.get(system("test"), user.id), act.devices.find(device.id), "sign-in"))
    ((order,),) = any_house.sql("SELECT id FROM orders")
    steps = [{"step": "useradd", "outcome": "done", "at": "2026-11-23T10:00:00Z", "detail": odd}]
    receipt = {"order_id": order, "epoch": 1, "counter": 1, "outcome": "done", "reason": None, "steps": steps}
    foreign = {**receipt, "order_id": f"{odd}{order}"}
    token = device.agent_token(any_house.client)
    answer = device.call(any_house.client, "POST", "/agent/v1/reports", token, json={"receipts": [foreign, receipt]})
    assert answer.status_code == 204, answer.text
    ((state, kept),) = any_house.sql("SELECT state, receipt FROM orders")
    assert state == "done"
    detail = (json.loads(kept) if isinstance(kept, str) else kept)["steps"][0]["detail"]
    assert detail == "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in odd[:1000])
