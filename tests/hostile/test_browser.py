"""The approval page under attack from other sites, other browsers and hostile texts."""

import socket
from urllib.parse import urlsplit

import pytest
from tests.hostile.person import COOKIE
from tests.hostile.scene import reason_of
from tests.hostile.tables import Difference, read_tables
from tests.hostile.world import PASSWORD

from homeport.trust.signin.password.pages import ADMINISTRATORS

FOREIGN = "https://evil.example"
CROSS_SITE = (
    {"Origin": FOREIGN, "Sec-Fetch-Site": "cross-site"},
    {"Origin": FOREIGN, "Sec-Fetch-Site": "same-site"},
    {"Origin": FOREIGN},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "SAME-ORIGIN"},
    {"Referer": FOREIGN},
    {},
)


def tables(scene):
    return read_tables(scene.world.folder / "data/homeport.sqlite")


@pytest.mark.parametrize("path", ["/device", "/device/cancel", "/signin", "/signout", "/admin/link/x"])
@pytest.mark.parametrize("headers", CROSS_SITE, ids=lambda headers: ", ".join(map(": ".join, headers.items())) or "no header")
def test_form_of_another_site_is_not_carried_out(scene, path, headers):
    scene.machine.begin()
    before = tables(scene)
    answer = scene.person.post(path, {"user_code": scene.machine.user_code}, headers=dict(headers))
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert not {kind for kind in Difference(before, tables(scene)).kinds() if not kind.startswith("audit_")}


def test_opening_addresses_alone_approves_nothing(scene):
    scene.machine.begin()
    before = tables(scene)
    complete = scene.machine.code["verification_uri_complete"]
    for address in (complete, f"{complete}&approve=1", f"/device/cancel?user_code={scene.machine.user_code}"):
        scene.person.get(address)
    scene.person.client.head(complete)
    changed = set(Difference(before, tables(scene)).kinds())
    assert {kind for kind in changed if not kind.startswith(("rate_limits", "audit_"))} == set()
    assert scene.machine.poll().json()["error"] == "authorization_pending"


def test_approval_page_says_which_machine_asks_and_that_it_is_elsewhere(scene):
    scene.machine.begin()
    page = scene.person.get(scene.machine.code["verification_uri_complete"]).text
    addresses = [
        transport._pool._local_address for transport in (scene.person.client._transport, scene.machine.client._transport)
    ]
    assert all(address in page for address in addresses)
    assert scene.machine.hostname in page


def test_no_page_can_be_framed_or_run_foreign_script(scene):
    scene.machine.begin()
    refused = scene.person.get("/oauth/callback/x?state=unknown")
    pages = [
        scene.person.get(scene.machine.code["verification_uri_complete"]),
        scene.person.get("/device"),
        scene.person.get("/signin"),
        scene.person.get("/nowhere"),
        scene.person.post("/device", {"user_code": "x"}, headers={"Origin": FOREIGN}),
        refused,
    ]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in page.headers


def test_form_may_be_answered_by_the_provider_and_nobody_else(scene):
    scene.machine.begin()
    page = scene.person.get(scene.machine.code["verification_uri_complete"])
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["form-action"] == f"'self' {scene.world.okta['issuer']}"


def test_cookie_is_tied_to_this_host_and_hidden_from_script(scene):
    scene.machine.begin()
    sent = scene.person.approve(scene.machine.user_code)
    cookie = sent.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    words = {word.strip().lower().partition("=")[0]: word for word in cookie.split(";")}
    assert {"secure", "httponly", "samesite", "path"} <= words.keys()
    assert "domain" not in words
    assert words["path"].strip() == "Path=/"


