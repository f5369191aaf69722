"""The device authorization grant and the tokens it ends in."""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from homeport.directory.devices.model import Device
from homeport.foundation.kernel.clock import Clock
from homeport.foundation.kernel.entropy import Entropy, hash_token
from homeport.foundation.kernel.errors import Invalid, Unauthenticated
from homeport.foundation.kernel.events import Publisher
from homeport.foundation.kernel.reasons import BY_CODE, ReasonCode
from homeport.trust.issuer import model, proofs
from homeport.trust.issuer.model import AccessToken, AuthorizationState, DeviceAuthorization, Scope
from homeport.trust.issuer.ports import AuthorizationStore, TokenStore
from homeport.trust.signin.model import FollowUp


@dataclass(frozen=True, slots=True)
class DeviceAuthorizations:
    """RFC 8628 with one addition: the device must send the number that the approval page shows."""

    store: AuthorizationStore
    tokens: TokenStore
    clock: Clock
    entropy: Entropy
    publisher: Publisher

    def authorize(
        self, device: Device, address: str, scope: Scope = Scope.DEVICE_LOGIN, wanted: model.Wanted | None = None
    ) -> tuple[DeviceAuthorization, str]:
        """Begin an authorization for a device; return it and the device code, which is kept only as a hash."""
        # public: the device has proved itself by its key
        now = self.clock.now()
        device_code = self.entropy.token()
        authorization = DeviceAuthorization(
            id=self.entropy.new_id(),
            device_id=device.id,
            device_code_hash=hash_token(device_code),
            user_code=self.entropy.user_code(),
            state=AuthorizationState.PENDING,
            created_at=now,
            expires_at=now + model.AUTHORIZATION_LIFETIME,
            device_address=address,
            interval=model.POLL_INTERVAL,
            scope=scope,
            wanted=wanted or model.Wanted(),
        )
        self.store.add(authorization)
        return authorization, device_code

    def look_up(self, user_code: str) -> DeviceAuthorization | ReasonCode:
        """Return the open authorization that a person means by a typed code, or why there is none."""
        # public: whoever types a code has not signed in yet
        authorization = self.store.find_by_user_code(normalise_user_code(user_code))
        if authorization is None:
            return ReasonCode.USER_CODE_UNKNOWN
        return self.why_closed(authorization) or authorization

    def get(self, authorization_id: str) -> DeviceAuthorization | None:
        """Return an authorization by id, for the page that shows the number."""
        # public: the page has checked the browser's cookie
        return self.store.get(authorization_id)

    def get_for_update(self, authorization_id: str) -> DeviceAuthorization | None:
        """Return an authorization by id and hold it, for the sign-in that may approve it; that one is held already."""
        # public: asked by the sign-in
        return self.store.get_for_update(authorization_id)

    def of_sign_in(self, sign_in_id: str) -> DeviceAuthorization | None:
        """Return the authorization that a sign-in approved."""
        # public: the caller holds the token that it ended in
        return self.store.find_by_sign_in(sign_in_id)

    def approve(self, authorization_id: str, user_id: str, sign_in_id: str) -> ReasonCode | None:
        """Record the person's approval and make the number; return why not, when it is too late."""
        # public: called by a completed sign-in
        authorization = self.store.get_for_update(authorization_id)
        if authorization is None:
            return ReasonCode.USER_CODE_EXPIRED
        if reason := self.why_closed(authorization):
            return reason
        self.store.update(
            replace(
                authorization,
                state=AuthorizationState.APPROVED,
                user_id=user_id,
                sign_in_id=sign_in_id,
                number=self.entropy.digits(model.NUMBER_DIGITS),
            )
        )
        return None

    def refuse(self, authorization_id: str, reason: ReasonCode, sign_in_id: str | None) -> None:
        """End an open authorization, so that the device can say why."""
        # public: called by a refused sign-in
        authorization = self.store.get_for_update(authorization_id)
        if authorization is not None and self.why_closed(authorization) is None:
            self.store.update(replace(authorization, state=AuthorizationState.REFUSED, reason=reason.code, sign_in_id=sign_in_id))

    def poll(self, device: Device, device_code: str, number: str | None) -> model.PollAnswer | None:
        """Answer a token request of the device; None when the device code is not this device's."""
        # public: the device has proved itself by its key
        # A number may have to be told to the sign-in, which is held before its authorization, as its conclusion does.
        judged = number is not None and self.store.hold_sign_in(hash_token(device_code))
        authorization = self.store.find_by_device_code(hash_token(device_code))
        if authorization is None or authorization.device_id != device.id:
            return None
        now = self.clock.now()
        if authorization.state is AuthorizationState.REFUSED:
            return model.Denied(BY_CODE[authorization.reason], authorization.sign_in_id)
        if authorization.state is AuthorizationState.REDEEMED:
            return model.Denied(ReasonCode.USER_CODE_USED, authorization.sign_in_id)
        if authorization.is_over(now):
            if judged and number and authorization.number:  # once: whoever typed it too late reads the id at the prompt
                self.store.update(replace(authorization, number=""))
                self._follow_up(authorization, "number typed after the ten minutes", ReasonCode.SIGNIN_EXPIRED)
            return model.Expired(authorization.sign_in_id)
        if not judged or number is None or authorization.state is AuthorizationState.PENDING:  # or approved only since
            return self._wait(authorization)
        return self._judge_number(authorization, device, number)

    def _wait(self, authorization: DeviceAuthorization) -> model.PollAnswer:
        now = self.clock.now()
        earliest = authorization.last_polled_at and authorization.last_polled_at + timedelta(seconds=authorization.interval * 0.8)
        if earliest and now < earliest:
            slower = authorization.interval + model.SLOW_DOWN
            self.store.update(replace(authorization, interval=slower, last_polled_at=now))
            return model.SlowDown(slower)
        self.store.update(replace(authorization, last_polled_at=now))
        return model.Pending(number_wanted=authorization.state is AuthorizationState.APPROVED)

    def _judge_number(self, authorization: DeviceAuthorization, device: Device, number: str) -> model.PollAnswer:
        if not hmac.compare_digest(number.strip().encode(), authorization.number.encode()):
            wrong = authorization.wrong_numbers + 1
            if wrong >= model.NUMBER_ATTEMPTS:
                reason = ReasonCode.NUMBER_WRONG
                self.store.update(
                    replace(authorization, wrong_numbers=wrong, state=AuthorizationState.REFUSED, reason=reason.code, number="")
                )
                self._follow_up(authorization, "number typed wrong five times", reason)
                return model.Denied(reason, authorization.sign_in_id)
            self.store.update(replace(authorization, wrong_numbers=wrong))
            return model.Pending(number_wanted=True, attempts_left=model.NUMBER_ATTEMPTS - wrong)
        self.store.update(replace(authorization, state=AuthorizationState.REDEEMED, number=""))
        self._follow_up(authorization, "number typed at the machine")
        token = self.entropy.token()
        self.tokens.add(
            AccessToken(
                hash_token(token),
                device.id,
                Scope.ORDER,
                device.thumbprint,
                self.clock.now() + model.ORDER_TOKEN_LIFETIME,
                authorization.sign_in_id,
                authorization.user_id,
            )
        )
        return model.Granted(token)

    def _follow_up(self, authorization: DeviceAuthorization, name: str, reason: ReasonCode | None = None) -> None:
        if authorization.sign_in_id is not None:
            self.publisher.publish(FollowUp(authorization.sign_in_id, name, reason.code if reason else ""))

    def why_closed(self, authorization: DeviceAuthorization) -> ReasonCode | None:
        """Tell why nobody can approve this any more; None while somebody can."""
        # public: a pure question
        if authorization.state is not AuthorizationState.PENDING:
            return ReasonCode.USER_CODE_USED
        return ReasonCode.USER_CODE_EXPIRED if authorization.is_over(self.clock.now()) else None


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Opaque tokens, kept as hashes, bound to the device's key. `public_url` is what proofs must be made for."""

    store: TokenStore
    clock: Clock
    entropy: Entropy
    public_url: str

    def issue_for_agent(self, device: Device) -> str:
        """Return a fresh token of scope agent (client credentials, RFC 6749 section 4.4)."""
        # public: the device has proved itself by its key
        token = self.entropy.token()
        self.store.add(
            AccessToken(
                hash_token(token), device.id, Scope.AGENT, device.thumbprint, self.clock.now() + model.AGENT_TOKEN_LIFETIME
            )
        )
        return token

    def authenticate_request(
        self, *, method: str, path: str, authorization: str, dpop: Sequence[str], scope: Scope
    ) -> AccessToken:
        """Return the token of a request that proves itself (RFC 9449, section 7.1): token, proof, their tie, and no replay.

        `dpop` holds every DPoP header of the request. Raises Unauthenticated with the reason.
        """
        # public: this is the authentication
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "dpop" or not token:
            raise Unauthenticated("Send Authorization: DPoP <access token> with a DPoP proof.", reason="access_token_missing")
        proof = proofs.verify_dpop(
            proofs.only(dpop), method=method, url=f"{self.public_url}{path}", now=self.clock.now(), access_token=token
        )
        stored = self.store.get(hash_token(token))
        if (
            stored is None
            or stored.scope is not scope
            or self.clock.now() >= stored.expires_at
            or not hmac.compare_digest(stored.thumbprint, proof.thumbprint)
        ):
            raise Unauthenticated("The access token is unknown, over, or bound to another key.", reason="access_token_invalid")
        if not self.remember_jti(stored.device_id, f"dpop {proof.jti}", proofs.PROOF_REMEMBERED):
            raise Unauthenticated("The DPoP proof was used before.", reason="dpop_replayed")
        return stored

    def verify_enrollment(self, proof: str, jwk: Mapping[str, Any]) -> str:
        """Return the thumbprint of an enrolling device's key, once it proved to hold the private part.

        Raises Invalid when `jwk` is no P-256 public key, Unauthenticated when the proof does not hold.
        """
        # public: the enrolment key is checked by the devices slice
        try:
            thumbprint = proofs.thumbprint_of(jwk)
        except ValueError as error:
            raise Invalid("device_key must be a P-256 public key.", {"device_key": "not a P-256 public key"}) from error
        proofs.verify_enrollment(proof, jwk=jwk, public_url=self.public_url, now=self.clock.now())
        return thumbprint

    def use_once(self, token: AccessToken) -> bool:
        """Use a token of scope order; False when it was used before."""
        # public: the token is the permission
        if token.used_at is not None:
            return False
        self.store.mark_used(token.token_hash, self.clock.now())
        return True

    def remember_jti(self, device_id: str, jti: str, lifetime: timedelta) -> bool:
        """Remember a proof's `jti`; False when it was seen before, which means a replay."""
        # public: part of authentication
        return self.store.remember_jti(hash_token(f"{device_id} {jti}"), self.clock.now() + lifetime)


def normalise_user_code(text: str) -> str:
    """Return a typed code in its stored form: people leave out the hyphen, add spaces, or use small letters (RFC 8628, 6.1)."""
    letters = re.sub(r"[^A-Z0-9]", "", text.upper()[:40])
    return f"{letters[:4]}-{letters[4:8]}" if len(letters) == 8 else letters[:9]  # noqa: PLR2004 - the code's length
