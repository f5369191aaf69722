"""A person's browser for the demo: follows redirects, keeps cookies, fills in the first form of a page and sends it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2


@dataclass(slots=True)
class Form:
    """One form of a page."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Collects the forms of a page and the texts of the elements that have an id."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.texts: dict[str, str] = {}
        self._id = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif (
            tag == "input"
            and self.forms
            and given.get("name")
            and given.get("type", "text") not in {"submit", "checkbox", "radio"}
        ):
            self.forms[-1].values[given["name"]] = given.get("value", "")
        self._id = given.get("id", "")
        if self._id:
            self.texts[self._id] = ""

    def handle_data(self, data: str) -> None:
        if self._id:
            self.texts[self._id] += data

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._id = ""


@dataclass(slots=True)
class Browser:
    """One person's browser. Like Chromium it keeps `Secure` cookies on http://localhost."""

    client: httpx2.Client
    url: str = ""
    page: str = ""
    status: int = 0

    @classmethod
    def open(cls) -> Self:
        """Start with an empty cookie jar."""
        jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
        return cls(httpx2.Client(cookies=jar, follow_redirects=True, timeout=20))

    def visit(self, url: str) -> None:
        """Open an address."""
        self._took(self.client.get(url))

    def send(self, typed: Mapping[str, str], *, action: str = "") -> None:
        """Fill in the form whose action contains `action` (the first, when empty) and send it as a browser would."""
        form = next((form for form in self._read().forms if action in form.action), None)
        if form is None:
            raise LookupError(f"The page {self.url} has no form for {action or 'anything'}.")
        values = {**form.values, **typed}
        target = urljoin(self.url, form.action)
        if form.method == "post":
            parts = urlsplit(self.url)
            here = f"{parts.scheme}://{parts.netloc}"
            site = "same-origin" if target.startswith(f"{here}/") else "cross-site"
            self._took(self.client.post(target, data=values, headers={"Origin": here, "Sec-Fetch-Site": site}))
        else:
            self._took(self.client.get(target, params=values))

    def text(self, element_id: str) -> str:
        """Return the text of the element with this id; empty when the page has none."""
        return self._read().texts.get(element_id, "").strip()

    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.page)
        return reader

    def _took(self, response: httpx2.Response) -> None:
        self.url, self.page, self.status = str(response.url), response.text, response.status_code
