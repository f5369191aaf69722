"""The admin portal's pages of devices, of device groups, of enrolment, and of device account provisioning; and the sections on others' pages."""

from homeport.directory.devices.pages.access import AccessPages
from homeport.directory.devices.pages.add_device import AddDevicePages
from homeport.directory.devices.pages.devices import DevicePages
from homeport.directory.devices.pages.groups import DeviceGroupPages
from homeport.directory.devices.pages.panels import DevicePanels
from homeport.directory.devices.pages.passcodes import PasscodePages
from homeport.directory.devices.pages.policies import PolicyPages
from homeport.directory.devices.pages.provisioning import ProvisioningPages
from homeport.directory.devices.pages.selected import SelectedDevicesPages

__all__ = [
    "AccessPages",
    "AddDevicePages",
    "DeviceGroupPages",
    "DevicePages",
    "DevicePanels",
    "PasscodePages",
    "PolicyPages",
    "ProvisioningPages",
    "SelectedDevicesPages",
]
