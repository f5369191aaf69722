"""What follows a sign-in that approves a device: the continuation of the purposes device_login, passcode_reset and sudo."""

from dataclasses import dataclass

from homeport.directory.devices.actions import Bindings, Devices
from homeport.directory.people.model import User
from homeport.foundation.kernel.reasons import ReasonCode
from homeport.trust.issuer.actions import DeviceAuthorizations
from homeport.trust.issuer.model import Scope
from homeport.trust.signin.model import SignIn


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """Approves the device authorization that the sign-in was begun for."""

    authorizations: DeviceAuthorizations
    devices: Devices
    bindings: Bindings

    def admit(self, sign_in: SignIn, user: User) -> ReasonCode | None:
        """Tell why this person may not have an account on the device, or None."""
        # public: asked by the sign-in
        authorization = self.authorizations.get_for_update(sign_in.continuation_id)
        device = self.devices.find(authorization.device_id) if authorization else None
        if authorization is None or device is None:
            return ReasonCode.DEVICE_GONE
        if authorization.wanted.user_id not in {"", user.id}:
            return ReasonCode.ANOTHER_PERSON
        if authorization.scope is not Scope.DEVICE_LOGIN and not self.bindings.has_account(user.id, device.id):
            return ReasonCode.NO_ACCOUNT_HERE
        # Asked before a link is made, under the authorization's lock, so that completing cannot fail afterwards.
        return self.authorizations.why_closed(authorization) or self.bindings.may_admit(user, device)

    def complete(self, sign_in: SignIn, user: User) -> ReasonCode | None:
        """Approve; the browser then shows the number."""
        # public: called by the sign-in
        return self.authorizations.approve(sign_in.continuation_id, user.id, sign_in.id)

    def refused(self, sign_in: SignIn, reason: ReasonCode) -> None:
        """End the authorization, so that the device says why."""
        # public: called by the sign-in
        self.authorizations.refuse(sign_in.continuation_id, reason, sign_in.id)

    def location(self, sign_in: SignIn) -> str:
        """Return the page that shows the number."""
        # public: only an address
        return f"/device/approved/{sign_in.id}"
