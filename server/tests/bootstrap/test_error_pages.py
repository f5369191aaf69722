"""What somebody sees at an address that does not exist."""

import pytest
from fastapi.testclient import TestClient

from homeport.bootstrap.web import application


@pytest.fixture(scope="module")
def browser(shared_house):
    return TestClient(application(shared_house.home), base_url=shared_house.settings.public_url, follow_redirects=False)


@pytest.mark.parametrize(("path", "start"), [("/admin/nowhere", "/admin"), ("/user/nowhere", "/user"), ("/nowhere", "")])
def test_an_address_that_does_not_exist_leads_back_to_the_portal_it_is_of(browser, path, start):
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text
    assert ('<a class="btn" href="' in answer.text) is bool(start)
    assert not start or f'<a class="btn" href="{start}">Home</a>' in answer.text


def test_a_program_is_told_the_same_in_a_word_and_a_sentence(browser):
    for method, path, status, word in (
        ("GET", "/api/nowhere", 404, "NOT_FOUND"),
        ("DELETE", "/api/systems", 405, "METHOD_NOT_ALLOWED"),
    ):
        answer = browser.request(method, path)
        assert (answer.status_code, answer.json()["status"]) == (status, word)
