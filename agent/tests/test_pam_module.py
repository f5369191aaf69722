"""pam_homeport.so through PAM itself: pam_wrapper and pamtester, with a helper of ours at the other end; no root is needed."""

import functools
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "pam"
WRAPPER = next(Path("/usr/lib").glob("*/libpam_wrapper.so"), None)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The module, as it is packed and with AddressSanitizer and UndefinedBehaviorSanitizer; this user's helper counts as root's."""
    out = tmp_path_factory.mktemp("pam")
    out.chmod(0o755)
    subprocess.run(["make", "-s", "-C", SOURCE, f"OUT={out}", f"PEER={os.geteuid()}", "all", "sanitized"], check=True)
    return out


@functools.cache
def sanitizer():
    return subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(params=["plain", "sanitized"])
def module(built, request):
    return built / "pam_homeport.so" if request.param == "plain" else built / "sanitized/pam_homeport.so"


def frame(kind, text=b""):
    raw = text if isinstance(text, bytes) else text.encode()
    return kind.encode() + struct.pack(">I", len(raw)) + raw


def read_frame(connection):
    head = connection.recv(5, socket.MSG_WAITALL)
    length = struct.unpack(">I", head[1:])[0]
    return head[:1].decode(), connection.recv(length, socket.MSG_WAITALL).decode() if length else ""


class Helper:
    """Says what the test gives it: bytes are sent, None waits for a frame of the module and keeps it."""

    def __init__(self, path, *script):
        self.heard = []
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(8)
        self.script = script
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                if struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0] == os.getpid():
                    return
                connection.settimeout(60)
                self.talk(connection)

    def talk(self, connection):
        try:
            for part in (None, *self.script):
                if part is None:
                    self.heard.append(read_frame(connection))
                else:
                    connection.sendall(part)
            connection.recv(1)  # until the module hangs up
        except (OSError, struct.error):
            return

    def all_heard(self):
        """All that the module said, which has ended: a connection of this process comes after all of its."""
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(self.path))
            self.thread.join(120)
        return self.heard

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def pam(tmp_path, module):
    """`pam(*script, user=, given=, verb=)` runs one PAM phase against a helper that follows the script."""
    helpers = []

    def phase(*script, user="ada", given="", verb="authenticate", helper=True, items=()):
        services = tmp_path / "services"
        services.mkdir(exist_ok=True)
        path = tmp_path / "pam.sock"
        if helper:
            path.unlink(missing_ok=True)
            helpers.append(Helper(path, *script))
        (services / "test").write_text(
            f"auth required {module} socket={path}\naccount required {module} socket={path}\nsession required pam_permit.so\n"
        )
        preload = [str(WRAPPER)]
        if module.parent.name == "sanitized":
            preload.insert(0, sanitizer())
        environment = {
            "LD_PRELOAD": ":".join(preload),
            "PAM_WRAPPER": "1",
            "PAM_WRAPPER_SERVICE_DIR": str(services),
            "ASAN_OPTIONS": "detect_leaks=0",  # pam_wrapper and pamtester leave their own
            "PATH": os.environ["PATH"],
        }
        words = ["pamtester", *[f"-I{item}" for item in items], "test", user, verb]
        ended = subprocess.run(words, env=environment, input=given, capture_output=True, text=True, timeout=300, check=False)
        assert "Sanitizer" not in ended.stderr, ended.stderr
        assert "runtime error" not in ended.stderr, ended.stderr
        return ended, helpers[-1].all_heard() if helper else []

    yield phase
    for helper in helpers:
        helper.close()


def test_a_conversation_goes_through_and_the_answers_come_back(pam):
    script = (frame("I", "Hello"), frame("V", "Number: "), None, frame("S", "Passcode: "), None, frame("R", "0"))
    ended, heard = pam(*script, given="123456\ncorrect horse\n", items=("tty=tty1", "rhost=192.0.2.9", "ruser=bob"))
    assert "successfully authenticated" in ended.stdout
    assert "Hello" in ended.stdout
    assert "Number: " in ended.stderr
    kind, hello = heard[0]
    assert kind == "H"
    assert hello == "op=auth\nuser=ada\nservice=test\ntty=tty1\nrhost=192.0.2.9\nruser=bob\n"
    assert heard[1:] == [("A", "123456"), ("A", "correct horse")]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("6", "Permission denied"),
        ("7", "Authentication failure"),
        ("9", "Authentication service cannot retrieve"),
        ("10", "User not known"),
        ("11", "maximum number of retries"),
        ("13", "expired"),
    ],
)
def test_the_helpers_result_is_pams_result(pam, code, sentence):
    ended, _ = pam(frame("R", code))
    assert ended.returncode != 0
    assert sentence in ended.stderr


def test_the_account_phase_asks_too(pam):
    ended, heard = pam(frame("R", "0"), verb="acct_mgmt")
    assert ended.returncode == 0
    assert heard[0][1].startswith("op=acct\nuser=ada\n")


UNAVAILABLE = "Authentication service cannot retrieve"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        frame("Z", "what"),
        frame("R", ""),
        frame("R", "-1"),
        frame("R", "00x"),
        frame("R", "99999999999999999999"),
        frame("R", "4"),
        frame("I", b"a\0b"),
        frame("W", "60001"),
        frame("W", "soon"),
        b"R\xff\xff\xff\xff0",
        b"R\0\1\0\0" + b"0" * 65_536,
        b"R\0\0\0\2" + b"0",
        frame("I", "x") * 300,
    ],
)
def test_whatever_is_no_answer_is_unavailable_and_never_success(pam, said):
    ended, _ = pam(said, given="\n")
    assert ended.returncode != 0
    assert UNAVAILABLE in ended.stderr


def test_without_a_helper_the_module_is_unavailable_at_once(pam):
    ended, _ = pam(helper=False)
    assert UNAVAILABLE in ended.stderr


def test_a_wait_that_was_asked_for_is_granted_and_ends(pam):
    ended, _ = pam(frame("W", "50"), None)  # says nothing more
    assert UNAVAILABLE in ended.stderr


@pytest.mark.parametrize("user", ["a\nuser=root", "a\x01b", "a\x7fb", "x" * 10_000])
def test_a_hostile_name_is_nobody_of_ours_and_is_not_passed_on(pam, user):
    ended, heard = pam(frame("R", "0"), user=user)
    assert "User not known" in ended.stderr
    assert heard == []


def test_root_never_depends_on_the_helper(pam):
    ended, heard = pam(frame("R", "0"), user="root")
    assert "User not known" in ended.stderr
    assert heard == []


def test_an_end_of_the_conversation_is_told_to_the_helper(pam):
    ended, heard = pam(frame("V", "Number: "), None, given="")
    assert ended.returncode != 0
    assert heard[1][0] in {"X", "A"}


def test_a_socket_that_another_user_serves_is_not_believed(pam, tmp_path):
    # Who listens is the peer; as root we can be somebody else, and else the helper is nobody at all. A program of its own, because
    # threads of the tests run here. It hangs up after its answer, which the module may not have waited for.
    answers = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
    listener.listen(8)
print("ready", flush=True)
while True:
    try:
        connection = listener.accept()[0]
        connection.sendall(b"R\\0\\0\\0\\1" + b"0")
    except OSError:
        if os.geteuid() != 65534:
            break
"""
    other = subprocess.Popen([sys.executable, "-c", answers, str(tmp_path / "pam.sock")], stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"ready\n"
        ended, _ = pam(helper=False)
        assert UNAVAILABLE in ended.stderr
    finally:
        other.kill()
        other.wait()
        other.stdout.close()


def test_the_frame_reader_survives_the_fuzzer(tmp_path):
    subprocess.run(["make", "-s", "-C", SOURCE, f"OUT={tmp_path}", "fuzzer"], check=True)
    seconds = os.environ.get("HOMEPORT_FUZZ_SECONDS", "5")
    # It takes what the tests beside it leave.
    words = ["nice", "-n", "19", tmp_path / "fuzz_frames", f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1"]
    ended = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
