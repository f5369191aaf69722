"""Lists that are asked for more than one statement can hold: SQLite nests no expression deeper than 1,000, PostgreSQL takes 65,535 values."""

import json
from dataclasses import replace
from html import escape, unescape
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from homeport.bootstrap.web import application
from homeport.foundation.kernel.actor import system
from homeport.foundation.kernel.listing import LONGEST_SOUGHT, MOST_FILTERS, MOST_SORTS, MOST_VALUES, MOST_WORDS

MANY_WORDS = " ".join(f"w{number}" for number in range(1200))
LONG_WORD = "x" * 60_000
SEARCHED = (
    "/admin/users",
    "/admin/user-groups",
    "/admin/user-groups/{user_group}",
    "/admin/user-groups/{user_group}/add-members",
    "/admin/devices",
    "/admin/devices/add",
    "/admin/devices/{device}/access",
    "/admin/device-groups",
    "/admin/device-groups/{device_group}",
    "/admin/administrators",
    "/admin/service-accounts",
    "/admin/events",
    "/admin/sign-ins",
    "/admin/access-policies",
    "/admin/ip-lists",
    "/admin/apple/devices",
)
"""The pages with a search box."""
SENT = ("/admin/devices.csv", "/admin/sign-ins.csv")


def nested(depth):
    """A list in a list in a list: whoever goes down into it by calling themselves comes to Python's end."""
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


class Asker:
    """Somebody with every permission, and one thing of each kind."""

    def __init__(self, house):
        actor = replace(system("test"), session_id="s", authenticated_at=house.clock.now())
        self.app = application(house.home)
        self.app.state.authenticate_session = self.app.state.authenticate_key = lambda _request: actor
        self.client = TestClient(
            self.app, base_url=house.settings.public_url, raise_server_exceptions=False, follow_redirects=False
        )
        self.ids = {
            "user_group": self._made(house, lambda act, name: act.user_groups.create(actor, name=name)),
            "device_group": self._made(house, lambda act, name: act.device_groups.create(actor, name)),
            "device": house.device().id,
        }

    def _made(self, house, make):
        return house.do(lambda act: make(act, house.entropy.new_id())).id

    def get(self, address, query):
        return self.client.get(f"{address.format(**self.ids)}?{query}")


@pytest.fixture
def asker(each_house):
    if not hasattr(each_house, "long_lists"):
        each_house.long_lists = Asker(each_house)
    return each_house.long_lists


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (MANY_WORDS, f"The search has 1,200 words; at most {MOST_WORDS} can be looked for at once. Leave some out."),
        (LONG_WORD, f"has 60,000 characters; at most {LONGEST_SOUGHT:,} can be looked for. Shorten it."),
    ],
    ids=["words", "length"],
)
def test_page_says_under_its_search_what_is_too_much_and_keeps_what_was_typed(asker, typed, sentence):
    for address in SEARCHED:
        answer = asker.get(address, f"q={quote(typed)}")
        assert answer.status_code == 400, (address, answer.status_code)
        assert f'name="q" value="{escape(typed)}"' in answer.text, address
        told = unescape(answer.text.partition('id="search-problem"')[2].partition("</div></div>")[0])
        assert sentence in told, (address, told)
    for address in SENT:
        answer = asker.get(address, f"q={quote(typed)}")
        said = sentence.partition(". ")[0]  # what to do stands in a paragraph of its own
        assert (answer.status_code, said in unescape(answer.text)) == (400, True), address


def test_page_says_when_there_are_too_many_filters(asker):
    fields = {
        "/admin/users": "department",
        "/admin/devices": "hostname",
        "/admin/events": "resource_id",
        "/admin/sign-ins": "user",
    }
    for address, field in fields.items():
        answer = asker.get(address, "&".join(f"{field}={number}" for number in range(1000)))
        assert answer.status_code == 400, address
        assert f"There are 1,000 filters; a list takes at most {MOST_FILTERS} at once." in answer.text, address


def lists_of(app):
    """The lists of the REST API, with the first field that each can be filtered by, as its own refusal names it."""
    for path, methods in app.openapi()["paths"].items():
        asked = {one["name"] for one in methods.get("get", {}).get("parameters", ()) if one["in"] == "query"}
        if {"filter", "search", "sort"} <= asked and path != "/api/v2/applemdms":  # one at most, in which nothing is looked for
            yield path


def test_rest_api_refuses_what_is_too_much_with_the_same_sentences(asker):
    wrong, seen = [], 0
    for path in lists_of(asker.app):
        address = path.format(**dict.fromkeys(_names(path), asker.ids["user_group" if "usergroups" in path else "device_group"]))
        plain = asker.get(address, "limit=1")
        if plain.status_code == 404:
            continue
        seen += 1
        refused = asker.get(address, "filter=nothing:$eq:x").json()["message"]
        field = refused.partition("Use one of: ")[2].rstrip(".").partition(", ")[0]
        for query, sentence in (
            (f"search={quote(MANY_WORDS)}", "1,200 words"),
            ("&".join([f"filter={field}:$eq:x"] * 1000), "There are 1,000 filters"),
            ("sort=" + ",".join([field] * 3000), f"at most {MOST_SORTS}"),
        ):
            answer = asker.get(address, query)
            if answer.status_code != 400 or sentence not in answer.json()["message"]:
                wrong.append((address, query[:40], answer.status_code, answer.text[:200]))
    assert not wrong
    assert seen > 5


def _names(path):
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


@pytest.mark.parametrize(
    ("term", "sentence"),
    [
        ({"and": [{"event_type": "x"}] * 1000}, "filters; a list takes at most"),
        ({"or": [{"event_type": "x"}] * 1000}, "filters; a list takes at most"),
        ({"not": [{"event_type": "x"}] * 1000}, "filters; a list takes at most"),
        ({"and": {"event_type": ["x"] * 70_000}}, f"One filter has 70,000 values; at most {MOST_VALUES:,} can be given."),
        ({"and": {"event_type": {"contains": LONG_WORD}}}, "has 60,000 characters"),
        ({"and": {"event_type": nested(480)}}, "A value to search for is a text, a number, true or false, or a list of these."),
    ],
)
def test_search_of_events_by_a_program_refuses_what_is_too_much(asker, term, sentence):
    body = {"service": ["all"], "start_time": "2026-01-01T00:00:00Z", "search_term": term}
    for path in ("/insights/directory/v1/events", "/insights/directory/v1/events/count"):
        answer = asker.client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
        assert (answer.status_code, sentence in answer.text) == (400, True), (path, answer.status_code, answer.text[:300])


def test_as_much_as_a_list_takes_is_answered(asker):
    words, long_word = " ".join(["a"] * MOST_WORDS), "x" * LONGEST_SOUGHT
    for address in SEARCHED:
        assert asker.get(address, f"q={quote(words)}").status_code == 200, address
        assert asker.get(address, f"q={long_word}").status_code == 200, address
    full = "&".join(["filter=username:$eq:x"] * (MOST_FILTERS - 1))
    values = "filter=username:$in:" + ",".join(["x"] * MOST_VALUES)
    assert asker.get("/api/systemusers", f"{full}&{values}&search={quote(words)}").status_code == 200
