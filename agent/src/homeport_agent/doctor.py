"""``doctor``: try the machine's own PAM stack, as login would, and say what it answers.

PAM is asked itself, through libpam, with names of which the right answer is known: nobody of ours must not be asked for anything by
us, root must not depend on us, and with nobody at the socket the stack must go on without us.
"""

import ctypes
import ctypes.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from homeport_agent.accounts.pam.talk import Result
from homeport_agent.privileged import PrivilegedHalf
from homeport_agent.refusals import Refusal
from homeport_agent.root import Root

_SERVICE = "homeport-doctor"
_MODULE = "pam_homeport.so"
_DENIED = {Result.PERM_DENIED, Result.ACCT_EXPIRED, Result.AUTH_ERR}
_ANSWER = ctypes.c_char_p
_CONVERSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_CONV_ERR = 19


class _Conversation(ctypes.Structure):
    _fields_ = (("conv", _CONVERSE), ("data", ctypes.c_void_p))


@dataclass(frozen=True)
class Finding:
    """One thing that was tried."""

    good: bool
    sentence: str


def _say_nothing(_count: int, _messages: int | None, _answers: int | None, _data: int | None) -> int:
    return _CONV_ERR  # whoever is asked a question here breaks off


def ask_pam(service: Path, user: str, phase: str) -> int:
    """Run one phase (``authenticate`` or ``acct_mgmt``) of a service file for a user; PAM's result (pam(3))."""
    pam = ctypes.CDLL(ctypes.util.find_library("pam") or "libpam.so.0")
    handle = ctypes.c_void_p()
    conversation = _Conversation(_CONVERSE(_say_nothing), None)
    start = pam.pam_start_confdir
    folder, name = str(service.parent).encode(), service.name.encode()
    result = start(name, user.encode(), ctypes.byref(conversation), folder, ctypes.byref(handle))
    if result == 0:
        result = getattr(pam, f"pam_{phase}")(handle, 0)
        pam.pam_end(handle, result)
    return int(result)


@dataclass(frozen=True)
class Doctor:
    """Examines one machine. ``scratch`` is a private folder for service files of its own."""

    root: Root
    accounts: PrivilegedHalf
    scratch: Path

    def findings(self) -> Iterator[Finding]:
        """Try one thing after the other."""
        yield self._enrolled()
        for name in ("common-auth", "common-account"):
            text = (self.root.etc / "pam.d" / name).read_text(errors="replace")
            asked = any(_MODULE in line and not line.lstrip().startswith("#") for line in text.splitlines())
            yield Finding(asked, f"{name} {'asks' if asked else 'does not ask'} {_MODULE}.")
        yield self._expect("an unknown name", "nobody-of-ours-0", "authenticate", {Result.USER_UNKNOWN})
        yield self._expect("root", "root", "acct_mgmt", {Result.USER_UNKNOWN})
        try:
            listed = self.accounts.call({"do": "accounts"})["accounts"]
        except Refusal as refusal:
            yield Finding(good=False, sentence=refusal.message)
            listed = []
        for account in listed:
            allowed = account["state"] == "active"
            wanted = {Result.SUCCESS, Result.ACCT_EXPIRED} if allowed else _DENIED
            words = "an account that may come in" if allowed else "a suspended account"
            yield self._expect(f"{account['username']}, {words}", account["username"], "acct_mgmt", wanted)
        nobody = f" socket={self.scratch}/nobody.sock"
        yield self._expect("anybody, with the agent dead", "ada", "authenticate", {Result.AUTHINFO_UNAVAIL}, nobody)

    def _enrolled(self) -> Finding:
        try:
            status = self.accounts.call({"do": "status"})
        except Refusal as refusal:
            return Finding(good=False, sentence=refusal.message)
        if status["device_id"] is None:
            return Finding(good=False, sentence="The half that changes accounts answers, and this device is not enrolled.")
        return Finding(good=True, sentence=f"The half that changes accounts answers; this device is {status['device_id']}.")

    def _expect(self, whom: str, user: str, phase: str, wanted: set[Result], argument: str = "") -> Finding:
        service = self.scratch / _SERVICE
        service.write_text(f"auth required {_MODULE}{argument}\naccount required {_MODULE}{argument}\n")
        code = ask_pam(service, user, phase)
        found = Result(code).name if code in set(Result) else str(code)
        expected = " or ".join(sorted(result.name for result in wanted))
        good = code in wanted
        return Finding(good, f"PAM answers {found} for {whom}" + ("." if good else f"; {expected} was expected."))
