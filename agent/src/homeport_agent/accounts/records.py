"""User records in /run/userdb for people who may sign in here and have no account yet, so that sshd knows their names.

systemd's own nss-systemd reads them (nss-systemd(8), systemd 249 or later); nothing of ours answers lookups. They are locked, so
they open nothing: the first approval replaces a record with a real account.
"""

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from homeport_agent.accounts.roster import Person
from homeport_agent.root import Root

_SERVICE = "homeport"
_MARK = f'"service": "{_SERVICE}"'


def folder_of(root: Root) -> Path:
    """Where the records are."""
    return root.folder / "run/userdb"


def is_record(root: Root, name: str) -> bool:
    """Whether a name that the system knows is only a record of ours."""
    try:
        return _MARK in (folder_of(root) / f"{name}.user").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


@dataclass
class Records:
    """The records of one root; what is published is remembered, so that a list of thousands is not written twice."""

    root: Root
    _published: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folder = folder_of(self.root)
        for path in folder.glob("*.user") if folder.is_dir() else ():
            if not path.is_symlink() and is_record(self.root, path.stem):
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    self._published[path.stem] = int(json.loads(path.read_text())["uid"])

    def has(self, person: Person) -> bool:
        """Whether this very record stands."""
        return person.uid is not None and self._published.get(person.username) == person.uid

    def sync(self, people: dict[str, Person]) -> None:
        """Publish these people and withdraw all others."""
        for name in [name for name, uid in self._published.items() if name not in people or people[name].uid != uid]:
            self.withdraw(name)
        for person in people.values():
            if person.uid is not None and person.username not in self._published:
                with contextlib.suppress(OSError):  # a full /run only means that ssh does not know the name yet
                    self._publish(person, person.uid)

    def _publish(self, person: Person, uid: int) -> None:
        folder = folder_of(self.root)
        folder.mkdir(mode=0o755, exist_ok=True)
        name = person.username
        user = {
            "userName": name,
            "uid": uid,
            "gid": uid,
            "realName": " ".join(person.full_name.replace(":", " ").split()),
            "homeDirectory": f"/home/{name}",
            "shell": "/bin/bash",
            "disposition": "regular",
            "locked": True,
            "service": _SERVICE,
        }
        group = {"groupName": name, "gid": uid, "disposition": "regular", "service": _SERVICE}
        for kind, content in (("group", group), ("user", user)):
            path = folder / f"{name}.{kind}"
            beside = folder / f".{name}.{kind}.new"
            beside.write_text(json.dumps(content) + "\n", encoding="utf-8")
            beside.chmod(0o644)
            beside.replace(path)
            number = folder / f"{uid}.{kind}"
            number.unlink(missing_ok=True)
            number.symlink_to(path.name)
        self._published[name] = uid

    def withdraw(self, name: str) -> None:
        """Remove one record, as the real account must before it is made (useradd asks for the name)."""
        uid = self._published.pop(name, None)
        if uid is None:
            return
        for path in (f"{name}.user", f"{name}.group", f"{uid}.user", f"{uid}.group"):
            (folder_of(self.root) / path).unlink(missing_ok=True)
