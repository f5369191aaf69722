"""What can be done with devices, device groups, access to them, enrolment keys, bindings and provisioning settings."""

from dataclasses import dataclass

from homeport.directory.devices.actions.access import Access
from homeport.directory.devices.actions.automated import AutomatedEnrollment
from homeport.directory.devices.actions.bindings import Bindings
from homeport.directory.devices.actions.devices import Devices
from homeport.directory.devices.actions.enrollment import Enrollment, EnrollmentKeys
from homeport.directory.devices.actions.groups import DeviceGroups
from homeport.directory.devices.actions.passcodes import Passcodes
from homeport.directory.devices.actions.policies import Policies
from homeport.directory.devices.actions.provisioning import Provisioning
from homeport.directory.people.actions import UserGroups

__all__ = [
    "Access",
    "AutomatedEnrollment",
    "Bindings",
    "DeviceActions",
    "DeviceGroups",
    "Devices",
    "Enrollment",
    "EnrollmentKeys",
    "Passcodes",
    "Policies",
    "Provisioning",
]


@dataclass(frozen=True, slots=True)
class DeviceActions:
    """All actions of this slice over one unit of work, and the user groups that its pages offer; what its edges hold."""

    devices: Devices
    keys: EnrollmentKeys
    enrollment: Enrollment
    bindings: Bindings
    provisioning: Provisioning
    groups: DeviceGroups
    access: Access
    user_groups: UserGroups
    policies: Policies
    passcodes: Passcodes
