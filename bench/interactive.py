"""How soon a page can be used in Chromium, at a first visit with nothing in the browser's cache, and how much that visit transfers.

A page is interactive when its scripts have run, its first contentful paint is there, and the main thread had no long task (over 50 ms) that
ended later. No line to the server is simulated: what is measured is the server, the page and the browser.
"""

import statistics
from collections.abc import Iterator

from playwright.sync_api import Browser
from tests.support.chromium import chromium

from bench.frame import Figure
from bench.site import site

REPEAT = 5
KILOBYTES = 100
PAGES = {
    "sign-in of the admin portal": "/signin",
    "sign-in of the user portal": "/user/signin",
    "home page of the admin portal": "/admin",
}
WATCH = """window.benchTasks = [];
new PerformanceObserver((list) => window.benchTasks.push(...list.getEntries().map((one) => one.startTime + one.duration)))
    .observe({type: "longtask", buffered: true});"""
INTERACTIVE = """async () => {
    const painted = () => performance.getEntriesByName("first-contentful-paint")[0];
    while (!painted()) await new Promise((drawn) => requestAnimationFrame(drawn));
    const ready = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd;
    return Math.max(painted().startTime, ready, ...window.benchTasks);
}"""


def run() -> Iterator[Figure]:
    with site(people=20) as opened, chromium() as browser:
        address = opened.estate.url
        signed_in = [
            (cookie.partition("=")[0], cookie.partition("=")[2])
            for cookie in opened.administrator().headers["Cookie"].split("; ")
        ]
        for name, path in PAGES.items():
            visits = [_visit(browser, address, path, signed_in if path == "/admin" else []) for _ in range(REPEAT + 1)][1:]
            yield Figure(f"{name}: time to interactive", statistics.median(took for took, _ in visits), "ms", absolute=True)
            yield Figure(f"{name}: first visit, gzip", max(size for _, size in visits) / 1000, "kB", KILOBYTES)


def _visit(browser: Browser, address: str, path: str, cookies: list[tuple[str, str]]) -> tuple[float, float]:
    """Open a page in a fresh browser; return the milliseconds until it can be used, and the bytes of all answers as they came."""
    context = browser.new_context()
    try:
        context.add_cookies(
            [{"name": name, "value": value, "domain": "localhost", "path": "/", "secure": True} for name, value in cookies]
        )
        context.add_init_script(WATCH)
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        sizes: list[float] = []
        session.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
        answer = page.goto(f"{address}{path}", wait_until="networkidle")
        if answer is None or not answer.ok or not page.url.endswith(path):
            raise RuntimeError(f"{path} led to {page.url}.")
        return float(page.evaluate(INTERACTIVE)), sum(sizes)
    finally:
        context.close()
