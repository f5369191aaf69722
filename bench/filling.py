"""Fills a database with as many rows as an organization has after years; straight into the tables, since it is not what is measured."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, insert

from homeport.bootstrap.home import Home
from homeport.directory.audit.tables import audit_entries
from homeport.directory.devices.tables import bindings, devices, enrollment_keys, unix_ids
from homeport.directory.people.tables import user_group_members, user_groups, users
from homeport.trust.signin.tables import sign_in_steps, sign_ins

Row = dict[str, Any]
NOW = datetime.now(UTC)
FIRST = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Ken", "Margaret", "Niklaus")
LAST = ("Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Allen", "Thompson", "Hamilton", "Wirth")


GROUPS = 500
"""User groups; each person is in two of them, and a tenth of all in the first."""


def fill(home: Home, *, people: int, machines: int, attempts: int, events: int) -> None:
    """Add people, devices with one account each, finished sign-ins with their steps, and entries of the audit log."""
    with home.parts.database.write() as unit:
        provider_id = unit.connection.exec_driver_sql("SELECT id FROM identity_providers").scalar() or ""
        _all(unit.connection, users, (_user(number) for number in range(people)))
        _all(unit.connection, user_groups, (_user_group(number) for number in range(GROUPS)))
        _all(unit.connection, user_group_members, (_member(number, turn) for number in range(people) for turn in (0, 1)))
        _all(unit.connection, unix_ids, (_unix_id(number) for number in range(min(people, machines))))
        key = _enrollment_key(machines)
        _all(unit.connection, enrollment_keys, [key])
        _all(unit.connection, devices, (_device(number, key["id"]) for number in range(machines)))
        _all(unit.connection, bindings, (_binding(number) for number in range(min(people, machines))))
        _all(unit.connection, sign_ins, (_sign_in(number, people, provider_id) for number in range(attempts)))
        steps = ("started", "verified", "completed")
        _all(
            unit.connection,
            sign_in_steps,
            (_step(number, place, name) for number in range(attempts) for place, name in enumerate(steps)),
        )
        _all(unit.connection, audit_entries, (_event(number) for number in range(events)))
    with home.parts.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _all(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    remaining = iter(rows)
    while batch := list(islice(remaining, 2000)):
        connection.execute(insert(table), batch)


def _id(kind: str, number: int) -> str:
    digits = hashlib.sha256(f"{kind} {number}".encode()).hexdigest()
    return f"01900000-{digits[:4]}-7{digits[4:7]}-8{digits[7:10]}-{digits[10:22]}"


def _name(number: int) -> str:
    digits = hashlib.sha256(str(number).encode()).hexdigest()[:4]
    return f"{FIRST[number % 10].lower()}.{digits}{number}"


def _user(number: int) -> Row:
    username = _name(number)
    state = ("ACTIVATED", "ACTIVATED", "ACTIVATED", "STAGED", "SUSPENDED")[number % 5]
    row = {"id": _id("user", number), "username": username, "email": f"{username}@acme.example", "state": state, "version": 1}
    row |= {"firstname": FIRST[number % 10], "lastname": LAST[number // 10 % 10]}
    row["search_key"] = "\n".join((username, row["email"], row["firstname"], row["lastname"])).lower()
    return row | {"created_at": NOW - timedelta(minutes=number), "updated_at": NOW}


def group_id(number: int) -> str:
    """The id of a user group."""
    return _id("user group", number)


def _user_group(number: int) -> Row:
    name = f"team-{number}"
    row = {"id": group_id(number), "name": name, "name_key": name, "description": f"Everybody of team {number}", "version": 1}
    return row | {"created_at": NOW, "updated_at": NOW, "search_key": f"{name} everybody of team {number}"}


def _member(number: int, turn: int) -> Row:
    place = 0 if turn and number % 10 == 0 else 1 + (number + turn * 7) % (GROUPS - 1)
    return {"group_id": group_id(place), "user_id": _id("user", number), "added_at": NOW}


def _unix_id(number: int) -> Row:
    return {"user_id": _id("user", number), "uid": 20_000 + number, "allocated_at": NOW}


def _enrollment_key(uses: int) -> Row:
    row = {"id": _id("key", uses), "name": "Bench", "secret_hash": hashlib.sha256(str(uses).encode()).hexdigest()}
    row |= {"max_uses": uses + 1, "uses": uses, "created_by": "bench", "created_at": NOW}
    return row | {"expires_at": NOW + timedelta(days=7), "revoked_at": None}


def _device(number: int, key_id: str) -> Row:
    thumbprint = hashlib.sha256(f"device {number}".encode()).hexdigest()[:43]
    row = {"id": _id("device", number), "hostname": f"lab-{number}", "display_name": f"lab-{number}", "thumbprint": thumbprint}
    row |= {"serial_number": f"SN{number:08}", "machine_id": thumbprint[:32], "os": "linux", "os_name": "Debian GNU/Linux"}
    row |= {"os_version": "12", "arch": "x86_64", "agent_version": "0.1.0", "device_key": {"kty": "EC"}, "status": "active"}
    row |= {"enrolled_at": NOW - timedelta(minutes=number), "last_contact_at": NOW, "address": "192.0.2.1"}
    return row | {"enrolled_with": key_id, "version": 1, "desired_state_version": 1, "deleted_at": None}


def _binding(number: int) -> Row:
    uid = 20_000 + number
    row = {"id": _id("binding", number), "user_id": _id("user", number), "device_id": _id("device", number), "reason": ""}
    row |= {"username": _name(number)[:31], "uid": uid, "gid": uid, "permission": "standard", "desired": "present"}
    row |= {"observed": "present", "sign_in_id": _id("sign-in", number), "lease_not_after": NOW + timedelta(days=14)}
    return row | {"passcode_set_at": NOW, "created_at": NOW, "confirmed_at": NOW, "after": None, "version": 1}


def _sign_in(number: int, people: int, provider_id: str) -> Row:
    person = number % people
    done = number % 10 != 0
    at = NOW - timedelta(seconds=30 * number)
    row = {"id": _id("sign-in", number), "purpose": "device_login", "state": "completed" if done else "refused"}
    row |= {"started_at": at, "expires_at": at, "provider_id": provider_id, "continuation_id": _id("code", number)}
    row |= {"browser_hash": "", "state_hash": None, "nonce": "", "verifier_sealed": "", "user_id": _id("user", person)}
    row |= {"reason": "" if done else "user_suspended", "address": "192.0.2.1", "user_agent": "Mozilla/5.0", "subject": "00u"}
    return row | {"issuer": "https://acme.okta.example", "email": f"{_name(person)}@acme.example", "ended_at": at}


def _step(number: int, place: int, name: str) -> Row:
    return {"sign_in_id": _id("sign-in", number), "number": place, "name": name, "outcome": "passed", "at": NOW, "details": {}}


def _event(number: int) -> Row:
    at = NOW - timedelta(seconds=20 * number)
    row = {"id": _id("event", number), "at": at, "event_type": "user_create", "actor_kind": "admin", "actor_id": "1"}
    row |= {"actor_name": "Marie Curie", "address": "192.0.2.1", "user_agent": "Mozilla/5.0", "request_id": _id("r", number)}
    row |= {"resource_type": "user", "resource_id": _id("user", number), "resource_name": _name(number), "success": True}
    return row | {"reason": "", "changes": "{}", "details": "{}", "batch": 1}
