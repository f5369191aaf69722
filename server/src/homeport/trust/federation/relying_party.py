"""The OpenID Connect relying party without I/O: it says what to fetch and judges what came back (authorization code flow, PKCE).

OpenID Connect Core 1.0 section 3.1, RFC 6749, RFC 7636, RFC 9207, RFC 9700.
"""

import base64
import hashlib
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.foundation.outbound.model import FailureKind, Fetch, FetchFailed, Response
from homeport.trust.federation.claims import shown_claims
from homeport.trust.federation.jwks import KeySet, KeySetFetch
from homeport.trust.federation.model import Client, Metadata, Refusal
from homeport.trust.federation.recorder import Recorder, masked
from homeport.trust.federation.strict_json import parse_object
from homeport.trust.federation.verifier import (
    CHECKS,
    MAX_TOKEN,
    Examination,
    Expectation,
    VerifiedIdentity,
    verify,
    with_userinfo,
)

CHECKS_STEP, CLAIMS_STEP = "ID token checked", "claims of the ID token"
"""The steps that only a connection test records."""
SCOPE = "openid email profile"
MAX_AGE = 300
"""Seconds since the person last proved themselves at the provider, where a fresh sign-in is demanded."""
MAX_CODE = 4_096
MAX_PARAMETERS = 20
MAX_TOKEN_RESPONSE = 4 * MAX_TOKEN
MAX_USERINFO = 64_000

T = TypeVar("T")
Exchange = Generator[Fetch, Response | FetchFailed, T]

_RATE_HEADERS = ("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset", "retry-after")
_LOGIN_ERRORS = ("login_required", "interaction_required", "account_selection_required", "consent_required")
_BROKEN = {FailureKind.TOO_LARGE, FailureKind.ENCODING, FailureKind.PROTOCOL}
_VISIBLE = re.compile(r"[!-~]+\Z")
_OK, _BAD_REQUEST, _UNAUTHORIZED, _TOO_MANY = 200, 400, 401, 429


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """Where to send the browser, and what must be remembered until it comes back."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    max_age: int | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, from a redirect whose parameters were judged."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the token request needs: the code and what was remembered when the browser was sent away."""

    code: Code
    code_verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    redirect_uri: str
    max_age: int | None = None


def begin(
    metadata: Metadata,
    client_id: str,
    redirect_uri: str,
    entropy: Entropy,
    *,
    max_age: int | None = None,
    login_hint: str | None = None,
) -> AuthorizationRequest:
    """Make the authorization request; PKCE S256, state and nonce are always there."""
    state, nonce, code_verifier = entropy.token(32), entropy.token(32), entropy.token(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).decode().rstrip("=")
    parameters = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if max_age is not None:
        parameters["max_age"] = str(max_age)
    if login_hint:
        parameters["login_hint"] = login_hint
    separator = "&" if "?" in metadata.authorization_endpoint else "?"
    url = f"{metadata.authorization_endpoint}{separator}{urlencode(parameters)}"
    return AuthorizationRequest(url, state, nonce, code_verifier, max_age)


def callback_state(parameters: Sequence[tuple[str, str]]) -> str | Refusal:
    """Return the redirect's `state`, by which the caller finds the sign-in, once no parameter is there twice (RFC 6749, section 3.1)."""
    names = [name for name, _ in parameters]
    if len(names) > MAX_PARAMETERS:
        return Refusal(ReasonCode.DUPLICATE_PARAMETER, f"The redirect has more than {MAX_PARAMETERS} parameters.")
    for name in names:
        if names.count(name) > 1:
            return Refusal(ReasonCode.DUPLICATE_PARAMETER, f"`{_shown(name)}` appears {names.count(name)} times.")
    state = dict(parameters).get("state", "")
    return state or Refusal(ReasonCode.STATE_MISSING, "The redirect has no `state`.")


def judge_callback(parameters: Sequence[tuple[str, str]], metadata: Metadata, recorder: Recorder) -> Code | Refusal:
    """Judge the redirect of a sign-in that was found by its `state`; nothing is fetched before this says Code."""
    state = callback_state(parameters)
    outcome = state if isinstance(state, Refusal) else _judge_parameters(dict(parameters), metadata)
    if isinstance(outcome, Refusal):
        recorder.failed("redirect judged", reason=outcome.reason.code, detail=outcome.detail)
    else:
        recorder.ok("redirect judged", code=masked(outcome.value))
    return outcome


