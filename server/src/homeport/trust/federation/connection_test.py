"""Tries a provider before it is saved: discovery, keys, redirect URI and client credentials, without a user.

Sans-I/O like `relying_party`: `examine` yields fetches. What cannot be checked from here is said so, as a warning.
"""

import secrets
from collections.abc import Collection, Generator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy
from homeport.foundation.outbound.model import FailureKind, Fetch, FetchFailed, Response
from homeport.foundation.outbound.urls import Origin
from homeport.trust.federation import discovery
from homeport.trust.federation.discovery import Check, CheckState, Judgement
from homeport.trust.federation.jwks import MAX_BYTES as MAX_JWKS
from homeport.trust.federation.jwks import KeySet
from homeport.trust.federation.model import Client, Metadata, ProviderKind
from homeport.trust.federation.relying_party import begin, token_request
from homeport.trust.federation.strict_json import parse_object

BOGUS_CODE = "homeport-connection-test"
MAX_PAGE = 256_000
_OK, _BAD_REQUEST, _UNAUTHORIZED = 200, 400, 401
_REDIRECTS = (302, 303, 307)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What an admin typed and wants tried. `allow` lists the origins that may be plain http."""

    url: str
    kind: ProviderKind
    client: Client = field(repr=False)
    redirect_uri: str
    allow: Collection[Origin] = ()


def examine(candidate: Candidate, clock: Clock, entropy: Entropy) -> Generator[Fetch, Response | FetchFailed, Judgement]:
    """Run every check; later ones only when the document was usable."""
    try:
        location = discovery.locate(candidate.url, candidate.kind)
    except ValueError as error:
        return Judgement((Check("Address", CheckState.FAILED, str(error), "Correct the URL and save again."),))
    answer = yield location.fetch()
    found = discovery.judge(answer, location, now=clock.now(), allow=candidate.allow)
    metadata = found.metadata
    if metadata is None:
        return found
    keys = judge_keys((yield Fetch(metadata.jwks_uri, max_bytes=MAX_JWKS)), metadata)
    checks = [*found.checks, keys]
    for number, secret in enumerate(candidate.client.secrets):
        request = token_request(
            metadata,
            candidate.client.client_id,
            secret,
            code=BOGUS_CODE,
            verifier=entropy.token(48),
            redirect_uri=candidate.redirect_uri,
        )
        if request is not None:
            name = "Client credentials" if number == 0 else "Second client secret"
            checks.append(judge_client_credentials((yield request), name))
    asked = begin(metadata, candidate.client.client_id, candidate.redirect_uri, entropy)
    page = yield Fetch(f"{asked.url}&prompt=none", accept="text/html", max_bytes=MAX_PAGE)
    checks.append(judge_redirect_uri(page, candidate.redirect_uri, asked.state))
    judgement = Judgement(tuple(checks))
    return judgement if judgement.failed else Judgement(judgement.checks, metadata)


def judge_keys(answer: Response | FetchFailed, metadata: Metadata) -> Check:
    """Judge the key set: there must be a key for one of the algorithms."""
    remedy = "The provider's jwks_uri must answer with its public keys. Ask its operator."
    if isinstance(answer, FetchFailed):
        return Check("Keys", CheckState.FAILED, answer.detail, remedy)
    if answer.status != _OK:
        return Check("Keys", CheckState.FAILED, f"The key set answered with status {answer.status} instead of 200.", remedy)
    try:
        keys = KeySet.parse(answer.body)
    except ValueError as error:
        return Check("Keys", CheckState.FAILED, f"The key set cannot be used. {error}", remedy)
    usable = [kid for kid in keys.key_ids() if any(keys.candidates(kid, algorithm) for algorithm in metadata.algorithms)]
    if not usable and not any(keys.candidates(None, algorithm) for algorithm in metadata.algorithms):
        return Check(
            "Keys",
            CheckState.FAILED,
            f"None of the {len(keys.keys)} published keys suits {', '.join(metadata.algorithms)}.",
            remedy,
        )
    return Check("Keys", CheckState.OK, f"Key ids: {', '.join(usable) or '(none)'}.")


def judge_client_credentials(answer: Response | FetchFailed, name: str = "Client credentials") -> Check:
    """Judge the answer to a code that cannot be right: `invalid_grant` means that the credentials were (RFC 6749, section 5.2)."""
    later = "The first sign-in will show it."
    if isinstance(answer, FetchFailed):
        if answer.kind is FailureKind.ADDRESS_BLOCKED:  # no sign-in could ever reach it
            return Check(
                name, CheckState.FAILED, f"The token endpoint cannot be used. {answer.detail}", "Ask the provider's operator."
            )
        return Check(name, CheckState.WARNING, f"They could not be checked. {answer.detail}", later)
    try:
        error = parse_object(answer.body, max_bytes=MAX_PAGE).get("error")
    except ValueError:
        error = None
    if error == "invalid_grant":
        return Check(name, CheckState.OK, "The provider accepted client ID and secret.")
    if error == "invalid_client" and answer.status in {_BAD_REQUEST, _UNAUTHORIZED}:
        return Check(
            name,
            CheckState.FAILED,
            "The provider does not accept this client ID with this client secret (invalid_client).",
            "Copy both again from the application's page. A rotated secret must be the active one.",
        )
    if error in ("unauthorized_client", "unsupported_grant_type"):
        return Check(
            name,
            CheckState.FAILED,
            f"The application may not use the authorization code flow ({error}).",
            "Tick Authorization Code under Grant type at the application.",
        )
    return Check(name, CheckState.WARNING, f"They could not be checked: status {answer.status}, {ascii(error)[:80]}.", later)


def judge_redirect_uri(answer: Response | FetchFailed, redirect_uri: str, state: str) -> Check:
    """Judge the answer to an authorization request that asks nobody: a redirect back to us means that our address is registered."""
    name, remedy = "Redirect URI", f"Enter exactly {redirect_uri} under Sign-in redirect URIs."
    unknown = Check(
        name, CheckState.WARNING, "Whether it is registered could not be checked. The first sign-in will show it.", remedy
    )
    if isinstance(answer, FetchFailed):
        return unknown
    if answer.status in _REDIRECTS:
        back = urlsplit(answer.header("location") or "")
        same = secrets.compare_digest(dict(parse_qsl(back.query)).get("state", "").encode(), state.encode())
        if back._replace(query="", fragment="").geturl() == redirect_uri and same:
            return Check(name, CheckState.OK, f"{redirect_uri} is registered.")
        return unknown
    if answer.status == _BAD_REQUEST and b"redirect_uri" in answer.body:
        return Check(name, CheckState.FAILED, "The provider does not know this redirect URI for the application.", remedy)
    return unknown
