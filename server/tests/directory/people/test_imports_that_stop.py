"""Imports that do not come to their end: what may not be, what fails each time, and what a kill leaves; none looks as if it still ran."""

import re

import pytest
from sqlalchemy import update

from homeport.directory.people.model.imports import Phase
from homeport.foundation.jobs.tables import jobs
from homeport.foundation.kernel.actor import Actor, ActorKind, system
from homeport.foundation.kernel.errors import Denied
from homeport.foundation.kernel.permissions import Permission

ROOT = system("root")


def job_of(desk, one):
    return desk.do(lambda act: act.imports.job_of(ROOT, act.imports.get(ROOT, one.id)))


def change_job(desk, one, **values):
    """Let the present job of an import be another than it was made."""
    job = job_of(desk, one)
    with desk.database.write() as unit:
        unit.connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))


@pytest.mark.parametrize(("column", "permission"), [("groups", "groups:write"), ("state", "users:state")])
def test_column_that_changes_more_than_details_needs_its_own_permission_to_be_tried_and_to_be_carried_out(
    sqlite_desk, column, permission
):
    writer = Actor(ActorKind.ADMINISTRATOR, "w", "w", frozenset({Permission.USERS_WRITE}), role="Curator")
    one = sqlite_desk.upload(f"email,{column}\na@example.com,\n")
    sentence = f"“{permission}”, which your role Curator does not have. Choose “Not in the file” for that column"
    with pytest.raises(Denied, match=sentence):
        sqlite_desk.do(lambda act: act.imports.check(writer, one.id, one.meaning))
    assert sqlite_desk.get(one.id).phase is Phase.UPLOADED
    checked = sqlite_desk.check(f"email,{column}\na@example.com,\n")
    with pytest.raises(Denied, match=sentence):
        sqlite_desk.do(lambda act: act.imports.run(writer, checked.id))
    assert sqlite_desk.get(checked.id).phase is Phase.CHECKED
    assert sqlite_desk.users() == {}


def test_page_says_beside_the_column_that_it_may_not_be_and_keeps_what_was_chosen(client):
    client.app.state.who = Actor(
        ActorKind.ADMINISTRATOR, "w", "w", frozenset({Permission.USERS_READ, Permission.USERS_WRITE}), role="Curator"
    )
    content = b"email,status,first name\na@example.com,SUSPENDED,Ada\n"
    path = client.post("/admin/users/import", files={"file": ("people.csv", content)}).headers["location"]
    chosen = {"encoding": "utf-8-sig", "delimiter": "comma", "state": "STAGED", "column-email": "0", "column-firstname": "2"}
    refused = client.post(f"{path}/check", data={**chosen, "column-state": "1"})
    assert refused.status_code == 403
    assert '<a href="#field-column-state">The file has a column of states' in refused.text
    assert 'id="field-column-state" name="column-state"' in refused.text
    assert '<option value="2" selected>first name</option>' in refused.text
    assert client.post(f"{path}/check", data=chosen).status_code == 303


def test_import_that_is_not_allowed_on_the_way_says_how_far_it_came_and_goes_on_when_it_is_allowed(desk):
    """The permissions of whoever confirmed count until the end, and one of theirs can go with a new version of Homeport."""
    desk.run("email,username\nzoe@example.com,zoe\n")
    rows = "".join(f"u{number}@example.com,u{number},\n" for number in range(1000)) + "zoe@example.com,zoe,SUSPENDED\n"
    one = desk.check(f"email,username,state\n{rows}")
    desk.do(lambda act: act.imports.run(ROOT, one.id))
    actor = job_of(desk, one).payload["actor"]
    change_job(desk, one, payload={"import": one.id, "actor": {**actor, "permissions": ["users:write"]}})
    desk.run_until_nothing_is_due()
    stopped = desk.get(one.id)
    assert (stopped.phase, dict(stopped.counts)) == (Phase.FAILED, {"new": 1000, "changed": 0, "unchanged": 0, "refused": 0})
    assert "“users:state”" in stopped.problem
    assert "1,000 of 1,001 rows were taken before: 1,000 new and 0 changed users, who stay." in stopped.problem
    assert "try the file again below" in stopped.problem
    desk.do(lambda act: act.imports.check(ROOT, one.id, stopped.meaning))
    desk.worker.run_due()
    desk.do(lambda act: act.imports.run(ROOT, one.id))
    desk.worker.run_due()
    done = desk.get(one.id)
    assert (done.phase, done.problem, dict(done.counts)) == (
        Phase.DONE,
        "",
        {"new": 0, "changed": 1, "unchanged": 1000, "refused": 0},
    )
    assert desk.users()["zoe"].state.value == "SUSPENDED"


@pytest.mark.parametrize("begun", [Phase.CHECKING, Phase.RUNNING])
def test_import_whose_job_is_given_up_is_no_import_that_still_runs(desk, begun):
    """What fails each time in the same way: here, on a cursor that is none."""
    one = (
        desk.check("email,username\na@example.com,a\n")
        if begun is Phase.RUNNING
        else desk.upload("email,username\nb@example.com,b\n")
    )
    if begun is Phase.RUNNING:
        desk.do(lambda act: act.imports.run(ROOT, one.id))
    else:
        desk.do(lambda act: act.imports.check(ROOT, one.id, one.meaning))
    change_job(desk, one, total=1, cursor={"line": "x"})
    desk.worker.run_due()
    assert desk.get(one.id).phase is begun, "it is tried again"
    desk.run_until_nothing_is_due()
    stopped = desk.get(one.id)
    assert stopped.phase is Phase.FAILED
    assert re.search(
        r"failed 5 times in a row and was given up, the last time with “TypeError: .*”\. Nothing was written\.", stopped.problem
    )
    assert desk.users() == {}
    desk.do(lambda act: act.imports.check(ROOT, one.id, stopped.meaning))
    desk.worker.run_due()
    assert desk.get(one.id).phase is Phase.CHECKED


def test_job_that_is_killed_after_it_stored_the_end_changes_nothing_when_it_is_taken_over(desk):
    one = desk.check("email,username\na@example.com,a\n")
    desk.do(lambda act: act.imports.run(ROOT, one.id))
    waiting = job_of(desk, one)
    desk.worker.run_due()
    for _ in range(2):  # as it stood before the worker could say that the job is done
        change_job(desk, one, state=waiting.state.value, due_at=waiting.due_at)
        desk.worker.run_due()
        assert desk.get(one.id).phase is Phase.DONE
