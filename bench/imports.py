"""An import of users through the admin portal: upload, try without writing, carry out, while the bar is watched."""

import time
from collections.abc import Iterator

import httpx2

from bench.filling import FIRST, LAST
from bench.frame import Figure
from bench.process import cpu_seconds, resident_mib
from bench.site import site

SMALL, LARGE = 10_000, 100_000
LOOK_EVERY = 0.5
"""Seconds between two looks at the bar; the page itself looks every second."""
COLUMNS = ("email", "username", "firstname", "lastname", "department", "groups")
GROUPS = 40
TIMEOUT = 1200


def run() -> Iterator[Figure]:
    small = _measured(SMALL)
    large = _measured(LARGE)
    yield Figure(f"import of {LARGE:,} users, tried and carried out, elapsed", large["elapsed"], "s", 60, absolute=True)
    yield Figure(f"import of {LARGE:,} users, processor time of the server", large["processor"], "s", absolute=True)
    for name in ("upload", "trying", "carrying out"):
        yield Figure(f"of which {name}, elapsed", large[name], "s", absolute=True)
    yield Figure("different values that the bar showed", large["seen"], "", 10, least=True)
    yield Figure("resident memory after it", large["memory"], "MiB", absolute=True)
    growth = (large["processor"] / LARGE) / (small["processor"] / SMALL)
    yield Figure(f"processor time for each user, {LARGE:,} against {SMALL:,}", growth, "times")


def _measured(count: int) -> dict[str, float]:
    with site() as opened:
        browser = opened.administrator()
        used, begun = cpu_seconds(opened.pid), time.monotonic()
        seen: set[str] = set()
        address = _upload(browser, count)
        uploaded = time.monotonic()
        _try(browser, address)
        _watch(browser, address, seen)
        tried = time.monotonic()
        _expect(browser.post(f"{address}/run"))
        _watch(browser, address, seen)
        ended = time.monotonic()
        there = opened.estate.rows("SELECT count(*) FROM users")[0][0]
        members = opened.estate.rows("SELECT count(*) FROM user_group_members")[0][0]
        if (there, members) != (count, count):
            raise RuntimeError(f"{there:,} users and {members:,} memberships are there after an import of {count:,}")
        return {
            "elapsed": ended - begun,
            "processor": cpu_seconds(opened.pid) - used,
            "upload": uploaded - begun,
            "trying": tried - uploaded,
            "carrying out": ended - tried,
            "seen": len(seen),
            "memory": resident_mib(opened.pid),
        }


def _file(count: int) -> bytes:
    lines = [",".join(COLUMNS)]
    for number in range(count):
        first, last = FIRST[number % 10], LAST[number // 10 % 10]
        username = f"{first}.{last}.{number}".lower()
        lines.append(f"{username}@acme.example,{username},{first},{last},Research,Floor {number % GROUPS}")
    return "\n".join(lines).encode()


def _upload(browser: httpx2.Client, count: int) -> str:
    answer = browser.post("/admin/users/import", files={"file": ("people.csv", _file(count), "text/csv")})
    return _expect(answer).headers["location"]


def _try(browser: httpx2.Client, address: str) -> None:
    columns = {f"column-{name}": str(place) for place, name in enumerate(COLUMNS)}
    said = {**columns, "encoding": "utf-8-sig", "delimiter": "comma", "state": "ACTIVATED", "make_groups": "on"}
    _expect(browser.post(f"{address}/check", data=said))


def _watch(browser: httpx2.Client, address: str, seen: set[str]) -> None:
    """Look at the bar until it gives way to the result."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        bar = browser.get(f"{address}/progress").raise_for_status().text
        if "data-refresh-go" in bar:
            return
        seen.add(bar)
        time.sleep(LOOK_EVERY)
    raise RuntimeError(f"the import has not ended after {TIMEOUT} s: {bar}")


def _expect(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code != 303:
        raise RuntimeError(f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text[:800]}")
    return answer
