"""A server that is none, or a bad one: a sentence, in time."""

import http.server
import threading
import time

import pytest

from homeport_agent.refusals import Refusal
from homeport_agent.transport import Transport


class Bad(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        try:
            getattr(self, self.path.strip("/").split("?")[0])()
        except OSError:
            self.close_connection = True

    def hang(self):
        time.sleep(60)

    def drip(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(1200):
            self.wfile.write(b"{")
            time.sleep(0.05)

    def drip_headers(self):
        for _ in range(1200):
            self.wfile.write(b"H")
            time.sleep(0.05)

    def huge(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(50):
            self.wfile.write(b"x" * 1_000_000)

    def page(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello")

    def elsewhere(self):
        self.send_response(302)
        self.send_header("Location", "/page")
        self.end_headers()

    def noise(self):
        self.wfile.write(b"\x00\xff\r\n\r\n")


@pytest.fixture(scope="module")
def bad():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bad) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("hang", "server_unreachable"),
        ("drip", "server_unreachable"),
        ("drip_headers", "server_unreachable"),
        ("noise", "server_unreachable"),
        ("huge", "server_answer_invalid"),
    ],
)
def test_a_bad_server_is_left_in_time_with_a_reason(bad, path, reason):
    started = time.monotonic()
    with pytest.raises(Refusal) as refused:
        Transport().get(f"{bad}/{path}", seconds=0.5 if path != "huge" else 60)
    assert refused.value.reason == reason
    assert time.monotonic() - started < 30, "it did not wait for the end of what would take a minute"


def test_a_page_is_an_empty_document_and_a_redirect_is_not_followed(bad):
    assert Transport().get(f"{bad}/page").document == {}
    answer = Transport().get(f"{bad}/elsewhere")
    assert (answer.status, answer.document) == (302, {})
    assert answer.date == pytest.approx(time.time(), abs=60)


def test_nobody_there_is_a_sentence():
    with pytest.raises(Refusal, match="does not answer"):
        Transport().get("http://127.0.0.1:9/")
