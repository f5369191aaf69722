"""The admin portal's list pages and their search with 1,000 and with 100,000 people."""

import statistics
from collections.abc import Iterator

import httpx2

from bench.filling import fill, group_id
from bench.frame import Figure
from bench.process import cpu_seconds
from bench.site import milliseconds, site

SMALL, LARGE = 1_000, 100_000
REPEAT = 5
PAGES = {
    "home page": "/admin",
    "users": "/admin/users",
    "users, the 20th page": "/admin/users?page=20",
    "users, the 1,000th page": "/admin/users?page=1000",
    "users, search": "/admin/users?q=hopper",
    "users, search that finds nobody": "/admin/users?q=nobody-has-this-name",
    "users of a group": f"/admin/users?group={group_id(0)}",
    "user groups": "/admin/user-groups",
    "user groups, search": "/admin/user-groups?q=team-77",
    "a user group with a tenth of all": f"/admin/user-groups/{group_id(0)}",
    "device groups": "/admin/device-groups",
    "devices": "/admin/devices",
    "devices, search": "/admin/devices?q=lab-77",
    "sign-ins": "/admin/sign-ins",
    "sign-ins, search": "/admin/sign-ins?q=hopper",
    "directory events": "/admin/events",
}


def run() -> Iterator[Figure]:
    small, large = _measured(SMALL), _measured(LARGE)
    for name in PAGES:
        yield Figure(f"{name}, processor time", large[name][0], "ms", 200, absolute=True)
        yield Figure(f"{name}, growth from {SMALL:,} to {LARGE:,} people", large[name][0] / small[name][0], "times")
        yield Figure(f"{name}, elapsed", large[name][1], "ms", absolute=True)


def _measured(people: int) -> dict[str, tuple[float, float]]:
    """Milliseconds of the server's processor time and elapsed, by page; a fifth as many devices as people."""
    with site() as opened:
        with opened.estate.home() as home:
            fill(home, people=people, machines=people // 5, attempts=people, events=people)
        browser = opened.administrator()
        return {name: _page(opened.pid, browser, path) for name, path in PAGES.items()}


def _page(pid: int, browser: httpx2.Client, path: str) -> tuple[float, float]:
    _expect_rows(browser, path)  # templates are compiled at the first
    before = cpu_seconds(pid)
    elapsed = [milliseconds(browser, path) for _ in range(REPEAT)]
    return (cpu_seconds(pid) - before) * 1000 / REPEAT, statistics.median(elapsed)


def _expect_rows(browser: httpx2.Client, path: str) -> None:
    """See that the page shows rows, so that no figure speaks of a search that found nothing by mistake."""
    page = browser.get(path).raise_for_status().text
    if "nobody" not in path and not any(
        name in page for name in ("lab-", "acme.example", "team-", "Marie Curie", "Device groups")
    ):
        raise RuntimeError(f"{path} shows none of the rows that were filled in")