def _judge_parameters(parameters: dict[str, str], metadata: Metadata) -> Code | Refusal:
    issuer = parameters.get("iss")
    if issuer is None and metadata.iss_parameter_supported:
        return Refusal(ReasonCode.ISS_MISSING, "The provider promised `iss` on the redirect, and it is not there.")
    if issuer is not None and issuer != metadata.issuer:
        return Refusal(ReasonCode.ISS_MISMATCH, f"`iss` is {_shown(issuer)}, expected {metadata.issuer}.")
    if "error" in parameters:
        return _provider_error(parameters["error"], parameters.get("error_description", ""))
    code = parameters.get("code", "")
    if not _VISIBLE.match(code) or len(code) > MAX_CODE:
        return Refusal(
            ReasonCode.CODE_MISSING,
            "`code` is too long or no printable ASCII." if code else "The redirect has neither `code` nor `error`.",
        )
    return Code(code)


def _provider_error(error: str, description: str) -> Refusal:
    """Map what the provider reported; Okta says the cause only in the description."""
    said, words = f"{error} {description}".lower(), f"{_shown(error)}: {_shown(description)}"
    if "user_not_assigned" in said or "not assigned to" in said:
        return Refusal(ReasonCode.USER_NOT_ASSIGNED, words)
    if "policy evaluation failed" in said:
        return Refusal(ReasonCode.PROVIDER_POLICY_DENIED, words)
    if "could not be evaluated" in said or ("groups" in said and "claim" in said):
        return Refusal(ReasonCode.GROUPS_CLAIM_FAILED, words)
    if error in _LOGIN_ERRORS:
        return Refusal(ReasonCode.PROVIDER_LOGIN_REQUIRED, words)
    if error == "invalid_scope":
        return Refusal(ReasonCode.PROVIDER_INVALID_SCOPE, words)
    if error == "access_denied":
        return Refusal(ReasonCode.PROVIDER_ACCESS_DENIED, words)
    return Refusal(ReasonCode.PROVIDER_ERROR, words)


def exchange(
    grant: Grant, client: Client, metadata: Metadata, clock: Clock, recorder: Recorder
) -> Exchange[VerifiedIdentity | Refusal]:
    """Turn the code into a verified identity; yields each fetch and is sent its answer.

    The key set is asked for like anything else; a cache in front of the network answers that (`key_cache`).
    """
    tokens = yield from _tokens(grant, client, metadata, recorder)
    if isinstance(tokens, Refusal):
        return tokens
    access_token = tokens.get("access_token")
    expected = Expectation(
        issuer=metadata.issuer,
        client_id=client.client_id,
        nonce=grant.nonce,
        now=clock.now(),
        access_token=access_token,
        max_age=grant.max_age,
    )
    identity = yield from _verified(tokens["id_token"], expected, metadata, recorder)
    if isinstance(identity, Refusal) or identity.email is not None:
        return identity
    return (yield from _with_userinfo(identity, access_token, metadata, recorder))


def _tokens(grant: Grant, client: Client, metadata: Metadata, recorder: Recorder) -> Exchange[dict[str, Any] | Refusal]:
    outcome: dict[str, Any] | Refusal = Refusal(ReasonCode.CLIENT_REFUSED, "No client secret is stored.")
    for number, secret in enumerate(client.secrets, start=1):
        request = token_request(
            metadata,
            client.client_id,
            secret,
            code=grant.code.value,
            verifier=grant.code_verifier,
            redirect_uri=grant.redirect_uri,
        )
        if request is None:
            outcome = Refusal(ReasonCode.CLIENT_REFUSED, "The provider takes neither client_secret_basic nor client_secret_post.")
            break
        answer = yield request
        outcome = judge_token_response(answer)
        _record_tokens(recorder, answer, outcome, secret_number=number)
        if number <= len(client.secret_ids):
            _note_secret(recorder, outcome, client.secret_ids[number - 1])
        if not isinstance(outcome, Refusal) or outcome.reason is not ReasonCode.CLIENT_REFUSED:
            break
    return outcome


