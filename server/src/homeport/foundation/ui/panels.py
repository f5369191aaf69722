"""Sections that one slice adds to the page of another: bootstrap registers them, the page shows them."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from homeport.foundation.kernel.actor import Actor

Panel = Callable[[Any, Actor], Markup | None]
"""Given the page's subject and who reads the page, answers its section (``Templates.fragment`` makes one), or None when it has nothing to show."""


class Panels:
    """Which sections stand on which page, in the order of ``order`` and then of registration."""

    def __init__(self) -> None:
        self._panels: defaultdict[str, list[tuple[int, Panel]]] = defaultdict(list)

    def register(self, page: str, panel: Panel, *, order: int = 0) -> None:
        """Add a section to a page; ``page`` is the name that the page's slice made known, such as ``people.user``."""
        self._panels[page].append((order, panel))
        self._panels[page].sort(key=lambda entry: entry[0])

    def render(self, page: str, subject: Any, actor: Actor) -> Markup:
        """Return the sections for this subject and reader one after another; empty when there are none."""
        sections = (panel(subject, actor) for _, panel in self._panels.get(page, ()))
        return Markup("\n").join(section for section in sections if section is not None)
