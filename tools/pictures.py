"""Renew the pictures in docs/pictures: a real server, Okta simulator and machine, photographed in Chromium.

Run as root (`make pictures`), because the machine's accounts are made with useradd. Each picture stays under 200 kB. With the word
`terminals` only those of console and ssh are taken, with `document` only those of the tests that follow the document on configuring Okta and a new Mac's first day.
"""

import html
import io
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402 - the checkout is put on the path first
from playwright.sync_api import Browser, Page  # noqa: E402 - the same
from tests.journeys.approval import Person  # noqa: E402 - the same
from tests.journeys.installation import Installation, install  # noqa: E402 - the same
from tests.journeys.looks import SETTLED  # noqa: E402 - the same
from tests.journeys.machine import AGENT, Machine, set_up  # noqa: E402 - the same
from tests.journeys.portal import Portal  # noqa: E402 - the same
from tests.support.chromium import chromium  # noqa: E402 - the same
from tests.support.processes import Programs  # noqa: E402 - the same
from tools import terminal_pictures  # noqa: E402 - the same

PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 200_000
PEOPLE = (("Ada", "Lovelace"), ("Grace", "Hopper"), ("Alan", "Turing"), ("Katherine", "Johnson"), ("Mary", "Jackson"))
PASSCODE = "lamp-otter-42-quiet"
ROWS, COLUMNS = 44, 80
TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #16181d; }
header { padding: 10px 16px; color: #9aa3b2; background: #22252c; font: 13px system-ui, sans-serif; }
pre { margin: 0; padding: 14px 16px; color: #e6e8ec; font: 16.6093px "DejaVu Sans Mono", monospace; line-height: normal; }
</style><main style="width: max-content"><header>lab-7</header><pre>%s</pre></main>"""


class Terminal:
    """A person at a terminal: what stands on it, and what they type."""

    def __init__(self, *argv: str) -> None:
        self._end, other = pty.openpty()
        os.set_blocking(self._end, False)
        environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
        self._process = subprocess.Popen(argv, stdin=other, stdout=other, stderr=other, env=environment, start_new_session=True)
        os.close(other)
        self.text = ""

    def wait_for(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            if time.monotonic() > deadline:
                raise SystemExit(f"pictures: the terminal never showed {pattern!r}. It shows:\n{self.text}")
            if select.select([self._end], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self._end, 65536).decode().replace("\r\n", "\n")
                except OSError:  # the program has ended
                    time.sleep(0.1)
        return found

    def type(self, line: str) -> None:
        os.write(self._end, f"{line}\n".encode())

    def close(self) -> None:
        self._process.wait(20)
        os.close(self._end)


def save(name: str, shot: bytes) -> None:
    """Write a picture with as many colours as fit into its size; 0 is all of them."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    for colours in (0, 256, 128, 64):
        held = io.BytesIO()
        fewer = picture.quantize(colours, dither=Image.Dither.NONE) if colours else picture
        fewer.save(held, "PNG", optimize=True)
        if held.tell() <= MOST_BYTES:
            break
    else:
        raise SystemExit(f"pictures: {name} has {held.tell()} bytes, more than {MOST_BYTES}.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(held.getvalue())
    print(f"docs/pictures/{name}.png  {picture.width} by {picture.height}, {held.tell() // 1024} kB")


def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.evaluate(SETTLED)
    save(name, page.screenshot(full_page=whole, animations="disabled"))


@contextmanager
def window(browser: Browser, width: int = 1280, height: int = 800, scale: float = 1) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, color_scheme="light", locale="en-US"
    )
    yield context.new_page()
    context.close()


def sign_in(person: Person, machine: Machine, login: str) -> None:
    """Sign somebody in who is bound or refused."""
    prompt = machine.sign_in()
    person.page.goto(prompt.hears("code")["verification_uri_complete"])
    person.continues()
    person.signs_in_at_okta(login)
    if person.page.locator("#reference").count():
        prompt.hears("refused")
        return
    prompt.hears("number_wanted")
    prompt.types(person.reads_the_number())
    for _ in range(2):
        prompt.hears("passcode_wanted")
        prompt.types(PASSCODE)
    prompt.hears("bound")


def sign_in_at_the_terminal(browser: Browser, installation: Installation, machine: Machine, login: str) -> None:
    """Sign somebody in at the prompt as people see it; picture the page with the number, then the terminal."""
    terminal = Terminal(*AGENT, "sign-in", "--root", str(machine.root.path))
    code = terminal.wait_for(r"[A-Z]{4}-[A-Z]{4}").group()
    terminal.wait_for(r"█\n\n")
    with window(browser, 360, 620, scale=2) as page:
        person = Person(page, installation)
        person.types_the_code(code)
        shoot(page, "approval", whole=True)
        person.continues()
        person.signs_in_at_okta(login)
        number = person.reads_the_number()
        shoot(page, "number")
        terminal.wait_for("Number shown in the browser: ")
        terminal.type(number)
        for prompt in ("New passcode for", "The same again: "):
            terminal.wait_for(prompt)
            time.sleep(0.3)  # getpass switches the echo off after it has asked
            terminal.type(PASSCODE)
        terminal.wait_for("You can now log in")
        terminal.wait_for(r"home folder is \S+\n")
    terminal.close()
    shoot_text(browser, "terminal", f"$ sudo homeport-agent sign-in\n{terminal.text}$ ")


def shoot_text(browser: Browser, name: str, text: str) -> None:
    """Picture what stands on a terminal."""
    with window(browser, 1000, 900, scale=1.5) as page:
        page.set_content(TERMINAL % html.escape(text))
        save(name, page.locator("main").screenshot())


def take(browser: Browser, installation: Installation, machine: Machine, programs: Programs) -> None:
    okta = installation.okta
    with window(browser) as page:
        portal = Portal(page, installation)
        portal.accept_link(installation.admin_link())
        for first, last in PEOPLE:
            portal.add_user(first.lower(), f"{first}.{last}@acme.example".lower(), first, last)
        okta.register_redirect_uri(portal.begin_okta())
        portal.fill_in_okta()
        page.set_viewport_size({"width": 1280, "height": 1000})
        shoot(page, "okta-set-up")
        portal.press("Save")
        shoot(page, "okta-confirmation", whole=True)
        page.set_viewport_size({"width": 1280, "height": 800})
        portal.field("I understand the impacts above").check()
        portal.press("Yes, Continue")
        portal.allow_linux()
        machine.enroll(installation.server, portal.make_enrollment_key("Room 12"))
        machine = replace(machine, programs=programs)
        machine.keep()
        with window(browser) as visitor:
            okta.control("POST", "/users", {"login": "emmy.noether@acme.example", "password": okta.password})
            for login in ("ada.lovelace@acme.example", "emmy.noether@acme.example", "alan.turing@acme.example"):
                okta.sign_everyone_out()
                sign_in(Person(visitor, installation), machine, login)
                if visitor.locator("#reference").count():
                    visitor.set_viewport_size({"width": 720, "height": 560})
                    shoot(visitor, "refusal")
        okta.sign_everyone_out()
        sign_in_at_the_terminal(browser, installation, machine, "grace.hopper@acme.example")
        portal.open("Home")
        shoot(page, "portal")
        portal.open("Identity Providers")
        portal.follow("Okta")
        shoot(page, "identity-provider", whole=True)
        portal.open_device(machine.name)
        shoot(page, "device")
        portal.open("Sign-ins")
        portal.follow("emmy.noether@acme.example")
        shoot(page, "sign-in", whole=True)


def follow(test: str, prefix: str) -> None:
    """Let a browser test leave its numbered pictures, and keep them."""
    with tempfile.TemporaryDirectory(prefix="homeport-pictures-") as folder:
        words = (sys.executable, "-m", "pytest", "-q", "-n0", f"tests/journeys/{test}.py")
        subprocess.run(words, cwd=ROOT, env={**os.environ, "HOMEPORT_JOURNEY_PICTURES": folder}, check=True)
        for shot in sorted(Path(folder).glob("[0-9]*.png")):
            save(f"{prefix}-{shot.stem}", shot.read_bytes())


def main() -> None:
    if sys.argv[1:] != ["terminals"]:
        follow("test_configure_okta", "configure-okta")
        follow("test_first_day_of_a_mac", "mac")
    if sys.argv[1:] == ["document"]:
        return
    terminals = terminal_pictures.texts()  # before the browser, whose loop would stand in the way of the server's set-up
    with tempfile.TemporaryDirectory(prefix="homeport-pictures-") as folder, Programs() as programs, chromium() as browser:
        place = Path(folder)
        place.chmod(0o711)
        if sys.argv[1:] != ["terminals"]:
            take(browser, install(place / "data", programs), set_up(place, "lab-7", programs), programs)
        for name, text in terminals.items():
            shoot_text(browser, name, text)


if __name__ == "__main__":
    main()
