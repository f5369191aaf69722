"""Who may sign in on this device and has no account yet: what the network half last heard from the server.

It opens nothing by itself. It only decides who is asked for a number at the prompt; an account comes from a signed order.
"""

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homeport_agent.accounts.model import Account
from homeport_agent.accounts.orders import FIRST_UID, check_account
from homeport_agent.durable import read_json, write_json
from homeport_agent.refusals import Refusal

MOST_PEOPLE = 20_000
_ID = re.compile(r"[\x21-\x7e]{1,200}\Z")
_MOST_TEXT = 320


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in here. ``uid`` is None until the server gives them a number."""

    user_id: str
    username: str
    email: str
    full_name: str
    uid: int | None


def read_person(value: Any) -> Person | None:
    """Read one entry; None when it names nobody who could have an account on any device."""
    if not isinstance(value, dict):
        return None
    texts = [value.get(name) for name in ("user_id", "username", "email", "full_name")]
    uid = value.get("uid")
    if not all(isinstance(text, str) and len(text) <= _MOST_TEXT and text.isprintable() for text in texts):
        return None
    if uid is not None and (not isinstance(uid, int) or isinstance(uid, bool)):
        return None
    user_id, username, email, full_name = (str(text) for text in texts)
    try:
        number = FIRST_UID if uid is None else uid
        check_account(Account(user_id, username, number, number, full_name, "/", "/", admin=False, groups=()))
    except Refusal:
        return None
    return Person(user_id, username, email.lower(), full_name, uid) if _ID.match(user_id) else None


@dataclass
class Roster:
    """Looked up by name and by e-mail, without asking anybody. Kept in ``path``, so that a restart forgets nobody."""

    path: Path
    digest: str = ""
    _by_name: dict[str, Person] = field(default_factory=dict)
    _by_email: dict[str, Person] = field(default_factory=dict)
    _coming: list[Person] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> "Roster":
        """Read the list of before; an absent or damaged one is empty, because the network half sends it again."""
        roster = cls(path)
        with contextlib.suppress(Refusal):
            content = read_json(path) or {}
            people = content.get("people")
            roster._fill([person for entry in (people if isinstance(people, list) else []) if (person := read_person(entry))])
            roster.digest = str(content.get("digest", ""))
        return roster

    def __len__(self) -> int:
        return len(self._by_name)

    def people(self) -> Iterable[Person]:
        """Everybody on it."""
        return list(self._by_name.values())

    def take(self, people: Any, *, first: bool, digest: str | None) -> bool:
        """Take one part of a new list; the old one counts until the part with the ``digest`` has come. Whether it has."""
        if first:
            self._coming = []
        found = [person for entry in (people if isinstance(people, list) else []) if (person := read_person(entry))]
        self._coming = (self._coming + found)[:MOST_PEOPLE]
        if digest is None:
            return False
        self._fill(self._coming)
        self._coming = []
        self.digest = digest
        with contextlib.suppress(Refusal, OSError):  # a full disk only means that a restart waits for the list
            write_json(self.path, {"digest": digest, "people": [vars(person) for person in self.people()]})
        return True

    def _fill(self, people: list[Person]) -> None:
        self._by_name = {person.username: person for person in people}
        self._by_email = {person.email: person for person in people if person.email}

    def find(self, name: str) -> Person | None:
        """Whom a person means by what they typed: a user name, or an e-mail address in any case of letters."""
        return self._by_email.get(name.lower()) if "@" in name else self._by_name.get(name)
