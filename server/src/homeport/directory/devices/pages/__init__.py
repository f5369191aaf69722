"""The admin portal's pages of devices, of enrolment, and of device account provisioning; and the sections on others' pages."""

from homeport.directory.devices.pages.add_device import AddDevicePages
from homeport.directory.devices.pages.devices import DevicePages
from homeport.directory.devices.pages.panels import DevicePanels
from homeport.directory.devices.pages.provisioning import ProvisioningPages

__all__ = ["AddDevicePages", "DevicePages", "DevicePanels", "ProvisioningPages"]
