"""A file has at most 400 lines; what needs more room becomes a folder of the same name."""

from collections.abc import Iterator

from tools.lint.checkout import Checkout, Finding

MOST = 400


def check(checkout: Checkout) -> Iterator[Finding]:
    for name in checkout.matching("*.py", "*.c", "*.h", "*.js", "*.mjs", "*.css", "*.html"):
        lines = len(checkout.text(name).splitlines())
        if lines > MOST:
            yield Finding(name, MOST + 1, f"{lines} lines; at most {MOST}. Split it into a folder of the same name.")
