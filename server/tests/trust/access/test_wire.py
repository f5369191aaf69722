"""Access policies in JumpCloud's format: what is written is read back, and what Homeport has not is refused with a sentence."""

import pytest
from pydantic import ValidationError

from homeport.foundation.kernel.errors import Invalid
from homeport.trust.access.model import Action, Mode, Portal, Targets
from homeport.trust.access.schemas import AuthnPolicyPost


def wanted(**said):
    body = AuthnPolicyPost.model_validate({"name": "P", "effect": {"action": "deny"}, **said})
    return body.portal(), body.wanted()


@pytest.mark.parametrize(
    ("said", "targets"),
    [
        ({}, Targets()),
        ({"users": {"inclusions": ["ALL"]}}, Targets()),
        ({"users": {"inclusions": ["ALL"]}, "userGroups": {"exclusions": ["g"]}}, Targets(excluded_groups=("g",))),
        ({"userGroups": {"inclusions": ["g"], "exclusions": ["h"]}}, Targets(False, ("g",), (), ("h",))),
        ({"users": {"inclusions": ["u"], "exclusions": ["v"]}}, Targets(False, (), ("u",), (), ("v",))),
    ],
)
def test_whom_a_policy_is_for(said, targets):
    assert wanted(targets=said)[1].targets == targets


def test_roles_are_an_attribute_of_administrators():
    said = {"inclusions": [{"field": "role", "operator": "EQ", "value": "Manager"}]}
    portal, policy = wanted(type="admin_portal", targets={"userAttributes": said, "resources": [{"type": "admin_portal"}]})
    assert (portal, policy.targets) == (Portal.ADMIN, Targets(False, ("Manager",)))


def test_the_portal_comes_from_the_resources_where_no_type_is_said():
    assert wanted(targets={"resources": [{"type": "admin_portal"}]})[0] is Portal.ADMIN


def test_effect_and_mode():
    mfa = {"action": "allow", "obligations": {"mfa": {"required": True}, "mfaFactors": [{"type": "TOTP"}]}}
    assert wanted(effect=mfa, disabled=True)[1].action is Action.MFA
    assert wanted(disabled=True, monitorOnly=True)[1].mode is Mode.DISABLED
    assert wanted(monitorOnly=True)[1].mode is Mode.MONITOR


@pytest.mark.parametrize(
    "said",
    [
        {"effect": None},
        {"effect": {"action": "unknown"}},
        {"effect": {"action": "allow", "obligations": {"mfaFactors": [{"type": "PUSH"}]}}},
        {"effect": {"action": "allow", "obligations": {"userVerification": {"requirement": "required"}}}},
        {"type": "ldap"},
        {"type": "user_portal", "targets": {"resources": [{"type": "admin_portal"}]}},
        {"targets": {"excludedApplications": ["x"]}},
        {"targets": {"userAttributes": {"inclusions": [{"field": "department", "value": "x"}]}}},
        {"type": "admin_portal", "targets": {"userGroups": {"inclusions": ["g"]}}},
        {"type": "admin_portal", "targets": {"userAttributes": {"inclusions": [{"field": "department", "value": "x"}]}}},
        {"conditions": {"deviceEncrypted": True}},
    ],
    ids=str,
)
def test_what_homeport_has_not_is_refused_rather_than_forgotten(said):
    with pytest.raises((Invalid, ValidationError)) as error:
        wanted(**said)
    assert str(error.value)
