"""`homeport export`, `plan` and `apply`: what a file says becomes so, once, in order, over nobody else's change."""

import json
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.house import ADMIN

from homeport.cli.configuration.parts import PARTS
from homeport.cli.configuration.reading import read
from homeport.cli.remote.connection import Api

FILE = """\
version = 1

[enrollment]
new_devices_wait_for_approval = true
default_device_group = "Room 4"

[users.ada]
email = "ada@acme.example"
firstname = "Ada"

[users.grace]
email = "grace@acme.example"
state = "SUSPENDED"

[device_groups."Room 4"]
description = "The lab"

[provisioning.linux]
enabled = true
lease_days = 30
existing_account = "TAKE_OVER"
"""


@pytest.fixture
def file(tmp_path):
    """Writes the configuration file and returns its path."""

    def write(text=FILE):
        path = tmp_path / "homeport.toml"
        path.write_text(text)
        return path

    return write


def test_a_plan_says_what_would_be_done_and_does_nothing(homeport, file):
    shown = homeport("plan", file(), status=4)
    assert shown == (
        "+ user “ada”\n"
        '    email: "ada@acme.example"\n'
        '    firstname: "Ada"\n'
        "+ user “grace”\n"
        '    email: "grace@acme.example"\n'
        '    state: "SUSPENDED"\n'
        "+ device group “Room 4”\n"
        '    description: "The lab"\n'
        "~ enrolment\n"
        "    new_devices_wait_for_approval: false → true\n"
        '    default_device_group: "" → "Room 4"\n'
        "~ provisioning of linux\n"
        "    enabled: false → true\n"
        "    lease_days: 14 → 30\n"
        '    existing_account: "REFUSE" → "TAKE_OVER"\n'
        "5 steps: 3 to create, 2 to change.\n"
    )
    assert homeport.json("user", "list") == []


def test_applied_twice_the_second_time_changes_nothing(homeport, file, served):
    homeport("apply", file(), "--yes")
    assert homeport.json("user", "show", "grace")["state"] == "SUSPENDED"
    assert homeport.json("provisioning", "show")[0]["leaseDays"] == 30
    assert homeport.json("provisioning", "show")[0]["existingAccount"] == "TAKE_OVER"
    assert homeport.json("enrollment", "show")["newDevicesWaitForApproval"] is True
    assert homeport("plan", file()) == "Nothing to change.\n"
    entries = served.house.sql("SELECT count(*) FROM audit_entries")
    assert homeport("apply", file()) == "Nothing to change.\n"
    assert served.house.sql("SELECT count(*) FROM audit_entries") == entries


def test_applying_wants_a_yes_where_nobody_can_be_asked(homeport, file):
    homeport("apply", file(), status=2)
    assert "--yes" in homeport.said
    assert homeport.json("user", "list") == []


def test_only_what_differs_is_changed_field_by_field(homeport, file, served):
    homeport("apply", file(), "--yes")
    changed = FILE.replace('firstname = "Ada"', 'firstname = "Augusta"').replace("lease_days = 30", "lease_days = 7")
    found = homeport.json("plan", file(changed), status=4)
    assert [(one["section"], one["name"], one["changes"]) for one in found["steps"]] == [
        ("users", "ada", [{"field": "firstname", "from": "Ada", "to": "Augusta"}]),
        ("provisioning", "linux", [{"field": "lease_days", "from": 30, "to": 7}]),
    ]
    assert [one["done"] for one in homeport.json("apply", file(changed), "--yes")["steps"]] == [True, True]


def test_what_the_file_leaves_out_is_left_alone_and_deleted_only_when_told_to(homeport, file, served):
    for name in ("mary", "joan"):
        served.house.user(name)
    homeport("apply", file(), "--yes")
    assert "Not in the file and left alone: 2 users. --delete would delete them." in homeport("plan", file())
    shown = homeport("plan", file(), "--delete", status=4)
    assert "- user “joan”\n- user “mary”\n2 steps: 2 to delete." in shown.replace(
        "- user “mary”\n- user “joan”", "- user “joan”\n- user “mary”"
    )
    homeport("apply", file(), "--delete", "--yes")
    assert {one["username"] for one in homeport.json("user", "list")} == {"ada", "grace"}


