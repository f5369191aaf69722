"""Users from a CSV file: guesses, dry run, run, hostile files, a kill in the middle, and the export that comes back."""

import csv
import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from homeport.directory.people.jobs import KIND, ImportJob
from homeport.directory.people.model.imports import (
    Meaning,
    Phase,
    guess_columns,
    guess_delimiter,
    guess_encoding,
    records,
    row_of,
)
from homeport.foundation.jobs.worker import Worker
from homeport.foundation.kernel.actor import Actor, ActorKind, system
from homeport.foundation.kernel.csv_lines import csv_line
from homeport.foundation.kernel.errors import Denied, Invalid
from homeport.foundation.kernel.listing import Filter, Listing

ROOT = system("root")
THREE = (
    "E-mail;User name;First name;Groups\nada@example.com;ada;Ada;Sales; \nbob@example.com;bob;;\ncy@example.com;;Cy;\n".replace(
        "Sales; ", '"Sales; Support"'
    )
)


def test_check_counts_and_writes_nothing_and_the_run_does_what_it_said(desk):
    checked = desk.check(THREE, make_groups=True)
    assert (checked.phase, dict(checked.counts)) == (Phase.CHECKED, {"new": 3, "changed": 0, "unchanged": 0, "refused": 0})
    assert desk.users() == {}
    assert desk.do(lambda act: act.groups.list(ROOT, Listing())).total == 0
    done = desk.run(THREE, make_groups=True)
    assert (done.phase, dict(done.counts)) == (Phase.DONE, dict(checked.counts))
    assert sorted(desk.users()) == ["ada", "bob", "cy"]
    assert desk.groups("ada") == ["Sales", "Support"]
    assert desk.do(lambda act: act.people.audit.search(ROOT, Listing(limit=100))).total == 3 + 2 + 2 + 1


def test_two_rows_about_one_user_never_merge_two_people(desk):
    """The first row renames p; the second gives the freed address to somebody else, whom the directory does not know yet."""
    desk.run("email,username\np@example.com,p\n")
    done = desk.run("email,username\np2@example.com,p\np@example.com,r\n")
    assert dict(done.counts) == {"new": 0, "changed": 1, "unchanged": 0, "refused": 1}
    assert desk.refused(done) == [(3, "username")]
    assert {(user.username, user.email) for user in desk.users().values()} == {("p", "p2@example.com")}


def test_a_nul_byte_in_what_is_looked_up_refuses_its_row_alone(desk):
    rows = "a\x00da@example.com,a,\nbob@example.com,b\x00ob,\ncy@example.com,cy,Sa\x00les\ndan@example.com,dan,\n"
    done = desk.run(f"email,username,groups\n{rows}", make_groups=True)
    assert done.phase is Phase.DONE
    assert [line for line, _ in desk.refused(done)] == [2, 3, 4]
    assert sorted(desk.users()) == ["dan"]


def test_import_twice_is_import_once(desk):
    desk.run(THREE, make_groups=True)
    before = desk.users()
    again = desk.run(THREE)
    assert dict(again.counts) == {"new": 0, "changed": 0, "unchanged": 3, "refused": 0}
    assert desk.users() == before


