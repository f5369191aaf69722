"""A NUL byte, wherever it comes in: PostgreSQL takes none in a text, and an error of the database would answer 500."""

from dataclasses import replace

from fastapi.testclient import TestClient

from homeport.bootstrap.web import application
from homeport.foundation.kernel.actor import system

ASKED = (
    "GET /admin/users?q=user:%00",
    "GET /admin/users?q=%00",
    "GET /admin/users?group=%00&sort=%00",
    "GET /admin/sign-ins?q=user:%00",
    "GET /admin/sign-ins?older=%00",
    "GET /admin/events?older=%00&q=%00",
    "GET /admin/user-groups/%00",
    "GET /admin/devices/%00/access",
    "GET /admin/administrators/%00",
    "GET /admin/identity-providers/%00",
    "GET /api/systemusers?filter=username:$eq:%00",
    "GET /api/systems?search=%00",
    "GET /api/users/%00",
    "GET /api/v2/sign-ins/%00",
    "POST /admin/user-groups/x/add-members user=%00",
    "POST /admin/users/selected/suspend user=%00",
    "POST /admin/users/selected/add user=%00&group=%00",
    "POST /admin/devices/selected/join device=%00&group=%00",
    "POST /admin/provisioning/linux/groups group=%00&admin=on",
    "POST /admin/administrators/add email=%00@acme.example&role=Read+Only",
    "POST /admin/users/import/%00/check email=%00",
)


def test_a_nul_byte_is_refused_or_finds_nothing(each_house):
    actor = replace(system("test"), session_id="s", authenticated_at=each_house.clock.now())
    app = application(each_house.home)
    app.state.authenticate_session = app.state.authenticate_key = lambda _request: actor
    client = TestClient(app, base_url=each_house.settings.public_url, raise_server_exceptions=False, follow_redirects=False)
    wrong = []
    for one in ASKED:
        method, address, form = (*one.split(" ", 2), "")[:3]
        headers = {"content-type": "application/x-www-form-urlencoded"} if form else {}
        answer = client.request(method, address, content=form.encode() or None, headers=headers)
        if answer.status_code >= 500:
            wrong.append(f"{one}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