def test_a_section_that_is_left_out_is_never_deleted(homeport, file, served):
    served.house.user("mary")
    homeport("device-group", "add", "Room 9")
    homeport("apply", file("version = 1\n[provisioning.linux]\nenabled = true\n"), "--delete", "--yes")
    assert [one["username"] for one in homeport.json("user", "list")] == ["mary"]
    assert [one["name"] for one in homeport.json("device-group", "list")] == ["Room 9"]


def test_people_join_the_groups_of_the_same_file_and_leave_them(homeport, file):
    text = """version = 1
[users.ada]
email = "ada@acme.example"
[users.grace]
email = "grace@acme.example"
[user_groups.Engineering]
members = ["ada"]
"""
    homeport("apply", file(text), "--yes")
    assert [one["username"] for one in homeport.json("user-group", "members", "Engineering")] == ["ada"]
    changed = file(text.replace('["ada"]', '["grace"]'))
    assert "    members: +grace, -ada\n" in homeport("plan", changed, status=4)
    homeport("apply", changed, "--yes")
    assert [one["username"] for one in homeport.json("user-group", "members", "Engineering")] == ["grace"]
    homeport("apply", file(text.replace('["ada"]', '["nobody"]')), "--yes", status=1)
    assert "There is no user “nobody” who could be a member." in homeport.said
    assert [one["username"] for one in homeport.json("user-group", "members", "Engineering")] == ["grace"]


def test_members_of_a_group_are_changed_to_those_of_the_file(homeport, file, served):
    devices = [served.house.device().id for _ in range(3)]
    text = 'version = 1\n[device_groups."Room 4"]\nmembers = {}\n'
    homeport("apply", file(text.format(json.dumps(devices[:2]))), "--yes")
    assert {one["_id"] for one in homeport.json("device-group", "members", "Room 4")} == set(devices[:2])
    shown = homeport("plan", file(text.format(json.dumps(devices[1:]))), status=4)
    assert f"    members: +{devices[2]}, -{devices[0]}\n" in shown
    homeport("apply", file(text.format(json.dumps(devices[1:]))), "--yes")
    assert {one["_id"] for one in homeport.json("device-group", "members", "Room 4")} == set(devices[1:])
    assert "members" not in homeport("export")
    assert tomllib.loads(homeport("export", "--devices"))["device_groups"]["Room 4"]["members"] == sorted(devices[1:])


def test_single_devices_say_what_the_file_says_and_none_is_made_or_forgotten(homeport, file, served):
    one, other = (served.house.device().id for _ in range(2))
    text = f'version = 1\n[devices."{one}"]\nssh = "BROWSER"\n'
    assert "devices" not in tomllib.loads(homeport("export", "--devices"))
    shown = homeport("plan", file(text), "--delete", status=4)
    assert f'~ device “{one}”\n    ssh: "INHERIT" → "BROWSER"\n1 step: 1 to change.' in shown
    homeport("apply", file(text), "--yes")
    assert homeport.json("device", "show", one)["effectiveSsh"]["value"] == "BROWSER"
    assert homeport.json("device", "show", other)["ssh"] == "INHERIT"
    exported = homeport("export", "--devices")
    assert tomllib.loads(exported)["devices"] == {one: {"ssh": "BROWSER", "sudo": "INHERIT"}}
    assert "devices." not in homeport("export")
    assert homeport("plan", file(exported)) == "Nothing to change.\n"
    homeport("plan", file(text.replace(one, "nobody")), status=2)
    assert "there is no such device" in homeport.said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "version: missing; write version = 1 at the top"),
        ("version = 2", "version: this command knows version 1 of the file only"),
        ("version = true", "version: this command knows version 1"),
        ("version = 1\n[userz.ada]", "userz: there is no such section; you may mean users"),
        ("version = 1\nusers = 3", "users: must be a table, which begins with [users.NAME]"),
        ("version = 1\n[users.ada]\nemial = 'x'", "users.ada.emial: there is no such key; you may mean email"),
        ("version = 1\n[users.ada]\nemail = 3", "users.ada.email: must be a text in quotes"),
        ("version = 1\n[users]\nemail = 'x'", "users.email: belongs to one user; begin its table with [users.NAME]"),
        ("version = 1\n[users.'a\"\\b']\nemail = 3", 'users."a\\"\\\\b".email: must be a text'),
        ("version = 1\n[users.ada]\nstate = 'GONE'", 'users.ada.state: must be "STAGED" or "ACTIVATED" or "SUSPENDED"'),
        ("version = 1\n[users.ada]\n[users.ADA]", "users.ADA: is the same user name as users.ada; keep one of them"),
        ("version = 1\n[users.'']\n", 'users."": the user name is empty'),
        ("version = 1\n[provisioning.linus]", "provisioning.linus: there is no such system; you may mean linux"),
        (
            "version = 1\n[provisioning.linux]\nenabled = 'yes'",
            "provisioning.linux.enabled: must be true or false, without quotes",
        ),
        ("version = 1\n[provisioning.linux]\nlease_days = 91", "lease_days: must be a whole number from 1 to 90"),
        ("version = 1\n[provisioning.linux]\nlease_days = true", "lease_days: must be a whole number from 1 to 90"),
        ("version = 1\n[user_groups.a]\nmembers = 'ada'", "user_groups.a.members: must be a list of texts"),
        ("version = 1\n[identity_providers.Okta]\nclient_secret = 'hush-hush'", "must not hold the secret itself"),
        ("version = 1\n[identity_providers.Okta]\nclient_secret = { env = 'A', file = 'b' }", 'must be { env = "NAME" }'),
        ("version = 1\n[users.ada]\nemail = oops\n", "is not TOML: Invalid value (at line 3, column 9)"),
        ("version = 1\na = " + "[" * 5000, "is not TOML"),
    ],
)
def test_what_cannot_be_is_named_with_its_place_and_a_remedy(homeport, file, text, sentence):
    homeport("apply", file(text), "--yes", status=2)
    assert sentence in homeport.said
    assert "hush-hush" not in homeport.said


