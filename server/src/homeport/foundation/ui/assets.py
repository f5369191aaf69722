"""The static files: read once, compressed once, served under addresses that change with their content."""

import gzip
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from markupsafe import Markup, escape
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
}
FOREVER = "public, max-age=31536000, immutable"
ICONS = "vendor/icons.json"
STYLES = "vendor/tabler.css"

log = logging.getLogger("homeport.ui")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file in memory: its bytes, the same compressed, and the hash that names them."""

    body: bytes
    compressed: bytes | None
    digest: str
    media_type: str


class Assets:
    """The files under ``static/``, and an ASGI application that serves them below ``prefix``.

    A page's address of ``app.css`` is ``/static/app.<hash>.css``: cached for a year, never asked for again. The plain
    address and an outdated hash answer with the present file, to be revalidated.
    Without the built files in ``vendor/`` pages work unstyled; a log line says so once.
    """

    def __init__(self, folder: Path = STATIC, prefix: str = "/static") -> None:
        self.prefix = prefix
        self._files: dict[str, StaticFile] = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix in MEDIA_TYPES:
                self._files[path.relative_to(folder).as_posix()] = _read(path)
        icons = folder / ICONS
        self._icons: Mapping[str, str] = json.loads(icons.read_text()) if icons.is_file() else {}
        if STYLES not in self._files or not self._icons:
            log.warning(
                "The built style sheet or icons are missing in %s; pages are shown unstyled. Run: make assets", folder / "vendor"
            )

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def address(self, name: str) -> str:
        """Return the address of a file for a page; of a file that is missing, its plain address."""
        found = self._files.get(name)
        if found is None:
            return f"{self.prefix}/{name}"
        stem, dot, suffix = name.rpartition(".")
        return f"{self.prefix}/{stem}.{found.digest}{dot}{suffix}"

    def icon(self, name: str, css: str = "") -> Markup:
        """Return a Tabler outline icon as inline SVG, hidden from screen readers; the text beside it speaks."""
        drawing = self._icons.get(name)
        if drawing is None:
            return Markup("")
        return Markup(  # noqa: S704 (the drawing comes from our own build)
            f'<svg class="{escape(f"icon {css}".rstrip())}" width="20" height="20" viewBox="0 0 24 24" aria-hidden="true">{drawing}</svg>'
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one file (GET or HEAD)."""
        del receive
        if scope["type"] != "http":
            return
        if scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, HTTPStatus.METHOD_NOT_ALLOWED, {"allow": "GET, HEAD"})
            return
        name, asked = self._split(scope["path"])
        found = self._files.get(name)
        if found is None:
            await _answer(send, HTTPStatus.NOT_FOUND, {"content-type": "text/plain; charset=utf-8"}, b"There is no such file.\n")
            return
        wanted = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        packed = found.compressed if "gzip" in wanted.get("accept-encoding", "") else None
        tag = f'"{found.digest}{"-gzip" if packed else ""}"'
        headers = {
            "content-type": found.media_type,
            "cache-control": FOREVER if asked == found.digest else "no-cache",
            "etag": tag,
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
        }
        if tag in wanted.get("if-none-match", ""):
            await _answer(send, HTTPStatus.NOT_MODIFIED, headers)
            return
        if packed:
            headers["content-encoding"] = "gzip"
        await _answer(send, HTTPStatus.OK, headers, packed or found.body, head=scope["method"] == "HEAD")

    def _split(self, path: str) -> tuple[str, str]:
        """Return the file's name and the hash its address carried, which may be empty."""
        name = path.removeprefix(f"{self.prefix}/")
        if name in self._files:
            return name, ""
        parts = name.rsplit(".", 2)
        return (f"{parts[0]}.{parts[2]}", parts[1]) if len(parts) == 3 else (name, "")  # noqa: PLR2004 (stem, hash, suffix)


async def _answer(send: Send, status: HTTPStatus, headers: Mapping[str, str], body: bytes = b"", *, head: bool = False) -> None:
    pairs = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
    if status is not HTTPStatus.NOT_MODIFIED:
        pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": int(status), "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if head else body})


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    packed = gzip.compress(body, compresslevel=9, mtime=0)
    return StaticFile(
        body=body,
        compressed=packed if len(packed) < len(body) else None,
        digest=hashlib.sha256(body).hexdigest()[:12],
        media_type=MEDIA_TYPES[path.suffix],
    )
