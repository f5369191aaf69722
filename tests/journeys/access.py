"""Whether everybody can use a page: axe-core's rules, the keyboard alone, without script, over a slow line."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page
from tests.journeys.alike import LEFT_OUT, TWICE
from tests.journeys.looks import LOOKS, SETTLED, looks_right, take_look
from tools.fetch_npm import fetched

AXE = Path(__file__).with_name("axe")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FINDINGS = f"""async ({{tags, colours}}) => {{
    ({SETTLED})();
    const left = (rule) => rule.tags.includes("cat.color") && !rule.tags.includes("experimental");
    const rules = axe.getRules(tags).filter(left).map((rule) => rule.ruleId);
    const runOnly = colours ? {{type: "rule", values: rules}} : {{type: "tag", values: tags}};
    const twice = colours ? [] : ({TWICE})(), left_out = ({LEFT_OUT})();
    const found = await axe.run(document, {{runOnly, resultTypes: ["violations"]}}).finally(left_out.back);
    const told = found.violations.map(one => `${{one.id}}: ${{one.help}}: ${{one.nodes.map(node => node.html.slice(0, 120)).join(" | ")}}`);
    return [...told, ...twice];
}}"""
TABBABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter(
    (it) => !it.disabled && it.tabIndex >= 0 && it.type !== "hidden" && it.checkVisibility({visibilityProperty: true})
        && (it.type !== "radio" || it.checked || !document.querySelector(`[name="${it.name}"]:checked`))).length"""
WATCH = f"""() => {{
    window.left_out = ({LEFT_OUT})();
    window.walk = {{reached: new Set(), again: false, unseen: []}};
    document.addEventListener("focusin", () => {{
        const one = document.activeElement;
        if (one === document.body) return;  // past the end; a page that gave a field the focus is entered in its middle
        if (walk.reached.has(one)) walk.again = true;
        walk.reached.add(one);
        ({SETTLED})();
        const style = getComputedStyle(one), box = one.getBoundingClientRect();
        const marked = style.outlineStyle !== "none" || style.boxShadow !== "none";
        if (!marked || !box.width || !box.height) walk.unseen.push(one.outerHTML.slice(0, 100));
    }});
    return ({TABBABLE})();
}}"""
WALKED = f"() => ({{...walk, reached: walk.reached.size, tabbable: ({TABBABLE})()}})"
RESTED = "() => { document.activeElement.blur(); left_out.back(); }"
LINKS = "() => [...document.querySelectorAll('a[href]:not([download])')].map(one => one.href)"
PAGES_OF_A_TAB = 8
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@cache
def _axe() -> str:
    packages = fetched(AXE)
    if packages is None:
        raise pytest.UsageError("axe-core is missing: `make test` fetches it, or `tools/setup test` does that alone.")
    return (packages / "axe-core" / "axe.min.js").read_text()


def has_no_fault(page: Page, *, colours: bool = False) -> None:
    """See that axe-core finds nothing against WCAG 2.2 AA, nor against what it calls best practice; or ask of the colours alone."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(_axe())  # the page's own policy forbids foreign scripts; the browser's debugger may
    found = page.evaluate(FINDINGS, {"tags": RULES, "colours": colours})
    assert not found, f"{page.url}: " + "\n".join(found)


def colours_have_no_fault(page: Page) -> None:
    """Ask axe-core again in another colour scheme what may differ: the page's structure does not."""
    has_no_fault(page, colours=True)


ASKED = {"wide, dark": (has_no_fault,), "wide, light": (colours_have_no_fault,)}
"""What axe-core is asked in which look."""


def faults_of(page: Page, asked: Mapping[str, Sequence[Callable[[Page], None]]] = ASKED) -> list[str]:
    """Look at the page in every size and colour, and ask what is asked in that look besides: all that is wrong, in sentences."""
    wrong = []
    for look in LOOKS:
        take_look(page, look)
        for question in (partial(looks_right, look=look), *asked.get(look, ())):
            try:
                question(page)
            except AssertionError as fault:
                wrong.append(str(fault))
    return wrong


def can_be_used_by_keyboard(page: Page) -> None:
    """Press Tab through the whole page: the focus is always visible, is never trapped, and reaches all that can be used."""
    walked = {"again": False, "tabbable": page.evaluate(WATCH)}
    for _ in range(10):
        if walked["again"]:
            break
        for _ in range(walked["tabbable"] + 2):
            page.keyboard.down("Tab")  # held: each repetition moves the focus, and needs no answer to a release
        page.keyboard.up("Tab")
        walked = page.evaluate(WALKED)
    page.evaluate(RESTED)
    assert not walked["unseen"], f"{page.url}: the focus cannot be seen on {walked['unseen']}"
    assert walked["reached"] >= walked["tabbable"], f"{page.url}: Tab reaches {walked['reached']} of {walked['tabbable']}"


def pages_from(context: BrowserContext, start: str, most_alike: int = 2) -> Iterator[Page]:
    """Follow every link of the portal from a page; of pages that differ only in an id, that many are enough.

    Each comes in the browser while it is shown, and may be looked at and changed before the next is asked for. The browser's tab is
    a new one now and then, since one that has shown many pages grows to gigabytes.
    """
    host, waiting = urlsplit(start).netloc, [start]
    seen: dict[str, set[str]] = {urlsplit(start).path: {urlsplit(start).path}}
    shown = 0
    page = context.new_page()
    while waiting:
        address = waiting.pop(0)
        answer = page.goto(address)
        assert answer, address
        assert answer.ok, f"{address} answered {answer.status}"
        if "text/html" not in (answer.headers.get("content-type") or ""):
            continue
        for link in page.evaluate(LINKS):
            parts = urlsplit(urldefrag(link)[0])
            alike = seen.setdefault(_ID.sub("*", parts.path), set())
            is_a_page = parts.netloc == host and not parts.path.endswith((".csv", ".json", ".jsonl", ".deb"))
            if is_a_page and len(alike) < most_alike and parts.path not in alike:
                alike.add(parts.path)
                waiting.append(parts._replace(query="").geturl())
        yield page
        shown += 1
        if shown % PAGES_OF_A_TAB == 0:
            page.close()
            page = context.new_page()
    page.close()
