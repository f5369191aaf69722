"""The provider's HTML: plain, complete without script, the same in light and dark."""

import functools
import secrets
from pathlib import Path
from typing import Any

import jinja2
from starlette.responses import HTMLResponse


@functools.cache
def _templates() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page under a policy that allows only its own style sheet and script.

    The policy has no `form-action`: browsers apply it to the redirect that follows a form too, which leads to the client.
    """
    nonce = secrets.token_urlsafe(16)
    body = _templates().get_template(template).render(nonce=nonce, **values)
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(body, status, headers=headers)


def error_page(status: int, error: str, description: str) -> HTMLResponse:
    """Show an error on the provider's own page, where a redirect would be unsafe."""
    return page("error.html", status, error=error, description=description)
