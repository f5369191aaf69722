"""People with directory passwords, and browsers at the user portal, over the whole server."""

import html
import itertools
import re
from dataclasses import dataclass, field
from functools import cached_property

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from tests.support.house import ADMIN

from homeport.bootstrap.web import wrapped
from homeport.directory.admins.store.argon2id import Argon2id

PASSWORD = "correct horse battery"


@dataclass
class Portal:
    """A house whose people have passwords. `browser` opens the portal as somebody who never was there."""

    house: object
    addresses: object = field(default_factory=lambda: itertools.count(1))
    names: object = field(default_factory=lambda: (f"person{number}" for number in itertools.count(1)))

    @cached_property
    def app(self):
        # Real argon2id, as cheap as it gets.
        object.__setattr__(self.house.home.parts, "hasher", Argon2id(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
        return wrapped(self.house.home)

    def browser(self, address="192.0.2.7"):
        client = TestClient(self.app, base_url=self.house.settings.public_url, client=(address, 1), follow_redirects=False)
        client.headers["Sec-Fetch-Site"] = "same-origin"
        return client

    def do(self, deed):
        return self.house.do(deed)

    def person(self, password=PASSWORD):
        """A user, with a password unless it is empty."""
        assert self.app
        user = self.house.user(next(self.names))
        if password:
            _, _, token = self.do(lambda act: act.passwords.issue_link(ADMIN, user.id))
            hashed = self.house.home.parts.hasher.hash(password)
            self.do(lambda act: act.passwords.accept_link(token, hashed, ADMIN.origin))
        return user

    def link(self, user):
        return self.do(lambda act: act.passwords.issue_link(ADMIN, user.id))[2]

    def sign_in(self, user, password=PASSWORD, browser=None, **more):
        browser = browser or self.browser()
        name = more.pop("name", user.username)
        return browser, browser.post("/user/signin", data={"name": name, "password": password, **more})

    def enter(self, user, password=PASSWORD):
        """A browser in which somebody signed in."""
        browser, answer = self.sign_in(user, password)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/user"), answer.text
        return browser

    def last_attempt(self):
        rows = "SELECT purpose, state, reason, email, user_id FROM sign_ins ORDER BY started_at DESC, id DESC LIMIT 1"
        return self.house.sql(rows)[0]

    def audited(self, event_type):
        found = f"SELECT success, reason FROM audit_entries WHERE event_type = '{event_type}' ORDER BY at, id"
        return self.house.sql(found)


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def portal(each_house):
    """On both databases; each test brings its own people."""
    if not hasattr(each_house, "portal"):
        each_house.portal = Portal(each_house)
    return each_house.portal
