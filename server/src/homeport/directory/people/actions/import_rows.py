"""What becomes of the rows of a file of users: judged together, stored together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from homeport.directory.audit.actions import Audit
from homeport.directory.audit.model import Change, Happening, Resource
from homeport.directory.people import model
from homeport.directory.people.actions.groups import UserGroups
from homeport.directory.people.actions.users import People
from homeport.directory.people.model import FIELDS, User, UserEmailChanged, UserState
from homeport.directory.people.model.imports import Meaning, Refused, Row, group_names, keys_of, username_of
from homeport.directory.people.ports import ImportStore
from homeport.foundation.kernel.actor import Actor
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.permissions import Permission


@dataclass(slots=True)
class Judged:
    """What is to be done with some rows."""

    new: list[User] = field(default_factory=list)
    changed: list[tuple[User, User]] = field(default_factory=list)
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)
    joining: dict[str, list[str]] = field(default_factory=dict)
    """User ids by the name of the group that they join."""
    only_joining: int = 0

    def counts(self) -> dict[str, int]:
        """Return how many rows are what."""
        # public: only counts what was judged with the permission to write
        return {
            "new": len(self.new),
            "changed": len(self.changed) + self.only_joining,
            "unchanged": self.unchanged,
            "refused": len(self.refused),
        }


class _Wrong(Exception):  # noqa: N818 - a row's refusal on its way out
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name, self.reason = name, reason


@dataclass(frozen=True, slots=True)
class RowImport:
    """Judges and stores rows in one unit of work."""

    store: ImportStore
    people: People
    groups: UserGroups
    audit: Audit
    clock: Clock
    entropy: Entropy

    def judge(self, actor: Actor, rows: Sequence[Row], meaning: Meaning, seen: dict[str, int]) -> Judged:
        """Say what becomes of each row. `seen` holds the line of each address and name of the rows before, and is continued."""
        actor.require(Permission.USERS_WRITE)
        given = [(row, model.normal_fields({name: text for name, text in row.values.items() if name in FIELDS})) for row in rows]
        emails = {values["email"] for _, values in given if "email" in values}
        usernames = {username_of(values) for _, values in given}
        found = self.store.find_users(_askable(emails), _askable(usernames))
        by_email, by_username = {user.email: user for user in found}, {user.username: user for user in found}
        named = {name for row in rows for name in group_names(row.values.get("groups", ""))}
        groups = (
            {model.group_key(group.name): group.id for group in self.groups.groups.find_by_names(_askable(named))}
            if named
            else {}
        )
        inside = self.store.memberships([user.id for user in found]) if named else frozenset()
        judged = Judged()
        for row, values in given:
            try:
                before = self._match(row, values, by_email, by_username, seen)
                joins = _joins(row, groups, meaning)
                after = self._wanted(row, values, before, meaning)
            except _Wrong as wrong:
                judged.refused.append(Refused(row.line, wrong.name, wrong.reason, row.cells))
                continue
            joins = [name for name in joins if (groups.get(model.group_key(name), ""), after.id) not in inside]
            for name in joins:
                judged.joining.setdefault(name, []).append(after.id)
            if before is None:
                judged.new.append(after)
            elif before != after:
                judged.changed.append((before, after))
            elif joins:
                judged.only_joining += 1
            else:
                judged.unchanged += 1
        return judged

    def store_all(self, actor: Actor, judged: Judged, meaning: Meaning) -> None:
        """Store what was judged, with an audit entry for each user, in the caller's unit of work."""
        actor.require(Permission.USERS_WRITE)
        # One order for whoever changes several: groups, users, devices; new rows by what must be unique.
        groups = self._groups(actor, judged, meaning)
        self.people.hold([before.id for before, _ in judged.changed] + [one for ids in judged.joining.values() for one in ids])
        new = sorted(judged.new, key=lambda user: user.email)
        self.store.add_users(new)
        self.audit.record_all(actor, [_creation(user) for user in new])
        self._change_all(actor, judged.changed)
        for name, user_ids in sorted(judged.joining.items()):
            self.groups.add_members(actor, groups[model.group_key(name)], user_ids)

    def _change_all(self, actor: Actor, changed: Sequence[tuple[User, User]]) -> None:
        """Store users whose details alone change together; the others, and those whom somebody changed meanwhile, one by one."""
        now = self.clock.now()
        present = {user.id: user for user in self.people.users.get_all([before.id for before, _ in changed])}
        together: list[tuple[User, User]] = []
        alone: list[tuple[User, User]] = []
        for before, after in changed:
            details_only = (before.username, before.state) == (after.username, after.state) and present.get(before.id) == before
            (together if details_only else alone).append((before, after))
        stored = [replace(after, version=before.version + 1, updated_at=now) for before, after in together]
        self.store.save_users(stored)
        self.audit.record_all(actor, [_change(before, after) for before, after in together])
        for before, after in together:
            if after.email != before.email:
                self.people.publisher.publish(UserEmailChanged(after.id))
        for before, after in alone:
            wanted = {name: getattr(after, name) for name in FIELDS if getattr(before, name) != getattr(after, name)}
            self.people.update(actor, before.id, details=wanted)
            if after.state is not before.state:
                self.people.change_state(actor, before.id, after.state)

    def _groups(self, actor: Actor, judged: Judged, meaning: Meaning) -> dict[str, str]:
        """Return the id of each group that somebody joins, by its key; those that are missing are made, all are held."""
        names = {model.group_key(name): name for name in judged.joining}
        found = {model.group_key(one.name): one.id for one in self.groups.groups.find_by_names(list(names.values()))}
        for key in sorted(set(names) - set(found)) if meaning.make_groups else ():
            found[key] = self.groups.create(actor, name=names[key]).id
        for group_id in sorted(found.values()):
            self.groups.groups.get_for_update(group_id)
        return found

    def _match(
        self,
        row: Row,
        values: Mapping[str, str],
        by_email: Mapping[str, User],
        by_username: Mapping[str, User],
        seen: dict[str, int],
    ) -> User | None:
        """Return the user whom the row is about; None when it is a new one."""
        email, username = values.get("email", ""), values.get("username", "")
        if not email and not username:
            raise _Wrong("email", "The row holds neither an e-mail address nor a user name.")
        keys = keys_of(values)
        for key in keys:
            if key in seen:
                what, _, text = key.partition(" ")
                raise _Wrong(what, f"“{text}” already stands in line {seen[key]}. Only the first of them counts.")
        seen.update(dict.fromkeys(keys, row.line))
        by_address = by_email.get(email) if email else None
        by_name = by_username.get(username) if username else None
        if by_address and by_name and by_address.id != by_name.id:
            raise _Wrong("username", f"The address belongs to {by_address.username}, the user name to {by_name.email}. Mend one.")
        user = by_address or by_name
        if user is not None:
            first = seen.setdefault(f"user {user.id}", row.line)
            if first != row.line:
                raise _Wrong("username", f"Line {first} is about the same user, {user.username}. Only the first of them counts.")
        if user is None and not username and username_of(values) in by_username:
            raise _Wrong(
                "username", f"The user name {username_of(values)} made of the address is taken. Add a column of user names."
            )
        return user

    def _wanted(self, row: Row, values: Mapping[str, str], before: User | None, meaning: Meaning) -> User:
        """Return the user as the row wants them; empty cells leave what is stored."""
        state = _state(row.values.get("state", ""))
        if before is None:
            if "email" not in values:
                raise _Wrong("email", "There is no user of this name yet, and a new one needs an e-mail address.")
            now = self.clock.now()
            fields = {"firstname": "", "lastname": "", **values, "username": username_of(values)}
            new_state = state or UserState(meaning.state)
            after = User(id=self.entropy.new_id(), state=new_state, version=1, created_at=now, updated_at=now, **fields)
        else:
            after = replace(before, **values, state=state or before.state)  # type: ignore[arg-type]  # all fields are text
            if state is UserState.STAGED and before.state is not UserState.STAGED:
                raise _Wrong("state", "A user cannot go back to STAGED. Suspend them instead.")
            if after.username != before.username and self.people.usage.count_bindings(before.id):
                raise _Wrong("username", f"The user name {before.username} cannot change while they have an account on a device.")
        problems = model.user_problems(after)
        for name, problem in problems.items():
            raise _Wrong(name, problem)
        return after


