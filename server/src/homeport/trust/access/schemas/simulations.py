"""The simulator, in the style of JumpCloud's API, which has none."""

from typing import Literal, Self

from pydantic import BaseModel

from homeport.trust.access.actions import Answer
from homeport.trust.access.model import because, outcome


class SimulationRequest(BaseModel):
    """Who signs in to which portal, from where. `person` is an id, a user name or an e-mail address."""

    type: Literal["user_portal", "admin_portal"] = "user_portal"
    person: str
    address: str = ""
    country: str = ""
    deviceManaged: bool = False  # noqa: N815 - the wire's style


class SimulatedPolicy(BaseModel):
    """What one policy has to do with it."""

    id: str
    name: str
    action: str
    mode: str
    standing: str
    because: str


class SimulationBody(BaseModel):
    """What would happen, and why."""

    action: Literal["allow", "allow_with_mfa", "deny"]
    explanation: str
    policyId: str | None  # noqa: N815 - the wire's style
    wouldBe: str | None  # noqa: N815 - the same
    country: str | None
    policies: list[SimulatedPolicy]

    @classmethod
    def of(cls, answer: Answer, lists: dict[str, str]) -> Self:
        """Translate an answer; `lists` are the names of IP lists by id."""
        decision = answer.decision
        return cls(
            action=decision.action.value,
            explanation=outcome(decision, answer.subject),
            policyId=decision.policy.id if decision.policy else None,
            wouldBe=decision.would.value if decision.would else None,
            country=answer.place.country,
            policies=[
                SimulatedPolicy(
                    id=one.policy.id,
                    name=one.policy.name,
                    action=one.policy.action.value,
                    mode=one.policy.mode.value,
                    standing=one.standing.value,
                    because=because(one, answer.place, lists),
                )
                for one in decision.judged
            ],
        )
