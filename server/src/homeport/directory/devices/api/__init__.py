"""The slice's REST routes."""

from homeport.directory.devices.api.associations import AssociationsApi
from homeport.directory.devices.api.devices import DevicesApi
from homeport.directory.devices.api.groups import DeviceGroupsApi

__all__ = ["AssociationsApi", "DeviceGroupsApi", "DevicesApi"]
