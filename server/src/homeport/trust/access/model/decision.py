"""The one function that decides what happens to a sign-in. Pure: the real sign-in and the simulator hand it the same things."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from homeport.trust.access.model.conditions import Networks, Place, Truth, holds, truth
from homeport.trust.access.model.policies import Action, DefaultAction, Mode, Policy, Portal


class Standing(StrEnum):
    """How a policy stands to a sign-in."""

    DISABLED = "disabled"
    NOT_MEANT = "not meant"
    LEFT_OUT = "left out"
    NOT_MET = "not met"
    APPLIES = "applies"
    AGAINST = "held against"
    """It would apply if what cannot be told were not so: it may forbid or demand more, and it never lets anybody in."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who signs in. `groups` are ids of user groups, or the one role of an administrator."""

    portal: Portal
    id: str
    name: str = ""
    groups: frozenset[str] = frozenset()
    has_factor: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What one policy has to do with a sign-in, and why."""

    policy: Policy
    standing: Standing

    @property
    def counts(self) -> bool:
        """Tell whether it applies, for or against."""
        return self.standing in {Standing.APPLIES, Standing.AGAINST}


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a sign-in. `policy` is what decided; None where no policy applied and the portal's default did."""

    action: Action
    policy: Policy | None
    judged: tuple[Judged, ...]
    default: Action
    watched: tuple[Policy, ...] = ()
    """Policies that are only watched and would have applied."""
    would: Action | None = None
    """What would have happened if those were enabled; None where nothing is watched."""

    @property
    def denied(self) -> bool:
        """Tell whether the person is not let in."""
        return self.action is Action.DENY


def decide(policies: Sequence[Policy], default: DefaultAction, lists: Networks, subject: Subject, place: Place) -> Decision:
    """Decide: a policy that denies wins, then one that demands a second factor, then one that allows; else the default counts.

    A policy that applies only because something cannot be told is held against the person: it denies, or demands a second factor
    of whoever comes in anyway, but it is no reason to let anybody in.
    """
    ordered = sorted((one for one in policies if one.portal is subject.portal), key=lambda one: (one.name, one.id))
    judged = tuple(Judged(policy, _standing(policy, lists, subject, place)) for policy in ordered)
    real = _weigh([one for one in judged if one.policy.mode is Mode.ENABLED], default.action)
    decision = Decision(real[0], real[1], judged, default.action)
    watched = tuple(one.policy for one in judged if one.policy.mode is Mode.MONITOR and one.counts)
    if not watched:
        return decision
    return replace(decision, watched=watched, would=_weigh(judged, default.action)[0])


@dataclass(frozen=True, slots=True)
class Known:
    """All that counts at a portal at this moment."""

    policies: Sequence[Policy]
    default: DefaultAction
    lists: Networks

    def judge(self, subject: Subject, place: Place) -> Decision:
        """Decide."""
        return decide(self.policies, self.default, self.lists, subject, place)


def described(decision: Decision) -> dict[str, str | list[str]]:
    """Return what the audit log keeps of a decision beside the sign-in; nothing where nothing was asked."""
    found: dict[str, str | list[str]] = {}
    if decision.policy is not None or decision.action is not Action.ALLOW:
        found["access"] = decision.action.value
        found["access_policy"] = decision.policy.name if decision.policy is not None else "default"
        found["access_policy_id"] = decision.policy.id if decision.policy is not None else ""
    if decision.would is not None:
        found["access_would_be"] = decision.would.value
        found["access_policies_monitored"] = [policy.name for policy in decision.watched]
    return found


def _standing(policy: Policy, lists: Networks, subject: Subject, place: Place) -> Standing:
    if policy.mode is Mode.DISABLED:
        return Standing.DISABLED
    if not policy.targets.includes(subject.id, subject.groups):
        return Standing.NOT_MEANT
    if policy.targets.excludes(subject.id, subject.groups):
        return Standing.LEFT_OUT
    if policy.conditions is None or truth(policy.conditions, place, lists) is Truth.YES:
        return Standing.APPLIES
    if policy.action is not Action.ALLOW and holds(policy.conditions, place, lists):
        return Standing.AGAINST
    return Standing.NOT_MET


def _weigh(judged: Sequence[Judged], default: Action) -> tuple[Action, Policy | None]:
    counting = [one for one in judged if one.counts]
    first = {action: next((one.policy for one in counting if one.policy.action is action), None) for action in Action}
    admitted = any(one.standing is Standing.APPLIES and one.policy.action is not Action.DENY for one in counting)
    if first[Action.DENY] is not None:
        return Action.DENY, first[Action.DENY]
    if not admitted and default is Action.DENY:
        return Action.DENY, None
    if first[Action.MFA] is not None:
        return Action.MFA, first[Action.MFA]
    return (Action.ALLOW, first[Action.ALLOW]) if admitted else (default, None)