def test_who_is_there_already_is_changed_by_address_or_by_name_and_empty_cells_change_nothing(desk):
    desk.run(THREE, make_groups=True)
    done = desk.run("email,username,firstname,state\nADA@example.com,,Augusta,\nrobert@example.com,BOB,,suspended\n")
    assert dict(done.counts) == {"new": 0, "changed": 2, "unchanged": 0, "refused": 0}
    users = desk.users()
    assert (users["ada"].firstname, users["bob"].email, users["bob"].state.value) == (
        "Augusta",
        "robert@example.com",
        "SUSPENDED",
    )
    assert users["bob"].firstname == ""


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("email\nnowhere\nada@example.com\n", [(2, "email")]),
        ("email\nada@example.com\nADA@example.com\n", [(3, "email")]),
        ("email,username\na@example.com,same\nb@example.com,SAME\n", [(3, "username")]),
        ("email,username\n,nobody\n", [(2, "email")]),
        ("email,username,x\n,,only this\n", [(2, "email")]),
        ("email,state\na@example.com,asleep\n", [(2, "state")]),
        ("email,groups\na@example.com,Nothing\n", [(2, "groups")]),
        ("email,firstname\na@example.com,x\x00y\n", [(2, "firstname")]),
        ("email,firstname\na@example.com," + "x" * 300 + "\n", [(2, "firstname")]),
        ("email,username\na+b@example.com,\n", [(2, "username")]),
        ('email,firstname\n"a@example.com","two\nlines"\nb@example.com,B\n', [(2, "firstname")]),
        ("email,username\nknown@example.com,other\n", [(2, "username")]),
        ("email,username\nother@example.com,known\n", []),
    ],
)
def test_row_that_is_wrong_is_refused_with_line_and_field_and_the_others_are_taken(sqlite_desk, text, refused):
    sqlite_desk.run("email,username\nknown@example.com,known\nx@example.com,other\n")
    one = sqlite_desk.run(text)
    assert sqlite_desk.refused(one) == refused
    rows = sum(1 for _ in csv.reader(io.StringIO(text))) - 1
    assert sum(one.counts.values()) == rows


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\n\n", "The file is empty"),
        (b"e\x00m\x00a\x00i\x00l\x00\n\x00", "NUL bytes"),
        (b"email\n" + b'"' + b"x" * 1_100_000, "more than"),
        (b"x" * 1_100_000, "more than 1,000,000 characters"),
        (b",".join(b"c%d" % number for number in range(300)) + b"\n", "300 columns"),
        (b"\xff\xfe\x00", "is not UTF-16 text"),
    ],
)
def test_file_that_is_no_table_is_refused_with_a_sentence_and_nothing_is_stored(sqlite_desk, content, sentence):
    with pytest.raises(Invalid, match=sentence):
        sqlite_desk.run(content) if b'"' not in content else _raise(sqlite_desk.check(content))
    assert sqlite_desk.users() == {}


def _raise(one):
    assert one.phase is Phase.FAILED
    raise Invalid(one.problem)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_usual_encodings_are_read(sqlite_desk, encoding):
    sqlite_desk.run("E-Mail,Vorname,First name\nj@example.com,x,Jörg\n".encode(encoding))
    assert sqlite_desk.users()["j"].firstname == "Jörg"


def test_large_file_is_refused_while_it_arrives_and_leaves_nothing(sqlite_desk):
    chunks = [b"email\n", b"x" * 100_000_000]
    with pytest.raises(Invalid, match="larger than 100 MB"):
        sqlite_desk.do(lambda act: act.imports.upload(ROOT, "big.csv", chunks))
    with sqlite_desk.database.read() as unit:
        assert unit.connection.exec_driver_sql("SELECT count(*) FROM user_import_chunks").scalar() == 0


def test_columns_must_tell_users_apart(sqlite_desk):
    one = sqlite_desk.upload("firstname\nAda\n")
    for columns in ({"firstname": 0}, {}, {"email": 0, "username": 0}):
        with pytest.raises(Invalid):
            sqlite_desk.do(lambda act, columns=columns: act.imports.check(ROOT, one.id, Meaning("utf-8-sig", ",", columns)))
    assert sqlite_desk.get(one.id).phase is Phase.UPLOADED


def test_import_that_is_killed_in_the_middle_goes_on_after_its_last_step(desk, clock):
    rows = "".join(f"u{number}@example.com,u{number}\n" for number in range(2500)) + "u1@example.com,again\n"
    one = desk.check(f"email,username\n{rows}")
    assert dict(one.counts) == {"new": 2500, "changed": 0, "unchanged": 0, "refused": 1}
    desk.do(lambda act: act.imports.run(ROOT, one.id))
    handler = desk.worker.handlers[KIND]

    class Killed(BaseException):
        """The process ends without a word."""

    def die_after_two_steps(run):
        def steps(original=run.step, left=[3]):  # noqa: B006 - counts down over all calls
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return original()

        class Dying:
            job = property(lambda _self: run.job)
            note = run.note
            step = staticmethod(steps)

        handler(Dying())

    desk.worker.handlers = {KIND: die_after_two_steps}
    with pytest.raises(Killed):
        desk.worker.run_due()
    assert len(desk.users()) == 2000
    clock.forward(minutes=2)
    desk.worker.handlers = {KIND: handler}
    desk.worker.run_due()
    done = desk.get(one.id)
    assert (done.phase, dict(done.counts)) == (Phase.DONE, dict(one.counts))
    assert len(desk.users()) == 2500


def test_only_who_may_write_users_imports(sqlite_desk):
    nobody = Actor(ActorKind.USER, "u", "u")
    with pytest.raises(Denied, match="users:write"):
        sqlite_desk.do(lambda act: act.imports.upload(nobody, "x", [b"email\n"]))