def test_every_problem_is_named_not_only_the_first(homeport, file):
    homeport("plan", file("version = 1\n[users.ada]\nemail = 3\nstate = 4\n[userz]\n"), status=2)
    assert all(place in homeport.said for place in ("users.ada.email", "users.ada.state", "userz"))


def test_text_that_is_not_utf_8_names_the_line(homeport, tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'version = 1\n[users.ada]\nfirstname = "Andr\xe9"\n')
    homeport("plan", tmp_path / "latin.toml", status=2)
    assert "line 3: the file is not UTF-8" in homeport.said
    homeport("plan", tmp_path / "nothing.toml", status=2)
    assert "cannot be read: No such file" in homeport.said


def test_what_a_new_thing_lacks_and_what_no_server_can_do_is_said_before_anything_is_done(homeport, file, served):
    served.house.user("ada")
    text = """version = 1
[users.ada]
state = "STAGED"
[users.grace]
[identity_providers.Okta]
type = "OKTA"
"""
    homeport("apply", file(text), "--yes", status=2)
    assert "users.ada.state: nobody becomes STAGED again; write ACTIVATED or SUSPENDED" in homeport.said
    assert "users.grace.email: missing, and a new user needs it" in homeport.said
    assert "identity_providers.Okta.client_secret: missing" in homeport.said


def test_it_stops_at_the_first_step_that_fails_and_says_what_is_done(homeport, file):
    text = """version = 1
[users.ada]
email = "ada@acme.example"
[users.bob]
email = "no address"
[users.carl]
email = "carl@acme.example"
"""
    homeport("apply", file(text), "--yes", status=1)
    assert "User “ada”: created." in homeport.said
    assert "User “bob” was not created." in homeport.said
    assert "Done: 1 of 3 steps." in homeport.said
    assert [one["username"] for one in homeport.json("user", "list")] == ["ada"]
    homeport("apply", file(text.replace("no address", "bob@acme.example")), "--yes")
    assert {one["username"] for one in homeport.json("user", "list")} == {"ada", "bob", "carl"}


def test_a_program_is_told_which_steps_are_done_when_one_fails(homeport, file):
    text = 'version = 1\n[users.ada]\nemail = "ada@acme.example"\n[users.bob]\nemail = "no address"\n'
    found = homeport.json("apply", file(text), "--yes", status=1)
    assert [one["done"] for one in found["steps"]] == [True, False]


class Meddler(Api):
    """Does something else, once, just before the first question after `plan`: as another administrator would."""

    deed = None

    def send(self, method, path, *arguments, **options):
        deed, self.deed = self.deed, None
        if deed is not None:
            deed()
        return super().send(method, path, *arguments, **options)