def token_request(
    metadata: Metadata, client_id: str, secret: str, *, code: str, verifier: str, redirect_uri: str
) -> Fetch | None:
    """Make the token request (RFC 6749, section 4.1.3); Basic before post by the provider's list, never both; None: it takes neither."""
    form = (("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri), ("code_verifier", verifier))
    if "client_secret_basic" in metadata.token_endpoint_auth_methods:
        pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"  # form-encoded first (RFC 6749, section 2.3.1)
        headers = (("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"),)
        return Fetch(metadata.token_endpoint, "POST", headers=headers, form=form, max_bytes=MAX_TOKEN_RESPONSE)
    if "client_secret_post" in metadata.token_endpoint_auth_methods:
        credentials = (("client_id", client_id), ("client_secret", secret))
        return Fetch(metadata.token_endpoint, "POST", form=form + credentials, max_bytes=MAX_TOKEN_RESPONSE)
    return None


def judge_token_response(answer: Response | FetchFailed) -> dict[str, Any] | Refusal:
    """Return the token response with a string `id_token` in it, or why there is none (RFC 6749, section 5)."""
    if isinstance(answer, FetchFailed):
        return Refusal(ReasonCode.TOKEN_BROKEN if answer.kind in _BROKEN else ReasonCode.TOKEN_UNREACHABLE, answer.detail)
    if answer.status == _TOO_MANY:
        seen = ", ".join(f"{name}: {_shown(answer.header(name) or '')}" for name in _RATE_HEADERS if answer.header(name))
        return Refusal(ReasonCode.TOKEN_RATE_LIMITED, f"Status 429. {seen}")
    try:
        body = parse_object(answer.body, max_bytes=MAX_TOKEN_RESPONSE)
    except ValueError as error:
        return Refusal(ReasonCode.TOKEN_BROKEN, f"Status {answer.status}. {error}")
    if answer.status != _OK:
        return _token_error(answer.status, body)
    access_token, id_token = body.get("access_token"), body.get("id_token")
    if access_token is not None and not _is_bearer(access_token, body.get("token_type")):
        return Refusal(ReasonCode.TOKEN_BROKEN, "The access token is no printable string, or no bearer token.")
    if not isinstance(id_token, str) or not id_token:
        return Refusal(
            ReasonCode.ID_TOKEN_MISSING, f"The response holds {', '.join(sorted(map(_shown, body)))[:200] or 'nothing'}."
        )
    return body


def _is_bearer(access_token: object, token_type: object) -> bool:
    return (
        isinstance(access_token, str)
        and _VISIBLE.match(access_token) is not None
        and isinstance(token_type, str)
        and token_type.lower() == "bearer"
    )


def _token_error(status: int, body: dict[str, Any]) -> Refusal:
    error, description = body.get("error"), body.get("error_description", "")
    words = f"Status {status}, {_shown(error)}: {_shown(description)}"
    if status in {_BAD_REQUEST, _UNAUTHORIZED}:
        if error == "invalid_grant":
            return Refusal(ReasonCode.CODE_REFUSED, words)
        if error in ("invalid_client", "unauthorized_client"):
            return Refusal(ReasonCode.CLIENT_REFUSED, words)
    return Refusal(ReasonCode.TOKEN_BROKEN, words)


def _note_secret(recorder: Recorder, outcome: dict[str, Any] | Refusal, secret_id: str) -> None:
    """Note whether the provider took the secret, where its answer tells: a refused code means that the client was known."""
    if not isinstance(outcome, Refusal) or outcome.reason is ReasonCode.CODE_REFUSED:
        recorder.secret_answers[secret_id] = True
    elif outcome.reason is ReasonCode.CLIENT_REFUSED:
        recorder.secret_answers[secret_id] = False


def _record_tokens(recorder: Recorder, answer: Response | FetchFailed, outcome: object, *, secret_number: int) -> None:
    seen = {"secret": "first" if secret_number == 1 else "second"}
    if isinstance(answer, Response):
        seen |= {"status": str(answer.status), "address": answer.address, "milliseconds": f"{answer.elapsed * 1000:.0f}"}
        seen |= {name: value for name in _RATE_HEADERS if (value := answer.header(name)) is not None}
    if isinstance(outcome, Refusal):
        recorder.failed("token requested", reason=outcome.reason.code, detail=outcome.detail, **seen)
    else:
        recorder.ok("token requested", **seen)


def _verified(token: str, expected: Expectation, metadata: Metadata, recorder: Recorder) -> Exchange[VerifiedIdentity | Refusal]:
    """Verify with the known keys, and once more with freshly fetched ones if the key is unknown."""
    keys = yield from _keys(metadata, recorder, revalidate=False)
    if isinstance(keys, Refusal):
        return keys
    examination = Examination()
    outcome = verify(token, keys, expected, examination)
    if isinstance(outcome, Refusal) and outcome.reason is ReasonCode.KEY_UNKNOWN:
        recorder.note("key unknown", detail=outcome.detail)
        newer = yield from _keys(metadata, recorder, revalidate=True)
        if not isinstance(newer, Refusal):
            outcome = verify(token, newer, expected, examination)
    if recorder.thorough:
        _record_examination(recorder, examination, outcome)
    if isinstance(outcome, Refusal):
        recorder.failed("ID token verified", reason=outcome.reason.code, detail=outcome.detail)
    else:
        recorder.ok(
            "ID token verified", issuer=outcome.issuer, subject=outcome.subject, email=outcome.email or "(not in the ID token)"
        )
    return outcome


def _record_examination(recorder: Recorder, examination: Examination, outcome: VerifiedIdentity | Refusal) -> None:
    """Record each check with its outcome, and the claims as far as they may be shown."""
    outcomes = dict.fromkeys(examination.passed, "passed")
    for name in CHECKS:
        if name not in outcomes:
            first = isinstance(outcome, Refusal) and len(outcomes) == len(examination.passed)
            outcomes[name] = (
                f"{outcome.reason.code}: {outcome.detail}" if isinstance(outcome, Refusal) and first else "not reached"
            )
    recorder.note(CHECKS_STEP, **outcomes)
    if examination.claims:
        recorder.note(CLAIMS_STEP, **shown_claims(examination.claims))


def _keys(metadata: Metadata, recorder: Recorder, *, revalidate: bool) -> Exchange[KeySet | Refusal]:
    answer = yield KeySetFetch(metadata.jwks_uri, revalidate=revalidate)
    outcome: KeySet | Refusal
    if isinstance(answer, FetchFailed):
        outcome = Refusal(ReasonCode.KEYS_UNREACHABLE, answer.detail)
    elif answer.status != _OK:
        outcome = Refusal(ReasonCode.KEYS_UNREACHABLE, f"Status {answer.status} instead of 200.")
    else:
        try:
            outcome = KeySet.parse(answer.body)
        except ValueError as error:
            outcome = Refusal(ReasonCode.KEYS_UNREACHABLE, f"The answer is no key set. {error}")
    if isinstance(outcome, Refusal):
        recorder.failed("keys fetched", reason=outcome.reason.code, detail=outcome.detail)
    else:
        recorder.ok("keys fetched", kids=", ".join(outcome.key_ids()))
    return outcome


def _with_userinfo(
    identity: VerifiedIdentity, access_token: str | None, metadata: Metadata, recorder: Recorder
) -> Exchange[VerifiedIdentity | Refusal]:
    """Ask for what the ID token lacks; without an endpoint or a token the identity stays as it is."""
    if metadata.userinfo_endpoint is None or access_token is None:
        recorder.note("userinfo skipped", detail="The provider has no userinfo endpoint or gave no access token.")
        return identity
    answer = yield Fetch(
        metadata.userinfo_endpoint, headers=(("authorization", f"Bearer {access_token}"),), max_bytes=MAX_USERINFO
    )
    outcome: VerifiedIdentity | Refusal
    if isinstance(answer, FetchFailed):
        outcome = Refusal(ReasonCode.USERINFO_UNAVAILABLE, answer.detail)
    elif answer.status != _OK:
        outcome = Refusal(ReasonCode.USERINFO_UNAVAILABLE, f"Status {answer.status} instead of 200.")
    else:
        try:
            outcome = with_userinfo(identity, parse_object(answer.body, max_bytes=MAX_USERINFO))
        except ValueError as error:
            outcome = Refusal(ReasonCode.USERINFO_UNAVAILABLE, f"The answer is no userinfo. {error}")
    if isinstance(outcome, Refusal):
        recorder.failed("userinfo fetched", reason=outcome.reason.code, detail=outcome.detail)
    else:
        recorder.ok("userinfo fetched", email=outcome.email or "(not in userinfo either)")
    return outcome


def _shown(value: object) -> str:
    """Return a stranger's value for a detail: quoted, short, printable."""
    return ascii(value)[:200]
