"""OAuth's endpoints: device authorization (RFC 8628), token (RFC 6749), and the metadata that names them (RFC 8414)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import segno
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from homeport.directory.devices.actions import Devices
from homeport.directory.devices.model import Device, DeviceStatus
from homeport.foundation.database.engine import Work
from homeport.foundation.http.actor import origin_of
from homeport.foundation.http.rate_limit import RateLimits
from homeport.foundation.http.routes import Router
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.errors import Invalid, RateLimited, Unauthenticated
from homeport.trust.issuer import model, proofs
from homeport.trust.issuer.actions import AccessTokens, DeviceAuthorizations

DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_REQUESTS = 300
"""How many token requests a device may make at once and a minute: a poll each second takes 60, and several people may be at it at once."""
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class IssuerActions:
    """What the endpoints need in one unit of work."""

    devices: Devices
    authorizations: DeviceAuthorizations
    tokens: AccessTokens
    limits: RateLimits


@dataclass(frozen=True, slots=True)
class OAuthEndpoints:
    """The endpoints under /oauth. `issuer` is the public URL, without trailing slash."""

    work: Work[IssuerActions]
    clock: Clock
    issuer: str

    def router(self) -> Router:
        """List the routes."""
        router = Router(include_in_schema=False)
        router.add_api_route("/.well-known/openid-configuration", self.metadata, methods=["GET"])
        router.add_api_route("/.well-known/oauth-authorization-server", self.metadata, methods=["GET"])
        router.add_api_route("/oauth/device_authorization", self.device_authorization, methods=["POST"])
        router.add_api_route("/oauth/token", self.token, methods=["POST"])
        return router

    def metadata(self) -> JSONResponse:
        """Answer the server's metadata (RFC 8414, section 3.2)."""
        return JSONResponse(
            {
                "issuer": self.issuer,
                "device_authorization_endpoint": f"{self.issuer}/oauth/device_authorization",
                "token_endpoint": f"{self.issuer}/oauth/token",
                "grant_types_supported": [DEVICE_CODE_GRANT, "client_credentials"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": [proofs.ALGORITHM],
                "dpop_signing_alg_values_supported": [proofs.ALGORITHM],
                "scopes_supported": [scope.value for scope in model.Scope if scope is not model.Scope.ORDER],
                "response_types_supported": [],
            },
            headers={"Cache-Control": "public, max-age=300"},
        )

    async def device_authorization(self, request: Request) -> JSONResponse:
        """Begin a device authorization (RFC 8628, section 3.1)."""
        form = await single_values(request)
        return await run_in_threadpool(self._device_authorization, request, form)

    def _device_authorization(self, request: Request, form: Mapping[str, str]) -> JSONResponse:
        with self.work.write() as actions:
            device = self._authenticate_client(actions, form)
            asked = form.get("scope", "")
            if asked not in set(model.Scope) or not model.Scope(asked).approvable:
                return _error("invalid_scope", "The scope of a device authorization is device_login, passcode_reset or sudo.")
            wanted = _wanted(form)
            if wanted is None:
                return _error("invalid_request", "user_id, nonce, place or message is too long or holds what cannot be shown.")
            if wait := actions.limits.take(f"device_authorization {device.id}", burst=10, per_minute=10):
                raise RateLimited("This device began too many sign-ins. Wait a minute.", retry_after=wait)
            address = origin_of(request).address
            authorization, device_code = actions.authorizations.authorize(device, address, model.Scope(asked), wanted)
        complete = f"{self.issuer}/device?user_code={authorization.user_code}"
        return JSONResponse(
            {
                "device_code": device_code,
                "user_code": authorization.user_code,
                "verification_uri": f"{self.issuer}/device",
                "verification_uri_complete": complete,
                "expires_in": int(model.AUTHORIZATION_LIFETIME.total_seconds()),
                "interval": authorization.interval,
                "verification_qr": [
                    "".join("1" if dark else "0" for dark in row) for row in segno.make_qr(complete, error="l").matrix
                ],
            },
            headers=NO_STORE,
        )

    async def token(self, request: Request) -> JSONResponse:
        """Answer a token request (RFC 6749, section 3.2; RFC 8628, section 3.4)."""
        form = await single_values(request)
        return await run_in_threadpool(self._token, request, form)

    def _token(self, request: Request, form: Mapping[str, str]) -> JSONResponse:
        with self.work.write() as actions:
            device = self._authenticate_client(actions, form)
            try:
                proof = proofs.verify_dpop(
                    proofs.only(request.headers.getlist("dpop")),
                    method="POST",
                    url=f"{self.issuer}/oauth/token",
                    now=self.clock.now(),
                )
            except Unauthenticated as error:
                return _error("invalid_dpop_proof", error.detail, reason=error.reason)
            if proof.thumbprint != device.thumbprint:
                return _error(
                    "invalid_dpop_proof", "The DPoP proof was made by another key than the device's.", reason="dpop_key"
                )
            if not actions.tokens.remember_jti(device.id, f"dpop {proof.jti}", proofs.PROOF_REMEMBERED):
                return _error("invalid_dpop_proof", "The DPoP proof was used before.", reason="dpop_replayed")
            if wait := actions.limits.take(f"token {device.id}", burst=TOKEN_REQUESTS, per_minute=TOKEN_REQUESTS):
                raise RateLimited("This device asked for too many tokens. Wait a minute.", retry_after=wait)
            match form.get("grant_type"):
                case None:
                    return _error("invalid_request", "The parameter grant_type is missing.")
                case "client_credentials":
                    if form.get("scope") != model.Scope.AGENT:
                        return _error("invalid_scope", "The scope of client credentials is agent.")
                    token = actions.tokens.issue_for_agent(device)
                    return _token_response(token, model.Scope.AGENT, model.AGENT_TOKEN_LIFETIME.total_seconds())
                case "urn:ietf:params:oauth:grant-type:device_code" if "device_code" not in form:
                    return _error("invalid_request", "The parameter device_code is missing.")
                case "urn:ietf:params:oauth:grant-type:device_code":
                    answer = actions.authorizations.poll(device, form.get("device_code", ""), form.get("verification_number"))
                    return _poll_response(answer)
                case _:
                    return _error("unsupported_grant_type", f"The grant types are client_credentials and {DEVICE_CODE_GRANT}.")

    def _authenticate_client(self, actions: IssuerActions, form: Mapping[str, str]) -> Device:
        """Return the device whose key signed the client assertion; a replayed, foreign or late one is refused."""
        assertion = form.get("client_assertion", "")
        if form.get("client_assertion_type") != proofs.ASSERTION_TYPE or not assertion:
            raise Unauthenticated("A device authenticates with private_key_jwt (RFC 7523).", reason="client_assertion_missing")
        device_id = proofs.unverified_issuer(assertion)
        if form.get("client_id", device_id) != device_id:
            raise Unauthenticated("client_id is not the issuer of the client assertion.", reason="client_id_differs")
        device = actions.devices.find(device_id)
        if device is None:
            raise Unauthenticated("No device has this id. Enrol the machine again.", reason="device_unknown")
        proof = proofs.verify_assertion(
            assertion, jwk=device.device_key, device_id=device.id, issuer=self.issuer, now=self.clock.now()
        )
        if not actions.tokens.remember_jti(device.id, f"assertion {proof.jti}", proofs.ASSERTION_REMEMBERED):
            raise Unauthenticated("The client assertion was used before.", reason="client_assertion_replayed")
        # A deleted or waiting device may still ask what to do: the answer says so, and may hold the orders that end its accounts.
        if form.get("grant_type") == "client_credentials":
            return device
        if device.deleted_at is not None:
            raise Unauthenticated("The device was removed from the directory.", reason="device_gone")
        if device.status is not DeviceStatus.ACTIVE:
            raise Unauthenticated("The device waits for approval by an administrator.", reason="device_pending")
        return device


async def single_values(request: Request) -> dict[str, str]:
    """Return the form's parameters (RFC 6749, section 3.2); raise Invalid when one appears twice or is a file.

    A parameter that is sent without a value counts as left out.
    """
    form = await request.form(max_fields=50, max_files=0)
    values: dict[str, str] = {}
    for name, value in form.multi_items():
        if name in values or not isinstance(value, str):
            raise Invalid(f"The parameter {name} appears twice or is no text.")
        values[name] = value
    return {name: value for name, value in values.items() if value}


def _wanted(form: Mapping[str, str]) -> model.Wanted | None:
    """Return what the device says of its prompt; None when it cannot be kept or shown."""
    longest = {"user_id": 36, "nonce": 100, "place": 300, "message": 200}
    values = {name: form.get(name, "") for name in longest}
    if any(len(value) > longest[name] or not value.isprintable() for name, value in values.items()):
        return None
    return model.Wanted(**values)


def _token_response(token: str, scope: model.Scope, lifetime: float) -> JSONResponse:
    body = {"access_token": token, "token_type": "DPoP", "expires_in": int(lifetime), "scope": scope.value}
    return JSONResponse(body, headers=NO_STORE)


def _poll_response(answer: model.PollAnswer | None) -> JSONResponse:
    match answer:
        case None:
            return _error("invalid_grant", "The device code is not known or belongs to another device.")
        case model.Granted(token):
            return _token_response(token, model.Scope.ORDER, model.ORDER_TOKEN_LIFETIME.total_seconds())
        case model.Pending(number_wanted, None):
            return _error("authorization_pending", "Nobody approved this sign-in yet.", number_wanted=number_wanted)
        case model.Pending(number_wanted, left):
            return _error(
                "authorization_pending",
                "That is not the number that the page shows.",
                number_wanted=number_wanted,
                attempts_left=left,
                reason="number_wrong",
            )
        case model.SlowDown(interval):
            return _error("slow_down", f"Poll every {interval} seconds.", interval=interval)
        case model.Expired(sign_in_id):
            return _error(
                "expired_token", "The ten minutes are over. Start again.", reason="signin_expired", sign_in_id=sign_in_id
            )
        case model.Denied(reason, sign_in_id):
            return _error("access_denied", reason.person, reason=reason.code, sign_in_id=sign_in_id)


def _error(error: str, description: str, **members: Any) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description, **members}, 400, NO_STORE)