@pytest.fixture
def planned(served, homeport, file):
    """A plan that changes Ada's name, with a connection that can be meddled with."""
    from homeport.cli.configuration.planning import plan  # noqa: PLC0415 - beside its use
    from homeport.cli.remote.access import Access  # noqa: PLC0415 - the same

    served.house.user("ada")
    path = file('version = 1\n[users.ada]\nfirstname = "Augusta"\n')
    api = Meddler(Access(served.url, served.key))
    yield api, plan(api, read(path)), path
    api.close()


@pytest.mark.parametrize("when", ["before it is read again", "between reading and writing"])
def test_a_change_of_somebody_else_in_between_is_not_overwritten(planned, homeport, when):
    from homeport.cli.configuration.applying import apply  # noqa: PLC0415 - beside its use
    from homeport.cli.plainly import Refusal  # noqa: PLC0415 - the same

    api, found, path = planned

    def meddle():
        homeport("user", "set", "ada", "--firstname", "Adah")

    if when == "before it is read again":
        meddle()
    else:
        api.deed = meddle
    with pytest.raises(Refusal, match="Done: 0 of 1 steps"):
        apply(api, found, path.parent, print)
    assert homeport.json("user", "show", "ada")["firstname"] == "Adah"


NAMES = (
    st.text(st.characters(categories=("L", "N", "P", "S"), include_characters=" "), min_size=1, max_size=30)
    .map(str.strip)
    .filter(bool)
)
USERNAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
DESCRIPTIONS = st.text(st.characters(categories=("L", "N", "P", "S"), include_characters=" \n\t"), max_size=40).map(str.strip)
PEOPLE = st.dictionaries(
    USERNAMES,
    st.fixed_dictionaries(
        {
            "firstname": st.one_of(st.just(""), NAMES),
            "job_title": st.one_of(st.just(""), NAMES),
            "state": st.sampled_from(["STAGED", "ACTIVATED", "SUSPENDED"]),
        }
    ),
    max_size=4,
)
GROUPS = st.dictionaries(NAMES, st.fixed_dictionaries({"description": DESCRIPTIONS}), max_size=4)


def distinct(tables):
    """Whether the names differ in more than case, as the server wants it."""
    return len({name.casefold() for name in tables}) == len(tables)


@st.composite
def configurations(draw):
    people = draw(PEOPLE)
    groups = draw(GROUPS.filter(distinct))
    return {
        "version": 1,
        "enrollment": {"new_devices_wait_for_approval": draw(st.booleans())},
        "users": {name: {"email": f"{number}@acme.example", **values} for number, (name, values) in enumerate(people.items())},
        "user_groups": {
            name: {**values, "members": sorted(draw(st.sets(st.sampled_from(sorted(people)))) if people else set())}
            for name, values in draw(GROUPS.filter(distinct)).items()
        },
        "device_groups": {
            name: {
                **values,
                "limited_to_assigned": draw(st.booleans()),
                "ssh": draw(st.sampled_from(["INHERIT", "KEY", "BROWSER", "PASSCODE"])),
                "sudo": draw(st.sampled_from(["INHERIT", "PASSCODE", "BROWSER", "NEVER"])),
            }
            for name, values in groups.items()
        },
        "provisioning": {
            "linux": {
                "enabled": draw(st.booleans()),
                "default_permission": draw(st.sampled_from(["STANDARD", "ADMIN"])),
                "several_users": draw(st.booleans()),
                "lease_days": draw(st.integers(1, 90)),
            }
        },
    }


@given(wanted=configurations())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_an_export_applied_to_an_empty_server_gives_the_same_export_and_an_empty_plan(wanted, running, homeport, served, file):
    import tomli_w  # noqa: PLC0415 - beside its use

    running.clean()
    homeport("apply", file(tomli_w.dumps(wanted)), "--yes")
    first = homeport("export", "--users")
    exported = tomllib.loads(first)
    for section in ("users", "user_groups", "device_groups"):
        for name, values in wanted[section].items():
            assert exported[section][name] == dict.fromkeys(exported[section][name], "") | values
    running.clean()
    homeport("apply", file(first), "--yes")
    assert homeport("export", "--users") == first
    assert homeport("plan", file(first)) == "Nothing to change.\n"
    assert homeport("plan", file(first), "--delete") == "Nothing to change.\n"


def test_the_export_of_an_empty_server_can_be_applied(homeport, file, served):
    shown = homeport("export", "--users", "--devices")
    assert homeport("plan", file(shown)) == "Nothing to change.\n"
    assert {part.section.name for part in PARTS} >= set(tomllib.loads(shown)) - {"version"}
    assert ADMIN
