"""Connects Apple's simulated service as an administrator would: push certificate, public key, server token."""

from typing import Any

import httpx2

from homeport.bootstrap.home import Home
from homeport.channels.apple.push.certificate import read_certificate
from homeport.foundation.kernel.actor import Actor


def connect(home: Home, actor: Actor, apple: dict[str, Any]) -> str:
    """Take a push certificate and the server token; return what the demo says of it. The server then assigns the profile by itself."""
    with home.work.write() as actions:
        request = actions.apple_push.request(actor)
        public_key = actions.ade.public_key(actor)
    certificate = _ask(f"{apple['control']}/push-certificate", request)
    token = _ask(f"{apple['control']}/token", public_key)
    with home.work.write() as actions:
        actions.apple_push.upload(actor, read_certificate(certificate))
        actions.ade.upload(actor, token)
    return "its server token is here; the server assigns the enrolment profile within seconds"


def _ask(address: str, file: str) -> bytes:
    answer = httpx2.post(address, content=file.encode(), timeout=30)
    answer.raise_for_status()
    return answer.content
