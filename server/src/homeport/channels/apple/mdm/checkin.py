"""Check-in: a Mac enrols, says how to wake it, escrows its bootstrap token, leaves."""

import plistlib
from dataclasses import dataclass, replace

from homeport.channels.apple.authority.model import DeviceIdentity
from homeport.channels.apple.mdm import commands
from homeport.channels.apple.mdm.binding import Account, after_sign_in
from homeport.channels.apple.mdm.management import Management, Refused
from homeport.channels.apple.mdm.messages import Message
from homeport.channels.apple.mdm.model import Mac, MacState, bootstrap_sealed_as
from homeport.channels.apple.mdm.ports import Wanted
from homeport.channels.apple.mdm.release import Awaits
from homeport.directory.audit.model import Change
from homeport.directory.devices.model import DeviceFacts
from homeport.foundation.kernel.actor import Origin

LARGEST_BOOTSTRAP_TOKEN = 4096
DECLINED = 410
"""Answer to a network user's channel: this user is not managed here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the Mac is answered; an empty body with 200 means accepted."""

    body: bytes = b""
    status: int = 200


@dataclass(frozen=True, slots=True)
class CheckIn:
    """The check-in of one unit of work."""

    management: Management

    def take(self, identity: DeviceIdentity, message: Message, origin: Origin) -> Answer:
        """Carry out one message; raise Refused when it is not this certificate's to send."""
        # public: the caller has verified whose certificate signed the message
        if message.kind == "Authenticate":
            return self._authenticate(identity, message, origin)
        if message.kind == "UserAuthenticate":
            self.management.bound(identity, message.udid)
            return Answer(status=DECLINED)
        mac = self.management.bound(identity, message.udid)
        match message.kind:
            case "TokenUpdate" if message.user_id:
                return self._user_channel(mac, message)
            case "TokenUpdate":
                return self._token_update(mac, message, origin)
            case "SetBootstrapToken":
                return self._set_bootstrap_token(mac, message)
            case "GetBootstrapToken":
                return self._bootstrap_token(mac)
            case "CheckOut":
                return self._check_out(mac)
        raise Refused("message_unknown", "Homeport knows no such message.")

    def _authenticate(self, identity: DeviceIdentity, message: Message, origin: Origin) -> Answer:
        """Begin an enrolment: nothing of an earlier one of the same Mac stays, so that an erased Mac is never taken for a renewal."""
        management, now = self.management, self.management.clock.now()
        if message.text("SerialNumber") != identity.serial:
            raise Refused("serial_of_another_mac", "The certificate was issued for another serial number.")
        if identity.udid not in {None, message.udid}:
            raise Refused("certificate_of_another_mac", "This certificate belongs to another Mac.")
        wanted = management.sessions.wanted(identity.session_id)
        if wanted is None:
            raise Refused("sign_in_over", "The sign-in of this enrolment is over. Restart the Mac and begin again.")
        self._refuse_replay(identity, message, wanted)
        known = management.macs.by_serial(identity.serial)
        mac = management.macs.lock(known) if known else None
        if mac and mac.certificate_sha256 == identity.certificate_sha256 and mac.state is MacState.ENROLLED:
            return Answer()  # repeated, by a network or by somebody who kept it: what came since stays
        if mac is not None and mac.session_id != identity.session_id:
            management.certificates.retire(mac.session_id, "enrolled_anew")
        management.certificates.bind(identity, message.udid)
        facts = DeviceFacts(
            hostname=message.text("DeviceName"),
            serial_number=identity.serial,
            os="macos",
            os_name="macOS",
            os_version=message.text("OSVersion", 32),
        )
        device = management.automated.enroll(identity.serial, facts, wanted.group_id, origin)
        management.automated.intend(device, wanted.user_id, wanted.username, admin=wanted.admin, origin=origin)
        fresh = Mac(
            device_id=device.id,
            serial=identity.serial,
            udid=message.udid,
            certificate_sha256=identity.certificate_sha256,
            session_id=identity.session_id,
            user_id=wanted.user_id,
            state=MacState.AUTHENTICATED,
            enrolled_at=now,
            last_seen_at=now,
            topic=message.text("Topic"),
            account=Account(username=wanted.username, full_name=wanted.full_name, admin=wanted.admin),
            facts={"model": message.text("ModelName") or message.text("Model"), "build": message.text("BuildVersion", 32)},
        )
        management.macs.add(fresh)
        management.save(fresh)
        management.log.record(
            fresh, "mac_authenticate", details={"session_id": identity.session_id, "again": mac is not None}, origin=origin
        )
        if mac is not None and mac.user_id != wanted.user_id:
            change = Change("user_id", mac.user_id, wanted.user_id)
            management.log.record(fresh, "mac_owner_change", changes=[change], origin=origin)
        return Answer()

    def _refuse_replay(self, identity: DeviceIdentity, message: Message, wanted: Wanted) -> None:
        macs = self.management.macs
        other = macs.by_certificate(identity.certificate_sha256)
        mac = macs.lock(other) if other else None
        if mac is not None and (mac.udid != message.udid or mac.serial != identity.serial):
            raise Refused("certificate_of_another_mac", "This certificate belongs to another Mac.")
        claimed = macs.by_udid(message.udid)
        namesake = macs.get(claimed) if claimed else None
        if namesake is not None and namesake.serial != identity.serial:  # or one Mac could drive another out by its UDID
            raise Refused("udid_of_another_mac", "This UDID belongs to another Mac.")
        known = macs.by_serial(identity.serial)
        present = macs.lock(known) if known else None
        if present is None or present.session_id == identity.session_id:
            return
        later = self.management.sessions.wanted(present.session_id)
        if later is not None and later.began_at > wanted.began_at:
            raise Refused("sign_in_outdated", "A later sign-in enrolled this Mac already.")

    def _token_update(self, mac: Mac, message: Message, origin: Origin) -> Answer:
        management = self.management
        first = mac.state is not MacState.ENROLLED
        token, magic, awaiting = message.data("Token"), message.text("PushMagic"), message.flag("AwaitingConfiguration")
        after = replace(
            mac,
            state=MacState.ENROLLED,
            checked_out_at=None,
            last_seen_at=management.clock.now(),
            topic=message.text("Topic") or mac.topic,
            push_token=token.hex() or mac.push_token,
            push_magic=magic or mac.push_magic,
            push_error="",
            awaiting=mac.awaiting if awaiting is None else awaiting,
        )
        wanted = management.wanted(after)
        event = Awaits(awaiting, account_wanted=wanted.account_wanted) if wanted else Awaits(awaiting)
        if wanted is not None:
            event = replace(event, patience=wanted.patience)
        after = management.tell(after, event)
        if first:
            after = management.ask(after, [commands.device_information(), commands.security_info()])
            management.log.record(after, "mac_enroll", details={"awaiting": after.awaiting}, origin=origin)
        management.devices.touch(after.device_id, origin.address)
        management.save(after, mac)
        return Answer()

    def _user_channel(self, mac: Mac, message: Message) -> Answer:
        """Note who uses the Mac, and ask it for its accounts; during Setup Assistant nobody can, so such a message says nothing."""
        management = self.management
        if mac.awaiting and mac.release.phase.value in {"configuring", "releasing"}:
            return Answer(status=DECLINED)
        name, guid = message.text("UserShortName"), message.user_id
        account = after_sign_in(mac.account, name, guid, but=mac.admin_name)
        after = replace(mac, account=account, last_seen_at=management.clock.now())
        if not account.listed or not account.secure_token:
            after = management.ask(after, [commands.user_list()])
        management.save(after, mac)
        return Answer()

    def _set_bootstrap_token(self, mac: Mac, message: Message) -> Answer:
        """Keep the token sealed; absent or empty takes it back."""
        management = self.management
        token = message.data("BootstrapToken", LARGEST_BOOTSTRAP_TOKEN)
        sealed = management.sealer.seal(token, bootstrap_sealed_as(mac.device_id)) if token else ""
        management.save(replace(mac, bootstrap_sealed=sealed), mac)
        management.log.record(mac, "mac_bootstrap_token_set" if token else "mac_bootstrap_token_remove")
        return Answer()

    def _bootstrap_token(self, mac: Mac) -> Answer:
        """Return the token, empty when there is none: an error would make the Mac ask for ever."""
        management = self.management
        token = b""
        if mac.bootstrap_sealed:
            token = management.sealer.unseal(mac.bootstrap_sealed, bootstrap_sealed_as(mac.device_id))
            management.log.record(mac, "mac_bootstrap_token_read")
        return Answer(plistlib.dumps({"BootstrapToken": token}))

    def _check_out(self, mac: Mac) -> Answer:
        """Note that the Mac left management; macOS may never say so."""
        management = self.management
        if mac.state is not MacState.CHECKED_OUT:
            management.queue.store.drop_open(mac.device_id)
            left = replace(
                mac, state=MacState.CHECKED_OUT, checked_out_at=management.clock.now(), push_token="", push_due_at=None
            )
            management.save(left, mac)
            management.log.record(left, "mac_check_out")
        return Answer()
