"""Run every rule of `rules/` over the checkout; exit 1 and say where, when one is broken."""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tools.lint import rules
from tools.lint.checkout import Checkout, Finding

Rule = Callable[[Checkout], Iterable[Finding]]


def all_rules() -> dict[str, Rule]:
    """Each module of `rules/` has one public function, `check`; its name is the module's."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    return {name: importlib.import_module(f"{rules.__name__}.{name}").check for name in names}


def main() -> int:
    checkout = Checkout.of_git(Path(__file__).parents[2])
    broken = 0
    for name, check in all_rules().items():
        for finding in sorted(check(checkout)):
            print(f"{finding.path}:{finding.line}: {name}: {finding.text}")
            broken += 1
    return 1 if broken else 0


sys.exit(main())
