"""A person's browser, one step at a time, so that a test can bend each request on its way."""

from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx2
from tests.faults.person import FRESH

from homeport.demo.browser import Browser

COOKIE = "__Host-homeport-signin"


@dataclass
class Person:
    """One person with one browser; nothing is followed by itself. Like Chromium it keeps `Secure` cookies on http://localhost."""

    url: str
    provider: str
    name: str
    client: httpx2.Client
    password: str
    email: str = ""
    user_id: str = ""
    subject: str = ""
    seen: list[httpx2.Response] = field(default_factory=list)

    @classmethod
    def at(cls, url: str, provider: str, name: str, address: str, *, password: str) -> "Person":
        """Sit at an address, with an empty cookie jar."""
        jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
        transport = httpx2.HTTPTransport(verify=False, local_address=address, limits=FRESH)
        return cls(url, provider, name, httpx2.Client(transport=transport, cookies=jar, timeout=60), password)

    def get(self, path: str, **request) -> httpx2.Response:
        """Open a page of the server."""
        return self._kept(self.client.get(urljoin(self.url, path), **request))

    def post(self, path: str, data: dict[str, str], headers: dict[str, str] | None = None) -> httpx2.Response:
        """Send a form from the server's own page, unless the headers say otherwise."""
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        return self._kept(self.client.post(urljoin(self.url, path), data=data, headers=own if headers is None else headers))

    def approve(self, user_code: str) -> httpx2.Response:
        """Type a device's code, and go on to the provider."""
        return self.post("/device", {"user_code": user_code})

    def sign_in(self, location: str) -> str:
        """Sign in with the provider at the address one was sent to; return where the provider sends one back to."""
        answer = self.client.get(location)
        for _ in range(6):
            if answer.is_redirect:
                following = urljoin(str(answer.url), answer.headers["location"])
                if not following.startswith(f"{self.provider}/"):
                    return following
                answer = self.client.get(following)
                continue
            browser = Browser(self.client, str(answer.url), answer.text, answer.status_code)
            form = next(form for form in browser._read().forms if form.method == "post")
            typed = {**form.values, "username": self.email, "password": self.password}
            answer = self.client.post(urljoin(str(answer.url), form.action), data=typed, headers={"Origin": self.provider})
        raise AssertionError(f"The provider sends nobody back: {answer.status_code} {answer.text[:2000]}")

    @property
    def cookie(self) -> str:
        """The browser's cookie at the server."""
        return next((cookie.value or "" for cookie in self.client.cookies.jar if cookie.name == COOKIE), "")

    @cookie.setter
    def cookie(self, value: str | None) -> None:
        for cookie in list(self.client.cookies.jar):
            if cookie.name == COOKIE:
                if value is None:
                    self.client.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
                else:
                    cookie.value = value

    def _kept(self, answer: httpx2.Response) -> httpx2.Response:
        self.seen.append(answer)
        return answer


def bent(url: str, *, drop: str = "", path: str = "", **parameters: str) -> str:
    """Return a redirect with a parameter dropped, others set, or another path."""
    parts = urlsplit(url)
    pairs = [(name, value) for name, value in parse_qsl(parts.query) if name != drop and name not in parameters]
    query = urlencode([*pairs, *parameters.items()])
    return parts._replace(query=query, path=path or parts.path).geturl()


def parameter(url: str, name: str) -> str:
    """Return one parameter of an address."""
    return dict(parse_qsl(urlsplit(url).query))[name]
