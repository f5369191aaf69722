"""An agent that waits for nothing costs no write: thousands of them wait at once."""

from sqlalchemy import event

from homeport.foundation.kernel.actor import system


def commits_of(house, deed):
    """Count the transactions of a deed that were committed with a change."""
    written = []
    engine = house.home.parts.database.engine

    def noted(_connection, _cursor, statement, *_):
        if statement.split()[0] in {"INSERT", "UPDATE", "DELETE"}:
            written.append(statement.split("\n")[0])

    event.listen(engine, "before_cursor_execute", noted)
    try:
        deed()
    finally:
        event.remove(engine, "before_cursor_execute", noted)
    return written


def ask(house, device, token, version):
    answer = device.call(house.client, "GET", "/agent/v1/desired-state", token, params={"version": version})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_idle_agent_writes_only_that_it_was_there(any_house):
    any_house.provision()
    device = any_house.device()
    token = device.agent_token(any_house.client)
    version = ask(any_house, device, token, 0)["version"]
    written = commits_of(any_house, lambda: ask(any_house, device, token, version))
    assert sorted(statement.split()[0:3] for statement in written) == [
        ["INSERT", "INTO", "seen_jtis"],
        ["UPDATE", "devices", "SET"],
    ]


def test_a_lease_that_runs_low_is_renewed_when_the_agent_asks(any_house, clock):
    any_house.provision()
    user = any_house.user()
    device = any_house.device()
    any_house.do(lambda act: act.bindings.admit(act.people.get(system("test"), user.id), act.devices.find(device.id), "sign-in"))
    token = device.agent_token(any_house.client)
    first = ask(any_house, device, token, 0)
    assert len(first["orders"]) == 1
    clock.forward(days=8)
    token = device.agent_token(any_house.client)
    assert len(ask(any_house, device, token, first["version"])["orders"]) == 2
