"""The command ``homeport-agent``."""

import argparse
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from homeport_agent import __version__
from homeport_agent.accounts.linux import LinuxBackend
from homeport_agent.accounts.model import After
from homeport_agent.accounts.service import Service, try_lock
from homeport_agent.by_hand import ByHand
from homeport_agent.client import ServerClock, refusal_of
from homeport_agent.conversation import make_conversation
from homeport_agent.daemon import Daemon, Stopped, Stopper
from homeport_agent.doctor import Doctor
from homeport_agent.enrollment import Enroller, make_client, read_enrollment
from homeport_agent.front import Front
from homeport_agent.namespace import enter_if_needed
from homeport_agent.privileged import PrivilegedHalf
from homeport_agent.refusals import Reason, Refusal
from homeport_agent.root import AGENT_USER, Root
from homeport_agent.sign_in import SignIn
from homeport_agent.transactions import Transactions
from homeport_agent.transport import Transport

_MOST_KEY_BYTES = 4096
_VERBS = "enroll | run | accounts | sign-in | status | doctor | unlock | unbind | portal"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="homeport-agent", description="Keeps this device's accounts as a Homeport server wants them."
    )
    parser.add_argument("--version", action="version", version=f"homeport-agent {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar=_VERBS)
    root = argparse.ArgumentParser(add_help=False)
    root.add_argument(
        "--root", default="/", metavar="DIR", help="a folder that stands for the device's root filesystem (default: /)"
    )
    enroll = verbs.add_parser("enroll", parents=[root], help="make this device known to a server")
    enroll.add_argument("--server", required=True, metavar="URL", help="the server's address, like https://id.example.com")
    enroll.add_argument("--key-file", required=True, metavar="FILE", help="file with the enrolment key; - reads standard input")
    verbs.add_parser("run", parents=[root], help="keep the device in its desired state")
    accounts = verbs.add_parser("accounts", parents=[root], help="be the half that changes accounts, without a network")
    accounts.add_argument("--agent-user", default=AGENT_USER, metavar="NAME", help="whom the other half runs as")
    sign_in = verbs.add_parser("sign-in", parents=[root], help="sign in and get an account on this device")
    sign_in.add_argument("--json", action="store_true", help="speak JSON lines, for programs")
    verbs.add_parser("status", parents=[root], help="say what this device is and which accounts it keeps")
    verbs.add_parser("doctor", parents=[root], help="try this machine's login stack and say what it answers")
    verbs.add_parser("portal", parents=[root], help="show an address that opens the user portal as from this device")
    unlock = verbs.add_parser("unlock", parents=[root], help="let a person in by a code that the help desk reads out")
    unlock.add_argument("user", metavar="USER", help="name of the account")
    unbind = verbs.add_parser("unbind", parents=[root], help="end a person's binding to this device")
    unbind.add_argument("user", metavar="USER", help="name of the account")
    unbind.add_argument(
        "--after", choices=[*After], default=After.LOCK.value, help="what becomes of the account and its home (default: lock)"
    )
    return parser


def _read_key(source: str) -> str:
    if source == "-":
        if sys.stdin.isatty():
            sys.stderr.write("Paste the enrolment key and press Enter: ")
            sys.stderr.flush()
        return sys.stdin.readline(_MOST_KEY_BYTES)
    try:
        with Path(source).open(encoding="utf-8") as stream:
            return stream.readline(_MOST_KEY_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(
            Reason.ENROLLMENT_KEY_INVALID, f"The key file {source} cannot be read. Check its name and rights."
        ) from error


def _enroll(root: Root, arguments: argparse.Namespace) -> int:
    enroller = Enroller(root, Transport(), ServerClock())
    print(enroller.enroll(arguments.server, _read_key(arguments.key_file)))  # noqa: T201 - the command's answer
    return 0


def _run(root: Root) -> int:
    stopper = Stopper()
    stopper.install()
    root.require_complete()
    client = make_client(root)
    front = Front(Transactions(client)).listen(root)
    try:
        # Without root's rights the privileged half is a service of its own.
        with PrivilegedHalf(root, waits=os.geteuid() != 0) as accounts:
            Daemon(root, client, accounts, stopper).run()
    finally:
        front.close()
    return 0


def _accounts(root: Root, arguments: argparse.Namespace) -> int:
    stopper = Stopper()
    stopper.install()
    root.require_complete()
    agent = LinuxBackend(root).find(arguments.agent_user)
    lock = try_lock(root)
    if lock is None:
        raise Refusal(Reason.ACCOUNTS_UNREACHABLE, f"Another process keeps the accounts of {root.folder} already.")
    service = Service(root, lock, agent_uid=agent.uid if agent else os.geteuid())
    print(f"Keeping the accounts of {root.folder}.", flush=True)  # noqa: T201 - who started us waits for it
    try:
        with stopper:
            threading.Event().wait()
    except Stopped:
        service.close()
    return 0


def _sign_in(root: Root, arguments: argparse.Namespace) -> int:
    root.require_complete()
    client = make_client(root)
    with PrivilegedHalf(root) as accounts:
        return 0 if SignIn(client, accounts, make_conversation(as_json=arguments.json)).run() else 1


def _status(root: Root) -> int:
    enrollment = read_enrollment(root)
    if enrollment is None:
        print(f"{root.folder} is not enrolled.")  # noqa: T201 - the command's answer
        return 1
    print(f"{root.folder} is enrolled at {enrollment.server} as {enrollment.device_id}.")  # noqa: T201 - the command's answer
    with PrivilegedHalf(root) as accounts:
        status = accounts.call({"do": "status"})
        listed = accounts.call({"do": "accounts"})["accounts"]
    print(f"Last order: epoch {status['epoch']}, counter {status['counter']}.")  # noqa: T201 - the command's answer
    for account in listed:
        passcode = "passcode set" if account["passcode_set"] else "no passcode"
        print(f"{account['username']} ({account['uid']}): {account['state']}, {passcode}")  # noqa: T201 - the command's answer
    return 0


def _doctor(root: Root) -> int:
    if os.geteuid() != 0:
        raise Refusal(Reason.NOT_PERMITTED, "Only root may ask the PAM stack. Run this command with sudo.")
    good = True
    with (
        PrivilegedHalf(root, waits=True, patience=3) as accounts,
        tempfile.TemporaryDirectory(prefix="homeport-doctor-") as scratch,
    ):
        for finding in Doctor(root, accounts, Path(scratch)).findings():
            print(f"{'good' if finding.good else 'BAD '}  {finding.sentence}")  # noqa: T201 - the command's answer
            good = good and finding.good
    return 0 if good else 1


def _by_hand(root: Root, arguments: argparse.Namespace) -> int:
    if os.geteuid() != 0:
        raise Refusal(Reason.NOT_PERMITTED, "Only root may do this. Run this command with sudo.")
    client = make_client(root)
    with PrivilegedHalf(root) as accounts:
        by_hand = ByHand(client, accounts)
        done = by_hand.unlock(arguments.user) if arguments.verb == "unlock" else by_hand.unbind(arguments.user, arguments.after)
    print(done)  # noqa: T201 - the command's answer
    return 0


def _portal(root: Root) -> int:
    root.require_complete()
    answer = make_client(root).agent_request("POST", "/agent/v1/portal", {})
    url = answer.document.get("url")
    if answer.status != HTTPStatus.OK or not isinstance(url, str):
        raise refusal_of(answer, "The server gave no address")
    print(f"Open this in a browser on this device, once, within two minutes:\n{url}")  # noqa: T201 - the command's answer
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = _parser().parse_args(given)
    os.umask(0o022)  # what is private says so where it is made
    root = Root.at(arguments.root)
    try:
        enter_if_needed(root, given)
        return _dispatch(root, arguments)
    except Refusal as refusal:
        _refuse(arguments, refusal)
        return 1
    except PermissionError as error:
        _refuse(arguments, Refusal(Reason.NOT_PERMITTED, f"{error.filename} is closed to you. Run this command with sudo."))
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return 130


def _dispatch(root: Root, arguments: argparse.Namespace) -> int:
    match arguments.verb:
        case "enroll":
            return _enroll(root, arguments)
        case "run":
            return _run(root)
        case "accounts":
            return _accounts(root, arguments)
        case "doctor":
            return _doctor(root)
        case "sign-in":
            return _sign_in(root, arguments)
        case "portal":
            return _portal(root)
        case "unlock" | "unbind":
            return _by_hand(root, arguments)
        case _:
            return _status(root)


def _refuse(arguments: argparse.Namespace, refusal: Refusal) -> None:
    if arguments.verb == "sign-in":
        make_conversation(as_json=arguments.json).refused(refusal)
    else:
        sys.stderr.write(f"{refusal.message} ({refusal.reason})\n")
