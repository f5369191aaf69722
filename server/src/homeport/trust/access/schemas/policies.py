"""Access policies as JumpCloud's API writes them (`AuthnPolicy`), and the default of a portal."""

from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from homeport.foundation.kernel.errors import Invalid
from homeport.trust.access.actions import Wanted
from homeport.trust.access.model import (
    Action,
    DefaultAction,
    Link,
    Mode,
    Policy,
    Portal,
    Targets,
    read,
    written,
)

POLICY_FIELDS = {"id": "id", "name": "name", "description": "description", "type": "portal", "mode": "mode", "action": "action"}
"""The wire's names of the fields by which policies can be filtered and sorted."""
EVERYBODY = "ALL"
"""What JumpCloud writes in the place of ids for everybody."""
_ROLE = "role"

PolicyType = Literal["user_portal", "admin_portal", "application", "ldap"]


class HelpLink(BaseModel):
    """A link under a refusal."""

    text: str = ""
    url: str = ""


class ErrorMessage(BaseModel):
    """What somebody reads whom the policy denies."""

    message: str = ""
    enabled: bool = True
    primary_help: HelpLink | None = None
    secondary_help: HelpLink | None = None


class MfaObligation(BaseModel):
    """Whether a second factor is demanded."""

    required: bool = False


class UserVerification(BaseModel):
    """How strongly a passkey knows its person. Homeport demands nothing of it: only `none` and `optional` are taken."""

    requirement: Literal["none", "optional", "required"] = "none"


class MfaFactor(BaseModel):
    """A kind of second factor."""

    type: Literal["DURT", "WEBAUTHN", "PUSH", "DUO", "TOTP", "SMS_OTP"] = "TOTP"


class Obligations(BaseModel):
    """What else is demanded of whoever is let in."""

    mfa: MfaObligation | None = None
    userVerification: UserVerification | None = None  # noqa: N815 - the wire's name
    mfaFactors: list[MfaFactor] = Field(default_factory=list)  # noqa: N815 - the wire's name


class Effect(BaseModel):
    """What the policy does."""

    action: Literal["allow", "deny", "unknown"]
    obligations: Obligations | None = None
    custom_error_message: ErrorMessage | None = None


class ResourceTarget(BaseModel):
    """Which portal; the same as the policy's type."""

    type: PolicyType
    id: str | None = None


class GroupTarget(BaseModel):
    """User groups by id."""

    inclusions: list[str] = Field(default_factory=list)
    exclusions: list[str] = Field(default_factory=list)


class PeopleTarget(BaseModel):
    """Users by id, or administrators for the admin portal; `ALL` is everybody. Exclusions are Homeport's addition."""

    inclusions: list[str] = Field(default_factory=list)
    exclusions: list[str] = Field(default_factory=list)


class AttributeFilter(BaseModel):
    """A role of administrators: field `role`, operator `EQ`, the role's name."""

    field: str = _ROLE
    operator: Literal["EQ"] = "EQ"
    value: Any = None


class AttributeTarget(BaseModel):
    """Administrators by role; for the admin portal only."""

    inclusions: list[AttributeFilter] = Field(default_factory=list)
    exclusions: list[AttributeFilter] = Field(default_factory=list)


class TargetsBody(BaseModel):
    """Whom the policy is for."""

    resources: list[ResourceTarget] = Field(default_factory=list)
    users: PeopleTarget | None = None
    userGroups: GroupTarget | None = None  # noqa: N815 - the wire's name
    userAttributes: AttributeTarget | None = None  # noqa: N815 - the wire's name
    excludedApplications: list[str] = Field(default_factory=list)  # noqa: N815 - the wire's name


class AuthnPolicyBody(BaseModel):
    """A policy in an answer."""

    id: str
    name: str
    description: str
    type: PolicyType
    disabled: bool
    monitorOnly: bool  # noqa: N815 - the wire's name
    effect: Effect
    targets: TargetsBody
    conditions: dict[str, Any]

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """Translate a policy."""
        links = [HelpLink(text=link.text, url=link.url) for link in policy.links]
        message = ErrorMessage(
            message=policy.message,
            enabled=bool(policy.message or links),
            primary_help=links[0] if links else None,
            secondary_help=links[1] if len(links) > 1 else None,
        )
        return cls(
            id=policy.id,
            name=policy.name,
            description=policy.description,
            type=policy.portal.value,
            disabled=policy.mode is Mode.DISABLED,
            monitorOnly=policy.mode is Mode.MONITOR,
            effect=Effect(
                action="deny" if policy.action is Action.DENY else "allow",
                obligations=Obligations(mfa=MfaObligation(required=policy.action is Action.MFA)),
                custom_error_message=message,
            ),
            targets=_targets_body(policy),
            conditions=written(policy.conditions),
        )


class AuthnPolicyPost(BaseModel):
    """A new policy. Fields of JumpCloud's that mean nothing here are refused rather than forgotten."""

    name: str = ""
    description: str = ""
    type: PolicyType | None = None
    disabled: bool = False
    monitorOnly: bool = False  # noqa: N815 - the wire's name
    effect: Effect | None = None
    targets: TargetsBody | None = None
    conditions: dict[str, Any] = Field(default_factory=dict)

    def portal(self) -> Portal:
        """Return which portal the policy is for; raise Invalid for a resource that Homeport has not."""
        named = {one.type for one in self.targets.resources} if self.targets else set()
        wanted = self.type or (next(iter(named)) if len(named) == 1 else "user_portal")
        if wanted not in set(Portal) or named - {wanted}:
            raise _wrong("type", "Homeport has policies for user_portal and for admin_portal, each of them for one of the two.")
        return Portal(wanted)

    def wanted(self) -> Wanted:
        """Return what the policy is to be."""
        if self.effect is None:
            raise _wrong("effect", "Say in effect.action whether the policy allows or denies.")
        targets = _targets(self.targets or TargetsBody(), self.portal())
        mode = Mode.DISABLED if self.disabled else Mode.MONITOR if self.monitorOnly else Mode.ENABLED
        message, links = _message(self.effect)
        return Wanted(
            self.name, _action(self.effect), mode, self.description, targets, _conditions(self.conditions), message, links
        )


