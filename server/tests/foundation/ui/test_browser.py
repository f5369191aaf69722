"""The gallery in a real Chromium, under the real content security policy."""

import gzip
import re

import pytest

PAGES = ["values", "list", "form", "saved", "signin", "confirm", "error", "portal", "missing"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 768, 1920])
def test_no_page_scrolls_sideways_or_breaks_the_policy(new_context, address, width, scheme):
    page = new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    for name in PAGES:
        page.goto(f"{address}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_the_theme_follows_the_reader(new_context, address):
    def background(scheme):
        page = new_context(color_scheme=scheme).new_page()
        page.goto(f"{address}/list")
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert background("light") != background("dark")


def test_targets_are_at_least_24_pixels(page, address):
    for name in PAGES:
        page.goto(f"{address}/{name}")
        small = page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, select, summary, input:not([type=hidden])")]
                .filter((one) => one.checkVisibility() && !one.closest("p, li") && !one.matches("[type=checkbox], [type=radio], .skip-link"))
                .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
                .filter(([, box]) => box.height < 23.9 || box.width < 23.9).map(([text, box]) => `${text} ${box.width} by ${box.height}`)"""
        )
        assert small == [], name


def test_the_box_enables_the_button(page, address):
    page.goto(f"{address}/confirm")
    button = page.get_by_role("button", name="Yes, Delete")
    assert button.is_disabled()
    page.get_by_label("I understand the impacts above").check()
    assert button.is_enabled()


def test_without_script_the_box_still_guards_the_button(new_context, address):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{address}/confirm")
    page.get_by_role("button", name="Yes, Delete").click()
    assert page.url.endswith("/confirm")
    assert page.locator("input[name=understood]:invalid").count() == 1


def test_without_script_the_menu_unfolds_on_a_narrow_screen(new_context, address):
    page = new_context(java_script_enabled=False, viewport={"width": 360, "height": 800}).new_page()
    page.goto(f"{address}/list")
    entry = page.get_by_role("link", name="Directory Events")
    assert not entry.is_visible()
    page.get_by_text("Menu", exact=True).click()
    assert entry.is_visible()


def test_times_are_shown_in_the_readers_zone_with_utc_on_hover(new_context, address):
    page = new_context(timezone_id="Europe/Berlin").new_page()
    page.goto(f"{address}/values")
    time = page.locator("time[data-local='']").first
    assert time.inner_text() == "23 Nov 2026, 22:55"
    assert time.get_attribute("title") == "2026-11-23 21:55:07.042 UTC"


def test_a_value_is_copied(new_context, address):
    page = new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto(f"{address}/form")
    page.get_by_role("button", name="Copy Sign-in redirect URI").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "https://id.example.com/oauth/callback/0193e7c2-okta"


def test_a_live_part_refreshes_itself(page, address):
    page.goto(f"{address}/values")
    page.get_by_text(re.compile(r"Asked \d+ times")).wait_for()


def test_menus_close_with_escape_and_give_the_focus_back(page, address):
    page.goto(f"{address}/values")
    page.get_by_text("Add Identity Provider").click()
    assert page.get_by_text("One identity provider at a time").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_text("One identity provider at a time").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


@pytest.mark.parametrize("name", ["values", "list"])
def test_no_menu_leaves_a_narrow_screen(new_context, address, name):
    page = new_context(viewport={"width": 360, "height": 800}).new_page()
    page.goto(f"{address}/{name}")
    for summary in page.locator("details.menu > summary").all():
        summary.click()
        box = page.locator("details.menu[open] > .menu-items").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        page.keyboard.press("Escape")


def test_the_bulk_bar_shows_after_selection(page, address):
    page.goto(f"{address}/list")
    assert not page.get_by_role("button", name="Suspend").is_visible()
    page.get_by_label("Select Alan Turing").check()
    assert page.get_by_role("button", name="Suspend").is_visible()


@pytest.mark.parametrize(("name", "kilobytes"), [("values", 100), ("list", 100), ("form", 100), ("signin", 30), ("error", 30)])
def test_a_first_visit_is_light(page, address, name, kilobytes):
    bodies = []
    page.on("response", lambda response: bodies.append(len(gzip.compress(response.body()))))
    page.goto(f"{address}/{name}", wait_until="networkidle")
    print(f"{name}: {sum(bodies) / 1000:.1f} kB gzip in {len(bodies)} requests")
    assert sum(bodies) < kilobytes * 1000
