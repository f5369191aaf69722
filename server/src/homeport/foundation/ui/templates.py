"""Pages from templates: one Jinja environment for all slices, and the answers made with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from homeport.foundation.ui.assets import Assets
from homeport.foundation.ui.navigation import Shell
from homeport.foundation.ui.qr import qr_svg

PACKAGE = Path(__file__).parents[2]
"""The folder of the ``homeport`` package, under which every slice may have a ``templates/`` folder."""

ShellFor = Callable[[Request], Shell]
"""Given a request, answers what the layout must know of its reader; bootstrap provides it."""


_TICKED = re.compile(r"`([^`\n]+)`")


def _no_one(_request: Request) -> Shell:
    return Shell()


class Templates:
    """The templates of all slices under ``packages``, rendered with one set of rules.

    Values are escaped; a name that the page did not get is an error, not an empty string.
    """

    def __init__(
        self, assets: Assets, *, shell_for: ShellFor = _no_one, packages: Sequence[Path] = (PACKAGE,), reload: bool = False
    ) -> None:
        self.assets = assets
        self._shell_for = shell_for
        self.environment = Environment(
            loader=_loader(packages),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=reload,
            cache_size=-1,
        )
        self.environment.filters["utc"] = utc
        self.environment.filters["stamp"] = stamp
        self.environment.filters["clock"] = clock
        self.environment.filters["counted"] = counted
        self.environment.filters["ticked"] = ticked
        self.environment.globals.update(static=assets.address, has_static=assets.__contains__, icon=assets.icon, qr=qr_svg)

    def render(
        self,
        name: str,
        request: Request,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        shell: Shell | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """Answer a page; ``shell`` is asked of bootstrap's ``shell_for`` unless given."""
        shell = self._shell_for(request) if shell is None else shell
        if not shell.path:
            shell = replace(shell, path=request.url.path)
        page = self.environment.get_template(name).render(request=request, shell=shell, **context)
        return HTMLResponse(page, status_code=status, headers=dict(headers or {}))

    def fragment(self, name: str, **context: Any) -> Markup:
        """Return a part of a page, such as a panel, without the layout and without ``shell`` and ``request``."""
        return Markup(self.environment.get_template(name).render(**context))  # noqa: S704 (our own template, escaped)

    def error(
        self,
        request: Request,
        *,
        status: int,
        title: str,
        cause: str,
        remedy: str,
        reference: str = "",
        back: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        shell: Shell | None = None,
    ) -> HTMLResponse:
        """Answer a refusal or an error: what happened, why, what to do next, and the id to give to an administrator.

        ``back`` is (label, path) of a way on. Who is signed in sees it inside the portal, others in the narrow layout with the
        organization's name; ``shell_for`` reads only what the request knows, so that the page works when the database does not.
        """
        return self.render(
            "ui/error.html",
            request,
            status=status,
            headers=headers,
            shell=shell,
            title=title,
            cause=cause,
            remedy=remedy,
            reference=reference,
            back=back,
        )


def _loader(packages: Sequence[Path]) -> BaseLoader:
    folders = [folder for package in packages for folder in sorted(package.rglob("templates")) if folder.is_dir()]
    by_slice: Mapping[str, BaseLoader] = {folder.parent.name: FileSystemLoader(folder) for folder in folders}
    return ChoiceLoader([FileSystemLoader(folders), PrefixLoader(by_slice)])


def utc(at: datetime) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds, for machines."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp(at: datetime) -> str:
    """Write a time for people: ``23 Nov 2026, 21:55 UTC``."""
    there = at.astimezone(UTC)
    return f"{there.day} {there:%b %Y, %H:%M} UTC"


def clock(at: datetime) -> str:
    """Write the time of day to the millisecond: ``21:55:07.042``."""
    there = at.astimezone(UTC)
    return f"{there:%H:%M:%S}.{there.microsecond // 1000:03d}"


def ticked(text: str) -> Markup:
    """Write a sentence with what stands between backticks as code; everything else is escaped."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its unit: ``1 user``, ``1,204 users``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