class AuthnPolicyPatch(BaseModel):
    """A change of a policy; what is left out stays. The type of a policy does not change."""

    name: str | None = None
    description: str | None = None
    type: PolicyType | None = None
    disabled: bool | None = None
    monitorOnly: bool | None = None  # noqa: N815 - the wire's name
    effect: Effect | None = None
    targets: TargetsBody | None = None
    conditions: dict[str, Any] | None = None

    def over(self, policy: Policy) -> Wanted:
        """Return what the policy is to be."""
        if self.type not in {None, policy.portal.value}:
            raise _wrong("type", "The type of a policy does not change. Make another policy.")
        message, links = _message(self.effect) if self.effect else (policy.message, policy.links)
        disabled = policy.mode is Mode.DISABLED if self.disabled is None else self.disabled
        monitored = policy.mode is Mode.MONITOR if self.monitorOnly is None else self.monitorOnly
        return Wanted(
            policy.name if self.name is None else self.name,
            _action(self.effect) if self.effect else policy.action,
            Mode.DISABLED if disabled else Mode.MONITOR if monitored else Mode.ENABLED,
            policy.description if self.description is None else self.description,
            policy.targets if self.targets is None else _targets(self.targets, policy.portal),
            policy.conditions if self.conditions is None else _conditions(self.conditions),
            message,
            links,
        )


class DefaultBody(BaseModel):
    """What happens at a portal when no policy applies. The same shape as a policy's effect."""

    type: Literal["user_portal", "admin_portal"]
    action: Literal["allow", "allow_with_mfa", "deny"]

    @classmethod
    def of(cls, default: DefaultAction) -> Self:
        """Translate a default."""
        return cls(type=default.portal.value, action=default.action.value)


class DefaultPut(BaseModel):
    """Another default."""

    action: Literal["allow", "allow_with_mfa", "deny"]


def _targets_body(policy: Policy) -> TargetsBody:
    targets = policy.targets
    people = [EVERYBODY] if targets.everyone else list(targets.people)
    body = TargetsBody(
        resources=[ResourceTarget(type=policy.portal.value)],
        users=PeopleTarget(inclusions=people, exclusions=list(targets.excluded_people)),
    )
    groups, excluded = targets.groups, targets.excluded_groups
    if policy.portal is Portal.USER:
        body.userGroups = GroupTarget(inclusions=list(groups), exclusions=list(excluded))
    else:
        body.userAttributes = AttributeTarget(
            inclusions=[AttributeFilter(value=role) for role in groups],
            exclusions=[AttributeFilter(value=role) for role in excluded],
        )
    return body


def _targets(body: TargetsBody, portal: Portal) -> Targets:
    if body.excludedApplications or {one.type for one in body.resources} - {portal.value}:
        raise _wrong("targets", f"This policy is for {portal.value} alone.")
    users = body.users or PeopleTarget()
    groups = body.userGroups or GroupTarget()
    roles = body.userAttributes or AttributeTarget()
    if portal is Portal.ADMIN and (groups.inclusions or groups.exclusions):
        raise _wrong("targets", "A policy for the admin portal names roles in userAttributes, no user groups.")
    if portal is Portal.USER and (roles.inclusions or roles.exclusions):
        raise _wrong("targets", "A policy for the user portal names userGroups and users; attributes are not known here.")
    included, excluded = _roles(roles.inclusions), _roles(roles.exclusions)
    included, excluded = (*groups.inclusions, *included), (*groups.exclusions, *excluded)
    named = tuple(one for one in users.inclusions if one != EVERYBODY)
    everyone = EVERYBODY in users.inclusions or not (named or included)
    if everyone:
        return Targets(excluded_groups=excluded, excluded_people=tuple(users.exclusions))
    return Targets(False, included, named, excluded, tuple(users.exclusions))


def _roles(filters: list[AttributeFilter]) -> tuple[str, ...]:
    if any(one.field != _ROLE or not isinstance(one.value, str) for one in filters):
        raise _wrong("targets", "The one attribute by which administrators are told is role, with the role's name as value.")
    return tuple(one.value for one in filters)


def _action(effect: Effect) -> Action:
    obligations = effect.obligations or Obligations()
    if effect.action == "unknown":
        raise _wrong("effect", "effect.action is allow or deny.")
    kinds = {one.type for one in obligations.mfaFactors}
    if kinds and "TOTP" not in kinds:
        raise _wrong("effect", "Homeport's second factor is a one-time password (TOTP), which mfaFactors leaves out.")
    if obligations.userVerification and obligations.userVerification.requirement == "required":
        raise _wrong("effect", "Homeport cannot demand that a passkey verifies its user.")
    if effect.action == "deny":
        return Action.DENY
    return Action.MFA if obligations.mfa and obligations.mfa.required else Action.ALLOW


def _message(effect: Effect) -> tuple[str, tuple[Link, ...]]:
    said = effect.custom_error_message
    if said is None or not said.enabled:
        return "", ()
    helps = [one for one in (said.primary_help, said.secondary_help) if one is not None and (one.text or one.url)]
    return said.message, tuple(Link(one.text, one.url) for one in helps)


def _conditions(said: dict[str, Any]) -> Any:
    try:
        return read(said)
    except ValueError as error:
        raise _wrong("conditions", str(error)) from error


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid(f"The policy was not saved: {sentence}", {field: sentence})
