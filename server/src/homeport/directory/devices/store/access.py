"""Who may sign in on which device, in SQL; the one place that says what limited and assigned mean."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Subquery,
    and_,
    delete,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.exc import IntegrityError

from homeport.directory.devices.model import (
    Assignment,
    Desired,
    Entrant,
    Follower,
    NamedAssignment,
    Subject,
    SubjectKind,
    Target,
    TargetKind,
    Way,
)
from homeport.directory.devices.store.bindings import binding_of
from homeport.directory.devices.store.parts import parts
from homeport.directory.devices.tables import assignments, bindings, device_group_members, device_groups, devices, unix_ids
from homeport.directory.people.model import UserState, group_key
from homeport.directory.people.tables import user_group_members, user_groups, users
from homeport.foundation.database.listing import fetch_page
from homeport.foundation.kernel.listing import Listing, Page

_ENTRANT_FIELDS = {"id": users.c.id, "username": users.c.username, "email": users.c.email}
_ENTRANT_TEXTS = [users.c.username, users.c.email, users.c.firstname, users.c.lastname]


@dataclass(frozen=True, slots=True)
class AccessSql:
    """Access over one connection."""

    connection: Connection

    def add(self, assignment: Assignment) -> bool:
        """Store an assignment; return False when it was there already."""
        values = {**_ends(assignment.subject, assignment.target), "created_at": assignment.created_at}
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(assignments).values(values))
        except IntegrityError:
            return False
        return True

    def remove(self, subject: Subject, target: Target) -> bool:
        """Remove an assignment; return False when there was none."""
        conditions = [assignments.c[name] == value for name, value in _ends(subject, target).items()]
        return self.connection.execute(delete(assignments).where(*conditions)).rowcount == 1

    def forget(self, end: Subject | Target) -> Sequence[Assignment]:
        """Remove every assignment of a subject or to a target, and return what they were."""
        condition = _of_subject(end) if isinstance(end, Subject) else _of_target(end)
        gone = [_assignment(row) for row in self.connection.execute(select(assignments).where(condition))]
        self.connection.execute(delete(assignments).where(condition))
        return gone

    def list(
        self, end: Subject | Target, skip: int, limit: int, kinds: Collection[SubjectKind | TargetKind] | None = None
    ) -> Page[NamedAssignment]:
        """Return the assignments of a subject or to a target with names to show, those of groups first, then by name.

        `kinds` narrows what the other end may be.
        """
        condition = _of_subject(end) if isinstance(end, Subject) else _of_target(end)
        columns = assignments.c
        by = columns.target_type if isinstance(end, Subject) else columns.subject_type
        if kinds is not None:
            condition = and_(condition, by.in_([kind.value for kind in kinds]))
        subject_name = func.coalesce(users.c.username, user_groups.c.name, columns.subject_id)
        shown = func.coalesce(func.nullif(devices.c.display_name, ""), func.nullif(devices.c.hostname, ""))
        target_name = func.coalesce(shown, device_groups.c.name, columns.target_id)
        name = target_name if isinstance(end, Subject) else subject_name
        named = (
            select(assignments, subject_name.label("subject_name"), target_name.label("target_name"))
            .join(users, users.c.id == columns.subject_id, isouter=True)
            .join(user_groups, user_groups.c.id == columns.subject_id, isouter=True)
            .join(devices, devices.c.id == columns.target_id, isouter=True)
            .join(device_groups, device_groups.c.id == columns.target_id, isouter=True)
            .where(condition)
            .order_by(by.desc(), func.lower(name), columns.subject_id, columns.target_id)
        )
        total = self.connection.execute(select(func.count()).select_from(assignments).where(condition)).scalar_one()
        rows = self.connection.execute(named.offset(skip).limit(limit))
        return Page([NamedAssignment(_assignment(row), row.subject_name, row.target_name) for row in rows], total)

    def may_enter(self, user_id: str, device_id: str) -> bool:
        """Tell whether access stands against this person on this device; their state does not count here."""
        return bool(self.connection.execute(select(_may_enter(user_id, device_id))).scalar_one())

    def may_join(self, user_id: str, group_id: str) -> bool:
        """Tell whether access stands against this person on a device that joins this group; the device's own does not count here."""
        limited = exists().where(device_groups.c.id == group_id, device_groups.c.limited)
        assigned = exists().where(_of_target(Target(TargetKind.DEVICE_GROUP, group_id)), _of_user(user_id))
        return bool(self.connection.execute(select(or_(~limited, assigned))).scalar_one())

    def limited(self, device_id: str) -> bool:
        """Tell whether the device itself or a group it is in is limited to assigned people."""
        return bool(self.connection.execute(select(_limited(device_id))).scalar_one())

    def entrants(self, device_id: str, listing: Listing) -> Page[Entrant]:
        """Return the activated users who may sign in on a device."""
        mine = and_(
            bindings.c.user_id == users.c.id, bindings.c.device_id == device_id, bindings.c.desired != Desired.REMOVED.value
        )
        query = (
            select(users, unix_ids.c.uid, exists().where(mine).label("bound"))
            .join(unix_ids, unix_ids.c.user_id == users.c.id, isouter=True)
            .where(users.c.state == UserState.ACTIVATED.value)
        )
        if self.limited(device_id):
            query = query.where(users.c.id.in_(select(_ways(device_id=device_id).c.user_id)))
        return fetch_page(
            self.connection,
            query,
            listing,
            fields=_ENTRANT_FIELDS,
            texts=_ENTRANT_TEXTS,
            order=(users.c.username,),
            make=_entrant,
        )

    def ways(self, *, user_id: str | None = None, device_id: str | None = None, skip: int, limit: int) -> Page[Sequence[Way]]:
        """Return all ways that lead a user to devices, or to a device, those of one device or one user together."""
        all_ways = _ways(user_id=user_id, device_id=device_id)
        end = all_ways.c.device_id if user_id is not None else all_ways.c.user_id
        total = self.connection.execute(select(func.count(end.distinct()))).scalar_one()
        shown = self.connection.execute(select(end).distinct().order_by(end).offset(skip).limit(limit)).scalars().all()
        found: dict[str, list[Way]] = {one: [] for one in shown}
        for row in self.connection.execute(select(all_ways).where(end.in_(shown))):
            way = Way(row.user_id, row.device_id, row.user_group_id, row.device_group_id)
            found[way.device_id if user_id is not None else way.user_id].append(way)
        return Page(list(found.values()), total)

    def named(self, text: str) -> Subject | None:
        """Return the user with this user name or e-mail address, else the user group of this name."""
        said = text.replace("\x00", "")
        user = select(users.c.id).where(or_(users.c.username == said.lower(), users.c.email == said.lower()))
        found = self.connection.execute(user.order_by(users.c.username != said.lower()).limit(1)).scalar()
        if found is not None:
            return Subject(SubjectKind.USER, found)
        group = self.named_group(said)
        return None if group is None else Subject(SubjectKind.USER_GROUP, group)

    def named_group(self, text: str) -> str | None:
        """Return the id of the user group of this name."""
        key = group_key(text.replace("\x00", ""))
        return self.connection.execute(select(user_groups.c.id).where(user_groups.c.name_key == key)).scalar()

    def lock_subject(self, subject: Subject) -> str | None:
        """Return the name of a user or a user group, and hold its row until the unit of work ends; None when there is none."""
        if subject.kind is SubjectKind.USER:
            query = select(users.c.username).where(users.c.id == subject.id)
        else:
            query = select(user_groups.c.name).where(user_groups.c.id == subject.id)
        return self.connection.execute(query.with_for_update()).scalar()

    def lock_users(self, user_ids: Collection[str]) -> None:
        """Hold these users until the unit of work ends; whoever is being admitted waits or was first."""
        for part in parts(user_ids):
            self.connection.execute(select(users.c.id).where(users.c.id.in_(part)).order_by(users.c.id).with_for_update()).all()

    def lock_devices(self, device_ids: Collection[str]) -> None:
        """Hold these devices until the unit of work ends."""
        for part in parts(device_ids):
            query = select(devices.c.id).where(devices.c.id.in_(part)).order_by(devices.c.id).with_for_update()
            self.connection.execute(query).all()

    def devices_of_users(self, user_ids: Collection[str]) -> Sequence[str]:
        """Return the ids of the devices on which these users have accounts, in their order."""
        found: set[str] = set()
        for part in parts(user_ids):
            live = and_(bindings.c.user_id.in_(part), bindings.c.desired != Desired.REMOVED.value)
            found.update(self.connection.execute(select(bindings.c.device_id).where(live)).scalars())
        return sorted(found)

    def counts_for_access(self, group_id: str) -> bool:
        """Tell whether anything is assigned to a user group."""
        group = Subject(SubjectKind.USER_GROUP, group_id)
        return bool(self.connection.execute(select(exists().where(_of_subject(group)))).scalar_one())

    def followers(
        self, *, user_ids: Collection[str] | None = None, device_ids: Collection[str] | None = None
    ) -> Sequence[Follower]:
        """Return and hold the bindings of these users or devices that do not stand as they should, in the order of their ids."""
        column, ids = (bindings.c.user_id, user_ids) if user_ids is not None else (bindings.c.device_id, device_ids or ())
        allowed = _may_enter(bindings.c.user_id, bindings.c.device_id)
        usable = and_(allowed, users.c.state == UserState.ACTIVATED.value)
        wrong = or_(
            and_(bindings.c.desired == Desired.PRESENT.value, ~usable),
            and_(bindings.c.desired == Desired.SUSPENDED.value, usable),
        )
        found: list[Follower] = []
        for part in parts(ids):
            query = (
                select(bindings)
                .join(users, users.c.id == bindings.c.user_id)
                .where(column.in_(part), bindings.c.desired != Desired.REMOVED.value, wrong)
                .order_by(bindings.c.id)
                .with_for_update(of=bindings)
            )
            for row in self.connection.execute(query):
                binding = binding_of(row)
                found.append(Follower(binding, allowed=binding.desired is Desired.SUSPENDED))
        return found


