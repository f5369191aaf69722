"""Setup Assistant's web view, without a screen: it opens the address of the enrolment profile and fills in the pages that come."""

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy

PROFILE = "application/x-apple-aspen-config"
SECONDS = 30
MOST_PAGES = 10


class NoProfile(Exception):  # noqa: N818 - what came instead
    """The web view ended without a profile; the text is what its last page says."""


class _Forms(HTMLParser):
    """Collects the forms of a page: action, method, and what their fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), given.get("method", "get").lower(), {}))
        elif tag == "input" and self.found and given.get("name"):
            self.found[-1][2][given["name"]] = given.get("value", "")


@dataclass(slots=True)
class WebView:
    """One web view with an empty cookie jar. Like WebKit it keeps `Secure` cookies of http://localhost."""

    say: Callable[[str], None] = print
    jar: CookieJar = field(default_factory=lambda: CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https"))))

    def profile(self, url: str, first: Mapping[str, str], person: Mapping[str, str]) -> bytes:
        """Return the profile that the pages end with; `first` are headers of the first request alone, `person` what is typed.

        Raises NoProfile with the words of the page that nothing leads on from.
        """
        request = urllib.request.Request(url)  # noqa: S310 - the address is the enrolment profile's
        for name, value in first.items():
            request.add_unredirected_header(name, value)
        for _ in range(MOST_PAGES):
            here, kind, content = self._open(request)
            if kind == PROFILE:
                return content
            page = content.decode(errors="replace")
            self.say(f"  the web view shows “{_heading(page)}” ({urllib.parse.urlsplit(here).netloc})")
            request = self._filled(here, page, person)
        raise NoProfile("The pages never end.")

    def _open(self, request: urllib.request.Request) -> tuple[str, str, bytes]:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        try:
            with opener.open(request, timeout=SECONDS) as answer:
                return answer.geturl(), answer.headers.get_content_type(), answer.read()
        except urllib.error.HTTPError as error:
            raise NoProfile(f"{error.code}: {_words(error.read().decode(errors='replace'))}") from error

    def _filled(self, here: str, page: str, person: Mapping[str, str]) -> urllib.request.Request:
        reader = _Forms()
        reader.feed(page)
        form = next((one for one in reader.found if one[1] == "post"), None)
        if form is None:
            raise NoProfile(_words(page))
        action, _, fields = form
        typed = urllib.parse.urlencode({**fields, **{name: value for name, value in person.items() if name in fields}})
        parts = urllib.parse.urlsplit(here)
        headers = {"Origin": f"{parts.scheme}://{parts.netloc}", "Sec-Fetch-Site": "same-origin"}
        return urllib.request.Request(urllib.parse.urljoin(here, action), typed.encode(), headers)  # noqa: S310 - of the page


def _heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return _words(found.group(1)) if found else "a page without a heading"


def _words(page: str) -> str:
    body = page.partition("<main")[2].partition(">")[2] or page
    return unescape(" ".join(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", body, flags=re.DOTALL).split()))[:600]
