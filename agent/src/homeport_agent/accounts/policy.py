"""How people with an account may come in by ssh and act as root, written into sshd's and sudo's own configuration.

So it holds with our processes dead: whoever wants a stricter way than the passcode gets it from sshd, sudo and PAM themselves.
"""

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from homeport_agent.accounts.backend import USERS_GROUP
from homeport_agent.accounts.orders import Pin, verified_claims
from homeport_agent.durable import disk_full_is_refused, make_private_folder, read_json, write_atomically, write_json
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root

_TYPE = "homeport-policy+jwt"
_MARK = "# Written by homeport-agent from the device's policy; it is written anew when that changes."


class Ssh(StrEnum):
    """What opens a session over ssh to somebody with an account here."""

    KEY = "key"
    BROWSER = "browser"
    PASSCODE = "passcode"


class Sudo(StrEnum):
    """What sudo asks of somebody with an account here."""

    PASSCODE = "passcode"
    BROWSER = "browser"
    NEVER = "never"


@dataclass(frozen=True)
class Policy:
    """The policy of this device, and its place in the server's order of policies."""

    ssh: Ssh = Ssh.KEY
    sudo: Sudo = Sudo.PASSCODE
    epoch: int = 0
    version: int = 0
    take_over: bool = False
    """Whether people may be offered to take over an account that the device has; the order decides."""


def read_policy(text: Any, order_key: Any, pin: Pin) -> Policy:
    """Check a signed policy; a Refusal when it is not the server's word for this device. Its place is the caller's to judge."""
    claims, _, _ = verified_claims(text, order_key, pin, _TYPE)
    numbers = [claims.get(name) for name in ("epoch", "version")]
    try:
        ssh, sudo = Ssh(str(claims.get("ssh"))), Sudo(str(claims.get("sudo")))
    except ValueError as error:
        raise Refusal(
            Reason.ORDER_MALFORMED, "The policy names a way in that this agent does not know. Update the agent."
        ) from error
    if not all(isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**53 for number in numbers):
        raise Refusal(Reason.ORDER_MALFORMED, "The policy's place is not as it must be, so nothing was done.")
    return Policy(ssh, sudo, int(numbers[0] or 0), int(numbers[1] or 0), claims.get("existing") == "take_over")


_SSHD = {
    Ssh.KEY: f"Match Group {USERS_GROUP}\n    AuthenticationMethods publickey\n",
    Ssh.BROWSER: (
        f"Match Group {USERS_GROUP}\n    PubkeyAuthentication no\n    PasswordAuthentication no\n"
        "    AuthenticationMethods keyboard-interactive:pam\n"
    ),
    Ssh.PASSCODE: "",
}
_SUDOERS = {
    Sudo.PASSCODE: "",
    Sudo.BROWSER: f"Defaults:%{USERS_GROUP} pam_service=homeport-sudo, pam_login_service=homeport-sudo\n",
    Sudo.NEVER: f"Defaults:%{USERS_GROUP} pam_service=homeport-never, pam_login_service=homeport-never\n",
}
_PAM = {
    "homeport-sudo": "auth required pam_homeport.so\n@include common-account\n@include common-session-noninteractive\n",
    "homeport-never": "auth requisite pam_deny.so\naccount requisite pam_deny.so\nsession requisite pam_deny.so\n",
}


@dataclass
class Enforcer:
    """Writes the policy. ``run`` runs a tool with text on its standard input, and refuses when it fails."""

    root: Root
    run: Callable[[list[str], str], None]

    def __post_init__(self) -> None:
        self._kept = self.root.accounts_state / "policy.json"
        content = read_json(self._kept) or {}
        self.policy = Policy()
        with contextlib.suppress(ValueError, KeyError, TypeError):
            place = int(content["epoch"]), int(content["version"])
            self.policy = Policy(Ssh(content["ssh"]), Sudo(content["sudo"]), *place, content.get("take_over") is True)

    def take(self, policy: Policy) -> None:
        """Write a newer policy and keep it; one that is older than the last is refused."""
        if (policy.epoch, policy.version) < (self.policy.epoch, self.policy.version):
            raise Refusal(Reason.ORDER_SUPERSEDED, "A newer policy stands already.")
        with disk_full_is_refused():
            self.write(policy)
        if policy != self.policy:
            make_private_folder(self._kept.parent)
            write_json(self._kept, vars(policy))
            self.policy = policy

    def write(self, policy: Policy) -> None:
        """Make the files say what the policy says, the PAM services before what names them."""
        sudoers = f"{_MARK}\n{_SUDOERS[policy.sudo]}"
        if (self.root.etc / "sudoers.d").is_dir() and (self.root.etc / "pam.d").is_dir():
            for name, text in _PAM.items():
                self._put(self.root.etc / "pam.d" / name, f"{_MARK}\n{text}")
            rule = self.root.etc / "sudoers.d/homeport-policy"
            if not _says(rule, sudoers):  # as at most starts
                self.run(["visudo", "-cqf", "-"], sudoers)
                self._put(rule, sudoers, 0o440)
        if (self.root.etc / "ssh/sshd_config.d").is_dir():
            self._write_sshd(policy.ssh)

    def _write_sshd(self, ssh: Ssh) -> None:
        drop_in = self.root.etc / "ssh/sshd_config.d/40-homeport-policy.conf"
        listed = self.root.etc / "homeport/ssh-browser-only"  # common-auth asks it, see the package's pam-config
        listed.parent.mkdir(mode=0o755, exist_ok=True)
        if ssh is Ssh.BROWSER:
            self._put(listed, f"{USERS_GROUP}\n")
        before = drop_in.read_bytes() if drop_in.exists() else None
        if self._put(drop_in, f"{_MARK}\n{_SSHD[ssh]}"):
            # Debian 12's sshd refuses to judge without this folder, which stands only while its service runs.
            (self.root.folder / "run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)
            try:
                self.run(["sshd", "-t"], "")
            except Refusal:
                if before is None:
                    drop_in.unlink()
                else:
                    write_atomically(drop_in, before, mode=0o644)
                raise
            self._reload_sshd()
        if ssh is not Ssh.BROWSER:
            listed.unlink(missing_ok=True)

    def _put(self, path: Path, text: str, mode: int = 0o644) -> bool:
        if _says(path, text):
            return False
        write_atomically(path, text.encode(), mode=mode)
        return True

    def _reload_sshd(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.root.folder / "run/sshd.pid").read_text())
            if Path(f"/proc/{pid}/comm").read_text().strip() == "sshd":
                os.kill(pid, signal.SIGHUP)


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
