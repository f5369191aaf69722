"""How a page looks: nothing sticks out sideways, every text can be read, wide and narrow, light and dark."""

import os
import re
from pathlib import Path

from playwright.sync_api import Locator, Page

SETTLED = """() => {
  for (let round = 0; round < 100; round++) {
    const running = document.getAnimations().filter((one) => one.playState !== "finished");
    if (!running.length) return;
    running.forEach((one) => one.finish());
  }
  throw new Error("the page never comes to rest");
}"""
"""Brings every transition to its end: even one of no length holds the old colours for a frame, and its end may begin another."""
LOOKS = {
    "narrow, light": {"viewport": {"width": 360, "height": 780}, "color_scheme": "light"},
    "narrow, dark": {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark"},
    "wide, dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "wide, light": {"viewport": {"width": 1920, "height": 1080}, "color_scheme": "light"},
}
"""In the order of the fewest changes: a page is laid out anew for each size, and its styles are made anew for each colour."""
PICTURES = os.environ.get("HOMEPORT_JOURNEY_PICTURES")
"""A folder; with it, each page that is looked at and each section of the story of the document leaves a picture there."""
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".table-box, .shell-nav-sections"))
    .map(one => one.tagName + "." + one.className)"""
FAINT = """() => {
    const channels = text => text.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
    const page = matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255], grounds = new Map();
    const ground = one => {
        if (!one) return page;
        if (!grounds.has(one)) grounds.set(one, over(channels(getComputedStyle(one).backgroundColor), ground(one.parentElement)));
        return grounds.get(one);
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
SEEN = f"""async (options) => {{
    const dark = options?.color_scheme === "dark";
    const other = () => innerWidth !== options.viewport.width || matchMedia("(prefers-color-scheme: dark)").matches !== dark;
    while (document.readyState !== "complete" || (options && other())) await new Promise(requestAnimationFrame);
    ({SETTLED})();
    return {{
        wide: document.scrollingElement.scrollWidth > innerWidth ? ({TOO_WIDE})() : null,
        faint: ({FAINT})(),
        headings: [...document.querySelectorAll("h1")].filter((one) => one.checkVisibility({{visibilityProperty: true}})).length,
        title: document.title,
    }};
}}"""
"""All that `looks_right` asks, in one question, once the page has the look that it was told to have."""


def looks_right(page: Page, look: str) -> None:
    """See that nothing sticks out sideways, that every text can be read, and that the title says where one is.

    The page is told first to take the look, by `take_look` or by its context; a name that is none of `LOOKS` takes it as it is.
    """
    where = f"{page.url} ({look})"
    seen = page.evaluate(SEEN, LOOKS.get(look))
    assert seen["wide"] is None, f"{where}: {seen['wide']}"
    assert not seen["faint"], f"{where}: {seen['faint']}"
    assert seen["headings"] == 1, f"{where}: {seen['headings']} headings of the first level"
    assert seen["title"].partition(" · ")[0].strip(), where
    if PICTURES:
        name = re.sub(r"[^a-z]+", "-", f"{page.get_by_role('heading', level=1).inner_text()} {look}".lower()).strip("-")
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def pictured(page: Page, name: str, part: Locator | None = None) -> None:
    """Leave a picture of a whole page, or of a part of it, by this name, when somebody asked for pictures."""
    if PICTURES:
        page.evaluate(SETTLED)
        path = Path(PICTURES) / f"{name}.png"
        if part is not None:
            part.screenshot(path=path, animations="disabled")
        else:
            page.screenshot(path=path, full_page=True, animations="disabled")


def take_look(page: Page, look: str) -> None:
    """Give the page a size and a colour."""
    options = LOOKS[look]
    if page.viewport_size != options["viewport"]:
        page.set_viewport_size(options["viewport"])
    page.emulate_media(color_scheme=options["color_scheme"], reduced_motion="reduce")  # so that nothing fades


def looks_right_everywhere(page: Page) -> None:
    """Look at the page in every size and colour; its own size and colour are not put back."""
    for look in LOOKS:
        take_look(page, look)
        looks_right(page, look)
