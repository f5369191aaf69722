"""Finds and judges what a provider publishes about itself (OpenID Connect Discovery 1.0). Pure: answers are passed in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from homeport.foundation.outbound.model import Fetch, FetchFailed, Response
from homeport.foundation.outbound.urls import Origin, Target
from homeport.trust.federation.model import Metadata, ProviderKind
from homeport.trust.federation.strict_json import parse_object
from homeport.trust.federation.verifier import ALGORITHMS

WELL_KNOWN = "/.well-known/openid-configuration"
WELL_KNOWN_OAUTH = "/.well-known/oauth-authorization-server"
MAX_DOCUMENT = 256_000
MAX_REDIRECTS = 3
CLOCK_WARNING = 30.0
"""Seconds of clock difference; ID tokens are refused from 120 s. Only a warning, since a proxy may have written the header."""
_OK = 200
_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
_SCOPES = ("openid", "email", "profile")
_REQUIRED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
_MAX_ENTRIES = 100
_MAX_AGE_DIGITS = 7


class CheckState(StrEnum):
    """How a check ended; a warning does not hinder saving."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was seen, and, unless all is well, how to mend it."""

    name: str
    state: CheckState
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """All checks in order; `metadata` is there only when no check failed."""

    checks: tuple[Check, ...]
    metadata: Metadata | None = None

    @property
    def failed(self) -> tuple[Check, ...]:
        """Return the checks that failed."""
        return tuple(check for check in self.checks if check.state is CheckState.FAILED)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a provider is: its address without trailing slash, and where its document lies."""

    url: str
    document: str

    @property
    def issuers(self) -> tuple[str, str]:
        """The issuer this document may state: the address itself; some providers end theirs with a slash."""
        return self.url, f"{self.url}/"

    def fetch(self) -> Fetch:
        """Return the request for the document."""
        return Fetch(self.document, follow_redirects=MAX_REDIRECTS, max_bytes=MAX_DOCUMENT)


def locate(typed: str, kind: ProviderKind) -> Location:
    """Read the address as an admin types it; raise ValueError with a sentence.

    Without scheme it gets https; a trailing slash and a pasted well-known path are taken off, also RFC 8414's form, which stands
    before the issuer's own path (section 3.1).
    """
    text = typed.strip()
    if not text:
        example = (
            "https://example.okta.com"
            if kind is ProviderKind.OKTA
            else "https://id.example.com or https://id.example.com/realms/staff"
        )
        raise ValueError(f"Enter the address of your identity provider. It looks like {example}")
    if "://" not in text:
        text = f"https://{text}"
    target = Target.parse(text.partition("#")[0].partition("?")[0])
    path = target.path.rstrip("/")
    if path.endswith(WELL_KNOWN):
        path = path.removesuffix(WELL_KNOWN)
    elif path.startswith(WELL_KNOWN_OAUTH):
        path = path.removeprefix(WELL_KNOWN_OAUTH)
    else:
        path = path.removesuffix(WELL_KNOWN_OAUTH)
    url = f"{target.origin}{path.rstrip('/')}"
    if kind is ProviderKind.OKTA:
        _check_okta(target.origin, path)
    return Location(url, f"{url}{WELL_KNOWN}")


def _check_okta(origin: Origin, path: str) -> None:
    label, dot, rest = origin.host.partition(".")
    if label.endswith("-admin") and dot and rest.startswith(("okta", "oktapreview")):
        right = f"{origin.scheme}://{label.removesuffix('-admin')}.{rest}"
        raise ValueError(f"This is the address of Okta's admin console. Your Okta IdP URL is {right}")
    parts = [part for part in path.split("/") if part]
    if parts and (len(parts) != 2 or parts[0] != "oauth2" or parts[1] == "v1"):  # noqa: PLR2004 - /oauth2/<server id>
        raise ValueError(
            f"An Okta IdP URL has no path, or /oauth2/ and the id of a custom authorization server. Yours is probably {origin}"
        )


def judge(answer: Response | FetchFailed, location: Location, *, now: datetime, allow: Collection[Origin] = ()) -> Judgement:
    """Judge the answer to `location.fetch()`; `allow` lists the origins that may be plain http."""
    document, reached = _read(answer, location)
    if document is None:
        return Judgement((reached,))
    ahead = clock_difference(answer, now) if isinstance(answer, Response) else None
    checks = (
        reached,
        _judge_issuer(document, location),
        _judge_members(document),
        _judge_endpoints(document, allow),
        _judge_flow(document),
        _judge_pkce(document),
        _judge_algorithms(document),
        _judge_client_authentication(document),
        _judge_scopes(document),
        _judge_iss_parameter(document),
        _judge_clock(ahead),
    )
    judgement = Judgement(checks)
    return judgement if judgement.failed else Judgement(checks, _metadata(document, now, ahead))


def clock_difference(answer: Response, now: datetime) -> float | None:
    """Return by how many seconds the provider's clock is ahead, by its Date header (RFC 9110, section 6.6.1).

    A cache between keeps the Date and says in Age how long ago that was (RFC 9111, section 5.1).
    """
    age = answer.header("age") or "0"
    try:
        there = parsedate_to_datetime(answer.header("date") or "")
    except (ValueError, TypeError, OverflowError):
        return None
    if there.tzinfo is None or not (age.isascii() and age.isdecimal() and len(age) <= _MAX_AGE_DIGITS):
        return None
    return (there - now).total_seconds() + int(age)


def _read(answer: Response | FetchFailed, location: Location) -> tuple[dict[str, Any] | None, Check]:
    name = "Discovery document"
    if isinstance(answer, FetchFailed):
        return None, Check(name, CheckState.FAILED, answer.detail, "Mend this and save again.")
    where = Target.parse(answer.url).safe()
    if answer.status != _OK:
        remedy = "Check the URL. It is the address of the organization, not of an application or of the admin console."
        if answer.status == 401 and "/oauth2/" in location.url:  # noqa: PLR2004 - Okta's E0000015
            remedy = "Okta's custom authorization servers need the API Access Management product. Use the URL without /oauth2/…"
        return None, Check(name, CheckState.FAILED, f"{where} answered with status {answer.status} instead of 200.", remedy)
    try:
        document = parse_object(answer.body, max_bytes=MAX_DOCUMENT)
    except ValueError as error:
        kind = (answer.header("content-type") or "").lower()
        seen = "a web page (HTML)" if "html" in kind or answer.body.lstrip()[:1] == b"<" else "no usable JSON object"
        remedy = "Check the URL: it must be the provider's own, and nothing between may answer with a sign-in page."
        return None, Check(name, CheckState.FAILED, f"{where} answered with {seen}. {error}", remedy)
    return document, Check(name, CheckState.OK, f"Read from {where}.")


def _judge_issuer(document: Mapping[str, Any], location: Location) -> Check:
    issuer = document.get("issuer")
    if issuer in location.issuers:
        return Check("Issuer", CheckState.OK, f"{issuer}")
    return Check(
        "Issuer",
        CheckState.FAILED,
        f"The document says that the issuer is {_shown(issuer)}, but you entered {location.url}.",
        "Enter the issuer's own address. If your organization uses a custom domain, use the form that the document states.",
    )


def _judge_members(document: Mapping[str, Any]) -> Check:
    missing = [name for name in _REQUIRED if not isinstance(document.get(name), str)]
    if missing:
        return Check(
            "Required members",
            CheckState.FAILED,
            f"The document lacks {', '.join(missing)}, or they are no strings.",
            "This is no OpenID Connect provider's document, or it is incomplete. Ask the provider's operator.",
        )
    return Check("Required members", CheckState.OK, "All are there.")


def _judge_endpoints(document: Mapping[str, Any], allow: Collection[Origin]) -> Check:
    seen, bad = [], []
    for name in (*_REQUIRED[1:], "userinfo_endpoint"):
        value = document.get(name)
        if value is None:
            continue
        try:
            target = Target.parse(str(value))
        except ValueError:
            bad.append(f"{name} is {_shown(value)}")
            continue
        seen.append(str(value))
        if target.origin.scheme != "https" and target.origin not in allow:
            bad.append(f"{name} is not https: {target.safe()}")
    if bad:
        return Check(
            "Endpoints", CheckState.FAILED, "; ".join(bad) + ".", "The provider must publish https addresses. Ask its operator."
        )
    return Check("Endpoints", CheckState.OK, " · ".join(seen))


def _judge_flow(document: Mapping[str, Any]) -> Check:
    types, grants = _strings(document, "response_types_supported"), _strings(document, "grant_types_supported")
    if (types is not None and "code" not in types) or (grants is not None and "authorization_code" not in grants):
        return Check(
            "Authorization code flow",
            CheckState.FAILED,
            "The provider does not offer the authorization code flow.",
            "Homeport uses no other. Allow it at the provider.",
        )
    return Check("Authorization code flow", CheckState.OK, "Offered.")


def _judge_pkce(document: Mapping[str, Any]) -> Check:
    methods = _strings(document, "code_challenge_methods_supported")
    if methods is None:
        return Check(
            "PKCE",
            CheckState.WARNING,
            "The provider does not say whether it checks PKCE.",
            "Homeport sends it always. If the provider lets you, require PKCE for the application.",
        )
    if "S256" in methods:
        return Check("PKCE", CheckState.OK, "S256.")
    return Check(
        "PKCE",
        CheckState.FAILED,
        f"The provider offers only {', '.join(methods) or 'nothing'}.",
        "Homeport needs S256 (RFC 7636).",
    )


def _judge_algorithms(document: Mapping[str, Any]) -> Check:
    offered = _strings(document, "id_token_signing_alg_values_supported")
    if offered is None:
        return Check(
            "Signing algorithms",
            CheckState.WARNING,
            "The provider does not say how it signs ID tokens.",
            f"Homeport accepts {', '.join(ALGORITHMS)}.",
        )
    common = [algorithm for algorithm in ALGORITHMS if algorithm in offered]
    if common:
        return Check("Signing algorithms", CheckState.OK, f"{', '.join(common)}.")
    return Check(
        "Signing algorithms",
        CheckState.FAILED,
        f"The provider signs ID tokens only with {', '.join(offered)[:200] or 'nothing'}.",
        f"Choose one of {', '.join(ALGORITHMS)} for the application.",
    )


def _judge_client_authentication(document: Mapping[str, Any]) -> Check:
    offered = _strings(document, "token_endpoint_auth_methods_supported")
    if offered is None:
        return Check("Client authentication", CheckState.OK, "client_secret_basic, which is the default.")
    usable = [method for method in _AUTH_METHODS if method in offered]
    if usable:
        return Check("Client authentication", CheckState.OK, f"{usable[0]}.")
    return Check(
        "Client authentication",
        CheckState.FAILED,
        f"The provider takes only {', '.join(offered)[:200] or 'nothing'}.",
        "Allow client_secret_basic or client_secret_post for the application.",
    )


def _judge_scopes(document: Mapping[str, Any]) -> Check:
    offered = _strings(document, "scopes_supported")
    if offered is None:
        return Check("Scopes", CheckState.OK, "The provider does not list them, which it need not.")
    missing = [scope for scope in _SCOPES if scope not in offered]
    if not missing:
        return Check("Scopes", CheckState.OK, f"{', '.join(_SCOPES)}.")
    return Check(
        "Scopes",
        CheckState.WARNING,
        f"The provider does not list {', '.join(missing)}.",  # the list need not be complete (OpenID Connect Discovery, section 3)
        "Allow openid, email and profile for the client. Without email nobody gets a first link.",
    )


def _judge_iss_parameter(document: Mapping[str, Any]) -> Check:
    if document.get("authorization_response_iss_parameter_supported") is True:
        return Check("Issuer on the redirect", CheckState.OK, "Promised, so it is demanded (RFC 9207).")
    return Check(
        "Issuer on the redirect", CheckState.OK, "Not promised. This provider's own redirect URI protects against mix-up."
    )


def _judge_clock(ahead: float | None) -> Check:
    if ahead is None:
        return Check(
            "Clock",
            CheckState.WARNING,
            "The provider did not state its time, so the clocks could not be compared.",
            "Nothing to do.",
        )
    side = "ahead of" if ahead > 0 else "behind"
    sentence = f"The provider's clock is {abs(ahead):.0f} s {side} this server's."
    if abs(ahead) <= CLOCK_WARNING:
        return Check("Clock", CheckState.OK, sentence)
    return Check("Clock", CheckState.WARNING, sentence, "Set this server's clock by NTP. From 120 s on every sign-in is refused.")


def _metadata(document: Mapping[str, Any], now: datetime, ahead: float | None) -> Metadata:
    methods = _strings(document, "token_endpoint_auth_methods_supported")
    offered = _strings(document, "id_token_signing_alg_values_supported")
    userinfo = document.get("userinfo_endpoint")
    return Metadata(
        issuer=document["issuer"],
        authorization_endpoint=document["authorization_endpoint"],
        token_endpoint=document["token_endpoint"],
        jwks_uri=document["jwks_uri"],
        userinfo_endpoint=userinfo if isinstance(userinfo, str) else None,
        token_endpoint_auth_methods=_AUTH_METHODS[:1]
        if methods is None
        else tuple(one for one in _AUTH_METHODS if one in methods),
        algorithms=ALGORITHMS if offered is None else tuple(one for one in ALGORITHMS if one in offered),
        iss_parameter_supported=document.get("authorization_response_iss_parameter_supported") is True,
        pkce_advertised=_strings(document, "code_challenge_methods_supported") is not None,
        fetched_at=now,
        clock_difference=ahead,
    )


def _strings(document: Mapping[str, Any], name: str) -> Sequence[str] | None:
    """Return a list of strings, None when the member is absent; anything else counts as an empty list."""
    if document.get(name) is None:
        return None
    value = document[name]
    return [one for one in value[:_MAX_ENTRIES] if isinstance(one, str)] if isinstance(value, list) else []


def _shown(value: object) -> str:
    return "missing" if value is None else ascii(value)[:200]
