"""What can be done with access policies: `policies` and `lists` are edited, `decisions` judges, simulates and keeps the last way in open."""

from dataclasses import dataclass

from homeport.directory.admins.actions import Administrators
from homeport.directory.people.actions import People, UserGroups
from homeport.trust.access.actions.decisions import Decisions
from homeport.trust.access.actions.lists import IpLists
from homeport.trust.access.actions.policies import AccessPolicies, Wanted
from homeport.trust.access.actions.simulator import Answer, Question, Simulator

__all__ = ["AccessActions", "AccessPolicies", "Answer", "Decisions", "IpLists", "Question", "Simulator", "Wanted"]


@dataclass(frozen=True, slots=True)
class AccessActions:
    """All actions of this slice for its edges, and those that name whom a policy is for."""

    policies: AccessPolicies
    lists: IpLists
    simulator: Simulator
    people: People
    groups: UserGroups
    administrators: Administrators
