"""A small proxy in front of the server: it can kill the server before a request reaches it, or before its answer goes back."""

import contextlib
import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

WAITING = "/agent/v1/desired-state"


class Proxy:
    """`strike(stage)` is called for each stage, such as `before POST /oauth/token`; True means that the server was killed there."""

    def __init__(self, strike: Callable[[str], bool]) -> None:
        self.strike = strike
        self.upstream = 0
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        stage = f"{self.command} {_shape(self.path, body)}"
        if self.proxy.strike(f"before {stage}"):
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream, timeout=90)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return
        finally:
            upstream.close()
        if self.proxy.strike(f"after {stage}"):
            return
        with contextlib.suppress(OSError):
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"transfer-encoding", "connection"}:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)


def _shape(path: str, body: bytes) -> str:
    """The path without its ids, and what a token request is for."""
    parts = [part if len(part) != 36 else "…" for part in urlsplit(path).path.split("/")]
    shape = "/".join(parts)
    if shape == "/oauth/token":
        grant = "number" if b"verification_number=" in body else "poll" if b"device_code=" in body else "agent"
        return f"{shape} ({grant})"
    return shape
