"""Running the mailbox: SMTP on one port, its page on another."""

import asyncio
import html
import re
import socket
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from homeport_simulators.mail.smtp import Mailbox

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta http-equiv="refresh" content="5"><title>Mailbox of the demo</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
article {{ border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }} h2 {{ font-size: 1.125rem; margin: 0 0 .25rem; }}</style></head>
<body><main><h1>Mailbox of the demo</h1><p>Everything that Homeport sent, whoever it was for. Nothing leaves this machine.</p>
{articles}</main></body></html>
"""
EMPTY = "<p>No mail yet.</p>"
_ADDRESS = re.compile(r"https?://[^\s<>&]+")


def build(mailbox: Mailbox) -> Starlette:
    """Return the page, and the same as JSON."""

    def page(_request: Request) -> Response:
        articles = "\n".join(
            f"<article><h2>{html.escape(str(one['Subject']))}</h2><p>To {html.escape(str(one['To']))}</p>"
            f"<pre>{_linked(one.get_content())}</pre></article>"
            for one in mailbox.messages
        )
        return HTMLResponse(PAGE.format(articles=articles or EMPTY))

    def messages(_request: Request) -> Response:
        return JSONResponse(
            [{"to": str(one["To"]), "subject": str(one["Subject"]), "text": one.get_content()} for one in mailbox.messages]
        )

    return Starlette(routes=[Route("/", page), Route("/messages", messages)])


def _linked(text: str) -> str:
    return _ADDRESS.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', html.escape(text, quote=False))


def serve(host: str, port: int, smtp_port: int, on_ready: Callable[[dict[str, Any]], None]) -> None:
    """Serve until interrupted; `on_ready` gets the ready line once both ports accept. Raises OSError for a port that is taken."""
    mailbox = Mailbox()
    pages, mail = socket.create_server((host, port)), socket.create_server((host, smtp_port))
    ready = {
        "event": "ready",
        "page": f"http://{host}:{pages.getsockname()[1]}",
        "smtp_host": host,
        "smtp_port": mail.getsockname()[1],
    }

    @asynccontextmanager
    async def receiving(_app: Starlette) -> Any:
        server = await asyncio.start_server(mailbox.converse, sock=mail)
        on_ready(ready)
        yield
        server.close()

    app = build(mailbox)
    app.router.lifespan_context = receiving
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[pages])
