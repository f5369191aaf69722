"""The pages of the user portal that show what belongs to the person."""

from homeport.channels.portal.pages.details import DetailPages
from homeport.channels.portal.pages.devices import MyDevicePages
from homeport.channels.portal.pages.home import HomePages

__all__ = ["DetailPages", "HomePages", "MyDevicePages"]
