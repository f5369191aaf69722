"""A running simulator, a browser without script, and a client that checks everything a relying party must."""

import base64
import hashlib
import json
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from homeport_simulators.okta.demo import Demo
from homeport_simulators.okta.serve import running

CALLBACK = "http://localhost:8080/oauth/callback/acme"
ADA = "ada.lovelace@acme.example"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-in-all"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
LEEWAY = 120
TLS = ssl.create_default_context()  # made once: it takes longer than a whole sign-in
LIMIT = 1024 * 1024


class RefusedError(Exception):
    """What the strict client found."""


def must(condition, reason):
    if not condition:
        raise RefusedError(reason)


@dataclass
class Okta:
    """The simulator as a test sees it."""

    ready: dict
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, verify=TLS))
    browsers: list = field(default_factory=list)

    @property
    def issuer(self):
        return self.ready["issuer"]

    @property
    def credentials(self):
        return self.ready["client_id"], self.ready["client_secret"]

    def control(self, method, path, body=None, status=None):
        answer = self.http.request(method, self.ready["control"] + path, **({} if body is None else {"json": body}))
        assert answer.status_code == status if status else answer.is_success, answer.text
        return answer.json() if answer.content else None

    def fault(self, name, times=1, **arguments):
        return self.control("POST", "/faults", {"fault": name, "times": times, "with": arguments}, 201)

    def change_app(self, **settings):
        return self.control("PATCH", f"/apps/{self.ready['client_id']}", settings)

    def parameters(self, **changes):
        parameters = {
            "client_id": self.ready["client_id"],
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (parameters | changes).items() if value is not None}

    def browser(self):
        self.browsers.append(Browser(self))
        return self.browsers[-1]

    def close_browsers(self):
        while self.browsers:
            self.browsers.pop().http.close()

    def authorize(self, server="", **changes):
        return self.browser().authorize(server, **changes)

    def code(self, server="", login=ADA, **changes):
        answer = self.browser().sign_in(server, login=login, **changes)
        return query(answer.headers["location"])["code"][0]

    def redeem(self, code, server="", *, auth=True, **changes):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER} | changes
        form = {name: value for name, value in form.items() if value is not None}
        credentials = self.credentials if auth is True else auth or None
        return self.http.post(f"{self.issuer}/oauth2{server}/v1/token", data=form, auth=credentials)


class Browser:
    """A browser with its cookies and without script."""

    def __init__(self, okta):
        self.okta = okta
        self.http = httpx.Client(base_url=okta.issuer, timeout=60, verify=TLS)

    def authorize(self, server="", **changes):
        return self.http.get(f"/oauth2{server}/v1/authorize", params=self.okta.parameters(**changes))

    def sign_in(self, server="", *, login=ADA, password=None, **changes):
        answer = self.authorize(server, **changes)
        return self.fill_in(answer, login, password) if "/signin?" in answer.headers.get("location", "") else answer

    def fill_in(self, answer, login=ADA, password=None):
        form = self.http.get(answer.headers["location"])
        password = password or self.okta.ready["password"]
        return self.http.post("/signin", data=hidden(form) | {"username": login, "password": password})


def hidden(form):
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.text))


def query(address):
    return parse_qs(urlsplit(address).query, keep_blank_values=True)


