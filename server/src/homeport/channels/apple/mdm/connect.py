"""Connect: a Mac answers a command, or says that it has time, and gets the next one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from homeport.channels.apple.authority.model import DeviceIdentity
from homeport.channels.apple.mdm.binding import LocalAccount, after_list
from homeport.channels.apple.mdm.management import SEEN_EVERY, Management, Refused
from homeport.channels.apple.mdm.messages import Message
from homeport.channels.apple.mdm.model import Command, Mac, MacState
from homeport.channels.apple.mdm.release import Answered, Need, Polled
from homeport.channels.apple.mdm.renewal import Renewal
from homeport.directory.devices.model import DeviceFacts
from homeport.foundation.kernel.actor import Origin

STATUSES = frozenset({"Idle", "Acknowledged", "Error", "CommandFormatError", "NotNow"})
LONGEST_ERRORS = 2000
_KEPT_OF_DEVICE = (
    "IsAppleSilicon",
    "IsSupervised",
    "PINRequiredForEraseDevice",
    "PINRequiredForDeviceLock",
    "ProductName",
    "ModelName",
)
_KEPT_OF_SECURITY = ("FDE_Enabled", "SystemIntegrityProtectionEnabled", "FDE_HasPersonalRecoveryKey", "IsRecoveryLockEnabled")
_MOST_ACCOUNTS = 50
PUT_OFF = timedelta(minutes=30)
"""When a Mac that put a command off is woken for it, should it not come by itself."""


@dataclass(frozen=True, slots=True)
class Connect:
    """The answers of one unit of work."""

    management: Management

    def take(self, identity: DeviceIdentity, message: Message, origin: Origin) -> tuple[str, bytes] | None:
        """Take a Mac's answer and return the next command's id and plist; None when there is nothing to do."""
        # public: the caller has verified whose certificate signed the message
        management, now = self.management, self.management.clock.now()
        if message.kind not in STATUSES:
            raise Refused("status_unknown", "Homeport knows no such status.")
        mac = management.bound(identity, message.udid)
        if mac.state is not MacState.ENROLLED:
            raise Refused("not_enrolled", "This Mac is not enrolled.")
        idle, before = message.kind == "Idle", mac
        if not idle:
            mac = self._answered(mac, message, origin)
        if now - mac.last_seen_at >= SEEN_EVERY:
            mac = replace(mac, last_seen_at=now)
            management.devices.touch(mac.device_id, origin.address)
        if not message.user_id:
            mac = management.tell(mac, Polled(idle=idle))
            if idle:
                Renewal(management).offer(mac, identity)
        command = management.queue.next(mac, message.user_id, idle=idle)
        if command is None and not message.user_id:
            mac = replace(mac, push_due_at=self._next_push(mac), push_tries=0)
        if mac != before:
            management.save(mac, before)
        return None if command is None else (command.id, management.queue.plist(command))

    def _next_push(self, mac: Mac) -> datetime | None:
        """Return when a Mac with nothing more to do now is woken again: never, unless it put a command off."""
        waits = bool(mac.push_token) and bool(self.management.queue.store.open(mac.device_id, ""))
        return self.management.clock.now() + PUT_OFF if waits else None

    def _answered(self, mac: Mac, message: Message, origin: Origin) -> Mac:
        management = self.management
        command = management.queue.store.get(message.text("CommandUUID", 64))
        if command is None or command.device_id != mac.device_id or command.channel != message.user_id:
            management.log.record(mac, "mac_answer_unknown", success=False, details={"status": message.kind}, origin=origin)
            return mac  # of an earlier enrolment, or forgotten: harmless, and an error would make the Mac repeat it for ever
        if message.kind == "NotNow":
            management.queue.put_off(command)
            return mac
        acknowledged = message.kind == "Acknowledged"
        if not management.queue.finish(command, acknowledged=acknowledged, errors="" if acknowledged else _errors(message)):
            return mac
        return self._learned(mac, command, message, origin, acknowledged=acknowledged)

    def _learned(self, mac: Mac, command: Command, message: Message, origin: Origin, *, acknowledged: bool) -> Mac:
        management = self.management
        if command.request_type == Need.ACCOUNT.value:
            configured = replace(mac.account, configured=mac.account.configured or acknowledged)
            if not acknowledged:
                management.log.record(mac, "mac_account_configuration", success=False, details={"errors": _errors(message)})
            return management.tell(replace(mac, account=configured), Answered(Need.ACCOUNT, acknowledged))
        if command.request_type == Need.RELEASE.value:
            after = management.tell(
                replace(mac, awaiting=mac.awaiting and not acknowledged), Answered(Need.RELEASE, acknowledged)
            )
            if acknowledged:
                management.log.record(after, "mac_release", details={"late": after.release.released_late})
            return after
        if not acknowledged:
            management.log.record(
                mac, "mac_command_failed", success=False, details={"command": command.request_type, "errors": _errors(message)}
            )
            return mac
        match command.request_type:
            case "UserList":
                return replace(mac, account=after_list(mac.account, _accounts(message), but=mac.admin_name))
            case "DeviceInformation":
                return self._device_information(mac, message, origin)
            case "SecurityInfo":
                return replace(mac, facts={**mac.facts, **_kept(message.raw.get("SecurityInfo"), _KEPT_OF_SECURITY)})
            case "EraseDevice" | "DeviceLock":
                management.log.record(mac, "mac_command_done", details={"command": command.request_type})
        return mac

    def _device_information(self, mac: Mac, message: Message, origin: Origin) -> Mac:
        found = message.raw.get("QueryResponses")
        said: Mapping[str, Any] = found if isinstance(found, dict) else {}
        version, name = str(said.get("OSVersion", ""))[:64], str(said.get("DeviceName", ""))[:253]
        facts = DeviceFacts(hostname=name, os_version=version, os_name="macOS")
        self.management.devices.touch(mac.device_id, origin.address, facts)
        return replace(mac, facts={**mac.facts, **_kept(said, _KEPT_OF_DEVICE)})


def _accounts(message: Message) -> list[LocalAccount]:
    return [
        LocalAccount(str(one.get("UserName", ""))[:255], str(one.get("UserGUID", ""))[:64], one.get("HasSecureToken") is True)
        for one in message.dictionaries("Users")[:_MOST_ACCOUNTS]
    ]


def _kept(said: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return those facts that Homeport keeps, in the types it knows."""
    if not isinstance(said, dict):
        return {}
    found = {name: said[name] for name in names if isinstance(said.get(name), bool | str)}
    return {name: value[:255] if isinstance(value, str) else value for name, value in found.items()}


def _errors(message: Message) -> str:
    chain = [
        {key: str(one.get(key, ""))[:500] for key in ("ErrorDomain", "ErrorCode", "USEnglishDescription", "LocalizedDescription")}
        for one in message.dictionaries("ErrorChain")[:5]
    ]
    return json.dumps(chain)[:LONGEST_ERRORS]
