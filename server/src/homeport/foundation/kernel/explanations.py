"""What a refusal says, and the explanations of refusals at the user portal; `reasons` gives each its code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a refusal says: `person` on the page and at the prompt, `admin` beside the failed check."""

    code: str
    person: str
    admin: str


_ASK = "Give the sign-in id below to your administrator."

PASSWORD_WRONG = Explanation(
    "password_wrong",
    "Name and password do not match. Check both and try again.",
    "The user exists and the password was wrong. Many of these from one address are somebody who guesses; each costs a longer wait.",
)
PASSWORD_NOT_SET = Explanation(
    "password_not_set",
    "Name and password do not match. Check both and try again.",
    "The user never set a password. Make an activation link on the user's page.",
)
PASSWORD_MANAGED_ELSEWHERE = Explanation(
    "password_managed_elsewhere",
    f"Your password is managed elsewhere, so it does not open this portal. {_ASK}",
    "An external authority manages the user's password, and nothing hands it to Homeport. Change the authority on the user's page.",
)
CODE_WRONG = Explanation(
    "code_wrong",
    "The code was wrong too often. Sign in again.",
    "The password was right and five codes were wrong. Ask the person: somebody else may know the password.",
)
PASSKEY_WRONG = Explanation(
    "passkey_wrong",
    "The passkey did not prove what it should. Try again, or sign in another way.",
    "The answer did not hold, came too late, or its passkey belongs to nobody here. The person can register it anew.",
)
PASSKEY_DEMANDED = Explanation(
    "passkey_demanded",
    "Signing in from here needs a second factor, and yours is a passkey. Sign in with it. If you lost it, give the sign-in id below to your administrator.",
    "A second factor is demanded and the person's only one is a passkey, so a password alone neither signs in nor sets up another. "
    "If the passkey is lost, remove it on the person's page; then the sign-in leads to a new second factor.",
)
DENIED_BY_POLICY = Explanation(
    "denied_by_policy",
    f"Signing in here is not allowed for you, or not from there. {_ASK}",
    "A conditional access policy denied the sign-in; the steps name it.",
)