class StrictClient:
    """A relying party that takes nothing on trust."""

    def __init__(self, okta):
        self.okta = okta
        self.deadline = 10.0

    def fetch(self, method, url, **options):
        started, body = time.monotonic(), b""
        try:
            with self.okta.http.stream(method, url, timeout=self.deadline, **options) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    must(len(body) <= LIMIT, "too large")
                    must(time.monotonic() - started < self.deadline, "too slow")
        except httpx.TimeoutException as error:
            raise RefusedError("too slow") from error
        must(not answer.is_redirect, "redirects")
        must(answer.is_success, f"status {answer.status_code}")
        must(answer.headers["content-type"].partition(";")[0] == "application/json", "not JSON by content type")
        try:
            value = json.loads(body)
        except ValueError as error:
            raise RefusedError("not JSON") from error
        must(isinstance(value, dict), "not an object")
        return value

    def sign_in(self, login=ADA):
        metadata = self.discover()
        fields = query(self.okta.browser().sign_in(login=login, max_age="300").headers["location"])
        must(all(len(values) == 1 for values in fields.values()), "duplicate parameter")
        must("error" not in fields, fields.get("error", [""])[0])
        must(fields.get("state") == ["state-1"], "state")
        if "iss" in fields or metadata.get("authorization_response_iss_parameter_supported"):
            must(fields.get("iss") == [self.okta.issuer], "iss parameter")
        must("code" in fields, "no code")
        form = {
            "grant_type": "authorization_code",
            "code": fields["code"][0],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        tokens = self.fetch("POST", metadata["token_endpoint"], data=form, auth=self.okta.credentials)
        claims = self.verify(metadata, tokens)
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        userinfo = self.fetch("GET", metadata["userinfo_endpoint"], headers=bearer)
        must(userinfo.get("sub") == claims["sub"], "userinfo sub")
        return claims, userinfo

    def discover(self):
        metadata = self.fetch("GET", f"{self.okta.issuer}/.well-known/openid-configuration")
        must(metadata.get("issuer") == self.okta.issuer, "metadata issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
            must(name in metadata, f"no {name}")
            must(metadata[name].startswith(self.okta.issuer), f"{name} elsewhere")
        must("code" in metadata["response_types_supported"], "no code flow")
        must("S256" in metadata["code_challenge_methods_supported"], "no S256")
        return metadata

    def verify(self, metadata, tokens):
        must(tokens.get("token_type", "").lower() == "bearer", "token_type")
        must(isinstance(tokens.get("id_token"), str), "no ID token")
        must(tokens["id_token"].count(".") == 2, "not a JWT")
        header = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[0] + "=="))
        must(header["alg"] == "RS256", "alg")
        must("kid" in header, "no kid")
        keys = self.fetch("GET", metadata["jwks_uri"])["keys"]
        must(len({key["kid"] for key in keys}) == len(keys), "duplicate kid")
        keys = [key for key in keys if key["kid"] == header["kid"]]
        must(keys, "unknown kid")
        try:
            claims = jwt.decode(tokens["id_token"], KeySet.import_key_set({"keys": keys}), algorithms=["RS256"]).claims
        except Exception as error:
            raise RefusedError(f"signature: {error}") from error
        self.judge(claims, tokens["access_token"])
        return claims

    def judge(self, claims, access_token):
        now, client_id = time.time(), self.okta.ready["client_id"]
        must(claims.get("iss") == self.okta.issuer, "iss")
        must(claims.get("sub"), "sub")
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        must(client_id in audience, "aud")
        must(len(audience) == 1 or "azp" in claims, "several audiences")
        must(claims.get("azp", client_id) == client_id, "azp")
        must(claims["exp"] > now - LEEWAY, "exp")
        must(claims["iat"] < now + LEEWAY, "iat")
        must(claims.get("nbf", 0) < now + LEEWAY, "nbf")
        must(claims.get("nonce") == "nonce-1", "nonce")
        must(now - claims.get("auth_time", 0) < 300 + LEEWAY, "auth_time")
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        must(claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode(), "at_hash")


@pytest.fixture(scope="module")
def running_okta() -> Iterator[Okta]:
    with running(demo=Demo(redirect_uris=[CALLBACK])) as ready:
        okta = Okta(ready)
        yield okta
        okta.http.close()


@pytest.fixture
def okta(running_okta) -> Iterator[Okta]:
    running_okta.control("POST", "/reset")
    yield running_okta
    running_okta.close_browsers()


@pytest.fixture
def strict_client(okta) -> StrictClient:
    return StrictClient(okta)


@pytest.fixture
def refused() -> type[RefusedError]:
    return RefusedError
