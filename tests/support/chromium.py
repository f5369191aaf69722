"""A real browser: Debian's Chromium, driven by Playwright, with every fault a page shows counted against the test."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

EXECUTABLE = Path("/usr/bin/chromium-headless-shell")
"""Chromium's own build without windows (Debian's package of this name, of the same source): the same engine, network and cookies."""
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WITH_WINDOWS = Path("/usr/bin/chromium")
"""The build that people have on their desks, for the story that ends at a machine; it takes nearly twice the processor time."""
SPARING = "--js-flags=--no-opt,--no-maglev"
"""No script of a test runs long enough to win back what the optimizing compilers take."""
PICTURES = Path(__file__).parents[2] / ".run" / "failed-tests"
_BAD_REQUEST, _SERVER_ERROR = 400, 500
_PATIENCE = 30_000
"""Milliseconds that a page may take to show what a test waits for, on cores that have other work too."""
_FAILED = pytest.StashKey[bool]()


@dataclass
class Faults:
    """What the pages of one test did wrong: script errors, console errors, blocked or failed loads.

    A page that itself answers 4xx is not a fault, since the test looks at it; a style, script, picture or fetch that does
    is one, and so is every 5xx. A test that provokes a fault names it: `page_faults.expect("violates .* script-src")`.
    """

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Allow the faults that the regular expression finds; the test fails if none comes."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        return [fault for fault in self.seen if not any(re.search(pattern, fault) for pattern in self.expected)]

    def missing(self) -> list[str]:
        return [pattern for pattern in self.expected if not any(re.search(pattern, fault) for fault in self.seen)]

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.seen.append(f"script error: {error.error}"))
        context.on("response", self._on_response)
        context.on("requestfailed", self._on_failure)

    def _on_console(self, message: ConsoleMessage) -> None:
        told_better_by_the_response = message.text.startswith("Failed to load resource")
        if message.type == "error" and not told_better_by_the_response:
            self.seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_response(self, response: Response) -> None:
        looked_at = response.request.is_navigation_request() and response.status < _SERVER_ERROR
        if response.status >= _BAD_REQUEST and not looked_at:
            self.seen.append(f"status {response.status}: {response.request.method} {response.url}")

    def _on_failure(self, request: Request) -> None:
        cause = request.failure or "failed"
        if "ERR_ABORTED" not in cause and "ERR_BLOCKED_BY_CSP" not in cause and "csp" not in cause.lower():
            self.seen.append(f"{cause}: {request.method} {request.url}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@contextlib.contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Debian's Chromium, with these further arguments, for a script or a wider fixture; tests ask for `page` or `new_context`."""
    if not EXECUTABLE.exists():
        raise pytest.UsageError(f"{EXECUTABLE} is missing: `make test` installs it, or `tools/setup test` does that alone.")
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(EXECUTABLE), args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def _loop(running: asyncio.AbstractEventLoop | None) -> Iterator[None]:
    """Playwright leaves its event loop marked as running; outside browser tests others may want to run one."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(running)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)


@pytest.fixture(scope="session")
def _chromium() -> Iterator[tuple[Browser, asyncio.AbstractEventLoop | None]]:
    with contextlib.ExitStack() as stack:
        browser = stack.enter_context(chromium(SPARING))
        loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)


@pytest.fixture
def browser(_chromium) -> Iterator[Browser]:
    """The worker's one Chromium."""
    the_browser, loop = _chromium
    with _loop(loop):
        yield the_browser


@pytest.fixture
def browser_with_windows(_chromium) -> Iterator[Browser]:
    """The Chromium that people have on their desks, for one test; a test file that wants it makes this its `browser`."""
    one, loop = _chromium
    if not WITH_WINDOWS.exists():
        raise pytest.UsageError(f"{WITH_WINDOWS} is missing: `make test` installs it, or `tools/setup test` does that alone.")
    with _loop(loop):
        started = one.browser_type.launch(executable_path=str(WITH_WINDOWS), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page_faults() -> Faults:
    """The faults of this test's pages; `expect` those that it provokes."""
    return Faults()


@pytest.fixture
def new_context(browser: Browser, page_faults: Faults, request: pytest.FixtureRequest):
    """`new_context(**options)` opens a browser of another person: own cookies, own storage, faults counted."""
    contexts: list[BrowserContext] = []

    def open_context(**options: object) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **options})
        context.set_default_timeout(_PATIENCE)
        page_faults.watch(context)
        contexts.append(context)
        return context

    yield open_context
    if request.node.stash.get(_FAILED, False) or page_faults.unexpected():
        _take_pictures(contexts, request.node.nodeid)
    for context in contexts:
        context.close()
    assert not page_faults.unexpected(), "the pages showed faults:\n" + "\n".join(page_faults.unexpected())
    assert not page_faults.missing(), f"expected faults that never came: {page_faults.missing()}"


@pytest.fixture
def page(new_context) -> Page:
    """A fresh page of a fresh person."""
    return new_context().new_page()


def _take_pictures(contexts: list[BrowserContext], test: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.-]+", "-", test)[-150:]
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages, start=1):
        file = PICTURES / f"{name}-{number}.png"
        with contextlib.suppress(PlaywrightError):
            page.screenshot(path=file, full_page=True)
            print(f"picture of {page.url}: {file}")
