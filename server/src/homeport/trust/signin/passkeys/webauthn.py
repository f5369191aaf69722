"""The cryptography of WebAuthn, by py_webauthn, which is imported when somebody uses a passkey."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from homeport.foundation.kernel.errors import Invalid
from homeport.foundation.kernel.texts import is_whole
from homeport.trust.signin.passkeys.model import LONGEST_CREDENTIAL, Answer, Passkey, Registered

WRONG = "The passkey did not prove what it should. Try again, or sign in another way."


def to_text(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    """Return what base64url without padding says."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class PyWebAuthn:
    """`rp_id` is the host of the public address, `origin` that address; both are in what an authenticator signs."""

    rp_id: str
    rp_name: str
    origin: str

    def registration_options(self, challenge: bytes, owner_id: str, name: str, display_name: str, known: Sequence[str]) -> str:
        """Return the options of `navigator.credentials.create`: a key that is found without a name and verifies its person."""
        import webauthn  # noqa: PLC0415 - half a second that only passkeys need
        from webauthn.helpers import structs  # noqa: PLC0415 - the same

        options = webauthn.generate_registration_options(
            rp_id=self.rp_id,
            rp_name=self.rp_name,
            user_id=owner_id.encode(),
            user_name=name,
            user_display_name=display_name,
            challenge=challenge,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=to_bytes(one)) for one in known],
        )
        return webauthn.options_to_json(options)

    def sign_in_options(self, challenge: bytes) -> str:
        """Return the options of `navigator.credentials.get`; no credential is named, so nobody learns who has one."""
        import webauthn  # noqa: PLC0415 - the same
        from webauthn.helpers import structs  # noqa: PLC0415 - the same

        options = webauthn.generate_authentication_options(
            rp_id=self.rp_id, challenge=challenge, user_verification=structs.UserVerificationRequirement.REQUIRED
        )
        return webauthn.options_to_json(options)

    def read(self, credential: str) -> Answer:
        """Read an answer without believing it; raise Invalid for what is none."""
        if len(credential) > LONGEST_CREDENTIAL:
            raise Invalid(WRONG)
        try:
            document = json.loads(credential)
            client = json.loads(to_bytes(document["response"]["clientDataJSON"]))
            handle = document["response"].get("userHandle") or ""
            found = Answer(document["id"], client["challenge"], to_bytes(handle).decode() if handle else "")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
            raise Invalid(WRONG) from error
        if not all(isinstance(one, str) and is_whole(one) for one in (found.credential_id, found.challenge)):
            raise Invalid(WRONG)
        return found

    def plain_challenge(self, credential: str) -> str:
        """Return the text that was handed out as challenge, as the answer repeats it; raise Invalid for what is none."""
        try:
            return to_bytes(self.read(credential).challenge).decode("ascii")
        except (ValueError, binascii.Error) as error:
            raise Invalid(WRONG) from error

    def verify_registration(self, credential: str, challenge: bytes) -> Registered:
        """Judge a registration: challenge, origin, host, presence and verification of the person, the key."""
        import webauthn  # noqa: PLC0415 - the same
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - the same

        try:
            found = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise Invalid(WRONG) from error
        return Registered(to_text(found.credential_id), to_text(found.credential_public_key), found.sign_count)

    def verify_sign_in(self, credential: str, challenge: bytes, passkey: Passkey) -> int:
        """Judge an assertion: challenge, origin, host, presence and verification of the person, signature, counter."""
        import webauthn  # noqa: PLC0415 - the same
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - the same

        try:
            found = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                credential_public_key=to_bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise Invalid(WRONG) from error
        return found.new_sign_count
