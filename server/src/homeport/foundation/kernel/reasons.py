"""Why a sign-in was refused: one code, a sentence for the person, and a remedy for the admin."""

from enum import Enum

from homeport.foundation.kernel import explanations
from homeport.foundation.kernel.explanations import Explanation

_RETRY = "Go back to the machine and start again."
_ASK = "Give the sign-in id below to your administrator."


class ReasonCode(Enum):
    """Every reason for which a sign-in or a device approval is refused."""

    # The way back from the provider
    STATE_MISSING = Explanation(
        "state_missing",
        f"The address you came back with is incomplete. {_RETRY}",
        "The provider's redirect carried no `state`. Check whether a proxy strips the query string.",
    )
    STATE_UNKNOWN = Explanation(
        "state_unknown",
        f"Homeport did not start this sign-in. {_RETRY}",
        "The `state` was never issued here or is older than a day. A stale bookmark or a forged redirect.",
    )
    DUPLICATE_PARAMETER = Explanation(
        "duplicate_parameter",
        f"The address you came back with is malformed. {_RETRY}",
        "A parameter of the redirect appeared twice, which RFC 6749 section 3.1 forbids.",
    )
    BROWSER_MISMATCH = Explanation(
        "browser_mismatch",
        "This sign-in was started in another browser. Continue in the browser in which you opened the address, with cookies allowed.",
        "The browser that came back does not hold the cookie of the one that started. Somebody may have sent a prepared link.",
    )
    SIGNIN_EXPIRED = Explanation(
        "signin_expired",
        f"This sign-in took longer than ten minutes. {_RETRY}",
        "The person came back after the sign-in had expired.",
    )
    SIGNIN_ALREADY_USED = Explanation(
        "signin_already_used",
        f"This sign-in was already used. {_RETRY}",
        "The same redirect was opened twice (reload, back button or a copied address). Each `state` works once.",
    )
    PROVIDER_MISMATCH = Explanation(
        "provider_mismatch",
        f"The answer came to the wrong address. {_RETRY}",
        "The redirect arrived at the redirect URI of another provider than the one the sign-in was sent to.",
    )
    PROVIDER_GONE = Explanation(
        "provider_gone",
        "Your organization's identity provider was removed while you signed in. Ask your administrator.",
        "The identity provider was deleted or replaced between start and return.",
    )
    PROVIDER_MISSING = Explanation(
        "provider_missing",
        "Your organization has not connected an identity provider yet. Ask your administrator.",
        "Add a provider under DIRECTORY INTEGRATIONS > Identity Providers.",
    )
    PROVIDER_UNREACHABLE = Explanation(
        "provider_unreachable",
        "Your identity provider does not answer. Try again in a few minutes.",
        "Discovery could not be fetched and the stored copy is older than 24 hours. Open the provider's page for the exact error.",
    )
    ISS_MISSING = Explanation(
        "iss_missing",
        f"The answer of your identity provider is incomplete. {_ASK}",
        "The provider advertises `authorization_response_iss_parameter_supported` but sent no `iss` (RFC 9207 section 2.4).",
    )
    ISS_MISMATCH = Explanation(
        "iss_mismatch",
        f"The answer came from another identity provider than expected. {_ASK}",
        "The redirect's `iss` is not the configured issuer (RFC 9207 section 2.4): a mix-up, or an attack by mix-up.",
    )
    CODE_MISSING = Explanation(
        "code_missing",
        f"The answer of your identity provider is incomplete. {_RETRY}",
        "The redirect carried neither `code` nor `error`.",
    )
    # Errors the provider reported on the redirect
    USER_NOT_ASSIGNED = Explanation(
        "user_not_assigned",
        "Your identity provider says that you are not assigned to Homeport. Ask your administrator to assign you.",
        "Assign the person or one of their groups to the application in the provider.",
    )
    PROVIDER_ACCESS_DENIED = Explanation(
        "provider_access_denied",
        "Your identity provider did not let you in, or you cancelled. Try again.",
        "The provider answered `access_denied`. Its own log tells which rule; its words are in the steps.",
    )
    PROVIDER_POLICY_DENIED = Explanation(
        "provider_policy_denied",
        f"A rule of your identity provider refused this sign-in. {_ASK}",
        "Okta: no access policy of the authorization server matches. Its rules must cover the scopes openid, email and profile.",
    )
    GROUPS_CLAIM_FAILED = Explanation(
        "groups_claim_failed",
        f"Your identity provider could not prepare its answer. {_ASK}",
        "Okta could not evaluate the groups claim, often because a person is in more than 100 groups. Narrow its filter.",
    )
    PROVIDER_LOGIN_REQUIRED = Explanation(
        "provider_login_required",
        "Your identity provider asks you to sign in again. Start again.",
        "The provider answered `login_required` or `interaction_required`.",
    )
    PROVIDER_INVALID_SCOPE = Explanation(
        "provider_invalid_scope",
        f"Your identity provider does not know what Homeport asked for. {_ASK}",
        "The provider refused the scopes openid, email, profile. Allow them for the application.",
    )
    PROVIDER_ERROR = Explanation(
        "provider_error",
        f"Your identity provider reported an error. Try again; if it stays, {_ASK[0].lower()}{_ASK[1:]}",
        "The provider answered with an error on the redirect; its words are in the steps.",
    )
    # The token request
    TOKEN_UNREACHABLE = Explanation(
        "token_unreachable",
        "Your identity provider did not answer in time. Try again.",
        "The token endpoint could not be reached or was slower than the limit.",
    )
    TOKEN_RATE_LIMITED = Explanation(
        "token_rate_limited",
        "Your identity provider is busy. Try again in a minute.",
        "The token endpoint answered 429. The rate limit headers are in the steps; ask Okta for a larger share for this application.",
    )
    TOKEN_BROKEN = Explanation(
        "token_broken",
        "Your identity provider gave an unusable answer. Try again.",
        "The token endpoint answered with something that is no token response: a server error, HTML, or too much data.",
    )
    CODE_REFUSED = Explanation(
        "code_refused",
        f"Your identity provider did not accept the sign-in code. {_RETRY}",
        "The token endpoint answered `invalid_grant`: the code was used, expired, or belongs to another client or redirect URI.",
    )
    CLIENT_REFUSED = Explanation(
        "client_refused",
        f"Your identity provider did not accept Homeport itself. {_ASK}",
        "The token endpoint answered `invalid_client`. Check client ID and secret; the secret may have been rotated in the provider.",
    )
    ID_TOKEN_MISSING = Explanation(
        "id_token_missing",
        f"The answer of your identity provider is incomplete. {_ASK}",
        "The token response holds no ID token. The application must be an OpenID Connect application.",
    )
    # The ID token
    ID_TOKEN_MALFORMED = Explanation(
        "id_token_malformed",
        f"The answer of your identity provider is malformed. {_ASK}",
        "The ID token is not a compact JWS with a JSON object inside (RFC 7519 section 7.2).",
    )
    ALGORITHM_NOT_ALLOWED = Explanation(
        "algorithm_not_allowed",
        f"The answer of your identity provider is not signed in a way Homeport accepts. {_ASK}",
        "The ID token's `alg` is not RS256, PS256 or ES256. `none` and HMAC algorithms are never accepted.",
    )
    HEADER_NOT_ALLOWED = Explanation(
        "header_not_allowed",
        f"The answer of your identity provider is not signed in a way Homeport accepts. {_ASK}",
        "The ID token's header carries its own key, a key address or an extension marked critical; none is accepted.",
    )
    KEYS_UNREACHABLE = Explanation(
        "keys_unreachable",
        "Your identity provider's keys could not be fetched. Try again in a few minutes.",
        "The provider's `jwks_uri` did not give a usable key set, and the stored copy is older than 24 hours.",
    )
    KEY_UNKNOWN = Explanation(
        "key_unknown",
        f"The answer of your identity provider is signed with an unknown key. Try again in a minute; if it stays, {_ASK[0].lower()}{_ASK[1:]}",
        "No key with the token's `kid` is in the provider's key set, not even after fetching it again. The key may have been withdrawn.",
    )
    SIGNATURE_INVALID = Explanation(
        "signature_invalid",
        f"The signature of your identity provider's answer is wrong. {_ASK}",
        "The ID token's signature does not verify with the provider's key: altered on the way, or not from this provider.",
    )
    ISSUER_WRONG = Explanation(
        "issuer_wrong",
        f"The answer came from another identity provider than expected. {_ASK}",
        "The ID token's `iss` is not exactly the configured issuer. See whether a custom domain was switched on or off there.",
    )
    AUDIENCE_WRONG = Explanation(
        "audience_wrong",
        f"The answer was meant for another application. {_ASK}",
        "The ID token's `aud` does not contain this client ID.",
    )
    AUTHORIZED_PARTY_WRONG = Explanation(
        "authorized_party_wrong",
        f"The answer was meant for another application. {_ASK}",
        "The ID token has several audiences or an `azp`, and `azp` is not this client ID (OpenID Connect Core section 3.1.3.7).",
    )
    TOKEN_EXPIRED = Explanation(
        "token_expired",
        f"The answer of your identity provider had expired. {_RETRY}",
        "The ID token's `exp` is over, even with 120 s leeway. Compare the clocks; the provider's page shows the difference.",
    )
    TOKEN_NOT_YET_VALID = Explanation(
        "token_not_yet_valid",
        f"The answer of your identity provider is dated in the future. {_ASK}",
        "The ID token's `iat` or `nbf` lies more than 120 s ahead. Compare the clocks; the provider's page shows the difference.",
    )
    CLAIM_MISSING = Explanation(
        "claim_missing",
        f"The answer of your identity provider is incomplete. {_ASK}",
        "The ID token lacks one of `iss`, `aud`, `exp`, `iat`, or it has the wrong type; the steps say which.",
    )
    SUBJECT_MISSING = Explanation(
        "subject_missing",
        f"Your identity provider did not say who you are. {_ASK}",
        "The ID token has no usable `sub` (a string of 1 to 255 characters).",
    )
    NONCE_WRONG = Explanation(
        "nonce_wrong",
        f"The answer belongs to another sign-in. {_RETRY}",
        "The ID token's `nonce` is missing or not the one sent: a replayed or injected token.",
    )
    ACCESS_TOKEN_HASH_WRONG = Explanation(
        "access_token_hash_wrong",
        f"The parts of your identity provider's answer do not belong together. {_ASK}",
        "The ID token's `at_hash` is not the hash of the access token beside it.",
    )
    AUTHENTICATION_TOO_OLD = Explanation(
        "authentication_too_old",
        "Your last sign-in at the identity provider is too long ago for this. Start again and sign in there.",
        "`auth_time` is missing or older than five minutes although `max_age=300` was sent (OpenID Connect Core section 3.1.2.1).",
    )
    # Userinfo
    USERINFO_UNAVAILABLE = Explanation(
        "userinfo_unavailable",
        "Your identity provider did not tell your e-mail address. Try again.",
        "The ID token lacks the e-mail and the userinfo endpoint did not answer with a JSON object.",
    )
    USERINFO_SUBJECT_DIFFERS = Explanation(
        "userinfo_subject_differs",
        f"The parts of your identity provider's answer do not belong together. {_ASK}",
        "Userinfo's `sub` is missing or not the ID token's `sub` (OpenID Connect Core section 5.3.2).",
    )
    # Who it is here
    EMAIL_MISSING = Explanation(
        "email_missing",
        f"Your identity provider did not tell your e-mail address. {_ASK}",
        "Neither the ID token nor userinfo holds a usable `email`. Allow the scope `email`; give the person an address.",
    )
    EMAIL_UNVERIFIED = Explanation(
        "email_unverified",
        f"Your identity provider says that your e-mail address is not verified. {_ASK}",
        "`email_verified` is false, or a Generic OIDC provider left it out. A first link needs a verified address: mark it as verified "
        "at the provider. That it may be missing can be decided on the provider's page; false is always refused.",
    )
    EMAIL_DOMAIN_NOT_ALLOWED = Explanation(
        "email_domain_not_allowed",
        f"Your e-mail address does not belong to this organization. {_ASK}",
        "The address's domain is not among the provider's e-mail domains. Add it on the provider's page if it is yours.",
    )
    USER_UNKNOWN = Explanation(
        "user_unknown",
        f"You are not in this organization's directory yet. {_ASK}",
        "No user has this e-mail address. Create the user first.",
    )
    USER_STAGED = Explanation(
        "user_staged",
        f"Your account is prepared but not activated yet. {_ASK}",
        "The user's state is STAGED. Activate them.",
    )
    USER_SUSPENDED = Explanation(
        "user_suspended",
        f"Your account is suspended. {_ASK}",
        "The user's state is SUSPENDED. Activate them if they may come back.",
    )
    SUBJECT_DIFFERS = Explanation(
        "subject_differs",
        f"Your e-mail address already belongs to another identity. {_ASK}",
        "The user is linked to another subject of this provider. Unlink on the user's page if the person really got a new account there.",
    )
    LINK_REMOVED = Explanation(
        "link_removed",
        f"Your link to the identity provider was removed. {_ASK}",
        "The user had a link that was removed. Allow a new link on the user's page; only sign-ins started after that count.",
    )
    LINK_INACTIVE = Explanation(
        "link_inactive",
        f"Your link belongs to an earlier identity provider. {_ASK}",
        "The user's link outlived its provider. Remove it and allow a new one on the user's page.",
    )
    # The device
    PROVISIONING_DISABLED = Explanation(
        "provisioning_disabled",
        "Signing in on this kind of machine is switched off. Ask your administrator.",
        "Enable Self Service Account Provisioning for Linux on the provider's page.",
    )
    DEVICE_GONE = Explanation(
        "device_gone",
        "This machine was removed from the directory. Ask your administrator.",
        "The device was deleted while the sign-in was open.",
    )
    DEVICE_PENDING = Explanation(
        "device_pending",
        "This machine waits for approval. Ask your administrator to approve it, then start again.",
        "Approve the device on its page.",
    )
    ANOTHER_PERSON = Explanation(
        "another_person",
        "The machine waits for somebody else. Sign in with the account that you typed at its prompt.",
        "The person who signed in is not the one whose name was typed at the machine.",
    )
    NO_ACCOUNT_HERE = Explanation(
        "no_account_here",
        "You have no usable account on this machine. Sign in at its login first.",
        "A passcode can be reset, and sudo approved, only for somebody with an account on the device.",
    )
    DEVICE_TAKEN = Explanation(
        "device_taken",
        "This machine already belongs to somebody else. Ask your administrator.",
        "Provisioning for Linux allows the first person only. Allow several, or remove the other binding.",
    )
    DEVICE_NOT_ASSIGNED = Explanation(
        "device_not_assigned",
        f"You are not among the people who may sign in on this machine. {_ASK}",
        "The device, or a group it is in, is limited to assigned users and groups. Assign the user there, or lift the limit.",
    )
    USERNAME_NOT_ALLOWED = Explanation(
        "username_not_allowed",
        f"Your user name cannot be used on Linux. {_ASK}",
        "Linux account names match [a-z][a-z0-9._-]{0,30} and are no system names. Change the user's name.",
    )
    UNIX_IDS_EXHAUSTED = Explanation(
        "unix_ids_exhausted",
        f"No account number is free for you. {_ASK}",
        "All uids from 20000 to 59999 were given out; they are never reused.",
    )
    USER_CODE_UNKNOWN = Explanation(
        "user_code_unknown",
        "That code is not known. Check the code on the machine; it changes with every attempt.",
        "Somebody typed a code that was never issued or is long over.",
    )
    USER_CODE_EXPIRED = Explanation(
        "user_code_expired",
        f"That code has expired. {_RETRY}",
        "The code was older than ten minutes.",
    )
    USER_CODE_USED = Explanation(
        "user_code_used",
        f"That code was already used. {_RETRY}",
        "The code had already been approved or refused.",
    )
    NUMBER_WRONG = Explanation(
        "number_wrong",
        f"The number was wrong five times. {_RETRY}",
        "Five wrong verification numbers: typing errors, or somebody guessing on a code they phished.",
    )
    TOO_MANY_ATTEMPTS = Explanation(
        "too_many_attempts",
        "Too many attempts. Wait a minute and try again.",
        "The rate limit for this address or device was reached.",
    )
    CANCELLED = Explanation(
        "cancelled",
        f"You said that this was not you, so nothing was approved. If somebody sent you the address or the code: {_ASK}",
        "The person refused on the approval page. Ask them: it may have been phishing.",
    )
    # The user portal
    PASSWORD_WRONG = explanations.PASSWORD_WRONG
    PASSWORD_NOT_SET = explanations.PASSWORD_NOT_SET
    PASSWORD_MANAGED_ELSEWHERE = explanations.PASSWORD_MANAGED_ELSEWHERE
    CODE_WRONG = explanations.CODE_WRONG
    PASSKEY_WRONG = explanations.PASSKEY_WRONG
    PASSKEY_DEMANDED = explanations.PASSKEY_DEMANDED
    DENIED_BY_POLICY = explanations.DENIED_BY_POLICY

    @property
    def code(self) -> str:
        """The reason as programs and logs write it."""
        return self.value.code

    @property
    def person(self) -> str:
        """The sentence for the person who signs in."""
        return self.value.person

    @property
    def admin(self) -> str:
        """The remedy for the administrator."""
        return self.value.admin


BY_CODE: dict[str, ReasonCode] = {reason.code: reason for reason in ReasonCode}
