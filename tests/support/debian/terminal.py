"""A person at a terminal of the machine: they read what it shows and type, as `expect` does."""

import contextlib
import errno
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

_TIOCSPTLCK, _TIOCGPTPEER = 0x40045431, 0x5441
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|[\x07\x0f]")


class TerminalError(AssertionError):
    """The terminal never showed what the person waited for; the message holds all it showed."""


@dataclass
class Terminal:
    """One program on a terminal of its own, on the machine whose pty files lie in `devices`.

    `text` is all it showed so far, without control sequences, its lines ended by newlines. Each `reads` goes on where the one
    before it stopped.
    """

    devices: str
    argv: Sequence[str]
    rows: int = 25
    columns: int = 80
    seconds: float = 60
    text: str = field(default="", init=False)
    _read_to: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._raw = b""
        self._heard = threading.Condition()
        self._end = os.open(f"{self.devices}/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        fcntl.ioctl(self._end, _TIOCSPTLCK, struct.pack("i", 0))
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("4H", self.rows, self.columns, 0, 0))
        other = fcntl.ioctl(self._end, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            self.process = subprocess.Popen(self.argv, stdin=other, stdout=other, stderr=other, start_new_session=True)
        finally:
            os.close(other)
        threading.Thread(target=self._listen, daemon=True).start()

    def reads(self, pattern: str, seconds: float | None = None) -> re.Match[str]:
        """Wait until the pattern stands behind what was read before; a prompt without a newline counts."""
        wanted = re.compile(pattern, re.MULTILINE)
        limit = self.seconds if seconds is None else seconds
        deadline = time.monotonic() + limit
        with self._heard:
            while not (found := wanted.search(self.text, self._read_to)):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TerminalError(f"The terminal never showed {pattern!r} within {limit:g} s. It shows:\n{self.text}")
                if self._over:
                    raise TerminalError(f"The program ended before it showed {pattern!r}. The terminal shows:\n{self.text}")
                self._heard.wait(min(left, 0.1))
        self._read_to = found.end()
        return found

    def skip(self) -> None:
        """Go on reading behind all that it has shown so far."""
        with self._heard:
            self._read_to = len(self.text)

    def types(self, line: str, end: str = "\r") -> None:
        """Type a line and press Enter."""
        with self._heard:
            if self._over:
                raise TerminalError(f"The program ended before {line!r} could be typed. The terminal shows:\n{self.text}")
            typed = os.dup(self._end)
        try:
            os.write(typed, f"{line}{end}".encode())
        finally:
            os.close(typed)

    def asks_secretly(self, pattern: str, seconds: float | None = None) -> re.Match[str]:
        """Read a prompt and wait until the terminal has stopped to echo, as a person's eye does."""
        found = self.reads(pattern, seconds)
        deadline = time.monotonic() + 20
        while self.echoes and time.monotonic() < deadline:
            time.sleep(0.01)
        return found

    @property
    def echoes(self) -> bool:
        """Whether what is typed now would be shown."""
        with contextlib.suppress(termios.error, OSError):
            return bool(termios.tcgetattr(self._end)[3] & termios.ECHO)
        return False

    def runs(self, command: str, seconds: float | None = None) -> str:
        """Type a command at the shell's prompt and return what it printed; its status must be 0 or is named in the text."""
        mark = f"done-{time.monotonic_ns()}"
        # The quotes keep the mark out of what the terminal echoes.
        self.types(f"{command}; printf '%s%s %s\\n' '{mark[:5]}' '{mark[5:]}' $?")
        self.reads(r"\n")
        begun = self._read_to
        found = self.reads(rf"{mark} (\d+)\n", seconds)
        said = self.text[begun : found.start()]
        self.reads(r"[$#] $")  # what is typed before the prompt would be shown twice
        return said if found[1] == "0" else f"{said}status {found[1]}"

    def ends(self, seconds: float | None = None) -> int:
        """Wait for the end of the program; its status."""
        try:
            status = self.process.wait(self.seconds if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            raise TerminalError(f"The program at the terminal did not end. It shows:\n{self.text}") from None
        with self._heard:
            self._heard.wait_for(lambda: self._over, 20)
        return status

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def close(self) -> None:
        """Switch the terminal off."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGHUP)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        with self._heard:
            self._heard.wait_for(lambda: self._over, 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    _over = False

    def _listen(self) -> None:
        while True:
            try:
                ready = select.select([self._end], [], [], 0.1)[0]
                piece = os.read(self._end, 65536) if ready else b""
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                piece = b""
                # login hangs the line up and opens it again (vhangup): nobody holds the other end for a moment.
                time.sleep(0.02)
            if piece:
                with self._heard:
                    self._raw += piece
                    shown = _CONTROL.sub("", self._raw.decode(errors="replace"))
                    self.text = shown.replace("\r\n", "\n").replace("\r", "")
                    self._heard.notify_all()
            elif self.process.poll() is not None:
                break
        with self._heard:
            self._over = True
            os.close(self._end)
            self._heard.notify_all()
