"""Log lines: one event a line, as JSON for programs or coloured for people. Secrets are never among the values."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = (
    "password",
    "secret",
    "token",
    "assertion",
    "passcode",
    "code_verifier",
    "cookie",
    "authorization",
    "magic",
    "challenge",
    "client_identifier",
)
"""Names whose values are never written, should one slip in."""


def configure(form: str) -> None:
    """Send log lines to standard error in the given form, `json` or `console`."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(repr_native_str=True) if form == "console" else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of names that sound secret."""
    for name in event:
        if any(word in name.lower() for word in HIDDEN):
            event[name] = "(hidden)"
    return event