def _ends(subject: Subject, target: Target) -> dict[str, str]:
    return {
        "subject_type": subject.kind.value,
        "subject_id": subject.id,
        "target_type": target.kind.value,
        "target_id": target.id,
    }


def _of_subject(subject: Subject) -> ColumnElement[bool]:
    return and_(assignments.c.subject_type == subject.kind.value, assignments.c.subject_id == subject.id)


def _of_target(target: Target) -> ColumnElement[bool]:
    return and_(assignments.c.target_type == target.kind.value, assignments.c.target_id == target.id)


def _groups_of(device_id: ColumnElement[str] | str) -> Select[Any]:
    found = select(device_group_members.c.group_id).where(device_group_members.c.device_id == device_id)
    return found.correlate_except(device_group_members)


def _limited(device_id: ColumnElement[str] | str) -> ColumnElement[bool]:
    """One limit is enough, the device's own or that of any of its groups."""
    return or_(
        exists().where(devices.c.id == device_id, devices.c.limited).correlate_except(devices),
        exists().where(device_groups.c.id.in_(_groups_of(device_id)), device_groups.c.limited).correlate_except(device_groups),
    )


def _to_device(device_id: ColumnElement[str] | str) -> ColumnElement[bool]:
    return or_(
        and_(assignments.c.target_type == TargetKind.DEVICE.value, assignments.c.target_id == device_id),
        and_(assignments.c.target_type == TargetKind.DEVICE_GROUP.value, assignments.c.target_id.in_(_groups_of(device_id))),
    )


