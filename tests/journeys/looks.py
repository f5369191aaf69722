"""How a page looks: nothing sticks out sideways, every text can be read, wide and narrow, light and dark."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect

SETTLED = """async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
}"""
"""Waits until the new colours are drawn; even a transition of no length holds the old ones for a frame."""
LOOKS = {
    "narrow, light": {"viewport": {"width": 360, "height": 780}, "color_scheme": "light"},
    "narrow, dark": {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark"},
    "wide, light": {"viewport": {"width": 1920, "height": 1080}, "color_scheme": "light"},
    "wide, dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
}
PICTURES = os.environ.get("HOMEPORT_JOURNEY_PICTURES")
"""A folder; with it, each page that is looked at and each section of the story of the document leaves a picture there."""
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".table-box, .shell-nav-sections"))
    .map(one => one.tagName + "." + one.className)"""
FAINT = """() => {
    const channels = text => text.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
    const ground = one => {
        const found = [];
        for (let at = one; at; at = at.parentElement) found.unshift(channels(getComputedStyle(at).backgroundColor));
        const page = matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
        return found.reduce((below, above) => over(above, below), page);
    };
    const light = color => color.map(c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
    const texts = [...document.querySelectorAll("body *")].filter(one =>
        one.checkVisibility({opacityProperty: true, visibilityProperty: true}) && !one.closest("[disabled], [aria-disabled], .visually-hidden")
        && [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
    return texts.flatMap(one => {
        const below = ground(one), color = getComputedStyle(one).color;
        if (!color.startsWith("rgb")) return [];
        const [a, b] = [light(over(channels(color), below)), light(below)];
        const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        return contrast < 4.5 ? [`${one.tagName}.${one.className} "${one.textContent.trim().slice(0, 30)}" ${contrast.toFixed(2)}`] : [];
    });
}"""


def looks_right(page: Page, look: str) -> None:
    """See that nothing sticks out sideways, that every text can be read, and that the title says where one is."""
    where = f"{page.url} ({look})"
    page.evaluate(SETTLED)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), f"{where}: {page.evaluate(TOO_WIDE)}"
    assert not (faint := page.evaluate(FAINT)), f"{where}: {faint}"
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.title().partition(" · ")[0].strip(), where
    if PICTURES:
        name = re.sub(r"[^a-z]+", "-", f"{page.get_by_role('heading', level=1).inner_text()} {look}".lower()).strip("-")
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def pictured(page: Page, name: str) -> None:
    """Leave a picture of a whole page by this name, when somebody asked for pictures."""
    if PICTURES:
        page.evaluate(SETTLED)
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True, animations="disabled")


def looks_right_everywhere(page: Page) -> None:
    """Look at the page in every size and colour; its own size and colour are not put back."""
    for look, options in LOOKS.items():
        page.set_viewport_size(options["viewport"])
        page.emulate_media(color_scheme=options["color_scheme"], reduced_motion="reduce")  # so that nothing fades
        page.evaluate(SETTLED)
        looks_right(page, look)
