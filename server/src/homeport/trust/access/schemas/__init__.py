"""Policies, IP lists and simulations on the wire."""

from homeport.trust.access.schemas.lists import LIST_FIELDS, IpListBody, IpListRequest
from homeport.trust.access.schemas.policies import (
    POLICY_FIELDS,
    AuthnPolicyBody,
    AuthnPolicyPatch,
    AuthnPolicyPost,
    DefaultBody,
    DefaultPut,
)
from homeport.trust.access.schemas.simulations import SimulationBody, SimulationRequest

__all__ = [
    "LIST_FIELDS",
    "POLICY_FIELDS",
    "AuthnPolicyBody",
    "AuthnPolicyPatch",
    "AuthnPolicyPost",
    "DefaultBody",
    "DefaultPut",
    "IpListBody",
    "IpListRequest",
    "SimulationBody",
    "SimulationRequest",
]