def _state(text: str) -> UserState | None:
    words = {"active": "ACTIVATED", "inactive": "SUSPENDED", "enabled": "ACTIVATED", "disabled": "SUSPENDED"}
    wanted = words.get(text.lower(), text.upper())
    if not wanted:
        return None
    if wanted not in UserState.__members__:
        raise _Wrong("state", f"“{text[:40]}” is no state. Use STAGED, ACTIVATED or SUSPENDED.")
    return UserState(wanted)


def _joins(row: Row, groups: Mapping[str, str], meaning: Meaning) -> list[str]:
    names = group_names(row.values.get("groups", ""))
    for name in names:
        problem = model.group_name_problem(name)
        if problem:
            raise _Wrong("groups", problem)
        if model.group_key(name) not in groups and not meaning.make_groups:
            raise _Wrong("groups", f"There is no user group “{name[:80]}”. Add it first, or let the import make missing groups.")
    return names


def _creation(user: User) -> Happening:
    changes = [Change(name, None, getattr(user, name)) for name in (*FIELDS, "state") if getattr(user, name)]
    return Happening("user_create", Resource("user", user.id, user.username), changes)


def _change(before: User, after: User) -> Happening:
    changes = [
        Change(name, getattr(before, name), getattr(after, name))
        for name in FIELDS
        if getattr(before, name) != getattr(after, name)
    ]
    return Happening("user_update", Resource("user", after.id, after.username), changes)


def _askable(texts: Iterable[str]) -> set[str]:
    """Leave out what holds a NUL byte: PostgreSQL takes none, and the row is refused by the rule of its field."""
    return {text for text in texts if "\x00" not in text}
