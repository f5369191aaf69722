"""Half a character (`\\ud800`) in an entry, which JSON can spell and UTF-8 cannot write, stops nothing that comes after it."""

import json
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update
from tests.support.house import ADMIN

from homeport.bootstrap.web import application
from homeport.directory.audit.jobs import AuditKeys, AuditSealer
from homeport.directory.audit.model import Change, ExportFormat, Resource
from homeport.directory.audit.tables import audit_entries
from homeport.foundation.kernel.listing import Listing

HALF = '{"by":"\\ud800","list":[{"\\udfff":"\\ud800"}]}'
WRITTEN = {"by": "?", "list": [{"?": "?"}]}
CHANGED = [{"field": "name", "from": "?", "to": "\N{GRINNING FACE}"}]


@pytest.fixture
def sealer(each_house, tmp_path):
    """Seals an empty log with a key of its own."""
    each_house.empty()
    keys = AuditKeys.open(tmp_path / "audit.key", may_create=True)
    return AuditSealer(each_house.home.work_of(lambda unit: unit.audit.log), keys, each_house.clock)


@pytest.fixture
def client(each_house):
    app = application(each_house.home)
    actor = replace(ADMIN, session_id="s", authenticated_at=each_house.clock.now())
    app.state.authenticate_session = app.state.authenticate_key = lambda _request: actor
    return TestClient(app, base_url=each_house.settings.public_url, raise_server_exceptions=False, follow_redirects=False)


def record(house, **values):
    house.do(lambda act: act.audit.record(ADMIN, "half", resource=Resource("user", "u", "ada"), **values))


def the_one(house):
    return house.do(lambda act: next(one for one in act.audit.search(ADMIN, Listing()).items if one.event_type == "half"))


def record_as_before(house):
    """Record an entry as they were before Homeport took half characters out of them."""
    record(house)
    changes = '[{"after":"\\ud83d\\ude00","before":"\\ud800","field":"name"}]'

    def write(act):
        query = update(audit_entries).where(audit_entries.c.event_type == "half").values(details=HALF, changes=changes)
        act.audit.log.connection.execute(query)

    house.do(write)


def test_what_is_recorded_has_none(each_house):
    each_house.empty()
    record(each_house, details=json.loads(HALF), changes=[Change("name", "\ud800", "\N{GRINNING FACE}")])
    assert each_house.sql("SELECT details FROM audit_entries WHERE event_type = 'half'") == [('{"by":"?","list":[{"?":"?"}]}',)]
    assert the_one(each_house).changed() == (Change("name", "?", "\N{GRINNING FACE}"),)


def test_a_sealed_one_is_shown_found_exported_and_still_proven(each_house, client, sealer):
    record_as_before(each_house)
    sealer.seal()
    entry = the_one(each_house)
    for page in ("/admin/events", f"/admin/events/{entry.id}"):
        assert client.get(page).status_code == 200, page
    asked = {"service": ["all"], "start_time": "2020-01-01T00:00:00Z"}
    (found,) = [one for one in client.post("/insights/directory/v1/events", json=asked).json() if one["event_type"] == "half"]
    assert (found["details"], found["changes"]) == (WRITTEN, CHANGED)
    for form in ExportFormat:
        made = each_house.do(lambda act, form=form: act.audit_exports.begin(ADMIN, form, Listing(), ""))
        each_house.home.worker.run_due()
        assert entry.id in client.get(f"/admin/events/exports/{made}/download").text
    assert sealer.verify().holds
    assert the_one(each_house).details == HALF
