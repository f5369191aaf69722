"""What must hold whatever was killed: on the devices, in the database, in the audit log."""

from collections import Counter

from tests.faults.estate import Device, Estate, until
from tests.faults.person import Attempt

SQL = {
    "a completed sign-in has a user": "SELECT id FROM sign_ins WHERE state = 'completed' AND (user_id IS NULL OR reason <> '')",
    "a binding comes from a completed sign-in": """SELECT b.id FROM bindings b LEFT JOIN sign_ins s ON s.id = b.sign_in_id
        WHERE s.id IS NULL OR s.state <> 'completed' OR s.user_id <> b.user_id""",
    "a bind order comes from a completed sign-in": """SELECT o.id FROM orders o LEFT JOIN sign_ins s ON s.id = o.sign_in_id
        WHERE o.kind = 'bind' AND (s.id IS NULL OR s.state <> 'completed')""",
    "an order belongs to a binding of its device": """SELECT o.id FROM orders o LEFT JOIN bindings b ON b.id = o.binding_id
        WHERE b.id IS NULL OR b.device_id <> o.device_id""",
    "an approval belongs to the sign-in that earned it": """SELECT a.id FROM device_authorizations a JOIN sign_ins s ON s.id = a.sign_in_id
        WHERE a.state IN ('approved', 'redeemed') AND (s.state <> 'completed' OR s.continuation_id <> a.id OR s.user_id <> a.user_id)""",
    "one live account of a person on a device": """SELECT user_id FROM bindings WHERE desired <> 'removed'
        GROUP BY user_id, device_id HAVING count(*) > 1""",
    "a person has one uid": "SELECT b.id FROM bindings b JOIN unix_ids u ON u.user_id = b.user_id WHERE b.uid <> u.uid OR b.gid <> u.uid",
    "one link of a person": "SELECT user_id FROM federated_identities WHERE state = 'active' GROUP BY user_id HAVING count(*) > 1",
    "counters have no twins": "SELECT device_id FROM orders GROUP BY device_id, epoch, counter HAVING count(*) > 1",
    "the steps of a sign-in are numbered without holes": """SELECT sign_in_id FROM sign_in_steps GROUP BY sign_in_id
        HAVING max(number) <> count(*)""",
    "an order token belongs to a completed sign-in": """SELECT t.token_hash FROM access_tokens t LEFT JOIN sign_ins s ON s.id = t.sign_in_id
        WHERE t.scope = 'order' AND (s.id IS NULL OR s.state <> 'completed')""",
}


def whole(estate: Estate) -> None:
    """The database contradicts itself nowhere, and the audit log proves itself."""
    assert estate.rows("PRAGMA integrity_check") == [("ok",)]
    assert estate.rows("PRAGMA foreign_key_check") == []
    broken = {name: found for name, query in SQL.items() if (found := estate.rows(query))}
    assert not broken, broken
    with estate.home() as home:  # as `homeport audit verify` does, which takes seconds to start
        verdict = home.audit_sealer.verify()
    assert verdict.holds, verdict.problems


def audit_verifies(estate: Estate) -> None:
    """The operator's own command says so too."""
    verified = estate.command("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def one_account_each(estate: Estate, device: Device) -> None:
    """No second account: a name, a uid, a group and a home each stand once, and all four files name the same people."""
    text = {name: (device.root.path / "etc" / name).read_text().splitlines() for name in ("passwd", "shadow", "group", "gshadow")}
    for name, lines in text.items():
        twins = [key for key, count in Counter(line.split(":")[0] for line in lines).items() if count > 1]
        assert not twins, f"{device.name}: {name} names {twins} twice"
    uids = [line.split(":")[2] for line in text["passwd"]]
    assert len(uids) == len(set(uids)), f"{device.name}: a uid stands twice"
    people = set(device.accounts())
    assert people <= {line.split(":")[0] for line in text["shadow"]}
    assert people <= set(estate.people)
    known = dict(estate.rows("SELECT username, uid FROM bindings WHERE device_id = ?", device.device_id))
    for name, fields in device.accounts().items():
        assert int(fields[2]) == int(fields[3]) == known[name], f"{device.name}: {name} has {fields[2]}, not {known[name]}"
    leftover = [
        path.name
        for path in (device.root.path / "etc").iterdir()
        if path.name.endswith((".new", ".lock", "+")) and path.name != ".pwd.lock"
    ]
    assert not leftover, f"{device.name}: {leftover} were left in etc"


def as_wanted(estate: Estate, device: Device) -> None:
    """Each live binding's account stands there as it is desired, and what is removed is closed or gone."""
    accounts = device.accounts()
    query = "SELECT username, desired, after FROM bindings WHERE device_id = ? ORDER BY created_at"
    wanted = {username: (desired, after) for username, desired, after in estate.rows(query, device.device_id)}
    for username, (desired, after) in wanted.items():
        match desired, after:
            case "present", _:
                assert username in accounts, f"{device.name}: {username} has no account"
                assert not device.expired(username), f"{device.name}: {username} is expired"
            case ("suspended", _) | (_, "lock"):
                assert username not in accounts or device.expired(username), f"{device.name}: {username} is open"
            case _, "remove":
                assert username not in accounts, f"{device.name}: {username} is still there"
    assert set(accounts) <= set(wanted)


def nobody_lost(estate: Estate, attempts: list[Attempt]) -> None:
    """Whatever a device called bound, the server knows."""
    for attempt in attempts:
        if attempt.outcome == "bound":
            query = "SELECT count(*) FROM bindings b JOIN devices d ON d.id = b.device_id WHERE b.username = ? AND d.hostname = ?"
            assert estate.rows(query, attempt.person, attempt.device)[0][0] >= 1, f"{attempt} is lost"


def converges(estate: Estate, devices: list[Device], seconds: float = 180) -> None:
    """With everything running again, every device comes to be as it is desired."""
    estate.serve()
    for device in devices:
        device.keep()
    try:
        until(lambda: all(estate.settled_at(device.device_id) for device in devices), "the desired state on all devices", seconds)
    except AssertionError:
        print(estate.rows("SELECT username, device_id, desired, observed, reason FROM bindings WHERE desired <> observed"))
        print(estate.rows("SELECT kind, device_id, epoch, counter, reason, created_at FROM orders WHERE state = 'pending'"))
        for device in devices:
            print(device.name, device.device_id, device.daemon.output[-600:] if device.daemon else "")
        raise
    for device in devices:
        one_account_each(estate, device)
        as_wanted(estate, device)
    whole(estate)
