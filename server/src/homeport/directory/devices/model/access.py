"""Who may sign in on which device: everybody, or those who are assigned."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from homeport.directory.devices.model.bindings import Binding


class SubjectKind(StrEnum):
    """Who can be assigned."""

    USER = "user"
    USER_GROUP = "user_group"


class TargetKind(StrEnum):
    """What somebody can be assigned to."""

    DEVICE = "device"
    DEVICE_GROUP = "device_group"


@dataclass(frozen=True, slots=True)
class Subject:
    """A user, or all members of a user group."""

    kind: SubjectKind
    id: str


@dataclass(frozen=True, slots=True)
class Target:
    """A device, or all devices of a device group."""

    kind: TargetKind
    id: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A subject may sign in on a target. It decides nothing while the devices in question are open to everybody."""

    subject: Subject
    target: Target
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NamedAssignment:
    """An assignment with the words that lists show for its two ends."""

    assignment: Assignment
    subject_name: str
    target_name: str


@dataclass(frozen=True, slots=True)
class Way:
    """How an assignment leads from a user to a device: through a user group or not, through a device group or not."""

    user_id: str
    device_id: str
    user_group_id: str | None = None
    device_group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entrant:
    """Somebody who may sign in on a device now. `uid` is None for a person who never had an account on any Linux device."""

    user_id: str
    username: str
    full_name: str
    email: str
    uid: int | None
    bound: bool


@dataclass(frozen=True, slots=True)
class Follower:
    """A binding that does not stand as access and the user's state want it; `allowed` tells whether it should be usable."""

    binding: Binding
    allowed: bool
