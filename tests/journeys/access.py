"""Whether everybody can use a page: axe-core's rules, the keyboard alone, without script, over a slow line."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import Page
from tests.journeys.looks import SETTLED
from tools.fetch_npm import fetched

AXE = Path(__file__).with_name("axe")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FINDINGS = """async (rules) => {
    const found = await axe.run(document, {runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]});
    return found.violations.map(one => `${one.id}: ${one.help}: ${one.nodes.map(node => node.html.slice(0, 120)).join(" | ")}`);
}"""
FOCUS = """() => {
    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    const tabbable = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter(
        (it) => !it.disabled && it.tabIndex >= 0 && it.type !== "hidden" && it.checkVisibility({visibilityProperty: true})
            && (it.type !== "radio" || it.checked || !document.querySelector(`[name="${it.name}"]:checked`)));
    return {
        at: one === document.body ? null : [...document.querySelectorAll("*")].indexOf(one),
        text: one.outerHTML.slice(0, 100),
        seen: style.outlineStyle !== "none" || style.boxShadow !== "none" || one.tagName === "IFRAME",
        shown: box.width > 0 && box.height > 0,
        tabbable: tabbable.length,
    };
}"""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@cache
def _axe() -> str:
    packages = fetched(AXE)
    if packages is None:
        raise pytest.UsageError("axe-core is missing: `make test` fetches it, or `tools/setup test` does that alone.")
    return (packages / "axe-core" / "axe.min.js").read_text()


def has_no_fault(page: Page) -> None:
    """See that axe-core finds nothing against WCAG 2.2 AA, nor against what it calls best practice."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(_axe())  # the page's own policy forbids foreign scripts; the browser's debugger may
    page.evaluate(SETTLED)
    found = page.evaluate(FINDINGS, RULES)
    assert not found, f"{page.url}: " + "\n".join(found)


def can_be_used_by_keyboard(page: Page) -> None:
    """Press Tab through the whole page: the focus is always visible, is never trapped, and reaches all that can be used."""
    reached: list[int] = []
    for _ in range(1000):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus["at"] is None:
            continue  # past the end; a page that gave a field the focus is entered in its middle
        if focus["at"] in reached:
            break
        assert (focus["seen"], focus["shown"]) == (True, True), f"{page.url}: the focus cannot be seen on {focus['text']}"
        reached.append(focus["at"])
    page.evaluate("document.activeElement.blur()")
    assert len(reached) >= focus["tabbable"], f"{page.url}: Tab reaches {len(reached)} of {focus['tabbable']}"


def pages_from(page: Page, start: str, most_alike: int = 2) -> list[str]:
    """Follow every link of the portal from a page; of pages that differ only in an id, that many are enough."""
    host, waiting, found = urlsplit(start).netloc, [start], []
    seen: dict[str, set[str]] = {}
    while waiting:
        address = waiting.pop(0)
        answer = page.goto(address)
        assert answer, address
        assert answer.ok, f"{address} answered {answer.status}"
        if "text/html" not in (answer.headers.get("content-type") or ""):
            continue
        found.append(address)
        for link in page.eval_on_selector_all("a[href]:not([download])", "all => all.map(one => one.href)"):
            parts = urlsplit(urldefrag(link)[0])
            alike = seen.setdefault(_ID.sub("*", parts.path), set())
            is_a_page = parts.netloc == host and not parts.path.endswith((".csv", ".json", ".jsonl", ".deb"))
            if is_a_page and len(alike) < most_alike and parts.path not in alike:
                alike.add(parts.path)
                waiting.append(parts._replace(query="").geturl())
    return found
