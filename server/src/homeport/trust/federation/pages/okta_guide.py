"""The 15 steps in Okta, under Okta's names, as the document tells them; what Homeport can check is said beside the step."""

from typing import Any

from homeport.trust.federation.discovery import CheckState, Judgement

API_SCOPE = "okta.users.read.self"


def steps(redirect_uri: str, judgement: Judgement | None = None) -> list[dict[str, Any]]:
    """Return the guide's items; `judgement` is the outcome of the last save, if there was one."""
    items: list[dict[str, Any]] = [
        {"title": "Sign in to Okta", "body": "Use an account that may administer applications."},
        {"title": "Open Applications > Applications", "body": "It is in the left navigation menu."},
        {
            "title": "Create App Integration",
            "body": "For Sign-in method, select OIDC - OpenID Connect.",
        },
        {"title": "Web Application", "body": "For Application type, select Web Application, then Next."},
        {"title": "App integration name", "body": "Enter a name that your people recognize, such as Homeport."},
        {
            "title": "Grant type: Client Credentials",
            "body": "In the document, not needed. Homeport acts only for a person who signs in, so it uses Authorization Code, "
            "which must stay ticked under Client acting on behalf of a user. All works whether Client Credentials is ticked or not.",
        },
        {
            "title": "Sign-in redirect URIs",
            "body": "Replace the address that stands there with this one, exactly.",
            "copyable": redirect_uri,
            "copyable_label": "Sign-in redirect URI",
            **seen(judgement, "Redirect URI", "Registered", "Not registered"),
        },
        {"title": "Sign-out redirect URIs", "body": "Click the X beside the address to clear it."},
        {
            "title": "Assignments",
            "body": "Select Allow everyone in your organization to access, or Limit access to selected groups and enter the groups.",
        },
        {
            "title": "Enable immediate access with Federation Broker Mode",
            "body": "Okta recommends it when everyone has access. Know what it does: Okta then assigns nobody to the application, so "
            "“assigned in Okta” no longer limits who gets in. Everyone whom Okta's sign-on policy lets through reaches Homeport. "
            "Homeport still admits only activated users of its own directory, within the e-mail domains you enter.",
            "status": "warn",
            "seen": "Cannot be checked from here",
        },
        {"title": "Save", "body": "Okta shows the application's page."},
        {
            "title": "Client ID and client secret",
            "body": "On that page, copy Client ID from Client Credentials and the secret from CLIENT SECRETS into the form. "
            "Your Okta IdP URL is in the menu at the top right, under your name and e-mail address.",
            **seen(judgement, "Client credentials", "Accepted by Okta", "Not accepted by Okta"),
        },
        {
            "title": "User consent",
            "body": "Next to General Settings, click Edit. Under USER CONSENT, uncheck Require consent, so that nobody is asked at "
            "each sign-in.",
        },
        {"title": "Save", "body": "The setting counts from the next sign-in."},
        {
            "title": "Okta API Scopes",
            "body": f"In the document, not needed: {API_SCOPE} lets an application read the person's own profile through Okta's API. "
            "Homeport reads name and e-mail address from the ID token and asks for nothing more. Granting it does no harm.",
        },
    ]
    return items


def seen(judgement: Judgement | None, name: str, good: str, bad: str) -> dict[str, str]:
    """Return what stands beside a step: the outcome of the check with this name, when there was one."""
    check = next((one for one in judgement.checks if one.name == name), None) if judgement is not None else None
    if check is None:
        return {}
    return {
        CheckState.OK: {"status": "ok", "seen": good},
        CheckState.WARNING: {"status": "warn", "seen": "Could not be checked"},
        CheckState.FAILED: {"status": "error", "seen": bad},
    }[check.state]
