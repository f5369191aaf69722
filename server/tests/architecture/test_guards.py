"""Every route is guarded, or is public for a reason that stands here."""

import re

import pytest
from starlette.routing import Mount

from homeport.bootstrap.web import application
from homeport.foundation.http.actor import GUARDS, OWN_GUARDS
from homeport.foundation.http.middleware import without_secret

PUBLIC = {
    "/apple/enroll": "a Mac in Setup Assistant, before anybody signed in",
    "/apple/enroll/welcome": "the page before the sign-in; the session's cookie is the proof",
    "/apple/enroll/sign-in": "sends a person in Setup Assistant to the provider",
    "/apple/enroll/profile": "the session's cookie is the proof, and the sign-in came before",
    "/static": "style sheets and icons, the same for everybody",
    "/api/openapi.json": "the description of the API, which is in the docs too",
    "/api/reference": "the same description for people",
    "/": "only a redirect to the admin portal",
    "/.well-known/openid-configuration": "metadata that devices read before they have a token (RFC 8414, section 3)",
    "/.well-known/oauth-authorization-server": "the same under the RFC's own name",
    "/oauth/device_authorization": "the device authenticates in the form (RFC 7523)",
    "/oauth/token": "the device authenticates in the form (RFC 7523)",
    "/agent/v1/enroll": "the enrolment key and the proof of the device's key are in the body",
    "/agent/v1/order": "a token bound to the device's key, with a proof (RFC 9449)",
    "/agent/v1/policy": "a token bound to the device's key, with a proof (RFC 9449)",
    "/agent/v1/help-desk-key": "a token bound to the device's key, with a proof (RFC 9449)",
    "/agent/v1/people": "a token bound to the device's key, with a proof (RFC 9449)",
    "/agent/v1/desired-state": "a token bound to the device's key, with a proof (RFC 9449)",
    "/agent/v1/portal": "a token bound to the device's key, with a proof (RFC 9449)",
    "/user/device/{token}": "the one-time address that an enrolled device was given is the proof",
    "/agent/v1/reports": "a token bound to the device's key, with a proof (RFC 9449)",
    "/mdm/checkin": "the Mac's certificate signs each message (Mdm-Signature)",
    "/mdm/connect": "the Mac's certificate signs each message (Mdm-Signature)",
    "/agent/packages/{name}": "the agent's package, the same for everybody, fetched before a machine has a key",
    "/mdm/scep": "a one-use challenge, or a certificate that is renewed, is the proof (RFC 8894)",
    "/mdm/acme/directory": "where each request goes, the same for everybody (RFC 8555)",
    "/mdm/acme/new-nonce": "a number that is worth nothing by itself (RFC 8555)",
    "/mdm/acme/new-account": "any key may have an account; it earns nothing without a one-use secret",
    "/mdm/acme/account/{identity}": "the account's key signs the request (RFC 8555)",
    "/mdm/acme/new-order": "the account's key signs the request, and the one-use secret of a profile is in it",
    "/mdm/acme/order/{identity}": "the key of the order's account signs the request (RFC 8555)",
    "/mdm/acme/order/{identity}/finalize": "the key of the order's account signs the request (RFC 8555)",
    "/mdm/acme/authorization/{identity}": "the key of the order's account signs the request (RFC 8555)",
    "/mdm/acme/challenge/{identity}": "the key of the order's account signs the request, the Mac's hardware what is in it",
    "/mdm/acme/certificate/{identity}": "the key of the order's account signs the request (RFC 8555)",
    "/device": "whoever types a code has not signed in yet; opening it approves nothing",
    "/device/cancel": "whoever sees a machine that is not theirs may refuse it, knowing its code",
    "/device/approved/{sign_in_id}": "shown only to the browser whose cookie began the sign-in",
    "/device/approved/{sign_in_id}/status": "shown only to the browser whose cookie began the sign-in",
    "/oauth/callback/{provider_id}": "people come back from the provider; `state` and the cookie are judged",
    "/signin": "where administrators sign in",
    "/signin/code": "shown only to the browser whose cookie stands for a right password",
    "/admin/link/{token}": "the one-time link is the proof",
    "/user/signin": "where users sign in",
    "/signin/passkey": "where administrators sign in with a passkey",
    "/signin/passkey/options": "a fresh challenge, the same for everybody",
    "/user/signin/passkey": "where users sign in with a passkey",
    "/user/signin/passkey/options": "a fresh challenge, the same for everybody",
    "/user/signin/code": "shown only to the browser whose cookie stands for a right password",
    "/user/signin/forgotten": "whoever forgot the password cannot sign in; the answer is the same for everybody",
    "/user/link/{token}": "the one-time link is the proof",
}


def routes_of(routes):
    for route in routes:
        if hasattr(route, "original_router"):  # a router that FastAPI includes
            yield from routes_of(route.original_router.routes)
        else:
            yield route


def calls_of(dependant):
    for one in dependant.dependencies:
        yield one.call
        yield from calls_of(one)


def is_guarded(route):
    return hasattr(route, "dependant") and any(call in (*GUARDS, *OWN_GUARDS) for call in calls_of(route.dependant))


@pytest.fixture
def routes(shared_house):
    return list(routes_of(application(shared_house.home).routes))


def test_every_route_asks_who_it_is_or_is_public_for_a_stated_reason(routes):
    assert len(routes) > 60, "the routes were not found"
    assert {route.path for route in routes if not is_guarded(route)} == set(PUBLIC)


def test_every_public_route_has_a_reason():
    assert all(len(reason.split()) > 3 for reason in PUBLIC.values())


def test_every_guarded_route_turns_away_a_stranger_before_it_looks_at_anything_else(shared_house, routes):
    client = shared_house.client
    for route in routes:
        if isinstance(route, Mount) or not is_guarded(route):
            continue
        path = re.sub(r"\{[^}]+\}", "x", route.path)
        for method in route.methods:
            answer = client.request(method, path, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=False)
            if path.startswith(("/api/", "/insights/")):
                assert answer.status_code == 401, f"{method} {path}"
            else:
                way_in = "/user/signin?" if path.startswith("/user") else "/signin?"
                assert answer.status_code == 303, f"{method} {path}"
                assert answer.headers["location"].startswith(way_in), f"{method} {path}"


def test_a_session_opens_no_api_and_a_form_from_another_site_is_not_carried_out(shared_house, routes):
    client = shared_house.client
    for route in routes:
        if isinstance(route, Mount) or "POST" not in (route.methods or ()):
            continue
        path = re.sub(r"\{[^}]+\}", "x", route.path)
        if path.startswith(("/api/", "/insights/", "/agent/", "/oauth/", "/mdm/")):
            continue
        for site in ("cross-site", "same-site", "none"):
            answer = client.post(path, headers={"Sec-Fetch-Site": site}, follow_redirects=False)
            assert answer.status_code == 403, path
        assert client.post(path, headers={"Origin": "https://attacker.example"}).status_code == 403, path


def test_the_log_leaves_out_the_token_of_each_address_that_has_one(sqlite_house):
    paths = {route.path for route in routes_of(application(sqlite_house.home).routes) if "{token}" in getattr(route, "path", "")}
    assert len(paths) > 2
    assert {path for path in paths if "{token}" in without_secret(path)} == set()
