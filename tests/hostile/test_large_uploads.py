"""A file of users that is larger than any that is taken: said in a sentence, in little memory, and nothing is left of it."""

import socket
from pathlib import Path

import pytest
from tests.faults.estate import until
from tests.hostile.tables import Difference, read_tables

MEGABYTE = 1_000_000
PATH = "/admin/users/import"
OWN_WORK = ("admin_sessions.", "audit_", "rate_limits")
"""What the server does by itself while a test looks."""


@pytest.fixture(scope="module")
def admin(world):
    return world.administrator()


@pytest.fixture
def unchanged(world):
    """See that no table has another row afterwards, and that no part of a file is left in the folder for temporary files."""
    before, spooled = read_tables(world.folder / "data/homeport.sqlite"), _open_files(world)
    yield
    changed = Difference(before, read_tables(world.folder / "data/homeport.sqlite")).kinds()
    assert not {kind for kind in changed if not kind.startswith(OWN_WORK)}
    until(lambda: _open_files(world) <= spooled, "the end of what was spooled")


def _open_files(world) -> set[str]:
    links = [Path(f"/proc/{world.server.pid}/fd/{one.name}") for one in Path(f"/proc/{world.server.pid}/fd").iterdir()]
    return {str(link.readlink()) for link in links if link.is_symlink() and "(deleted)" in str(link.readlink())}


def _resident(world) -> int:
    """The server's memory in bytes."""
    return int(Path(f"/proc/{world.server.pid}/statm").read_text().split()[1]) * 4096


def test_a_csv_of_200_mb_is_refused_with_what_to_do_and_in_little_memory(world, admin, unchanged, tmp_path):
    file = tmp_path / "everybody.csv"
    with file.open("wb") as stream:
        stream.write(b"email\nada@acme.example\n")
        stream.truncate(200 * MEGABYTE)
    admin.get(PATH)
    before = _resident(world)
    with file.open("rb") as stream:
        answer = admin.client.post(
            f"{world.url}{PATH}",
            files={"file": ("everybody.csv", stream, "text/csv")},
            headers={"Origin": world.url, "Sec-Fetch-Site": "same-origin"},
            timeout=300,
        )
    assert answer.status_code == 400
    assert (
        "The file has 200 MB; at most 100 MB can be imported at once. Split it and import one part after another." in answer.text
    )
    assert _resident(world) - before < 40 * MEGABYTE


def test_what_announces_more_than_any_request_may_have_is_refused_before_it_is_sent(world, admin, unchanged):
    cookie = "; ".join(f"{one.name}={one.value}" for one in admin.client.cookies.jar)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost:{world.port}\r\nOrigin: {world.url}\r\nCookie: {cookie}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {300 * MEGABYTE}\r\n\r\n"
    )
    with socket.create_connection(("localhost", world.port), timeout=120) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_an_upload_that_breaks_off_leaves_nothing(world, admin, unchanged):
    cookie = "; ".join(f"{one.name}={one.value}" for one in admin.client.cookies.jar)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost:{world.port}\r\nOrigin: {world.url}\r\nCookie: {cookie}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {50 * MEGABYTE}\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
    )
    with socket.create_connection(("localhost", world.port), timeout=120) as connection:
        connection.sendall(head.encode() + b"email\n" + b"a" * (5 * MEGABYTE))
    assert admin.get(PATH).status_code == 200