def _of_user(user_id: ColumnElement[str] | str) -> ColumnElement[bool]:
    groups = select(user_group_members.c.group_id).where(user_group_members.c.user_id == user_id)
    groups = groups.correlate_except(user_group_members)
    return or_(
        and_(assignments.c.subject_type == SubjectKind.USER.value, assignments.c.subject_id == user_id),
        and_(assignments.c.subject_type == SubjectKind.USER_GROUP.value, assignments.c.subject_id.in_(groups)),
    )


def _may_enter(user_id: ColumnElement[str] | str, device_id: ColumnElement[str] | str) -> ColumnElement[bool]:
    return or_(~_limited(device_id), exists().where(_to_device(device_id), _of_user(user_id)).correlate_except(assignments))


def _ways(*, user_id: str | None = None, device_id: str | None = None) -> Subquery:
    """Every way from users to devices, narrowed to one user or one device."""
    selects = []
    for by_user_group, by_device_group in itertools.product((False, True), repeat=2):
        user = user_group_members.c.user_id if by_user_group else assignments.c.subject_id
        device = device_group_members.c.device_id if by_device_group else assignments.c.target_id
        source: FromClause = assignments
        if by_user_group:
            source = source.join(user_group_members, user_group_members.c.group_id == assignments.c.subject_id)
        if by_device_group:
            source = source.join(device_group_members, device_group_members.c.group_id == assignments.c.target_id)
        query = (
            select(
                user.label("user_id"),
                device.label("device_id"),
                (assignments.c.subject_id if by_user_group else null()).label("user_group_id"),
                (assignments.c.target_id if by_device_group else null()).label("device_group_id"),
            )
            .select_from(source)
            .where(
                assignments.c.subject_type == (SubjectKind.USER_GROUP if by_user_group else SubjectKind.USER).value,
                assignments.c.target_type == (TargetKind.DEVICE_GROUP if by_device_group else TargetKind.DEVICE).value,
            )
        )
        if user_id is not None:
            query = query.where(user == user_id)
        if device_id is not None:
            query = query.where(device == device_id)
        selects.append(query)
    return union_all(*selects).subquery()


def _assignment(row: Any) -> Assignment:
    return Assignment(
        Subject(SubjectKind(row.subject_type), row.subject_id),
        Target(TargetKind(row.target_type), row.target_id),
        row.created_at,
    )


def _entrant(row: Any) -> Entrant:
    return Entrant(row.id, row.username, f"{row.firstname} {row.lastname}".strip(), row.email, row.uid, bool(row.bound))
