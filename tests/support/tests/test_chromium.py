"""The browser is real, each person is apart from the others, and a page's faults fail the test."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.support.plugin import pytest_plugins

CHECKOUT = Path(__file__).parents[3]
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"
PAGES = {
    "/": (200, "text/html", "<title>Welcome</title><p>hello</p>"),
    "/inline": (200, "text/html", "<script>document.title = 'ran'</script>"),
    "/throws": (200, "text/html", "<script src=throws.js></script>"),
    "/throws.js": (200, "text/javascript", "throw new Error('broken script')"),
    "/lacks": (200, "text/html", "<script src=absent.js></script>"),
    "/refused": (403, "text/html", "<title>Not allowed</title>"),
}


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        status, kind, body = PAGES.get(self.path, (404, "text/plain", "absent"))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Set-Cookie", "seen=1")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_is_shown(page, site):
    page.goto(site)
    assert page.title() == "Welcome"


def test_two_people_share_no_cookies(new_context, site):
    one, other = new_context(), new_context()
    one.new_page().goto(site)
    assert [cookie["name"] for cookie in one.cookies()] == ["seen"]
    assert other.cookies() == []


def test_a_page_that_answers_403_is_no_fault(page, site, page_faults):
    page.goto(f"{site}/refused")
    assert page_faults.seen == []


@pytest.mark.parametrize(
    ("path", "fault"),
    [("inline", "Content Security Policy"), ("throws", "broken script"), ("lacks", "status 404: GET .*absent.js")],
)
def test_a_fault_is_counted(page, site, page_faults, path, fault):
    page_faults.expect(fault)
    page.goto(f"{site}/{path}")
    page.wait_for_timeout(200)
    assert page_faults.unexpected() == []
    assert page_faults.missing() == []


def test_a_fault_fails_the_test_and_leaves_a_picture(pytester, site, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    pytester.makepyfile(f"def test_inline(page):\n    page.goto('{site}/inline')\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    assert "tests.support.chromium" in pytest_plugins, "every run has it; the others take a second to load"
    done = pytester.runpytest_subprocess("-p", "tests.support.chromium", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines(["*the pages showed faults:*", "*Content Security Policy*", "*picture of *"])


@pytest.mark.usefixtures("_chromium")
def test_other_tests_of_the_worker_may_run_an_event_loop():
    async def answer():
        return 42

    assert asyncio.run(answer()) == 42
