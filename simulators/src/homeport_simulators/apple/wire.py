"""HTTP as a Mac's management client speaks it: one request, one answer, no redirects, no cookies."""

import http.client
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Answer = tuple[int, Mapping[str, str], bytes]
Fault = Callable[[str, str, bytes], str]
"""Tells what becomes of a request: `request` and `answer` are lost, anything else goes through."""
SECONDS = 30


class Lost(Exception):  # noqa: N818 - what the network did
    """The network lost the request or the answer."""


@dataclass(slots=True)
class Wire:
    """The network of one Mac. `ca_file` is a certificate it trusts beside the system's."""

    ca_file: str = ""
    fault: Fault | None = None
    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request and return status, headers and body; raise Lost when the network is told to lose one of the two."""
        fate = self.fault(method, url, body) if self.fault else ""
        if fate == "request":
            raise Lost(url)
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca_file or None)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, parts.port, timeout=SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=SECONDS)
        try:
            connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, dict(headers))
            answer = connection.getresponse()
            found = (answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()
        self.sent.append((method, parts.path))
        if fate == "answer":
            raise Lost(url)
        return found