def test_every_sign_in_has_a_state_a_nonce_and_a_challenge_of_its_own(scene):
    sent = [scene.leave() for _ in range(3)]
    for name in ("state", "nonce", "code_challenge"):
        assert len({dict(pair.split("=") for pair in urlsplit(url).query.split("&"))[name] for url in sent}) == 3


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "\u202eLAB\u202c\n\0\x1b[2J", "x" * 253],
    ids=["script", "attribute", "template", "control characters", "as long as can be"],
)
def test_machine_cannot_write_its_own_approval_page(scene, text):
    machine = scene.world.machine()
    token = machine.agent_token()
    assert machine.ask("POST", "/agent/v1/reports", token, json={"device": {"hostname": text}}).status_code in {204, 400}
    machine.begin()
    page = scene.person.get(machine.code["verification_uri_complete"])
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert not {"\u202e", "\0", "\x1b"} & set(page.text)


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
     "javascript:alert(1)", "/signin?next=//evil.example", "///evil.example", "/@evil.example\r\nX: y", "http:evil.example"],
)  # fmt: skip
def test_sign_in_page_sends_nobody_to_another_site(scene, target):
    page = scene.person.get("/signin", params={"next": target})
    assert page.status_code == 200
    assert "evil.example" not in page.text
    assert "javascript:" not in page.text


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /device HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        ("GET /device HTTP/1.0\r\n\r\n", 421),
        ("GET /device HTTP/1.1\r\nHost: {ours}\r\nHost: evil.example\r\n\r\n", 400),
        ("GET /device HTTP/1.1\r\nHost: {ours}.evil.example\r\n\r\n", 421),
        ("GET /device HTTP/1.1\r\nHost: {ours}@evil.example\r\n\r\n", 421),
        ("POST /device HTTP/1.1\r\nHost: {ours}\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST /device HTTP/1.1\r\nHost: {ours}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET /device HTTP/1.1\r\nHost: {ours}\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\n\r\n", 200),
    ],
)
def test_host_header_and_request_line_move_no_link(world, request_text, status):
    with socket.create_connection(("127.0.0.1", world.port), timeout=60) as connection:
        connection.sendall(request_text.format(ours=f"localhost:{world.port}").encode())
        answer = connection.recv(65536).decode("latin-1")
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert "evil.example" not in answer


def test_forwarded_address_of_a_stranger_does_not_count(scene):
    scene.person.get(
        "/oauth/callback/x?state=unknown", headers={"X-Forwarded-For": "203.0.113.99", "Forwarded": "for=203.0.113.99"}
    )
    assert not scene.world.sql("SELECT id FROM sign_ins WHERE address = '203.0.113.99'")


def test_sign_in_page_says_the_same_of_known_and_unknown_addresses(scene):
    known = scene.world.administrator()
    pages = []
    for email in (f"{known.name}@acme.example", "nobody@acme.example"):
        answer = scene.person.post("/signin", {"email": email, "password": "wrong password, long enough"})
        pages.append((answer.status_code, answer.text.replace(email, "…")))
    assert pages[0] == pages[1]
    assert pages[0][0] == 401


def test_planted_session_is_worth_nothing_before_and_after_the_sign_in(scene):
    planted = {"Cookie": f"{ADMINISTRATORS.cookies.session}=planted-by-an-attacker"}
    assert scene.person.get("/admin/users", headers=planted).headers["location"].startswith("/signin")
    known = scene.world.administrator()
    known.client.cookies.clear()
    form = {"email": f"{known.name}@acme.example", "password": PASSWORD}
    headers = {"Origin": scene.world.url, "Sec-Fetch-Site": "same-origin", **planted}
    entered = known.post("/signin", form, headers=headers)
    assert entered.status_code == 303
    assert "planted-by-an-attacker" not in str(entered.headers)
    assert scene.person.get("/admin/users", headers=planted).headers["location"].startswith("/signin")


def test_planted_sign_in_cookie_gives_its_planter_no_number(scene):
    """Whoever can write another one's cookie jar could read the number; the browser's `__Host-` prefix keeps other hosts out."""
    assert COOKIE.startswith("__Host-")
    rival = scene.another_person()
    scene.approved()
    rival.get("/device")
    page = rival.get(scene.kept["number page"])
    assert reason_of(page) == "browser_mismatch"
    assert "verification-number" not in page.text
