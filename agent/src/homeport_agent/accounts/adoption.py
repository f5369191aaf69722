"""Taking over an account that the device had before Homeport: which accounts may be, and how often a passcode may be tried."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from homeport_agent.accounts.backend import Found
from homeport_agent.accounts.files import AccountFiles
from homeport_agent.accounts.homes import is_own_folder
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import Root

FIRST_PERSON = 1_000
"""No number below is ever a person's, whatever login.defs says."""
_LAST_PERSON = 60_000
_TRIES = 5
_MOST_WRONG, _SECONDS = 10, 3_600.0
_NO_SHELLS = frozenset({"nologin", "false", "true", "sync", "halt", "shutdown", "reboot", "poweroff", ""})


class WrongPasscode(Refusal):
    """The passcode of the account is another one; ``tries_left`` more may be tried with the same order."""

    def __init__(self, username: str, tries_left: int) -> None:
        left = f"{tries_left} {'try' if tries_left == 1 else 'tries'} left."
        super().__init__(Reason.ACCOUNT_PASSCODE_WRONG, f"That is not the passcode of {username} on this device. {left}")
        self.tries_left = tries_left


@dataclass(frozen=True)
class Given:
    """The passcode that a person gave for one account."""

    username: str
    passcode: str = field(repr=False)


@dataclass
class Tries:
    """Counts wrong passcodes: five for one order, which a sign-in with the provider earned; ten within an hour for one account."""

    monotonic: Callable[[], float] = time.monotonic
    _of_order: dict[str, int] = field(default_factory=dict, init=False)
    _of_account: dict[str, list[float]] = field(default_factory=dict, init=False)

    def require_left(self, username: str) -> None:
        """Refuse an account that was tried too often lately."""
        since = self.monotonic() - _SECONDS
        lately = [moment for moment in self._of_account.get(username, []) if moment > since]
        self._of_account[username] = lately
        if len(lately) >= _MOST_WRONG:
            raise Refusal(
                Reason.TOO_MANY_TRIES, f"The passcode of {username} was tried too often on this device. Sign in again in an hour."
            )

    def wrong(self, order_id: str, username: str) -> Refusal:
        """Count one; what to answer."""
        self._of_account.setdefault(username, []).append(self.monotonic())
        tried = self._of_order.pop(order_id, 0) + 1
        if tried >= _TRIES:
            return Refusal(
                Reason.ACCOUNT_PASSCODE_WRONG,
                f"That was not the passcode of {username} on this device, {_TRIES} times. Nothing was changed. Sign in again.",
            )
        self._of_order[order_id] = tried
        return WrongPasscode(username, _TRIES - tried)


def require_adoptable(root: Root, username: str) -> Found:
    """Find the account that may be taken over after its passcode was given; a Refusal for every other.

    It stands in the device's own files, once, under a number of its own that login.defs gives to people, with a shell to log in, with
    a passcode, neither locked nor expired, and its home is its own folder.
    """
    files = AccountFiles(root)
    found = files.only_account(username)
    first, last = _numbers_of_people(root)
    if found is None:
        raise _not(username, "it does not stand in the device's own files, or not alone")
    if not first <= found.uid <= last or found.gid == 0:
        raise _not(username, "it is the system's own")
    if not _opens_a_shell(root, found.shell):
        raise _not(username, "nobody can log in with it")
    if found.locked or not found.passcode_set:
        raise _not(username, "it is locked or has no passcode")
    if files.is_over(username):
        raise _not(username, "its time is over")
    if not is_own_folder(root.folder, root.inside(found.home), found.uid):
        raise _not(username, "its home is not a folder of its own")
    return found


def _not(username: str, why: str) -> Refusal:
    return Refusal(
        Reason.ACCOUNT_NOT_ADOPTABLE,
        f"The device has an account {username} that nobody may take over: {why}. Nothing was changed. Ask your administrator.",
    )


def _numbers_of_people(root: Root) -> tuple[int, int]:
    values = {"UID_MIN": FIRST_PERSON, "UID_MAX": _LAST_PERSON}
    path = root.etc / "login.defs"
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        match line.split():
            case [("UID_MIN" | "UID_MAX") as name, number, *_] if number.isdecimal():
                values[name] = int(number)
    return max(values["UID_MIN"], FIRST_PERSON), values["UID_MAX"]


def _opens_a_shell(root: Root, shell: str) -> bool:
    if shell.rpartition("/")[2] in _NO_SHELLS:
        return False
    listed = root.etc / "shells"
    return not listed.is_file() or shell in listed.read_text(encoding="utf-8", errors="replace").splitlines()
