"""The pages of conditional access: policies, what counts without one, IP lists, the simulator."""

from homeport.trust.access.pages.lists import IpListPages
from homeport.trust.access.pages.policies import AccessPolicyPages
from homeport.trust.access.pages.simulator import SimulatorPages

__all__ = ["AccessPolicyPages", "IpListPages", "SimulatorPages"]