def test_columns_delimiters_and_encodings_are_guessed():
    assert guess_columns(["E-Mail Address", "Given Name", "sn", "Dept.", "whatever"]) == {
        "email": 0,
        "firstname": 1,
        "lastname": 2,
        "department": 3,
    }
    assert [guess_delimiter(line) for line in ("a,b", "a;b;c,d", "a\tb", '"a,b,c";d', "a")] == [",", ";", "\t", ";", ","]
    assert [guess_encoding([content]) for content in (b"a", "ä".encode(), "ä".encode("cp1252"), "a".encode("utf-16"))] == [
        "utf-8-sig",
        "utf-8-sig",
        "cp1252",
        "utf-16",
    ]
    assert guess_encoding(["ä".encode()[:1], "ä".encode()[1:]]) == "utf-8-sig"


CELLS = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip), min_size=1, max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CELLS)
def test_what_is_exported_comes_back_and_is_no_formula(cells):
    line = csv_line(["x", *cells])
    ((_, found),) = records([line.encode()], "utf-8-sig", ",")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in found)
    row = row_of(1, found, {str(place): place + 1 for place in range(len(cells))})
    assert [row.values.get(str(place), "") for place in range(len(cells))] == cells


def test_import_on_pages_from_the_file_to_the_download_of_refused_rows(client, sqlite_database, clock, entropy, build_imports):
    worker = Worker(sqlite_database, clock, entropy, {KIND: ImportJob(sqlite_database, build_imports)})
    assert "Import users" in client.get("/admin/users/import").text
    for files in ({}, {"file": ("x.csv", b"")}):
        refused = client.post("/admin/users/import", data={"x": "y"}, files=files)
        assert refused.status_code == 400
        assert "Choose a CSV file" in refused.text
    content = b"email,login,first name\nada@example.com,ada,=1+1\nnowhere,x,<b>\n"
    path = client.post("/admin/users/import", files={"file": ("people.csv", content)}).headers["location"]
    page = client.get(path).text
    assert "ada@example.com" in page
    assert "&lt;b&gt;" in page
    columns = {"encoding": "utf-8-sig", "delimiter": "comma", "state": "STAGED"}
    wrong = client.post(f"{path}/check", data=columns)
    assert wrong.status_code == 400
    assert "Choose the column of the e-mail address" in wrong.text
    chosen = {**columns, "column-email": "0", "column-username": "1", "column-firstname": "2"}
    assert client.post(f"{path}/check", data=chosen).status_code == 303
    assert "Trying the file" in client.get(path).text
    assert "progress" in client.get(f"{path}/progress").text
    worker.run_due()
    assert "data-refresh-go" in client.get(f"{path}/progress").text
    checked = client.get(path).text
    assert "Import 1 user" in checked
    assert "This is not a complete e-mail address" in checked or "Enter an e-mail address" in checked
    assert client.post(f"{path}/run").status_code == 303
    assert client.post(f"{path}/run").status_code == 409
    worker.run_due()
    assert "The import is done." in client.get(path).text
    download = client.get(f"{path}/refused.csv")
    assert download.headers["content-disposition"] == 'attachment; filename="refused-users.csv"'
    assert list(csv.reader(io.StringIO(download.text)))[1][:2] == ["3", "email"]
    exported = list(csv.DictReader(io.StringIO(client.get("/admin/users/export.csv?state=STAGED").text)))
    assert [(row["username"], row["firstname"]) for row in exported] == [("ada", "'=1+1")]
    assert client.get("/admin/users/export.csv?state=SUSPENDED").text.count("\n") == 1
    client.post("/api/v2/usergroups", json={"name": "@sales"})
    assert "'@sales,,0" in client.get("/admin/user-groups/export.csv").text


def test_changed_rows_take_a_few_statements_together_and_each_is_in_the_audit_log(desk):
    """One by one they took three statements each, and some nine times as long."""
    lines = [f"u{number}@example.com,u{number}" for number in range(300)]
    desk.run("email,username\n" + "\n".join(lines))
    one = desk.check("email,username,lastname\n" + "\n".join(f"{line},Changed" for line in lines))
    statements = []
    event.listen(desk.database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    desk.do(lambda act: act.imports.run(ROOT, one.id))
    desk.worker.run_due()
    assert {(user.lastname, user.version) for user in desk.users().values()} == {("Changed", 2)}
    about_users = [one for one in statements if re.search(r"\b(users|audit_entries)\b", one)]
    assert len(about_users) < 20
    updates = desk.do(lambda act: act.people.audit.search(ROOT, Listing(filters=(Filter("event_type", "eq", "user_update"),))))
    assert updates.total == 300
    (change,) = updates.items[0].changed()
    assert (change.field, change.before, change.after) == ("lastname", "", "Changed")
