"""A person at a device's prompt and at a browser, over HTTP only; whatever dies under them ends the attempt, never the test."""

import contextlib
import itertools
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2
from tests.faults.estate import Device, Estate
from tests.support.processes import Program, ProgramError

from homeport.demo.browser import Browser

PASSCODE = "walnut-harbour-seventeen"
_numbers = itertools.count(1)
FRESH = httpx2.Limits(max_keepalive_connections=0)
"""No connection is used twice: the server may close an idle one at the very moment at which it is used again."""


def open_browser() -> Browser:
    """A browser at an address of its own, because the server counts attempts by address."""
    number = next(_numbers)
    transport = httpx2.HTTPTransport(local_address=f"127.9.{number // 250}.{number % 250 + 1}", verify=False, limits=FRESH)
    jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
    return Browser(httpx2.Client(cookies=jar, follow_redirects=True, timeout=60, transport=transport, trust_env=False))


@dataclass
class Attempt:
    """One sign-in. `outcome` is `bound`, a reason code, `killed`, `given up` (the browser could not go on), or `broken`."""

    device: str
    person: str
    outcome: str = "given up"
    said: dict[str, Any] = field(default_factory=dict)
    program: Program | None = None
    detail: str = ""


def sign_in(estate: Estate, device: Device, person: str, attempt: Attempt | None = None, stubborn: int = 1) -> Attempt:
    """Sign in as a person does; `stubborn` is how often each page is tried when the server does not answer."""
    attempt = attempt or Attempt(device.name, person)
    program = attempt.program = device.sign_in()
    browser = open_browser()
    try:
        while True:
            event = json.loads(program.next_line())
            match event["event"]:
                case "code":
                    _again(stubborn, lambda uri=event["verification_uri_complete"]: _approve(browser, estate, uri, person))
                case "number_wanted":
                    program.say(browser.text("verification-number") or "000000")
                case "passcode_wanted":
                    program.say(PASSCODE)
                case "bound" | "refused":
                    attempt.outcome, attempt.said = event.get("reason") or "bound", event
                    break
        program.wait()
    except (ProgramError, OSError) as error:
        with contextlib.suppress(subprocess.TimeoutExpired):  # what is killed closes its pipes before it has ended
            program.process.wait(20)
        ended = program.process.poll()
        attempt.outcome = "killed" if ended == -9 else "broken"
        attempt.detail = str(error)
    except (httpx2.HTTPError, LookupError) as error:
        attempt.detail = f"{type(error).__name__}: {error}"
    finally:
        browser.client.close()
        program.kill()
    return attempt


def _approve(browser: Browser, estate: Estate, uri: str, person: str) -> None:
    browser.visit(uri)
    browser.send({}, action="/device")
    if "/signin" in browser.url and estate.okta["issuer"] in browser.url:
        browser.send({"username": f"{person}@acme.example", "password": estate.okta["password"]})
    if not browser.text("verification-number"):
        raise LookupError(f"no number at {browser.url} ({browser.status})")


def _again(times: int, act: Callable[[], None]) -> None:
    for left in reversed(range(times)):
        try:
            return act()
        except (httpx2.HTTPError, LookupError):
            if not left:
                raise
    return None
