"""The menu of a portal, and what the layout must know of the person who reads the page."""

from collections.abc import Iterable
from dataclasses import dataclass, field

ADMIN_SECTIONS = (
    "HOME",
    "USER MANAGEMENT",
    "DEVICE MANAGEMENT",
    "DIRECTORY INTEGRATIONS",
    "SECURITY MANAGEMENT",
    "INSIGHTS",
    "SETTINGS",
)
"""The sections of the admin portal in the order in which they are shown; a section without entries is not shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu.

    ``permission`` is the value of the permission without which the line is left out; None shows it to everyone.
    """

    section: str
    label: str
    path: str
    permission: str | None = None
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading in capitals and the lines under it that this reader may see."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(slots=True)
class Navigation:
    """The entries that bootstrap registered, in their order; ``order`` lists section titles, unknown ones come last."""

    order: tuple[str, ...] = ADMIN_SECTIONS
    entries: list[Entry] = field(default_factory=list)

    def register(self, section: str, label: str, path: str, permission: str | None = None, *, icon: str = "") -> None:
        """Add a line; ``icon`` is the name of a Tabler outline icon."""
        self.entries.append(Entry(section=section, label=label, path=path, permission=permission, icon=icon))

    def sections(self, permissions: Iterable[str]) -> tuple[Section, ...]:
        """Return what a reader with these permissions may see."""
        allowed = frozenset(permissions)
        titles = list(self.order)
        titles.extend(entry.section for entry in self.entries if entry.section not in titles)
        shown = []
        for title in dict.fromkeys(titles):
            entries = tuple(
                entry
                for entry in self.entries
                if entry.section == title and (entry.permission is None or entry.permission in allowed)
            )
            if entries:
                shown.append(Section(title=title, entries=entries))
        return tuple(shown)


@dataclass(frozen=True, slots=True)
class Shell:
    """What the layout shows around a page.

    ``permissions`` are permission values; ``path`` is the path of the page and is filled in from the request when
    empty. ``name`` is empty while nobody is signed in. ``sign_out`` is where the "Sign out" form posts; ``account`` is the reader's own page.
    """

    organization: str = "Homeport"
    name: str = ""
    role: str = ""
    permissions: frozenset[str] = frozenset()
    path: str = ""
    navigation: Navigation = field(default_factory=Navigation)
    portal: str = "Admin portal"
    home: str = "/admin"
    sign_out: str = "/signout"
    account: str = ""
    layout: str = "ui/admin.html"
    """The template of the portal that the page belongs to, for pages that both portals have."""

    @property
    def sections(self) -> tuple[Section, ...]:
        """Return the menu for this reader."""
        return self.navigation.sections(self.permissions)

    @property
    def current(self) -> str:
        """Return the path of the entry that the present page belongs to: the longest that starts its path."""
        fitting = [
            entry.path
            for section in self.sections
            for entry in section.entries
            if self.path == entry.path or (entry.path != self.home and self.path.startswith(f"{entry.path.rstrip('/')}/"))
        ]
        return max(fitting, key=len, default="")

    def allows(self, permission: str) -> bool:
        """Tell whether the reader holds the permission, so that a page offers only what would succeed."""
        return permission in self.permissions
