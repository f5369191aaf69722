import gzip
import logging

import pytest
from starlette.testclient import TestClient

from homeport.foundation.ui.assets import Assets


@pytest.fixture
def assets(tmp_path):
    (tmp_path / "app.css").write_text("body { margin: 0 }\n" * 40)
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "tabler.css").write_text("p {}")
    (tmp_path / "vendor" / "icons.json").write_text('{"check": "<path d=\\"M5 12l5 5\\"/>"}')
    return Assets(tmp_path)


def test_a_hashed_address_is_cached_for_ever_and_a_plain_one_is_asked_again(assets):
    client = TestClient(assets)
    hashed = client.get(assets.address("app.css"))
    assert "immutable" in hashed.headers["cache-control"]
    assert hashed.headers["content-encoding"] == "gzip"
    assert hashed.headers["content-type"] == "text/css; charset=utf-8"
    assert hashed.text.startswith("body")
    for address in ("/static/app.css", "/static/app.0123456789ab.css"):
        assert client.get(address).headers["cache-control"] == "no-cache"


def test_a_browser_that_knows_the_file_gets_no_body(assets):
    client = TestClient(assets)
    tag = client.get("/static/app.css").headers["etag"]
    again = client.get("/static/app.css", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_plain_bytes_for_who_takes_no_gzip(assets):
    answer = TestClient(assets).get("/static/app.css", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert len(gzip.compress(answer.content)) < len(answer.content)


@pytest.mark.parametrize(
    "path", ["/static/../navigation.py", "/static/%2e%2e/assets.py", "/static/vendor/icons.json", "/static/", "/static/a.b.c"]
)
def test_nothing_but_the_files_is_served(assets, path):
    assert TestClient(assets).get(path).status_code == 404


def test_other_methods_are_refused(assets):
    assert TestClient(assets).post("/static/app.css").status_code == 405
    head = TestClient(assets).head("/static/app.css")
    assert (head.status_code, head.content) == (200, b"")


def test_without_the_built_files_pages_work_and_a_log_line_says_so(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        assets = Assets(tmp_path)
    assert "make assets" in caplog.text
    assert assets.icon("check") == ""
    assert assets.address("vendor/tabler.css") == "/static/vendor/tabler.css"


def test_an_icon_is_hidden_from_screen_readers(assets):
    assert 'aria-hidden="true"' in assets.icon("check")
