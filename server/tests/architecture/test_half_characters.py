"""Half a character (a lone surrogate, `\\ud800`) and a NUL byte in JSON, wherever they come in: neither can be written or stored as text."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update
from tests.support.house import ADMIN

from homeport.bootstrap.web import application
from homeport.foundation.kernel.errors import Invalid
from homeport.trust.access.tables import access_policies, ip_lists

POLICY = '{"name":"t","type":"user_portal","effect":{"action":"deny"%s},"targets":%s,"conditions":%s}'
EVENTS = '{"start_time":"2026-01-01T00:00:00Z","service":["all"],%s}'
ASKED = (
    ("/api/v2/authn/policies", POLICY % ("", '{"users":{"inclusions":["\\ud800"]}}', "{}")),
    ("/api/v2/authn/policies", POLICY % (',"custom_error_message":{"primary_help":{"url":"\\ud800"}}', "{}", "{}")),
    ("/api/v2/authn/policies", POLICY % ("", "{}", r'{"ipAddressIn":["\udfff"]}')),
    ("/api/v2/authn/policies", POLICY % ("", "{}", r'{"\ud800":1}')),
    ("/api/v2/authn/policies", POLICY % ("", "{}", r'{"locationIn":{"countries":["\ud800"]}}')),
    ("/api/v2/iplists", r'{"name":"t","ips":["fe80::%\ud800/64"]}'),
    ("/api/systemusers", r'{"username":"ada","email":"ada@acme.example","department":"\udc00\ud800"}'),
    ("/insights/directory/v1/events", EVENTS % r'"search_term":{"and":{"resource.name":"\ud800"}}'),
    ("/insights/directory/v1/events", EVENTS % r'"search_after":["\ud800"]'),
    ("/insights/directory/v1/events", EVENTS % r'"q":"\ud800"'),
)


@pytest.fixture
def api(each_house):
    each_house.empty()
    app = application(each_house.home)
    actor = replace(ADMIN, session_id="s", authenticated_at=each_house.clock.now())
    app.state.authenticate_session = app.state.authenticate_key = lambda _request: actor
    return TestClient(app, base_url=each_house.settings.public_url, raise_server_exceptions=False, follow_redirects=False)


def send(api, path, body):
    return api.post(path, content=body, headers={"content-type": "application/json"})


def test_json_that_spells_half_a_character_is_refused_with_a_sentence_and_nothing_is_kept(each_house, api):
    for path, body in ASKED:
        answer = send(api, path, body.encode())
        assert (answer.status_code, "half a character" in answer.text) == (400, True), (body, answer.text)
    assert each_house.sql("SELECT count(*) FROM audit_entries") == [(0,)]


def test_json_in_bytes_that_are_half_a_character_is_refused_in_every_encoding(api):
    path, body = "/api/v2/authn/policies", POLICY % ("", '{"users":{"inclusions":["\ud800"]}}', "{}")
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"):
        assert send(api, path, body.encode(encoding, "surrogatepass")).status_code == 400, encoding


def test_a_whole_character_that_is_spelt_by_two_halves_is_kept(each_house, api):
    body = r'{"username":"ada","email":"ada@acme.example","firstname":"\ud83d\ude00 \\ud800"}'
    assert send(api, "/api/systemusers", body.encode()).status_code in {200, 201}
    assert each_house.sql("SELECT firstname FROM users") == [("\N{GRINNING FACE} \\ud800",)]


def test_a_moment_outside_the_years_of_utc_is_refused_with_a_sentence(api):
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        answer = api.post("/api/v2/enrollment-keys", json={"name": "lab", "expiresAt": moment})
        assert (answer.status_code, "before the year 1 or after" in answer.text) == (400, True), answer.text


def test_conditions_that_are_written_out_in_a_form_are_refused_beside_what_was_typed(api):
    typed = {"name": "t", "portal": "user_portal", "action": "deny", "match": "text", "audience": "all"}
    for conditions in (r'{"ipAddressIn":["\ud800"]}', r'{"\ud800":1}', '{"not":' * 900 + "{}" + "}" * 900):
        answer = api.post("/admin/access-policies/add/user_portal", data={**typed, "conditions_text": conditions})
        assert answer.status_code < 500, answer.text[:300]
        assert answer.status_code != 303


def test_what_was_stored_before_is_listed_shown_changed_and_deleted(each_house, api):
    policy = send(api, "/api/v2/authn/policies", (POLICY % ("", "{}", "{}")).encode()).json()["id"]
    found = send(api, "/api/v2/iplists", b'{"name":"t","ips":["203.0.113.0/24"]}').json()["id"]
    on_sqlite = each_house.home.parts.database.is_sqlite
    half = r"\ud800" if on_sqlite else "eth0"  # PostgreSQL never took a half
    written = ":one" if on_sqlite else "CAST(:one AS JSONB)"

    def as_before(act):
        connection = act.access_policies.policies.connection
        targets = f'{{"everyone":false,"people":["{half}"],"groups":[],"excluded_groups":[],"excluded_people":[]}}'
        connection.execute(text("UPDATE access_policies SET targets = " + written), {"one": targets})
        connection.execute(text("UPDATE ip_lists SET networks = " + written), {"one": f'["fe80::%{half}/64"]'})

    each_house.do(as_before)
    for kind, one, page, change in (
        ("/api/v2/authn/policies", policy, "/admin/access-policies", api.patch),
        ("/api/v2/iplists", found, "/admin/ip-lists", api.patch),
    ):
        for address in (kind, f"{kind}/{one}", page, f"{page}/{one}", f"{page}/{one}/delete"):
            assert api.get(address).status_code == 200, address
        assert change(f"{kind}/{one}", json={"name": "other"}).status_code == 200
        assert api.post(f"{page}/{one}/delete").status_code == 303
        assert api.get(f"{kind}/{one}").status_code == 404


def test_no_document_in_the_database_holds_what_no_text_has(each_house):
    for wrong in ("\ud800", "\x00", ["a", {"\udfff": 1}], {"a\x00": "\\u0000"}):
        with pytest.raises(Invalid, match=r"half a character|NUL byte"):
            each_house.do(
                lambda act, wrong=wrong: act.access_policies.policies.connection.execute(update(ip_lists).values(networks=wrong))
            )
    whole = ["\\u0000 \\ud800", "\N{GRINNING FACE}"]
    each_house.do(lambda act: act.access_policies.policies.connection.execute(update(ip_lists).values(networks=whole)))


def test_no_question_to_the_database_holds_half_a_character(each_house):
    query = select(access_policies.c.id).where(access_policies.c.name == "\ud800")
    with pytest.raises(Invalid, match="half a character"):
        each_house.do(lambda act: act.access_policies.policies.connection.execute(query))
