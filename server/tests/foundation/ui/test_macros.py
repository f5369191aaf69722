"""Every macro through the real environment; what a page must never contain, and what it must."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from homeport.foundation.ui.forms import FormState
from homeport.foundation.ui.templates import clock, counted, stamp, ticked, utc

PAGES = ["values", "list", "form", "saved", "signin", "confirm", "error", "portal", "missing"]
VOID = {"br", "hr", "img", "input", "link", "meta", "path", "rect", "circle"}


class Reader(HTMLParser):
    """Collects what the tests ask about, and fails on tags that do not close."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def all(self, name):
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def macro(templates, call, **context):
    name = call.split("(")[0]
    return templates.environment.from_string(f'{{% from "ui/macros.html" import {name} %}}{{{{ {call} }}}}').render(**context)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_holds_inline_script_or_style(gallery, name):
    for tag, attributes in Reader(gallery[name]).tags:
        assert "style" not in attributes
        assert tag != "style"
        assert tag != "script" or attributes["src"].startswith("/static/")
        assert not [key for key in attributes if key.startswith("on")]


@pytest.mark.parametrize("name", PAGES)
def test_ids_are_unique_and_what_is_pointed_at_exists(gallery, name):
    found = Reader(gallery[name])
    ids = found.all("id")
    assert len(ids) == len(set(ids))
    pointed = [*found.all("for"), *found.all("data-copy"), *found.all("data-enables")]
    for many in (*found.all("aria-describedby"), *found.all("aria-labelledby")):
        pointed.extend(many.split())
    assert set(pointed) <= set(ids)


def test_every_macro_of_the_catalogue_is_documented_and_shown_in_the_gallery(templates):
    source = templates.environment.loader.get_source(templates.environment, "ui/macros.html")[0]
    names = re.findall(r"{% set (\w+) =", source)
    head = source[: source.index("#}")]
    assert len(names) > 25
    assert [name for name in names if not re.search(rf"^  {name}\(", head, re.MULTILINE)] == []


def test_a_field_shows_hint_error_and_what_was_typed(templates):
    form = FormState.typed({"url": '"><script>'})
    form.fail("url", "Enter an address.")
    html = macro(templates, 'field(form, "url", "URL", "Your domain.", required=true, type="url")', form=form)
    (attributes,) = [attributes for tag, attributes in Reader(html).tags if tag == "input"]
    assert attributes["value"] == '"><script>'
    assert attributes["aria-describedby"] == "field-url-hint field-url-error"
    assert attributes["aria-invalid"] == "true"
    assert (attributes["type"], attributes["inputmode"]) == ("text", "url")
    assert html.index("URL") < html.index("Your domain.") < html.index("Enter an address.") < html.index("<input")


def test_a_secret_is_never_printed_back(templates):
    form = FormState.typed({"secret": "hunter2"})
    assert "hunter2" not in macro(templates, 'field(form, "secret", "Secret", type="password")', form=form)


def test_the_summary_links_to_the_fields(gallery):
    assert "#field-client_id" in Reader(gallery["form"]).all("href")
    assert "error-summary" not in gallery["saved"]


def test_saved_says_what_changed(templates):
    form = FormState()
    assert macro(templates, "saved_notice(form)", form=form).strip() == ""
    form.confirm(["Name: Okta → Okta EU"])
    assert "Name: Okta → Okta EU" in macro(templates, "saved_notice(form)", form=form)


def test_text_is_escaped_and_markup_is_not(templates):
    assert "&lt;b&gt;" in macro(templates, 'notice("info", "", text)', text="<b>")
    assert "<b>" in macro(templates, 'notice("info", "", text)', text=Markup("<b>"))


def test_status_is_a_word_and_a_shape(templates):
    shapes = {
        kind: re.search(r"<(?:circle|path)[^>]*>", macro(templates, f'status("Word", "{kind}")')).group()
        for kind in ("ok", "warn", "error", "info", "off")
    }
    assert len(set(shapes.values())) == 5


def test_a_name_that_the_page_did_not_get_is_an_error(templates):
    with pytest.raises(UndefinedError):
        templates.environment.from_string("{{ absent }}").render()


def test_an_error_page_needs_nobody_signed_in(gallery):
    assert "0193e7c2-7f3a-7c11" in gallery["error"]
    assert "shell-nav" not in gallery["error"]


def test_times_are_written_in_utc(at):
    assert utc(at) == "2026-11-23T21:55:07.042Z"
    assert stamp(at) == "23 Nov 2026, 21:55 UTC"
    assert clock(at) == "21:55:07.042"


def test_numbers_have_units():
    assert [counted(number, "user") for number in (0, 1, 1204)] == ["0 users", "1 user", "1,204 users"]
    assert counted(2, "identity", "identities") == "2 identities"


def test_what_stands_between_backticks_is_code_and_nothing_of_a_sentence_is_markup():
    assert ticked("No `state`, <b> & `a<b`.") == "No <code>state</code>, &lt;b&gt; &amp; <code>a&lt;b</code>."
    assert ticked("One ` alone, two\nlines ` stay.") == "One ` alone, two\nlines ` stay."
